import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { CheckOff, User } from '../../src/generated/client.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  claimDue,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  offerOf,
  ownDatabase,
  SOMEBODY,
  type World,
  walk,
  whileOpen,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(24))
})

afterAll(() => close())

/** Wednesday, 17 June 2026, at noon in Copenhagen. */
async function saverWith(facts: Partial<User>, habits = 2, frequency = 5) {
  const world = worldAt(db)
  const user = await newLinkedUser(world, facts)
  const made = []
  for (let at = 0; at < habits; at += 1) made.push(await newHabit(world, user, { frequency }))
  return { world, user, habits: made }
}

const paymentsOf = (user: User) =>
  db.prisma.payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })

async function setLimits(world: World, user: User, capPerPaymentMinor: number): Promise<void> {
  const now = world.clock.now()
  const caps = { capPerPaymentMinor, capPerDayMinor: 1_000_000, capPerMonthMinor: 1_000_000, floorMinor: 0 }
  await db.prisma.savingLimits.create({
    data: { userId: user.id, effectiveFrom: now, createdOn: now, ...caps },
  })
}

describe('a batch', () => {
  test.each([
    ['DAILY', '2026-06-17T22:00:00.000Z'],
    ['WEEKLY', '2026-06-21T22:00:00.000Z'],
  ] as const)('of a saver who pays %s gathers all habits until %s', async (cadence, dueAt) => {
    const { world, user, habits } = await saverWith({ cadence })
    for (const habit of habits) {
      await checkOff(world, user, habit.id)
      world.clock.advance(HOUR)
    }
    const [payment, ...more] = await paymentsOf(user)
    expect(more).toEqual([])
    expect(payment).toMatchObject({
      amountMinor: 5_000,
      isBatch: true,
      dueAt: new Date(dueAt),
      nextActionAt: new Date(dueAt),
    })
    expect(await auditsOf(world, user.id, 'payment.batch-joined')).toHaveLength(1)
    await expectTrueBooks(db, user.id)
  })

  test('is none for a saver who pays at once', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'AT_ONCE' })
    for (const habit of habits) await checkOff(world, user, habit.id)
    expect(await paymentsOf(user)).toMatchObject([
      { amountMinor: 2_500, isBatch: false },
      { amountMinor: 2_500, isBatch: false },
    ])
  })

  test('that is over is followed by another', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' }, 1)
    await checkOff(world, user, habits[0]?.id ?? '')
    world.clock.advance(DAY)
    await checkOff(world, user, habits[0]?.id ?? '')
    const days = (await paymentsOf(user)).map((payment) => payment.dueAt.toISOString())
    expect(days).toEqual(['2026-06-17T22:00:00.000Z', '2026-06-18T22:00:00.000Z'])
  })

  test('leaves everybody their undo window: who comes in its last minute goes with the next', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
    world.clock.advance(Date.parse('2026-06-17T21:58:59.999Z') - world.clock.now().getTime())
    await checkOff(world, user, habits[0]?.id ?? '')
    world.clock.advance(1)
    await checkOff(world, user, habits[1]?.id ?? '')
    const days = (await paymentsOf(user)).map((payment) => payment.dueAt.toISOString())
    expect(days).toEqual(['2026-06-17T22:00:00.000Z', '2026-06-18T22:00:00.000Z'])
  })

  test('never grows above what one payment may be; what is above it alone is scheduled alone', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' }, 3)
    await setLimits(world, user, 5_000)
    for (const habit of habits) await checkOff(world, user, habit.id)
    const large = await newHabit(world, user, { amountMinor: 6_000 })
    await checkOff(world, user, large.id)
    const amounts = (await paymentsOf(user)).map((payment) => payment.amountMinor)
    expect(amounts).toEqual([5_000, 2_500, 6_000])
    await expectTrueBooks(db, user.id)
  })

  test('takes nobody who has chosen other accounts since', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
    await checkOff(world, user, habits[0]?.id ?? '')
    const [savings] = await db.prisma.account.findMany({ where: { userId: user.id, isCreditor: true } })
    await db.prisma.account.update({ where: { id: savings?.id ?? '' }, data: { isCreditor: false } })
    const { id: _, ...rest } = savings ?? ({} as never)
    await db.prisma.account.create({ data: { ...rest, hashedAccNo: 'd'.repeat(64), isCreditor: true } })
    await checkOff(world, user, habits[1]?.id ?? '')
    expect(await paymentsOf(user)).toHaveLength(2)
  })

  test('of many check-offs at one moment adds up, however many payments it becomes', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'WEEKLY' }, 8)
    const offers = await Promise.all(habits.map((habit) => offerOf(world, user, habit.id)))
    const record = (at: number) =>
      world.models.checkOffs.record(user, habits[at]?.id ?? '', offers[at] ?? { day: '', slot: 0 }, SOMEBODY)
    const results = await Promise.all([...habits.keys(), ...habits.keys()].map(record))
    expect(results.filter((result) => result.kind === 'recorded')).toHaveLength(8)
    expect(results.filter((result) => result.kind === 'already-recorded')).toHaveLength(8)
    const payments = await paymentsOf(user)
    expect(payments.reduce((sum, payment) => sum + payment.amountMinor, 0)).toBe(8 * 2_500)
    await expectTrueBooks(db, user.id)
  })

  test('and its first check-off, sent twice at one moment while it is locked, is joined once', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
    await checkOff(world, user, habits[0]?.id ?? '')
    const [batch] = await paymentsOf(user)
    const offer = await offerOf(world, user, habits[1]?.id ?? '')
    const record = () => world.models.checkOffs.record(user, habits[1]?.id ?? '', offer, SOMEBODY)
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [batch?.id],
      () => Promise.all([record(), record()]),
      2,
    )
    expect(results.map((result) => result.kind).sort()).toEqual(['already-recorded', 'recorded'])
    expect(await paymentsOf(user)).toMatchObject([{ amountMinor: 5_000 }])
    await expectTrueBooks(db, user.id)
  })

  test('that a worker holds is not joined', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
    const first = await checkOff(world, user, habits[0]?.id ?? '')
    await claimDue(world, first.paymentId)
    await checkOff(world, user, habits[1]?.id ?? '')
    expect(await paymentsOf(user)).toMatchObject([{ amountMinor: 2_500 }, { amountMinor: 2_500 }])
  })

  test('arrives for all its habits', async () => {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
    const made = []
    for (const habit of habits) made.push(await checkOff(world, user, habit.id))
    await walk(world, made[0]?.paymentId ?? '', ...ARRIVING)
    for (const habit of habits) {
      expect((await world.models.habits.findOwned(user, habit.id))?.totals).toEqual({
        pledgedMinor: 0,
        onItsWayMinor: 0,
        savedMinor: 2_500,
      })
    }
    await expectTrueBooks(db, user.id)
  })
})

describe('taking back out of a batch', () => {
  async function batchOfThree() {
    const { world, user, habits } = await saverWith({ cadence: 'DAILY' }, 3)
    const made: CheckOff[] = []
    for (const habit of habits) made.push(await checkOff(world, user, habit.id))
    const undo = (at: number) => world.models.checkOffs.undo(user.id, made[at]?.id ?? '', SOMEBODY)
    return { world, user, habits, made, undo, paymentId: made[0]?.paymentId ?? '' }
  }

  test('makes it smaller, and the last one cancels it', async () => {
    const { world, user, undo } = await batchOfThree()
    expect(await undo(1)).toEqual({ kind: 'undone' })
    expect(await paymentsOf(user)).toMatchObject([{ state: 'SCHEDULED', amountMinor: 5_000 }])
    expect(await auditsOf(world, user.id, 'payment.batch-left')).toHaveLength(1)
    await expectTrueBooks(db, user.id)
    await undo(0)
    await undo(2)
    expect(await paymentsOf(user)).toMatchObject([{ state: 'CANCELLED', reason: 'undone-by-saver' }])
    await expectTrueBooks(db, user.id)
  })

  test('twenty times at one moment takes one out once, although another one of that amount is in it', async () => {
    const { world, user, undo, paymentId } = await batchOfThree()
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [paymentId],
      () => Promise.all(Array.from({ length: 20 }, () => undo(1))),
      20,
    )
    expect(results.filter((result) => result?.kind === 'undone')).toHaveLength(1)
    expect(results.filter((result) => result?.kind === 'already-undone')).toHaveLength(19)
    expect(await auditsOf(world, user.id, 'check-off.undone')).toHaveLength(1)
    expect(await paymentsOf(user)).toMatchObject([{ state: 'SCHEDULED', amountMinor: 5_000 }])
    await expectTrueBooks(db, user.id)
  })

  test('all at one moment cancels it once', async () => {
    const { user, undo } = await batchOfThree()
    const results = await Promise.all([0, 1, 2, 0, 1, 2].map(undo))
    expect(results.filter((result) => result?.kind === 'undone')).toHaveLength(3)
    expect(await paymentsOf(user)).toMatchObject([{ state: 'CANCELLED' }])
    await expectTrueBooks(db, user.id)
  })

  test('while another one joins leaves the sum of both', async () => {
    const { world, user, undo, paymentId } = await batchOfThree()
    const fourth = await newHabit(world, user, { amountMinor: 700 })
    await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [paymentId],
      () => Promise.all([undo(0), undo(1), checkOff(world, user, fourth.id)]),
      3,
    )
    expect(await paymentsOf(user)).toMatchObject([{ state: 'SCHEDULED', amountMinor: 3_200 }])
    await expectTrueBooks(db, user.id)
  })

  test('is possible while it waits, and too late once it is being sent', async () => {
    const { world, user, undo, paymentId } = await batchOfThree()
    await walk(world, paymentId, 'BLOCKED')
    expect(await undo(0)).toEqual({ kind: 'undone' })
    await walk(world, paymentId, 'SCHEDULED', 'SENDING')
    expect(await undo(1)).toEqual({ kind: 'too-late', paymentId })
    expect(await paymentsOf(user)).toMatchObject([{ state: 'SENDING', amountMinor: 5_000 }])
    await expectTrueBooks(db, user.id)
  })

  test('of one that came to nothing touches no payment', async () => {
    const { world, user, habits, undo, paymentId } = await batchOfThree()
    await walk(world, paymentId, 'SENDING', 'REJECTED')
    const before = await paymentsOf(user)
    expect(await undo(0)).toEqual({ kind: 'undone' })
    expect(await undo(0)).toEqual({ kind: 'already-undone' })
    expect(await paymentsOf(user)).toEqual(before)
    expect((await world.models.habits.findOwned(user, habits[0]?.id ?? ''))?.progress.doneToday).toBe(0)
    await expectTrueBooks(db, user.id)
  })

  test('and sending it at one moment never deadlocks: one of them is told', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { world, user, undo, paymentId } = await batchOfThree()
      const claim = await claimDue(world, paymentId)
      const by = { kind: 'worker', id: null, ip: null, requestId: null } as const
      const sendOff = () =>
        world.models.payments.sendOff(claim, null, by).then(
          (result) => result.kind,
          () => 'lost',
        )
      const [sent, ...undone] = await Promise.all([sendOff(), undo(0), undo(1), undo(2)])
      const [payment] = await paymentsOf(user)
      const left = undone.filter((result) => result?.kind === 'too-late').length
      expect(payment?.state).toBe(sent === 'sending' ? 'SENDING' : 'CANCELLED')
      if (sent === 'sending') expect(payment?.amountMinor).toBe(left * 2_500)
      await expectTrueBooks(db, user.id)
    }
  })
})

test('what waits is shown with when it goes out, for both kinds', async () => {
  const { world, user, habits } = await saverWith({ cadence: 'DAILY' })
  await checkOff(world, user, habits[0]?.id ?? '')
  world.clock.advance(SECOND)
  await db.prisma.user.update({ where: { id: user.id }, data: { cadence: 'AT_ONCE' } })
  await checkOff(world, { ...user, cadence: 'AT_ONCE' }, habits[1]?.id ?? '')
  const unsent = await world.models.payments.unsentOf(user.id)
  expect(unsent.map((payment) => payment.isBatch)).toEqual([false, true])
})
