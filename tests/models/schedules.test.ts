import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import { type Db, toDbDay } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import type { BreakWish } from '../../src/models/habit-break.ts'
import {
  auditsOf,
  checkOff,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  offerOf,
  ownDatabase,
  SOMEBODY,
  untilWaiting,
  type World,
  worldAt,
} from './support.ts'

const ROLLING = { kind: 'ROLLING', frequency: 2, interval: 7 } as const
/** Monday, Wednesday and Friday. */
const WEEKDAYS = { kind: 'WEEKDAYS', frequency: 1, interval: 1, weekdays: 1 + 4 + 16 } as const
const MONDAY = '2026-06-15T10:00:00.000Z'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

describe('twice in any seven days', () => {
  test('has no third place until the first of the two is seven days past', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, ROLLING)
    await checkOff(world, user, id)
    expect(await nextOf(world, user, id)).toBe('enough-today')
    world.clock.advance(3 * DAY)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    expect(await nextOf(world, user, id)).toBe('period-complete')
    expect(await world.models.habits.findOwned(user, id)).toMatchObject({
      progress: { doneInPeriod: 2 },
      outlook: { safeUntil: '2026-06-21', nextDay: '2026-06-22', isAtRisk: false },
    })
    world.clock.advance(3 * DAY)
    expect(await world.models.habits.findOwned(user, id)).toMatchObject({
      today: '2026-06-22',
      progress: { doneInPeriod: 1, next: { kind: 'open' } },
      outlook: { isAtRisk: true, safeUntil: null },
    })
    await checkOff(world, user, id)
    await expectTrueBooks(db, user.id)
  })

  test('a day that is made up for may not make seven days hold three', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, ROLLING)
    world.clock.advance(2 * DAY)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    await checkOff(world, user, id)
    expect(await world.models.checkOffs.openDays(user, id)).toEqual([])
    const offer = { day: '2026-06-16', slot: 1, pays: true }
    expect((await world.models.checkOffs.backfill(user, id, offer, SOMEBODY)).kind).toBe('period-complete')
  })

  test('two check-offs of two days that race for the last place are one, and pay once', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, ROLLING)
    world.clock.advance(3 * DAY)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    const offer = await offerOf(world, user, id)
    const past = { day: '2026-06-16', slot: 1, pays: true }
    const holder = await db.pool.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT id FROM "Habit" WHERE id = $1 FOR NO KEY UPDATE', [id])
    const both = Promise.all([
      world.models.checkOffs.record(user, id, offer, SOMEBODY),
      world.models.checkOffs.backfill(user, id, past, SOMEBODY),
    ])
    await untilWaiting(db, 2)
    await holder.query('COMMIT')
    holder.release()
    expect((await both).map(({ kind }) => kind).sort()).toEqual(['period-complete', 'recorded'])
    expect(await db.prisma.checkOff.count({ where: { habitId: id, state: 'RECORDED' } })).toBe(2)
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(2)
    await expectTrueBooks(db, user.id)
  })

  test('what was taken back opens its place again', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, ROLLING)
    const first = await checkOff(world, user, id)
    world.clock.advance(DAY)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    expect(await nextOf(world, user, id)).toBe('period-complete')
    await world.models.checkOffs.undo(user.id, first.id, SOMEBODY)
    expect(await nextOf(world, user, id)).toBe('open')
    await checkOff(world, user, id)
  })
})

describe('on chosen weekdays', () => {
  test('other days have no place, and what is missed on them is nothing', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, WEEKDAYS)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    expect(await nextOf(world, user, id)).toBe('not-today')
    const offer = { day: '2026-06-16', slot: 1 }
    expect((await world.models.checkOffs.record(user, id, offer, SOMEBODY)).kind).toBe('not-today')
    world.clock.advance(DAY)
    await checkOff(world, user, id)
    expect(await world.models.habits.findOwned(user, id)).toMatchObject({
      streak: 2,
      outlook: { nextDay: '2026-06-19' },
    })
  })
})

describe('a break', () => {
  test('has no places, moves no money and breaks no streak, of one habit or of all', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const [run, read] = [await newHabit(world, user), await newHabit(world, user, { name: 'Read' })]
    await checkOff(world, user, run.id)
    await checkOff(world, user, read.id)
    const offer = { day: '2026-06-16', slot: 1 }
    expect(await add(world, user, { habitId: run.id, start: '2026-06-16', end: '2026-06-17' })).toBe('added')
    expect(await add(world, user, { kind: 'VACATION', start: '2026-06-17', end: '2026-06-18' })).toBe('added')
    world.clock.advance(DAY)
    expect((await world.models.checkOffs.record(user, run.id, offer, SOMEBODY)).kind).toBe('on-break')
    await checkOff(world, user, read.id)
    world.clock.advance(DAY)
    expect([await nextOf(world, user, run.id), await nextOf(world, user, read.id)]).toEqual([
      'on-break',
      'on-break',
    ])
    world.clock.advance(2 * DAY)
    await checkOff(world, user, run.id)
    expect((await world.models.habits.findOwned(user, run.id))?.streak).toBe(2)
    const past = { day: '2026-06-17', slot: 1, pays: true }
    expect((await world.models.checkOffs.backfill(user, run.id, past, SOMEBODY)).kind).toBe('on-break')
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(4)
  })

  test('of an illness reaches 31 days back and mends the streak; other breaks begin today', async () => {
    const world = worldAt(db, '2026-06-01T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    await checkOff(world, user, id)
    world.clock.advance(5 * DAY)
    await checkOff(world, user, id)
    expect((await world.models.habits.findOwned(user, id))?.streak).toBe(1)
    const days = { habitId: id, start: '2026-06-02', end: '2026-06-05' }
    for (const kind of ['PAUSE', 'VACATION'] as const)
      expect(await add(world, user, { ...days, kind })).toBe('too-early')
    expect(await add(world, user, { ...days, kind: 'SICK' })).toBe('added')
    expect((await world.models.habits.findOwned(user, id))?.streak).toBe(2)
    world.clock.advance(30 * DAY)
    const tooLate = { ...days, kind: 'SICK' as const, start: '2026-06-04' }
    expect(await add(world, user, tooLate)).toBe('too-early')
  })

  test('ends early: its past days stay, and today has a place again', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    await add(world, user, { habitId: id, start: '2026-06-15', end: null })
    world.clock.advance(3 * DAY)
    const [pause] = await world.models.breaks.list(user.id, id, 10)
    expect(await world.models.breaks.end(user, pause?.id ?? '', SOMEBODY)).toBe('ended')
    expect(await nextOf(world, user, id)).toBe('open')
    const [ended] = await world.models.breaks.list(user.id, id, 10)
    expect(ended?.endDay).toEqual(toDbDay('2026-06-17'))
    expect(await world.models.breaks.end(user, pause?.id ?? '', SOMEBODY)).toBe('over')
    expect(await auditsOf(world, user.id, 'habit.break-ended')).toHaveLength(1)
  })

  test('of a day skipped twice is one, and can be taken back on that day', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    const skip = { habitId: id, kind: 'SKIP' as const, start: '2026-06-15', end: '2026-06-15' }
    expect(await Promise.all([add(world, user, skip), add(world, user, skip)])).toEqual(['added', 'added'])
    const breaks = await world.models.breaks.list(user.id, id, 10)
    expect(breaks).toHaveLength(1)
    await world.models.breaks.end(user, breaks[0]?.id ?? '', SOMEBODY)
    expect(await nextOf(world, user, id)).toBe('open')
  })

  test('that is entered while a check-off of its day is under way waits for it, or comes first', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    const offer = await offerOf(world, user, id)
    const holder = await db.pool.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT id FROM "Habit" WHERE id = $1 FOR NO KEY UPDATE', [id])
    const pausing = add(world, user, { habitId: id, start: '2026-06-15', end: null })
    await untilWaiting(db, 1)
    const recording = world.models.checkOffs.record(user, id, offer, SOMEBODY)
    await untilWaiting(db, 2)
    await holder.query('COMMIT')
    holder.release()
    expect([await pausing, (await recording).kind]).toEqual(['added', 'on-break'])
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(0)
  })

  test('of somebody else’s habit is none, and somebody else’s break ends for nobody', async () => {
    const world = worldAt(db, MONDAY)
    const [user, other] = [await newLinkedUser(world), await newLinkedUser(world)]
    const { id } = await newHabit(world, user)
    expect(await add(world, other, { habitId: id, start: '2026-06-15', end: null })).toBeNull()
    await add(world, user, { habitId: id, start: '2026-06-15', end: null })
    const [pause] = await world.models.breaks.list(user.id, id, 10)
    expect(await world.models.breaks.end(other, pause?.id ?? '', SOMEBODY)).toBeNull()
  })
})

describe('first and last day', () => {
  test('a habit that begins later has its first place then, and its start can be moved until then', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const wish = { name: 'Run', frequency: 1, interval: 3, amountMinor: 2_500 }
    const habit = await newHabit(world, user, { ...wish, startDate: '2026-06-20' })
    expect(await nextOf(world, user, habit.id)).toBe('not-started')
    await world.models.habits.edit(user, habit.id, { ...wish, startDate: '2026-06-17' }, 'DKK', SOMEBODY)
    world.clock.advance(2 * DAY)
    await checkOff(world, user, habit.id)
    expect((await world.models.habits.findOwned(user, habit.id))?.progress.period).toEqual({
      start: '2026-06-17',
      end: '2026-06-19',
    })
    await world.models.habits.edit(user, habit.id, { ...wish, startDate: '2026-06-30' }, 'DKK', SOMEBODY)
    expect((await world.models.habits.findOwned(user, habit.id))?.habit.startDate).toEqual(
      toDbDay('2026-06-17'),
    )
  })

  test('a habit is over after its last day, with the streak it had, and keeps it', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { endDate: '2026-06-16' })
    await checkOff(world, user, habit.id)
    world.clock.advance(DAY)
    await checkOff(world, user, habit.id)
    world.clock.advance(5 * DAY)
    expect(await world.models.habits.findOwned(user, habit.id)).toMatchObject({
      progress: { next: { kind: 'ended' } },
      streak: 2,
      outlook: { nextDay: null },
    })
    const wish = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500 }
    for (const more of [{}, { endDate: '2026-06-20' }])
      expect(await world.models.habits.edit(user, habit.id, { ...wish, ...more }, 'DKK', SOMEBODY)).toBe(
        'ended',
      )
  })

  test.each([null, '2026-07-31'])(
    'a habit that is over goes on until %s, with its streak, and without days that nobody could have kept',
    async (endDate) => {
      const world = worldAt(db, MONDAY)
      const user = await newLinkedUser(world)
      const habit = await newHabit(world, user, { endDate: '2026-06-16', isCommitted: true })
      await checkOff(world, user, habit.id)
      world.clock.advance(DAY)
      await checkOff(world, user, habit.id)
      world.clock.advance(5 * DAY)
      const wish = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500, endDate }
      expect(await world.models.habits.edit(user, habit.id, wish, 'DKK', SOMEBODY)).toBe('edited')
      expect(await world.models.breaks.list(user.id, habit.id, 10)).toMatchObject([
        { kind: 'ARCHIVED', startDay: toDbDay('2026-06-17'), endDay: toDbDay('2026-06-20') },
      ])
      expect(await world.models.checkOffs.openDays(user, habit.id)).toEqual([])
      await checkOff(world, user, habit.id)
      expect((await world.models.habits.findOwned(user, habit.id))?.streak).toBe(3)
      // It has a last day again that is not over: nothing is added a second time.
      await world.models.habits.edit(user, habit.id, wish, 'DKK', SOMEBODY)
      expect((await world.models.breaks.list(user.id, habit.id, 10)).length).toBe(1)
    },
  )

  test('two who extend an ended habit at once add its break once', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, { endDate: '2026-06-15' })
    world.clock.advance(5 * DAY)
    const wish = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500, endDate: null }
    await Promise.all([1, 2].map(() => world.models.habits.edit(user, id, wish, 'DKK', SOMEBODY)))
    expect((await world.models.breaks.list(user.id, id, 10)).length).toBe(1)
  })
})

describe('a freeze', () => {
  test('is used up by the first missed days of a month; granting more later rewrites nothing', async () => {
    const world = worldAt(db, '2026-06-01T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const wish = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500 }
    const { id } = await newHabit(world, user, { ...wish, freezesPerMonth: 1 })
    const streak = async () => (await world.models.habits.findOwned(user, id))?.streak
    await checkOff(world, user, id)
    world.clock.advance(2 * DAY)
    await checkOff(world, user, id)
    expect(await streak()).toBe(2)
    world.clock.advance(2 * DAY)
    await checkOff(world, user, id)
    expect(await streak()).toBe(1)
    await world.models.habits.edit(user, id, { ...wish, freezesPerMonth: 4 }, 'DKK', SOMEBODY)
    expect(await streak()).toBe(1)
  })
})

describe('a commitment', () => {
  const wish = { name: 'Run', frequency: 3, interval: 7, amountMinor: 2_500 }

  test('lets what is easier wait seven days, and what is harder count at once', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, { ...wish, isCommitted: true })
    const edit = (change: object) =>
      world.models.habits.edit(user, id, { ...wish, ...change }, 'DKK', SOMEBODY)
    const asked = async () => (await world.models.habits.findOwned(user, id))?.version.frequency
    expect(await edit({ frequency: 1 })).toBe('edited-later')
    expect(await asked()).toBe(3)
    expect((await world.models.habits.findOwned(user, id))?.pending?.effectiveFrom).toEqual(
      toDbDay('2026-06-22'),
    )
    world.clock.advance(7 * DAY)
    expect(await asked()).toBe(1)
    expect(await edit({ frequency: 5 })).toBe('edited')
    expect(await asked()).toBe(5)
  })

  test('a harder wish takes the place of an easier one that waits', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, { ...wish, isCommitted: true })
    await world.models.habits.edit(user, id, { ...wish, amountMinor: 100 }, 'DKK', SOMEBODY)
    await world.models.habits.edit(user, id, { ...wish, amountMinor: 3_000 }, 'DKK', SOMEBODY)
    world.clock.advance(10 * DAY)
    expect(await world.models.habits.findOwned(user, id)).toMatchObject({
      version: { amountMinor: 3_000 },
      pending: null,
    })
  })

  test('ends seven days after it is called off, and a last day is at least as far away', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user, { ...wish, isCommitted: true })
    const off = { ...wish, isCommitted: false, endDate: '2026-06-16' }
    await world.models.habits.edit(user, id, off, 'DKK', SOMEBODY)
    expect(await world.models.habits.findOwned(user, id)).toMatchObject({
      isCommitted: true,
      habit: { endDate: toDbDay('2026-06-22'), committedUntil: toDbDay('2026-06-22') },
    })
    world.clock.advance(7 * DAY)
    expect((await world.models.habits.findOwned(user, id))?.isCommitted).toBe(false)
  })
})

describe('the archive', () => {
  test('keeps a habit as it was, and gives it back without its days away breaking the streak', async () => {
    const world = worldAt(db, MONDAY)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    await checkOff(world, user, id)
    world.clock.advance(DAY)
    expect(await world.models.habits.archive(user.id, id, SOMEBODY)).toBe(true)
    expect(await world.models.habits.archive(user.id, id, SOMEBODY)).toBe(false)
    world.clock.advance(20 * DAY)
    expect(await world.models.habits.listOwned(user)).toEqual([])
    expect(await world.models.habits.listArchived(user)).toMatchObject([{ habit: { id }, streak: 1 }])
    expect(await world.models.habits.restore(user, id, SOMEBODY)).toBe(true)
    expect(await world.models.habits.restore(user, id, SOMEBODY)).toBe(false)
    await checkOff(world, user, id)
    expect((await world.models.habits.findOwned(user, id))?.streak).toBe(2)
    expect(await world.models.checkOffs.openDays(user, id)).toEqual([])
    expect(await auditsOf(world, user.id, 'habit.restored')).toHaveLength(1)
  })

  test('takes also a habit that was never done, and nothing of somebody else', async () => {
    const world = worldAt(db, MONDAY)
    const [user, other] = [await newLinkedUser(world), await newLinkedUser(world)]
    const { id } = await newHabit(world, user)
    expect(await world.models.habits.archive(other.id, id, SOMEBODY)).toBeNull()
    expect(await world.models.habits.archive(user.id, id, SOMEBODY)).toBe(true)
    expect(await world.models.habits.restore(other, id, SOMEBODY)).toBeNull()
  })
})

test('habits stand in the saver’s own order, pinned ones first', async () => {
  const world = worldAt(db, MONDAY)
  const user = await newLinkedUser(world)
  const names = async () => (await world.models.habits.listOwned(user)).map(({ habit }) => habit.name)
  const [a, b] = [await newHabit(world, user, { name: 'A' }), await newHabit(world, user, { name: 'B' })]
  const c = await newHabit(world, user, { name: 'C', isPinned: true })
  expect(await names()).toEqual(['C', 'A', 'B'])
  expect(await world.models.habits.move(user.id, b.id, 'up', SOMEBODY)).toBe(true)
  expect(await names()).toEqual(['C', 'B', 'A'])
  expect(await world.models.habits.move(user.id, b.id, 'up', SOMEBODY)).toBe(false)
  expect(await world.models.habits.move(user.id, a.id, 'down', SOMEBODY)).toBe(false)
  expect(await world.models.habits.move(user.id, c.id, 'down', SOMEBODY)).toBe(false)
  expect(await names()).toEqual(['C', 'B', 'A'])
})

test('a note is one for each day, is replaced and taken away, and never for a day to come', async () => {
  const world = worldAt(db, MONDAY)
  const [user, other] = [await newLinkedUser(world), await newLinkedUser(world)]
  const { id } = await newHabit(world, user)
  const write = (day: string, text: string, by = user) =>
    world.models.notes.write(by, id, { day, text }, SOMEBODY)
  expect(await write('2026-06-15', 'Rain')).toBe('written')
  expect(await write('2026-06-15', 'Sun')).toBe('written')
  expect(await world.models.notes.list(user.id, id, 10)).toMatchObject([{ text: 'Sun' }])
  expect([await write('2026-06-16', 'x'), await write('2026-06-14', 'x')]).toEqual(['not-then', 'not-then'])
  expect(await write('2026-06-15', 'Mine', other)).toBeNull()
  expect(await write('2026-06-15', '')).toBe('removed')
  expect(await world.models.notes.list(user.id, id, 10)).toEqual([])
})

async function nextOf(world: World, user: User, id: string): Promise<string | undefined> {
  return (await world.models.habits.findOwned(user, id))?.progress.next.kind
}

function add(world: World, user: User, wish: Partial<BreakWish> & Pick<BreakWish, 'start' | 'end'>) {
  return world.models.breaks.add(user, { kind: 'PAUSE', habitId: null, ...wish }, SOMEBODY)
}
