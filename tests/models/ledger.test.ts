import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { book } from '../../src/models/ledger.ts'
import { BUCKET_OF, isFinal, MOVES, type PaymentState } from '../../src/models/payment/states.ts'
import {
  checkOff,
  newHabit,
  newLinkedUser,
  ownDatabase,
  SOMEBODY,
  WORKER,
  type World,
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
  | { kind: 'move'; which: number; to: number }

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('check-off' as const), habit: fc.nat({ max: HABITS - 1 }) }),
    fc.record({ kind: fc.constant('undo' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('move' as const), which: fc.nat(), to: fc.nat() }),
    fc.record({ kind: fc.constant('move' as const), which: fc.nat(), to: fc.nat() }),
  ),
  { minLength: 5, maxLength: 40 },
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
      const live: {
        id: string
        paymentId: string
        habitId: string
        amountMinor: number
        state: PaymentState
      }[] = []
      for (const step of history) await take(world, user, habits, live, step)
      await expectTruth(user.id, live)
    }),
    { numRuns: 15 },
  )
})

test('many check-offs and moves of one saver at one moment leave a ledger that adds up', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habits = await Promise.all([1, 2, 3, 4].map(() => newHabit(world, user, { frequency: 10 })))
  const live = []
  for (const habit of habits)
    for (let at = 0; at < 3; at += 1) {
      const done = await checkOff(world, user, habit.id)
      live.push({ ...done, state: 'SENDING' as PaymentState })
    }
  world.clock.advance(60_000)
  await Promise.all(
    live.map(async ({ paymentId }) => {
      const claim = await world.models.payments.claim(paymentId)
      if (!claim) throw new Error('nobody else wants it')
      await world.models.payments.move(claim, { to: 'SENDING', lookAgainAt: world.clock.now() }, WORKER)
    }),
  )
  await expectTruth(user.id, live)
})

test('an entry that would take more out of a bucket than is in it is refused whole', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user)
  const done = await checkOff(world, user, habit.id)
  const lines = await db.prisma.ledgerLine.count()
  const entry = {
    userId: user.id,
    habitId: habit.id,
    paymentId: done.paymentId,
    checkOffId: done.id,
    currency: 'DKK',
    amountMinor: 2_501,
    from: 'PLEDGED',
    to: 'SAVED',
    at: world.clock.now(),
  } as const
  await expect(db.transaction((tx) => book(tx, entry))).rejects.toThrow()
  expect(await db.prisma.ledgerLine.count()).toBe(lines)
  await expectTruth(user.id, [{ ...done, state: 'SCHEDULED' }])
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
  const entry = {
    userId: user.id,
    habitId: habit.id,
    paymentId: done.paymentId,
    checkOffId: done.id,
    currency: 'DKK',
    amountMinor: 1,
    from: 'OPEN',
    to: 'SAVED',
    at: world.clock.now(),
  } as const
  await db.transaction((tx) => book(tx, entry))
  const line = await db.prisma.ledgerLine.findFirstOrThrow({ where: { habitId: habit.id, bucket: 'SAVED' } })
  expect([line.beforeMinor, line.afterMinor]).toEqual([5_000_000_000n, 5_000_000_001n])
  expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.savedMinor).toBe(5_000_000_001)
})

async function take(
  world: World,
  user: User,
  habits: readonly string[],
  live: { id: string; paymentId: string; habitId: string; amountMinor: number; state: PaymentState }[],
  step: Step,
): Promise<void> {
  if (step.kind === 'check-off') {
    const habitId = habits[step.habit] ?? ''
    const today = await world.models.habits.findOwned(user, habitId)
    if (today?.progress.next.kind !== 'open') return
    const done = await checkOff(world, user, habitId)
    live.push({ ...done, state: 'SCHEDULED' })
    return
  }
  const saving = live[step.which % Math.max(1, live.length)]
  if (!saving) return
  if (step.kind === 'undo') {
    const result = await world.models.checkOffs.undo(user.id, saving.id, SOMEBODY)
    if (result?.kind === 'undone') saving.state = 'CANCELLED'
    return
  }
  if (isFinal(saving.state)) return
  const targets = MOVES[saving.state] as readonly PaymentState[]
  const to = targets[step.to % targets.length] as PaymentState
  world.clock.advance(60_000)
  const claim = await world.models.payments.claim(saving.paymentId)
  if (!claim) throw new Error(`${saving.state} could not be claimed`)
  const bankPaymentId = claim.payment.bankPaymentId ?? randomUUID()
  const move = { to, reason: 'not-understood', bankPaymentId, lookAgainAt: world.clock.now() } as const
  await world.models.payments.move(claim, move, WORKER)
  saving.state = to
}

/** Three ways to the same numbers: the balances, the sums of the lines, and the states of the payments. */
async function expectTruth(
  userId: string,
  live: readonly { habitId: string; amountMinor: number; state: PaymentState }[],
): Promise<void> {
  const balances = await db.prisma.ledgerBalance.findMany({ where: { userId } })
  const lines = await db.prisma.ledgerLine.findMany({ where: { userId }, orderBy: { id: 'asc' } })
  for (const { habitId, bucket, balanceMinor } of balances) {
    const own = lines.filter((line) => line.habitId === habitId && line.bucket === bucket)
    expect(own.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(Number(balanceMinor))
    expect(chained(own)).toBe(true)
    const said = live
      .filter((saving) => saving.habitId === habitId)
      .reduce((sum, { state, amountMinor }) => {
        const stands = BUCKET_OF[state]
        if (bucket === 'OPEN') return stands === 'OPEN' ? sum : sum - amountMinor
        return stands === bucket ? sum + amountMinor : sum
      }, 0)
    expect(Number(balanceMinor), `${bucket} of ${habitId}`).toBe(said)
  }
  expect(balances.reduce((sum, balance) => sum + Number(balance.balanceMinor), 0)).toBe(0)
}

/** Every balance after a line is the balance before exactly one other, from nothing to the last. */
function chained(
  lines: readonly { beforeMinor: bigint; afterMinor: bigint; amountMinor: number }[],
): boolean {
  const ends = [0n, ...lines.map((line) => line.afterMinor)].map(String).sort()
  const last = lines.reduce((sum, line) => sum + BigInt(line.amountMinor), 0n)
  const starts = [...lines.map((line) => line.beforeMinor), last].map(String).sort()
  return ends.join() === starts.join()
}
