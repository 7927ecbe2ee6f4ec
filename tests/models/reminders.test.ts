import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { Habit, User } from '../../src/generated/client.ts'
import type { Wish } from '../../src/models/reminder.ts'
import { NO_WISH } from '../../src/models/reminder.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  walk,
  whileOpen,
  worldAt,
} from './support.ts'

/** Twelve o'clock in Copenhagen, on a Wednesday. */
const NOON = '2026-06-17T10:00:00.000Z'
const BY_MAIL: Wish = { ...NO_WISH, byMail: true }

let db: Db
let close: () => Promise<void>
let world: World
let user: User
let run: Habit

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(12))
})
afterAll(() => close())

beforeEach(async () => {
  await db.prisma.habitReminder.deleteMany()
  await db.prisma.reminderWish.deleteMany()
  world = worldAt(db, NOON)
  user = await newLinkedUser(world)
  run = await newHabit(world, user, { name: 'Run' })
})

const letters = (kind = 'reminder') =>
  world.jobs.filter(({ name, data }) => name === 'send-mail' && (data as { kind: string }).kind === kind)
const wish = (change: Partial<Wish> = {}) =>
  world.models.reminders.change(user.id, { ...BY_MAIL, ...change }, SOMEBODY)
const remindAt = (habit: Habit, hour: number, minute = 0) =>
  world.models.reminders.setTime(user.id, habit.id, hour * 60 + minute, SOMEBODY)
const round = () => world.models.reminders.tellDue()
const timeOf = async (habit: Habit) =>
  (await db.prisma.habitReminder.findUniqueOrThrow({ where: { habitId: habit.id } })).nextAt?.toISOString()
const made = () => db.prisma.reminder.findMany({ where: { userId: user.id }, orderBy: { dueAt: 'asc' } })
async function until(instant: string): Promise<void> {
  world.clock.advance(Date.parse(instant) - world.clock.now().getTime())
}
/** Rounds as a worker makes them, but only as often as something can have changed. */
async function live(ms: number, stepMs = 15 * MINUTE): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await round()
    world.clock.advance(stepMs)
  }
  await round()
}

describe('a reminder', () => {
  test('is off by default, also for a habit that has a time', async () => {
    await remindAt(run, 18)
    await live(2 * DAY)
    expect(letters()).toEqual([])
    expect(await made()).toEqual([])
  })

  test('comes at its time by the saver’s clock, once a day, while the habit is open', async () => {
    await wish()
    await remindAt(run, 18)
    await live(3 * DAY)
    expect((await made()).map(({ dueAt }) => dueAt.toISOString())).toEqual([
      '2026-06-17T16:00:00.000Z',
      '2026-06-18T16:00:00.000Z',
      '2026-06-19T16:00:00.000Z',
    ])
    expect(letters()).toHaveLength(3)
  })

  test('does not come on a day on which the habit is done, nor for the rest of a week that is', async () => {
    const weekly = await newHabit(world, user, { name: 'Swim', frequency: 1, interval: 7 })
    await wish()
    await remindAt(run, 18)
    await remindAt(weekly, 19)
    await checkOff(world, user, run.id)
    await checkOff(world, user, weekly.id)
    await live(5 * DAY)
    const about = (await made()).map(({ day, habitIds }) => [day.toISOString().slice(0, 10), habitIds])
    expect(about.filter(([, ids]) => ids?.includes(weekly.id))).toEqual([])
    expect(about[0]).toEqual(['2026-06-18', [run.id]])
  })

  test('of several habits at the same time is one letter', async () => {
    const read = await newHabit(world, user, { name: 'Read' })
    await wish()
    for (const habit of [run, read]) await remindAt(habit, 18)
    await live(7 * HOUR)
    expect((await made()).map(({ habitIds }) => new Set(habitIds))).toEqual([new Set([run.id, read.id])])
    expect(letters()).toHaveLength(1)
  })

  test('comes no more often a day than was asked for, by the app’s count and by the database’s', async () => {
    await wish({ mostPerDay: 2 })
    for (const hour of [13, 14, 15, 16])
      await remindAt(await newHabit(world, user, { name: `At ${hour}` }), hour)
    await live(6 * HOUR)
    const reminders = await made()
    expect(reminders.map(({ minuteOfDay }) => minuteOfDay / 60)).toEqual([13, 14])
    const { id, minuteOfDay, ...facts } = reminders[0] as (typeof reminders)[0]
    await expect(db.prisma.reminder.create({ data: { ...facts, minuteOfDay: 17 * 60 } })).rejects.toThrow(
      /no more reminders on that day/,
    )
  })

  test('is sent once by many workers at once', async () => {
    await wish()
    await remindAt(run, 18)
    await round()
    await until('2026-06-17T16:00:01.000Z')
    const rounds = await Promise.all(Array.from({ length: 8 }, round))
    expect(rounds.reduce((sum, { sent }) => sum + sent, 0)).toBe(1)
    expect([letters().length, (await made()).length]).toEqual([1, 1])
  })

  test('that nobody sent within two hours is not sent at all, and that is said', async () => {
    await wish()
    await remindAt(run, 18)
    await round()
    await until('2026-06-17T18:00:00.001Z')
    expect(await round()).toEqual({ sent: 0, stale: 1 })
    expect(await round()).toEqual({ sent: 0, stale: 0 })
    expect(letters()).toEqual([])
    expect(await timeOf(run)).toBe('2026-06-18T16:00:00.000Z')
  })

  test('is still sent a moment before two hours are over, and not when the day is', async () => {
    await wish()
    await remindAt(run, 18)
    await round()
    await until('2026-06-17T18:00:00.000Z')
    expect(await round()).toEqual({ sent: 1, stale: 0 })
    await remindAt(run, 23, 45)
    await round()
    await until('2026-06-17T22:00:01.000Z')
    expect(await round()).toEqual({ sent: 0, stale: 1 })
  })

  test('waits in the queue until then only, and says nothing of what was done meanwhile', async () => {
    await wish()
    await remindAt(run, 18)
    await live(6 * HOUR)
    const [reminder] = await made()
    const toSay = () => world.models.reminders.toSay(user.id, reminder?.id ?? '')
    expect((await toSay())?.habits.map(({ habit }) => habit.name)).toEqual(['Run'])
    expect(await world.models.reminders.toSay((await newUser(world)).id, reminder?.id ?? '')).toBeNull()
    await checkOff(world, user, run.id)
    expect(await toSay()).toBeNull()
    await live(DAY)
    const [, next] = await made()
    world.clock.advance(2 * HOUR + 1)
    expect(await world.models.reminders.toSay(user.id, next?.id ?? '')).toBeNull()
  })

  test('at another time of the same day comes again; said again, it does not', async () => {
    await wish()
    await remindAt(run, 13)
    await live(2 * HOUR)
    await remindAt(run, 13)
    await live(2 * HOUR)
    expect(await made()).toHaveLength(1)
    await remindAt(run, 20)
    await live(6 * HOUR)
    expect((await made()).map(({ minuteOfDay }) => minuteOfDay / 60)).toEqual([13, 20])
  })

  test('of a habit that has ended is gone with it', async () => {
    await wish()
    await remindAt(run, 18)
    await checkOff(world, user, run.id)
    await world.models.habits.remove(user.id, run.id, SOMEBODY)
    expect(await db.prisma.habitReminder.count({ where: { userId: user.id } })).toBe(0)
    expect(await remindAt(run, 18)).toBe(false)
  })

  test('can be set for nobody else’s habit', async () => {
    const other = await newUser(world)
    expect(await world.models.reminders.setTime(other.id, run.id, 600, SOMEBODY)).toBe(false)
    const data = { habitId: run.id, userId: other.id, minuteOfDay: 600 }
    await expect(db.prisma.habitReminder.create({ data })).rejects.toThrow(/foreign key/i)
  })

  test.each([-15, 7, 1_440])('at minute %i of the day is refused by the database', async (minuteOfDay) => {
    const data = { habitId: run.id, userId: user.id, minuteOfDay }
    await expect(db.prisma.habitReminder.create({ data })).rejects.toThrow(/HabitReminder_at_a_quarter/)
  })

  test('goes to nobody who is locked, dormant, or has not confirmed their address', async () => {
    await wish()
    await remindAt(run, 18)
    await round()
    for (const change of [{ status: 'LOCKED' }, { status: 'ACTIVE', emailConfirmedOn: null }] as const) {
      await db.prisma.user.update({ where: { id: user.id }, data: change })
      await live(DAY)
    }
    expect(await made()).toEqual([])
  })

  test('leaves a line in the trail when it is changed', async () => {
    await wish()
    await remindAt(run, 18)
    expect(await auditsOf(world, user.id, 'reminder.wishes-changed')).toHaveLength(1)
    expect(await auditsOf(world, user.id, 'reminder.time-changed')).toHaveLength(1)
  })
})

describe('when the saver’s clock changes', () => {
  const move = (timezone: string, dayStartHour = 0) =>
    world.models.users.changePreferences(
      user,
      { fullName: user.fullName, timezone, dayStartHour, weekStart: 1, locale: 'en' as const },
      SOMEBODY,
    )

  test('reminders are reckoned by the new zone', async () => {
    await wish()
    await remindAt(run, 18)
    await round()
    expect(await timeOf(run)).toBe('2026-06-17T16:00:00.000Z')
    await move('America/New_York')
    await round()
    expect(await timeOf(run)).toBe('2026-06-17T22:00:00.000Z')
  })

  test('a day that has had its reminder gets no second one further west', async () => {
    await wish()
    await remindAt(run, 13)
    await live(2 * HOUR)
    await move('America/New_York')
    await live(DAY)
    expect((await made()).map(({ day }) => day.toISOString().slice(0, 10))).toEqual(['2026-06-17'])
    await live(DAY)
    expect(await made()).toHaveLength(2)
  })

  test('by the day’s beginning too', async () => {
    await remindAt(run, 2)
    await round()
    await move('Europe/Copenhagen', 4)
    await round()
    const row = await db.prisma.habitReminder.findUniqueOrThrow({ where: { habitId: run.id } })
    expect([row.nextAt?.toISOString(), row.lastDay]).toEqual(['2026-06-18T00:00:00.000Z', null])
  })

  test('while a worker is reckoning, the new clock wins', async () => {
    await remindAt(run, 18)
    await whileOpen(db, `UPDATE "User" SET timezone = 'America/New_York' WHERE id = $1`, [user.id], round)
    await round()
    expect(await timeOf(run)).toBe('2026-06-17T22:00:00.000Z')
  })

  test.each([
    ['left out', '2026-03-28T12:00:00.000Z', '2026-03-29T01:30:00.000Z'],
    ['there twice', '2026-10-24T12:00:00.000Z', '2026-10-25T00:30:00.000Z'],
  ])('half past two, %s by the zone’s clock, is one reminder', async (_name, from, expected) => {
    world = worldAt(db, from)
    user = await newLinkedUser(world)
    run = await newHabit(world, user, { name: 'Run' })
    await wish()
    await remindAt(run, 2, 30)
    await live(DAY)
    expect((await made()).map(({ dueAt }) => dueAt.toISOString())).toEqual([expected])
  })
})

describe('the letter about the week', () => {
  const digests = async () => (await made()).filter(({ kind }) => kind === 'DIGEST')

  test('comes on the chosen weekday, once, when something has moved', async () => {
    await wish({ byMail: false, digestWeekday: 1 })
    const { paymentId } = await checkOff(world, user, run.id)
    await walk(world, paymentId, ...ARRIVING)
    await live(7 * DAY, HOUR)
    expect((await digests()).map(({ dueAt }) => dueAt.toISOString())).toEqual(['2026-06-22T06:00:00.000Z'])
    expect(letters('digest')).toHaveLength(1)
  })

  test('tells check-offs, what is saved and on its way, and streaks', async () => {
    await wish({ digestWeekday: 1 })
    const { paymentId } = await checkOff(world, user, run.id)
    await walk(world, paymentId, ...ARRIVING)
    world.clock.advance(DAY)
    await checkOff(world, user, run.id)
    await live(6 * DAY, HOUR)
    const [reminder] = await digests()
    if (!reminder) throw new Error('there is no letter')
    expect(await world.models.reminders.weekOf({ user, reminder })).toEqual({
      checkOffs: 2,
      saved: [['DKK', 2_500n]],
      onItsWay: [['DKK', 2_500n]],
      // Nothing was done on the last days.
      streaks: [],
    })
  })

  test('does not come when there is nothing to say, and starts no round of its own', async () => {
    await wish({ digestWeekday: 1 })
    await live(15 * DAY, 3 * HOUR)
    expect(await digests()).toEqual([])
    expect(letters('digest')).toEqual([])
  })

  test('is sent once by many workers, and not at all when they were away', async () => {
    await wish({ digestWeekday: 4 })
    await checkOff(world, user, run.id)
    await round()
    await until('2026-06-18T06:00:00.000Z')
    await Promise.all(Array.from({ length: 6 }, round))
    expect(letters('digest')).toHaveLength(1)
    await until('2026-06-25T09:00:00.000Z')
    expect((await round()).stale).toBe(1)
    expect(letters('digest')).toHaveLength(1)
  })
})

describe('a link that ends a kind of letter', () => {
  const tokenFor = (kind: 'reminders' | 'digest') => world.models.reminders.tokenFor(user.id, kind)
  const wishNow = () => world.models.reminders.wishOf(user.id)

  test('ends that kind and nothing else, once in the trail', async () => {
    await wish({ digestWeekday: 3 })
    const { turnOff, behindLink } = world.models.reminders
    expect(await behindLink(tokenFor('reminders'))).toEqual({ kind: 'reminders', isOn: true })
    await turnOff(tokenFor('reminders'), SOMEBODY)
    await turnOff(tokenFor('reminders'), SOMEBODY)
    expect(await wishNow()).toMatchObject({ byMail: false, digestWeekday: 3 })
    await turnOff(tokenFor('digest'), SOMEBODY)
    expect(await wishNow()).toMatchObject({ byMail: false, digestWeekday: null })
    expect(await auditsOf(world, user.id, 'reminder.turned-off')).toHaveLength(2)
  })

  test('that somebody has changed, or made with another key, is none', async () => {
    await wish()
    const token = tokenFor('reminders')
    const { turnOff, behindLink } = world.models.reminders
    const changed = Array.from(
      token,
      (letter, at) => token.slice(0, at) + (letter === 'A' ? 'B' : 'A') + token.slice(at + 1),
    )
    const strange = worldAt(db, NOON, { letterKey: 'another key' }).models.reminders.tokenFor(
      user.id,
      'reminders',
    )
    for (const forged of [...changed, strange, '', token.slice(1), `${token}A`, 'x'.repeat(43)]) {
      expect([forged, await turnOff(forged, SOMEBODY), await behindLink(forged)]).toEqual([
        forged,
        null,
        null,
      ])
    }
    expect(await wishNow()).toMatchObject({ byMail: true })
  })
})
