import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import {
  auditsOf,
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  worldAt,
} from './support.ts'

const WISH = { name: 'Run', frequency: 3, interval: 7, amountMinor: 2_500 }

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

test('more habits than a page can show are refused, and none is hidden', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  for (let count = 0; count < 200; count += 1) await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
  expect(await world.models.habits.listOwned(user)).toHaveLength(200)
  await expect(world.models.habits.create(user, WISH, 'DKK', SOMEBODY)).rejects.toMatchObject({ status: 409 })
  const [first] = await world.models.habits.listOwned(user)
  await world.models.habits.remove(user.id, first?.habit.id ?? '', SOMEBODY)
  await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
})

describe('a new habit', () => {
  test('begins on the day it is for the saver, with its first version', async () => {
    const world = worldAt(db, '2026-06-16T00:30:00.000Z')
    const user = await newUser(world, { timezone: 'America/New_York' })
    const habit = await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
    expect(habit.startDate).toEqual(new Date('2026-06-15T00:00:00.000Z'))
    const today = await world.models.habits.findOwned(user, habit.id)
    expect(today).toMatchObject({
      today: '2026-06-15',
      version: { number: 1, frequency: 3, interval: 7, amountMinor: 2_500, currency: 'DKK' },
      daysLeft: 7,
      isCompleted: false,
      streak: 0,
      totals: { pledgedMinor: 0, onItsWayMinor: 0, savedMinor: 0 },
    })
    expect(await auditsOf(world, user.id, 'habit.created')).toHaveLength(1)
  })

  test('begins tomorrow for a saver who has travelled west into the day before', async () => {
    const world = worldAt(db, '2026-06-16T00:30:00.000Z')
    const user = await newUser(world, { timezone: 'Europe/Copenhagen' })
    const habit = await newHabit(world, user)
    const west = await db.prisma.user.update({
      where: { id: user.id },
      data: { timezone: 'America/New_York' },
    })
    expect(await world.models.habits.findOwned(west, habit.id)).toMatchObject({
      today: '2026-06-15',
      progress: { next: { kind: 'not-started' } },
      outlook: { nextDay: '2026-06-16' },
    })
  })
})

describe('editing a habit', () => {
  test('makes a version and never changes what was done before', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const habit = await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
    const done = await checkOff(world, user, habit.id)
    const before = await history(habit.id)
    world.clock.advance(DAY)
    expect(
      await world.models.habits.edit(user, habit.id, { ...WISH, amountMinor: 9_900 }, 'DKK', SOMEBODY),
    ).toBe('edited')
    const after = await history(habit.id)
    expect(after.versions.slice(0, 1)).toEqual(before.versions)
    expect(after.checkOffs).toEqual(before.checkOffs)
    expect(after.versions[1]).toMatchObject({
      number: 2,
      amountMinor: 9_900,
      effectiveFrom: new Date('2026-06-16T00:00:00.000Z'),
    })
    expect((await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })).amountMinor).toBe(
      2_500,
    )
    expect((await checkOff(world, user, habit.id)).amountMinor).toBe(9_900)
  })

  test('of the name alone makes no version', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const habit = await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
    await world.models.habits.edit(user, habit.id, { ...WISH, name: 'Swim' }, 'DKK', SOMEBODY)
    expect((await history(habit.id)).versions).toHaveLength(1)
    expect((await world.models.habits.findOwned(user, habit.id))?.habit.name).toBe('Swim')
  })

  test('to another currency makes a version, and amounts of both are never added', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
    await checkOff(world, user, habit.id)
    await world.models.habits.edit(user, habit.id, WISH, 'EUR', SOMEBODY)
    expect((await world.models.habits.findOwned(user, habit.id))?.totals.pledgedMinor).toBe(0)
    expect(await world.models.habits.totalsOf(user.id)).toEqual(
      new Map([['DKK', { pledgedMinor: 2_500, onItsWayMinor: 0, savedMinor: 0 }]]),
    )
  })

  test('ten times at one moment numbers the versions one after the other', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const habit = await world.models.habits.create(user, WISH, 'DKK', SOMEBODY)
    await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        world.models.habits.edit(user, habit.id, { ...WISH, amountMinor: 100 + at }, 'DKK', SOMEBODY),
      ),
    )
    const numbers = (await history(habit.id)).versions.map((version) => version.number)
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('of the amount in the middle of a period keeps the period and the streak', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const wish = { ...WISH, frequency: 1, interval: 3 }
    const habit = await world.models.habits.create(user, wish, 'DKK', SOMEBODY)
    await checkOff(world, user, habit.id)
    world.clock.advance(4 * DAY)
    await world.models.habits.edit(user, habit.id, { ...wish, amountMinor: 5_000 }, 'DKK', SOMEBODY)
    await checkOff(world, user, habit.id)
    expect(await world.models.habits.findOwned(user, habit.id)).toMatchObject({
      streak: 2,
      progress: { period: { start: '2026-06-18', end: '2026-06-20' } },
    })
  })

  test('back on the same day is as if nothing had been edited', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newUser(world)
    const wish = { ...WISH, frequency: 1, interval: 3 }
    const habit = await world.models.habits.create(user, wish, 'DKK', SOMEBODY)
    world.clock.advance(DAY)
    await world.models.habits.edit(user, habit.id, { ...wish, interval: 30 }, 'DKK', SOMEBODY)
    await world.models.habits.edit(user, habit.id, wish, 'DKK', SOMEBODY)
    expect((await world.models.habits.findOwned(user, habit.id))?.progress.period.start).toBe('2026-06-15')
  })

  test('of an archived habit is refused', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    await checkOff(world, user, habit.id)
    await world.models.habits.remove(user.id, habit.id, SOMEBODY)
    expect(await world.models.habits.edit(user, habit.id, WISH, 'DKK', SOMEBODY)).toBe('archived')
  })
})

describe('removing a habit', () => {
  test('that was never done deletes it', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const habit = await newHabit(world, user)
    expect(await world.models.habits.remove(user.id, habit.id, SOMEBODY)).toBe('deleted')
    expect(await world.models.habits.findOwned(user, habit.id)).toBeNull()
    expect((await history(habit.id)).versions).toEqual([])
  })

  test('with a history archives it: gone from the list, its savings still true', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    await checkOff(world, user, habit.id)
    expect(await world.models.habits.remove(user.id, habit.id, SOMEBODY)).toBe('archived')
    expect(await world.models.habits.listOwned(user)).toEqual([])
    expect((await world.models.habits.findOwned(user, habit.id))?.habit.archivedOn).toEqual(world.clock.now())
    expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.pledgedMinor).toBe(2_500)
  })

  test('whose only check-off was taken back archives it too, because its story stays', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    await world.models.checkOffs.undo(user.id, done.id, SOMEBODY)
    expect(await world.models.habits.remove(user.id, habit.id, SOMEBODY)).toBe('archived')
  })
})

describe("somebody else's habit", () => {
  test('is as if it were not there, whatever is asked of it', async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newUser(world)]
    const habit = await newHabit(world, user)
    for (const id of [habit.id, randomUUID()]) {
      expect(await world.models.habits.findOwned(other, id)).toBeNull()
      expect(await world.models.habits.edit(other, id, WISH, 'DKK', SOMEBODY)).toBeNull()
      expect(await world.models.habits.remove(other.id, id, SOMEBODY)).toBeNull()
    }
    expect(await world.models.habits.listOwned(other)).toEqual([])
    expect((await world.models.habits.findOwned(user, habit.id))?.habit.name).toBe('Run')
  })

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['a word', 'habit'],
    ['a list', [randomUUID()]],
    ['an operator', { not: '' }],
    ['a piece of SQL', "' OR true --"],
  ])('%s in the place of an id finds and changes nothing', async (_what, id) => {
    const world = worldAt(db)
    const user = await newUser(world)
    await newHabit(world, user)
    const ask = id as string
    const answers = await Promise.allSettled([
      world.models.habits.edit(user, ask, { ...WISH, name: 'Stolen' }, 'DKK', SOMEBODY),
      world.models.habits.remove(user.id, ask, SOMEBODY),
    ])
    for (const answer of answers) expect(answer.status === 'rejected' || answer.value === null).toBe(true)
    const found = await world.models.habits.findOwned(user, ask).catch(() => null)
    expect(found).toBeNull()
    expect((await world.models.habits.listOwned(user)).map((one) => one.habit.name)).toEqual(['Run'])
  })
})

test('the streak and the list come from what is recorded, oldest habit first', async () => {
  const world = worldAt(db, '2026-06-15T10:00:00.000Z')
  const user = await newLinkedUser(world)
  const [run, read] = [await newHabit(world, user), await newHabit(world, user, { name: 'Read' })]
  for (let day = 0; day < 3; day += 1) {
    await checkOff(world, user, run.id)
    world.clock.advance(DAY)
  }
  const list = await world.models.habits.listOwned(user)
  expect(list.map((one) => [one.habit.id, one.streak])).toEqual([
    [run.id, 3],
    [read.id, 0],
  ])
})

async function history(habitId: string) {
  return {
    versions: await db.prisma.habitVersion.findMany({ where: { habitId }, orderBy: { number: 'asc' } }),
    checkOffs: await db.prisma.checkOff.findMany({ where: { habitId }, orderBy: { at: 'asc' } }),
  }
}
