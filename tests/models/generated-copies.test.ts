/** Lives that nobody has thought of: lived with the app's verbs, copied, erased, brought back, and compared (I5). */
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import { WrongState } from '../../src/errors.ts'
import type { User } from '../../src/generated/client.ts'
import { GOAL_PICTURES } from '../../src/models/goal/pictures.ts'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { type HabitWish, inDays } from '../../src/models/habit/wish.ts'
import { randomFrom } from '../../src/sandbox/faults/random.ts'
import { compared, differencesOf, toldInFigures } from '../support/copies.ts'
import {
  ARRIVING,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  WORKER,
  type World,
  walk,
  worldAt,
} from './support.ts'

const LIVES = 4
const DAYS = 40
const ACTS_A_DAY = 4
const ZONES = ['Europe/Copenhagen', 'Europe/Helsinki', 'America/New_York', 'Pacific/Auckland']
const WORDS = ['Run', 'Læse', '=1+1', 'A "b", c;', 'Sauna 🧖', 'O’Neill', 'Öva']

/** The same life again: LIFE_SEED=… */
const first = Number(process.env.LIFE_SEED ?? randomInt(1_000_000_000))

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})
afterAll(() => close())

type Random = () => number
const below = (random: Random, end: number) => Math.floor(random() * end)
function oneOf<T>(random: Random, all: readonly T[]): T | undefined {
  return all[below(random, all.length)]
}

function wishFrom(random: Random, today: string): HabitWish {
  const kind = oneOf(random, ['TIMES', 'WEEKDAYS', 'ROLLING'] as const) ?? 'TIMES'
  const interval =
    kind === 'WEEKDAYS' ? 1 : kind === 'ROLLING' ? 2 + below(random, 6) : (oneOf(random, [1, 3, 7]) ?? 1)
  return {
    name: `${oneOf(random, WORDS)} ${below(random, 1_000)}`,
    kind,
    interval,
    frequency: kind === 'ROLLING' ? 1 + below(random, interval) : 1 + below(random, 3),
    weekdays: kind === 'WEEKDAYS' ? 1 + below(random, 127) : 0,
    amountMinor: 1 + below(random, 10_000),
    freezesPerMonth: below(random, 5),
    tags: WORDS.slice(0, below(random, 4)),
    isPinned: random() < 0.3,
    isCommitted: random() < 0.3,
    endDate: random() < 0.2 ? inDays(today, below(random, 30)) : null,
    ...(random() < 0.2 ? { startDate: inDays(today, below(random, 5)) } : {}),
  }
}

/** One act of a saver, by chance; what the app refuses is a part of life. */
async function act(world: World, user: User, random: Random): Promise<void> {
  const { habits, checkOffs, breaks, notes, goals, reminders, reversals } = world.models
  const today = dayOf(world.clock.now(), user.timezone, user.dayStartHour)
  const rows = await db.prisma.habit.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })
  const habit = oneOf(random, rows)
  const goal = oneOf(
    random,
    await db.prisma.goal.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } }),
  )
  const turn = below(random, 30)
  if (!habit || turn === 0) {
    await habits.create(user, wishFrom(random, today), 'DKK', SOMEBODY)
    return
  }
  const { id } = habit
  if (turn === 1) await habits.edit(user, id, wishFrom(random, today), 'DKK', SOMEBODY)
  else if (turn === 2) await habits.archive(user.id, id, SOMEBODY)
  else if (turn === 3) await habits.restore(user, id, SOMEBODY)
  else if (turn === 4) await habits.move(user.id, id, 'up', SOMEBODY)
  else if (turn === 5) {
    const kind = oneOf(random, ['PAUSE', 'SICK', 'VACATION'] as const) ?? 'PAUSE'
    const start = inDays(today, kind === 'SICK' ? -below(random, 10) : below(random, 10))
    const habitId = random() < 0.2 ? null : id
    await breaks.add(user, { kind, habitId, start, end: inDays(start, below(random, 4)) }, SOMEBODY)
  } else if (turn === 6)
    await breaks.add(user, { kind: 'SKIP', habitId: id, start: today, end: today }, SOMEBODY)
  else if (turn === 7) {
    const one = oneOf(
      random,
      await db.prisma.habitBreak.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } }),
    )
    if (one) await breaks.end(user, one.id, SOMEBODY)
  } else if (turn === 8) {
    const habitIds = rows.filter(() => random() < 0.3).map((row) => row.id)
    const picture = oneOf(random, GOAL_PICTURES) ?? 'gift'
    const byDay = random() < 0.5 ? inDays(today, 1 + below(random, 300)) : null
    const wish = {
      name: `${oneOf(random, WORDS)}!`,
      targetMinor: 1 + below(random, 20_000),
      byDay,
      picture,
      habitIds,
    }
    await goals.create(user.id, wish, 'DKK', SOMEBODY)
  } else if (turn === 9 && goal) await goals.archive(user.id, goal.id, random() < 0.5, SOMEBODY)
  else if (turn === 10 && goal) await goals.celebrate(user.id, goal.id, SOMEBODY)
  else if (turn === 11 && goal) await goals.move(user.id, goal.id, 'up', SOMEBODY)
  else if (turn === 12) {
    const digestWeekday = random() < 0.5 ? null : 1 + below(random, 7)
    const wish = {
      byMail: random() < 0.5,
      mostPerDay: 1 + below(random, 10),
      digestWeekday,
      tellsAmounts: random() < 0.5,
    }
    await reminders.change(user.id, wish, SOMEBODY)
  } else if (turn === 13) await reminders.setTime(user.id, id, 15 * below(random, 96), SOMEBODY)
  else if (turn === 14)
    await notes.write(
      user,
      id,
      { day: inDays(today, -below(random, 3)), text: `${oneOf(random, WORDS)}, ${today}` },
      SOMEBODY,
    )
  else if (turn === 15) {
    const clock = {
      timezone: oneOf(random, ZONES) ?? 'UTC',
      dayStartHour: below(random, 6),
      weekStart: 1 + below(random, 7),
    }
    await db.prisma.user.update({
      where: { id: user.id },
      data: { ...clock, locale: oneOf(random, ['en', 'fi', 'nb']) ?? 'en' },
    })
  } else if (turn < 18) {
    const open = oneOf(random, await checkOffs.openDays(user, id))
    if (open) await checkOffs.backfill(user, id, { ...open, pays: random() < 0.5 }, SOMEBODY)
  } else if (turn < 20) {
    const done = oneOf(random, await checkOffs.recentOf(user.id, id, 5))
    if (done?.payment?.state === 'PAID') await reversals.moveBack(user.id, done.id, SOMEBODY)
    else if (done) await checkOffs.undo(user.id, done.id, SOMEBODY)
  } else {
    const now = await habits.findOwned(user, id)
    if (now?.progress.next.kind !== 'open') return
    const offer = { day: now.today, slot: now.progress.next.slot }
    const result = await checkOffs.record(user, id, offer, SOMEBODY)
    if (result.kind === 'recorded' && result.paymentId && random() < 0.6) {
      await walk(world, result.paymentId, ...ARRIVING)
      await goals.noteReached(user.id, WORKER)
    }
  }
}

async function live(world: World, random: Random): Promise<User> {
  const { id } = await newLinkedUser(world)
  const current = async () => (await world.models.users.find(id)) as User
  for (let day = 0; day < DAYS; day += 1) {
    for (let turn = 0; turn < ACTS_A_DAY; turn += 1) {
      await act(world, await current(), random).catch((error: unknown) => {
        if (!(error instanceof WrongState)) throw error
      })
      world.clock.advance(MINUTE + below(random, 3) * HOUR)
    }
    world.clock.advance(DAY - ACTS_A_DAY * HOUR)
  }
  return current()
}

async function copyOf({ models }: World, { id }: User): Promise<string> {
  const pieces: string[] = []
  for await (const piece of models.exports.write(id)) pieces.push(piece)
  return pieces.join('')
}

async function bringTo(world: World, user: User, text: string): Promise<void> {
  const { imports } = world.models
  expect(await imports.read(user, text, SOMEBODY)).toEqual({ kind: 'read' })
  const draft = await imports.draft(user.id)
  expect(draft?.plan.refused.first).toEqual([])
  const result = await imports.confirm(user, draft?.id ?? '', null, SOMEBODY)
  expect(result.kind).toBe('imported')
}

test.each(Array.from({ length: LIVES }, (_, index) => first + index))(
  'the life %i comes back as it was, and once more from there',
  async (seed) => {
    const world = worldAt(db)
    const saver = await live(world, randomFrom(seed))
    const before = await copyOf(world, saver)
    // Orders that still can move money keep an account open; what this is about has been copied.
    await world.models.erasures.ask(saver, SOMEBODY)
    const newcomer = await newUser(world)
    await bringTo(world, newcomer, before)
    const after = await copyOf(world, newcomer)
    const tables = compared(before, after)
    console.info(`LIFE_SEED=${seed}\n${toldInFigures(tables).split('\n').at(-1)}`)
    expect(differencesOf(tables)).toEqual([])
    const third = await newUser(world)
    await bringTo(world, third, after)
    expect(differencesOf(compared(before, await copyOf(world, third)))).toEqual([])
    expect(await db.prisma.ledgerLine.count({ where: { userId: { in: [newcomer.id, third.id] } } })).toBe(0)
  },
  180_000,
)
