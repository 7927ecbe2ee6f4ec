import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../../src/db.ts'
import type { Cadence } from '../../src/generated/enums.ts'
import { book } from '../../src/models/ledger.ts'
import { isFinal, MOVES, type PaymentState } from '../../src/models/payment/states.ts'
import {
  ARRIVING,
  checkOff,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  ownDatabase,
  SOMEBODY,
  WORKER,
  type World,
  walk,
  worldAt,
} from './support.ts'

const HABITS = 3

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

type Step =
  | { kind: 'check-off'; habit: number }
  | { kind: 'undo'; which: number }
  | { kind: 'move-back'; which: number }
  | { kind: 'cadence'; to: Cadence }
  | PaymentStep
type PaymentStep =
  | { kind: 'arrive' | 'pay-again' | 'call-off'; which: number }
  | { kind: 'move'; which: number; to: number }

const which = { which: fc.nat() }
const move = fc.record({ kind: fc.constant('move' as const), ...which, to: fc.nat() })
const verb = <K extends Step['kind']>(kind: K) => fc.record({ kind: fc.constant(kind), ...which })
const checkingOff = fc.record({ kind: fc.constant('check-off' as const), habit: fc.nat({ max: HABITS - 1 }) })
const cadence = fc.constantFrom<Cadence>('AT_ONCE', 'DAILY', 'WEEKLY')
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: checkingOff },
    { weight: 10, arbitrary: move },
    { weight: 4, arbitrary: verb('arrive') },
    { weight: 2, arbitrary: verb('undo') },
    { weight: 4, arbitrary: verb('move-back') },
    { weight: 3, arbitrary: verb('pay-again') },
    { weight: 1, arbitrary: verb('call-off') },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cadence' as const), to: cadence }) },
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 60 },
)

test('after any history, every balance is what the check-offs and the states of their payments say', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const world = worldAt(db)
      const user = await newLinkedUser(world)
      const habits = await Promise.all(
        Array.from({ length: HABITS }, (_, at) =>
          newHabit(world, user, { frequency: 10, amountMinor: 100 + at }).then((habit) => habit.id),
        ),
      )
      for (const step of history) await take(world, user.id, habits, step)
      await expectTrueBooks(db, user.id)
    }),
    { numRuns: 15 },
  )
  // Some 500 moves, each with a transaction of its own.
}, 180_000)

test('many check-offs and moves of one saver at one moment leave a ledger that adds up', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habits = await Promise.all([1, 2, 3, 4].map(() => newHabit(world, user, { frequency: 10 })))
  for (const habit of habits) for (let at = 0; at < 3; at += 1) await checkOff(world, user, habit.id)
  world.clock.advance(60_000)
  const claims = await world.models.payments.claimDue(user.id)
  expect(claims).toHaveLength(12)
  await Promise.all(
    claims.map((claim) =>
      world.models.payments.move(claim, { to: 'SENDING', lookAgainAt: world.clock.now() }, WORKER),
    ),
  )
  await expectTrueBooks(db, user.id)
})

test('an entry that would take more out of a bucket than is in it is refused whole', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user)
  const done = await checkOff(world, user, habit.id)
  const lines = await db.prisma.ledgerLine.count()
  const move = {
    userId: user.id,
    paymentId: done.paymentId,
    currency: 'DKK',
    from: 'PLEDGED',
    to: 'SAVED',
    at: world.clock.now(),
  } as const
  const tooMuch = [{ habitId: habit.id, checkOffId: done.id, amountMinor: 2_501 }]
  await expect(db.transaction((tx) => book(tx, move, tooMuch))).rejects.toThrow()
  expect(await db.prisma.ledgerLine.count()).toBe(lines)
  await expectTrueBooks(db, user.id)
})

test('a balance larger than a whole number of 32 bits is kept exactly', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user)
  const done = await checkOff(world, user, habit.id)
  await db.prisma.ledgerBalance.create({
    data: {
      userId: user.id,
      habitId: habit.id,
      bucket: 'SAVED',
      currency: 'DKK',
      balanceMinor: 5_000_000_000n,
    },
  })
  const move = {
    userId: user.id,
    paymentId: done.paymentId,
    currency: 'DKK',
    from: 'OPEN',
    to: 'SAVED',
    at: world.clock.now(),
  } as const
  const amounts = [{ habitId: habit.id, checkOffId: done.id, amountMinor: 1 }]
  await db.transaction((tx) => book(tx, move, amounts))
  const line = await db.prisma.ledgerLine.findFirstOrThrow({ where: { habitId: habit.id, bucket: 'SAVED' } })
  expect([line.beforeMinor, line.afterMinor]).toEqual([5_000_000_000n, 5_000_000_001n])
  expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.savedMinor).toBe(5_000_000_001)
})

async function take(world: World, userId: string, habits: readonly string[], step: Step): Promise<void> {
  const { models } = world
  // Changed while the story goes on, as by another page.
  const user = await db.prisma.user.findUniqueOrThrow({ where: { id: userId } })
  if (step.kind === 'cadence') {
    await db.prisma.user.update({ where: { id: userId }, data: { cadence: step.to } })
  } else if (step.kind === 'check-off') {
    const habitId = habits[step.habit] ?? ''
    const today = await models.habits.findOwned(user, habitId)
    if (today?.progress.next.kind === 'open') await checkOff(world, user, habitId)
  } else if (step.kind === 'undo' || step.kind === 'move-back') {
    const made = await db.prisma.checkOff.findMany({ where: { userId }, orderBy: { id: 'asc' } })
    const { id } = made[step.which % Math.max(1, made.length)] ?? {}
    if (id && step.kind === 'undo') await models.checkOffs.undo(userId, id, SOMEBODY)
    if (id && step.kind === 'move-back') await models.reversals.moveBack(userId, id, SOMEBODY)
  } else {
    await takeWithPayment(world, userId, step)
  }
}

async function takeWithPayment(world: World, userId: string, step: PaymentStep): Promise<void> {
  const made = await db.prisma.payment.findMany({ where: { userId }, orderBy: { id: 'asc' } })
  const payment = made[step.which % Math.max(1, made.length)]
  if (!payment) return
  if (step.kind === 'pay-again') await world.models.retries.payAgain(userId, payment.id, SOMEBODY)
  if (step.kind === 'call-off') await world.models.reversals.callOff(userId, payment.id, SOMEBODY)
  if (step.kind === 'arrive' && payment.state === 'SCHEDULED') await walk(world, payment.id, ...ARRIVING)
  if (step.kind !== 'move' || isFinal(payment.state)) return
  const targets = MOVES[payment.state] as readonly PaymentState[]
  await walk(world, payment.id, targets[step.to % targets.length] as PaymentState)
}
