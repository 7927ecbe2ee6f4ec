/** What recording looks at, in one statement: the same as read part by part, and enough of what was done before. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/clock.ts'
import { type Db, fromDbDay } from '../../src/db.ts'
import type { CheckOff, User } from '../../src/generated/client.ts'
import { chosenIn } from '../../src/models/account.ts'
import { daysBack, daysOf, lookAt } from '../../src/models/check-off/places.ts'
import { scheduleOn } from '../../src/models/habit/plan.ts'
import { type Place, progressOf } from '../../src/models/habit/progress.ts'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { planOf, versionOn } from '../../src/models/habit/versions.ts'
import type { HabitWish } from '../../src/models/habit.ts'
import { dice } from '../support/dice.ts'
import { newHabit, newLinkedUser, newUser, ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

const ANY: HabitWish = { name: 'Run', frequency: 2, interval: 1, amountMinor: 2_500 }
const WISHES: HabitWish[] = [
  ANY,
  { name: 'Swim', frequency: 3, interval: 7, amountMinor: 5_000 },
  { name: 'Row', frequency: 4, interval: 30, amountMinor: 5_000 },
  { name: 'Read', kind: 'ROLLING', frequency: 2, interval: 9, amountMinor: 1_000 },
  { name: 'Walk', kind: 'WEEKDAYS', frequency: 1, interval: 1, weekdays: 21, amountMinor: 1_500 },
]

test('it finds the habit, its terms and breaks, the accounts and the checkpoint as Prisma does', async () => {
  const { world, user, id } = await aLife(12)
  await world.models.habits.edit(user, id, { ...ANY, amountMinor: 7_700 }, 'DKK', SOMEBODY)
  await db.prisma.habitCheckpoint.create({
    data: {
      ...{ habitId: id, through: new Date('2026-01-20T00:00:00.000Z'), weekStart: 1 },
      ...{ streak: 1, best: 1, strength: 0.25, month: 24_312, freezesUsed: 0 },
    },
  })
  const [seen] = await both(world, user, id)
  expect(seen.habit.versions.length).toBeGreaterThan(1)
  expect(seen.habit.breaks.length).toBeGreaterThan(0)
  expect(seen.checkpoint).toEqual({ through: new Date('2026-01-20T00:00:00.000Z'), weekStart: 1 })
  expect(seen.sides).not.toBeNull()
})

test('after any life, each of the last days has the place that the whole history gives it', async () => {
  const { world, user, id, ways } = await aLife(90, async (each) => {
    const [seen, twin] = await both(each.world, each.user, each.id)
    const today = dayOf(each.world.clock.now(), each.user.timezone, each.user.dayStartHour)
    const live = await db.prisma.checkOff.findMany({ where: { habitId: each.id, state: 'RECORDED' } })
    const plan = planOf(twin.habit, twin.habit.versions, twin.habit.breaks, each.user)
    const days = [today, ...daysBack(twin.habit, today)]
    expect(daysOf(seen, days, each.user)).toEqual(
      days.flatMap((day) => {
        const version = versionOn(twin.habit.versions, day)
        if (!version || !scheduleOn(plan, day)) return []
        return [{ day, version, progress: progressOf(plan, day, live.map(placeOf)) }]
      }),
    )
  })
  expect((await world.models.checkOffs.recentOf(user.id, id, 5)).length).toBe(5)
  expect(ways.size, `kinds of steps: ${[...ways]}`).toBe(6)
})

test('somebody else has no such habit, and who has chosen no accounts has none', async () => {
  const world = worldAt(db)
  const [user, other] = [await newUser(world), await newUser(world)]
  const { id } = await newHabit(world, user)
  await expect(lookAt(db.prisma, other, id, '2026-06-17')).rejects.toThrow('has no habit')
  await expect(lookAt(db.prisma, user, randomUUID(), '2026-06-17')).rejects.toThrow('has no habit')
  expect((await lookAt(db.prisma, user, id, '2026-06-17')).sides).toBeNull()
})

/** Read in one statement without Prisma, which is expected to be what Prisma reads in several. */
async function both(world: World, user: User, id: string) {
  const earliest = dayOf(new Date(world.clock.now().getTime() - 8 * DAY), user.timezone, user.dayStartHour)
  const seen = await db.transactionByHand((tx) => lookAt(tx, user, id, earliest))
  const { versions, ...habit } = await db.prisma.habit.findFirstOrThrow({
    where: { id, userId: user.id },
    include: { versions: { orderBy: { number: 'desc' } } },
  })
  const breaks = await db.prisma.habitBreak.findMany({
    where: { userId: user.id, OR: [{ habitId: id }, { habitId: null }] },
  })
  const byId = <T extends { id: string }>(rows: readonly T[]) =>
    rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const twin = { habit: { ...habit, versions, breaks: byId(breaks) } }
  expect({ ...seen.habit, breaks: byId(seen.habit.breaks) }).toEqual(twin.habit)
  const sides = await chosenIn(db.prisma, user.id)
  expect(seen.sides && [seen.sides.debtor.id, seen.sides.creditor.id, seen.sides.debtor.currency]).toEqual(
    sides && [sides.debtor.id, sides.creditor.id, sides.debtor.currency],
  )
  return [seen, twin] as const
}

function placeOf({ period, day, slot, daySlot }: CheckOff): Place {
  return { period: fromDbDay(period), day: fromDbDay(day), slot, daySlot }
}

type Life = { world: World; user: User; id: string }

/** So many steps of one saver with one habit, and half a day or more after each. */
async function aLife(steps: number, afterEach: (life: Life) => Promise<void> = async () => {}) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}`)
  const chance = dice(seed)
  const luck = (most: number) => Math.floor(chance() * most)
  const world = worldAt(db, '2026-01-05T10:00:00.000Z')
  let user = await newLinkedUser(world)
  const { id } = await newHabit(world, user, WISHES[luck(WISHES.length)])
  const ways = new Set<string>()
  for (let step = 0; step < steps; step += 1) {
    // The first steps take each way once, the others mostly check off.
    const way = step < 12 ? step % 6 : Math.max(0, luck(16) - 10)
    const today = dayOf(world.clock.now(), user.timezone, user.dayStartHour)
    if (way === 0) ways.add(await checkedOff(world, user, id))
    if (way === 1) ways.add(await forgotten(world, user, id, luck))
    if (way === 2) {
      await world.models.habits.edit(user, id, WISHES[luck(WISHES.length)] ?? ANY, 'DKK', SOMEBODY)
      ways.add('other terms')
    }
    if (way === 3) {
      const habitId = luck(2) === 0 ? id : null
      await world.models.breaks.add(user, { kind: 'SICK', habitId, start: today, end: today }, SOMEBODY)
      ways.add('a break')
    }
    if (way === 4) {
      const data = { weekStart: luck(2) === 0 ? 1 : 7, dayStartHour: luck(5) }
      user = await db.prisma.user.update({ where: { id: user.id }, data })
      ways.add('another calendar')
    }
    if (way === 5) {
      const last = await db.prisma.checkOff.findFirst({ where: { habitId: id }, orderBy: { at: 'desc' } })
      if (last) await world.models.checkOffs.undo(user.id, last.id, SOMEBODY)
      ways.add('taken back')
    }
    world.clock.advance((12 + luck(30)) * HOUR)
    await afterEach({ world, user, id })
  }
  return { world, user, id, ways }
}

async function checkedOff(world: World, user: User, id: string): Promise<string> {
  const today = await world.models.habits.findOwned(user, id)
  if (today?.progress.next.kind === 'open') {
    const offer = { day: today.today, slot: today.progress.next.slot }
    expect((await world.models.checkOffs.record(user, id, offer, SOMEBODY)).kind).toBe('recorded')
  }
  return 'checked off'
}

async function forgotten(world: World, user: User, id: string, luck: (most: number) => number) {
  const open = await world.models.checkOffs.openDays(user, id)
  const day = open[luck(open.length)]
  if (day) {
    const offer = { day: day.day, slot: day.slot, pays: luck(2) === 0 }
    expect((await world.models.checkOffs.backfill(user, id, offer, SOMEBODY)).kind).toBe('recorded')
  }
  return 'made up for'
}
