import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import {
  auditsOf,
  checkOff,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  newUser,
  offerOf,
  ownDatabase,
  SOMEBODY,
  type World,
  whileOpen,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

/** Wednesday, 17 June 2026, at noon; the habit began twenty days before. */
async function oldHabit(wish: Parameters<typeof newHabit>[2] = {}, facts: Partial<User> = {}) {
  const world = worldAt(db, '2026-05-28T10:00:00.000Z')
  const user = await newLinkedUser(world, facts)
  const habit = await newHabit(world, user, wish)
  world.clock.advance(20 * DAY)
  const backfill = (day: string, slot = 1, pays = true) =>
    world.models.checkOffs.backfill(user, habit.id, { day, slot, pays }, SOMEBODY)
  return { world, user, habit, backfill }
}

describe('a forgotten check-off', () => {
  test('is made up for with its payment, ledger entry and a trail that says so', async () => {
    const { world, user, habit, backfill } = await oldHabit()
    const result = await backfill('2026-06-15')
    expect(result).toMatchObject({
      kind: 'recorded',
      checkOff: {
        day: new Date('2026-06-15T00:00:00.000Z'),
        period: new Date('2026-06-15T00:00:00.000Z'),
        at: world.clock.now(),
        isBackfill: true,
        recordOnly: false,
        amountMinor: 2_500,
      },
    })
    expect(await db.prisma.payment.findMany({ where: { userId: user.id } })).toMatchObject([
      { state: 'SCHEDULED', amountMinor: 2_500, isBatch: false },
    ])
    expect((await world.models.habits.findOwned(user, habit.id))?.totals.pledgedMinor).toBe(2_500)
    const [line] = await auditsOf(world, user.id, 'check-off.backfilled')
    expect(line?.detail).toMatchObject({ day: '2026-06-15', slot: 1, recordOnly: false })
    expect(await auditsOf(world, user.id, 'check-off.recorded')).toEqual([])
    await expectTrueBooks(db, user.id)
  })

  test('that is only recorded moves nothing, and needs no accounts', async () => {
    const world = worldAt(db, '2026-06-10T10:00:00.000Z')
    const user = await newUser(world)
    const habit = await newHabit(world, user)
    world.clock.advance(DAY)
    const wish = { day: '2026-06-10', slot: 1 }
    const { backfill } = world.models.checkOffs
    expect(await backfill(user, habit.id, { ...wish, pays: true }, SOMEBODY)).toEqual({ kind: 'no-accounts' })
    const result = await backfill(user, habit.id, { ...wish, pays: false }, SOMEBODY)
    expect(result).toMatchObject({
      kind: 'recorded',
      paymentId: null,
      checkOff: { recordOnly: true, isBackfill: true, paymentId: null },
    })
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(0)
    expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(0)
  })

  test('that was only recorded is taken back like any other, once', async () => {
    const { world, user, backfill } = await oldHabit()
    const result = await backfill('2026-06-16', 1, false)
    const id = 'checkOff' in result ? result.checkOff.id : ''
    const undo = () => world.models.checkOffs.undo(user.id, id, SOMEBODY)
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "CheckOff" WHERE id = $1 FOR UPDATE',
      [id],
      () => Promise.all(Array.from({ length: 5 }, undo)),
      5,
    )
    expect(results.filter((one) => one?.kind === 'undone')).toHaveLength(1)
    expect(results.filter((one) => one?.kind === 'already-undone')).toHaveLength(4)
    expect(await auditsOf(world, user.id, 'check-off.undone')).toHaveLength(1)
    expect((await backfill('2026-06-16')).kind).toBe('recorded')
  })

  test('counts for the streak and for the period it lies in', async () => {
    const { world, user, habit, backfill } = await oldHabit()
    await checkOff(world, user, habit.id)
    const streak = async () => (await world.models.habits.findOwned(user, habit.id))?.streak
    expect(await streak()).toBe(1)
    await backfill('2026-06-15')
    expect(await streak()).toBe(1)
    await backfill('2026-06-16', 1, false)
    expect(await streak()).toBe(3)
  })

  test('of a weekly habit takes a place of this week from today, and one of last week does not', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 2, interval: 7 })
    expect((await backfill('2026-06-14')).kind).toBe('recorded')
    const progress = async () => (await world.models.habits.findOwned(user, habit.id))?.progress
    expect(await progress()).toMatchObject({ doneInPeriod: 0, next: { kind: 'open', slot: 1 } })
    expect((await backfill('2026-06-16')).kind).toBe('recorded')
    expect(await progress()).toMatchObject({ doneInPeriod: 1, doneToday: 0, next: { kind: 'open', slot: 2 } })
  })

  test('is worth what the habit was worth on that day, and as often as it asked for then', async () => {
    const { world, user, habit, backfill } = await oldHabit({ amountMinor: 1_000 })
    await world.models.habits.edit(
      user,
      habit.id,
      { name: 'Run', frequency: 2, interval: 1, amountMinor: 3_000 },
      'DKK',
      SOMEBODY,
    )
    world.clock.advance(DAY)
    const before = await backfill('2026-06-16')
    const after = await backfill('2026-06-17')
    expect([before, after]).toMatchObject([
      { checkOff: { amountMinor: 1_000 } },
      { checkOff: { amountMinor: 3_000 } },
    ])
    expect(await backfill('2026-06-16', 2)).toEqual({ kind: 'period-complete' })
    expect((await backfill('2026-06-17', 2)).kind).toBe('recorded')
  })

  test('goes with the batch of a saver who pays once a day', async () => {
    const { user, backfill } = await oldHabit({}, { cadence: 'DAILY' })
    await backfill('2026-06-15')
    await backfill('2026-06-16')
    const payments = await db.prisma.payment.findMany({ where: { userId: user.id } })
    expect(payments).toMatchObject([{ amountMinor: 5_000, isBatch: true }])
  })
})

describe('nothing is recorded', () => {
  test.each([
    ['2026-06-10', 'recorded'],
    ['2026-06-09', 'too-old'],
    ['1999-01-01', 'too-old'],
    ['2026-06-17', 'in-future'],
    ['2026-06-18', 'in-future'],
    ['2999-12-31', 'in-future'],
  ])('for %s: %s', async (day, kind) => {
    const { user, backfill } = await oldHabit()
    expect((await backfill(day)).kind).toBe(kind)
    expect(await db.prisma.checkOff.count({ where: { userId: user.id } })).toBe(kind === 'recorded' ? 1 : 0)
  })

  test('for a day before the habit began', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    world.clock.advance(2 * DAY)
    const wish = { day: '2026-06-14', slot: 1, pays: true }
    expect(await world.models.checkOffs.backfill(user, habit.id, wish, SOMEBODY)).toEqual({
      kind: 'before-start',
    })
  })

  test('for a day that is over only elsewhere', async () => {
    // Half past one at night on the 18th by the clock, but the saver's day begins at four.
    const world = worldAt(db, '2026-06-10T10:00:00.000Z')
    const user = await newLinkedUser(world, { timezone: 'Europe/Copenhagen', dayStartHour: 4 })
    const habit = await newHabit(world, user)
    world.clock.advance(Date.parse('2026-06-17T23:30:00.000Z') - world.clock.now().getTime())
    const backfill = (day: string) =>
      world.models.checkOffs.backfill(user, habit.id, { day, slot: 1, pays: false }, SOMEBODY)
    expect((await backfill('2026-06-17')).kind).toBe('in-future')
    expect((await backfill('2026-06-10')).kind).toBe('recorded')
  })

  test('twice for one place: the first result stands, whatever was said about paying', async () => {
    const { user, backfill } = await oldHabit()
    const first = await backfill('2026-06-16', 1, false)
    const second = await backfill('2026-06-16', 1, true)
    expect([first.kind, second.kind]).toEqual(['recorded', 'already-recorded'])
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(0)
  })

  test('beyond what a day or a period asks for', async () => {
    const week = await oldHabit({ frequency: 2, interval: 7 })
    expect((await week.backfill('2026-06-15', 1)).kind).toBe('recorded')
    expect(await week.backfill('2026-06-15', 2)).toEqual({ kind: 'enough-that-day' })
    expect((await week.backfill('2026-06-16', 2)).kind).toBe('recorded')
    expect(await week.backfill('2026-06-16', 3)).toEqual({ kind: 'period-complete' })
    const offer = { day: '2026-06-17', slot: 3 }
    const today = await week.world.models.checkOffs.record(week.user, week.habit.id, offer, SOMEBODY)
    expect(today).toEqual({ kind: 'period-complete' })
  })

  test('for a place that another day of the period has taken since, and nobody is told that it was', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 3, interval: 7 })
    const shown = await offerOf(world, user, habit.id)
    expect((await backfill('2026-06-15', 1)).kind).toBe('recorded')
    expect(await backfill('2026-06-16', 1)).toEqual({ kind: 'place-taken' })
    const today = await world.models.checkOffs.record(user, habit.id, shown, SOMEBODY)
    expect(today).toEqual({ kind: 'place-taken' })
    expect((await checkOff(world, user, habit.id)).slot).toBe(2)
  })

  test('of an archived habit', async () => {
    const { world, user, habit, backfill } = await oldHabit()
    await checkOff(world, user, habit.id)
    await world.models.habits.remove(user.id, habit.id, SOMEBODY)
    expect(await backfill('2026-06-16', 1, false)).toEqual({ kind: 'archived' })
    expect(await world.models.checkOffs.openDays(user, habit.id)).toEqual([])
  })

  test('that pays in another currency than the account; only recorded it may be', async () => {
    const world = worldAt(db, '2026-06-16T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const wish = { name: 'Read', frequency: 1, interval: 1, amountMinor: 100 }
    const swedish = await world.models.habits.create(user, wish, 'SEK', SOMEBODY)
    world.clock.advance(DAY)
    const backfill = (pays: boolean) =>
      world.models.checkOffs.backfill(user, swedish.id, { day: '2026-06-16', slot: 1, pays }, SOMEBODY)
    expect(await backfill(true)).toEqual({ kind: 'currency-differs' })
    expect((await backfill(false)).kind).toBe('recorded')
  })

  test("of somebody else's habit, or of none", async () => {
    const { world, habit } = await oldHabit()
    const other = await newLinkedUser(world)
    const wish = { day: '2026-06-16', slot: 1, pays: true }
    for (const id of [habit.id, randomUUID()]) {
      await expect(world.models.checkOffs.backfill(other, id, wish, SOMEBODY)).rejects.toThrow()
      await expect(world.models.checkOffs.openDays(other, id)).rejects.toThrow()
    }
  })
})

describe('at one moment', () => {
  test('twenty of one place are one check-off and one payment', async () => {
    const { user, backfill } = await oldHabit({ frequency: 5 })
    const results = await Promise.all(Array.from({ length: 20 }, () => backfill('2026-06-16')))
    expect(results.filter((result) => result.kind === 'recorded')).toHaveLength(1)
    expect(results.filter((result) => result.kind === 'already-recorded')).toHaveLength(19)
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
    expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(2)
  })

  test('a place for yesterday and the same one for today have one owner, and the other is told the truth', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 2, interval: 7 })
    const shown = await offerOf(world, user, habit.id)
    // Nobody can insert while this lock is held, so both have looked and found the place free.
    const results = await whileOpen(
      db,
      'LOCK TABLE "CheckOff" IN SHARE MODE',
      [],
      () =>
        Promise.all([backfill('2026-06-16'), world.models.checkOffs.record(user, habit.id, shown, SOMEBODY)]),
      2,
    )
    expect(results.map((result) => result.kind).sort()).toEqual(['place-taken', 'recorded'])
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
    await expectTrueBooks(db, user.id)
  })

  test('the first two of a habit, which both find no balances, are both booked', async () => {
    const { world, user, habit, backfill } = await oldHabit()
    const shown = await offerOf(world, user, habit.id)
    // Both wait in the middle of their statement: what the first of them makes is not there when the other's began.
    const results = await whileOpen(
      db,
      'SELECT FROM "Habit" WHERE id = $1 FOR UPDATE',
      [habit.id],
      () =>
        Promise.all([backfill('2026-06-16'), world.models.checkOffs.record(user, habit.id, shown, SOMEBODY)]),
      2,
    )
    expect(results.map((result) => result.kind)).toEqual(['recorded', 'recorded'])
    expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(4)
    await expectTrueBooks(db, user.id)
  })

  test('with and without paying, one of them holds', async () => {
    const { user, backfill } = await oldHabit()
    const results = await whileOpen(
      db,
      'LOCK TABLE "CheckOff" IN SHARE MODE',
      [],
      () => Promise.all([backfill('2026-06-16', 1, true), backfill('2026-06-16', 1, false)]),
      2,
    )
    expect(results.map((result) => result.kind).sort()).toEqual(['already-recorded', 'recorded'])
    const [made] = await db.prisma.checkOff.findMany({ where: { userId: user.id } })
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(made?.recordOnly ? 0 : 1)
    await expectTrueBooks(db, user.id)
  })
})

describe('the days that are still open', () => {
  const daysOf = async (world: World, user: User, habitId: string) =>
    (await world.models.checkOffs.openDays(user, habitId)).map(({ day, slot }) => `${day} ${slot}`)

  test('are the last seven with a free place, the latest first, at the price of their time', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 2, interval: 1 })
    await backfill('2026-06-16', 1)
    await backfill('2026-06-15', 1)
    await backfill('2026-06-15', 2)
    expect(await daysOf(world, user, habit.id)).toEqual([
      '2026-06-16 2',
      '2026-06-14 1',
      '2026-06-13 1',
      '2026-06-12 1',
      '2026-06-11 1',
      '2026-06-10 1',
    ])
    const [open] = await world.models.checkOffs.openDays(user, habit.id)
    expect(open).toMatchObject({ amountMinor: 2_500, currency: 'DKK' })
  })

  test('end where the habit began', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    expect(await daysOf(world, user, habit.id)).toEqual([])
    world.clock.advance(2 * DAY)
    expect(await daysOf(world, user, habit.id)).toEqual(['2026-06-16 1', '2026-06-15 1'])
  })

  test('of a finished week are none, while last week may have some', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 1, interval: 7 })
    await backfill('2026-06-15')
    expect(await daysOf(world, user, habit.id)).toEqual([
      '2026-06-14 1',
      '2026-06-13 1',
      '2026-06-12 1',
      '2026-06-11 1',
      '2026-06-10 1',
    ])
  })

  test('are all taken when they are offered', async () => {
    const { world, user, habit, backfill } = await oldHabit({ frequency: 5, interval: 3 })
    for (let round = 0; round < 20; round += 1) {
      const [open] = await world.models.checkOffs.openDays(user, habit.id)
      if (!open) break
      expect((await backfill(open.day, open.slot)).kind).toBe('recorded')
    }
    expect(await world.models.checkOffs.openDays(user, habit.id)).toEqual([])
    expect(await db.prisma.checkOff.count({ where: { userId: user.id } })).toBeGreaterThan(7)
    await expectTrueBooks(db, user.id)
  })
})
