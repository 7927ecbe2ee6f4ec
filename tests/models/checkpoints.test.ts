import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import { type Db, fromDbDay, toDbDay } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { advanceCheckpoint, doneSince } from '../../src/models/habit/checkpoints.ts'
import { countedByDay, tallyOf } from '../../src/models/habit/plan.ts'
import type { Place } from '../../src/models/habit/progress.ts'
import { dayOf, epochDay } from '../../src/models/habit/schedule.ts'
import { standingOn } from '../../src/models/habit/standing.ts'
import { planOf, versionOn } from '../../src/models/habit/versions.ts'
import { dice } from '../support/dice.ts'
import {
  checkOff,
  newHabit,
  newLinkedUser,
  ownDatabase,
  SOMEBODY,
  type World,
  whileOpen,
  worldAt,
} from './support.ts'

const HISTORIES = 4
const DAYS = 100
const WISH = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500 }
const KINDS = [
  { frequency: 1, interval: 1 },
  { frequency: 2, interval: 7 },
  { kind: 'ROLLING' as const, frequency: 2, interval: 5 },
  { kind: 'WEEKDAYS' as const, frequency: 1, interval: 1, weekdays: 31 },
]

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

test('after random histories with undos, edits and breaks that reach back, it comes to what all of it comes to', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}`)
  const luck = dice(seed)
  let kept = 0
  for (let history = 0; history < HISTORIES; history += 1) {
    const world = worldAt(db, '2026-01-05T10:00:00.000Z')
    const user = await newLinkedUser(world, { cadence: 'WEEKLY' })
    const terms = { ...WISH, freezesPerMonth: history % 3, ...KINDS[history % KINDS.length] }
    const { id } = await newHabit(world, user, terms)
    for (let day = 0; day < DAYS; day += 1) {
      await liveOneDay(world, user, id, luck)
      world.clock.advance(DAY)
      if (day % 10 === 9) kept += await expectTrueStanding(world, user, id)
    }
  }
  expect(kept, 'checkpoints that were there to go on from').toBeGreaterThan(HISTORIES)
})

test('a checkpoint is written with a check-off, and dropped only by what reaches back to it', async () => {
  const { world, user, id } = await longHabit()
  const through = (await checkpointOf(id))?.through
  expect(through && fromDbDay(through)).toBe('2026-02-04')
  await world.models.breaks.add(
    user,
    { kind: 'SICK', habitId: null, start: '2026-02-20', end: '2026-02-20' },
    SOMEBODY,
  )
  expect(await checkpointOf(id)).not.toBeNull()
  const old = await db.prisma.checkOff.findFirstOrThrow({
    where: { habitId: id, day: toDbDay('2026-01-20') },
  })
  await db.prisma.checkOff.update({
    where: { id: old.id },
    data: { state: 'UNDONE', undoneAt: world.clock.now() },
  })
  expect(await checkpointOf(id)).toBeNull()
})

test('a page goes on from the checkpoint, unless the week has begun on another day since', async () => {
  const { world, user, id } = await longHabit()
  const before = await world.models.habits.findOwned(user, id)
  // A checkpoint that says something else shows that it is believed.
  await db.prisma.habitCheckpoint.update({
    where: { habitId: id },
    data: { streak: { increment: 1_000 }, best: { increment: 1_000 } },
  })
  expect((await world.models.habits.findOwned(user, id))?.streak).toBe((before?.streak ?? 0) + 1_000)
  const sunday = await db.prisma.user.update({ where: { id: user.id }, data: { weekStart: 7 } })
  expect((await world.models.habits.findOwned(sunday, id))?.streak).toBe(before?.streak)
})

test('what is taken back while a checkpoint is worked out is not in it', async () => {
  const { world, user, id } = await longHabit()
  const old = await db.prisma.checkOff.findFirstOrThrow({
    where: { habitId: id, day: toDbDay('2026-01-20') },
  })
  const habit = await db.prisma.habit.findUniqueOrThrow({ where: { id } })
  await db.prisma.habitCheckpoint.delete({ where: { habitId: id } })
  await whileOpen(
    db,
    `UPDATE "CheckOff" SET state = 'UNDONE', "undoneAt" = now() WHERE id = $1`,
    [old.id],
    () =>
      db.transaction(async (tx) => {
        // As the check-off that comes before it does.
        await tx.$queryRaw`SELECT id FROM "Habit" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
        await advanceCheckpoint(tx, user, habit, world.clock.now())
      }),
  )
  expect(await expectTrueStanding(world, user, id)).toBe(1)
})

/** Done on 71 days without money, and once more through the app. */
async function longHabit() {
  const world = worldAt(db, '2026-01-05T10:00:00.000Z')
  const user = await newLinkedUser(world)
  const { id } = await newHabit(world, user)
  for (let day = 0; day < 71; day += 1) {
    const today = dayOf(world.clock.now(), 'UTC', 0)
    await markDone(world, user, id, { day: today, period: today, slot: 1, daySlot: 1 })
    world.clock.advance(DAY)
  }
  await checkOff(world, user, id)
  return { world, user, id }
}

/** What a check-off leaves, but for its money. */
async function markDone(world: World, user: User, habitId: string, place: Place): Promise<void> {
  const at = world.clock.now()
  const habit = await db.prisma.habit.findUniqueOrThrow({
    where: { id: habitId },
    include: { versions: true },
  })
  await db.transaction(async (tx) => {
    await tx.checkOff.create({
      data: {
        userId: user.id,
        habitId,
        habitVersionId: versionOn(habit.versions, place.day)?.id ?? '',
        day: toDbDay(place.day),
        period: toDbDay(place.period),
        slot: place.slot,
        daySlot: place.daySlot,
        at,
        timezone: user.timezone,
        dayStartHour: user.dayStartHour,
        amountMinor: WISH.amountMinor,
        currency: 'DKK',
        recordOnly: true,
      },
    })
    await advanceCheckpoint(tx, user, habit, at)
  })
}

async function liveOneDay(world: World, user: User, id: string, luck: () => number): Promise<void> {
  const today = await world.models.habits.findOwned(user, id)
  const next = today?.progress.next
  if (today && next?.kind === 'open' && luck() < 0.8)
    await markDone(world, user, id, { day: today.today, period: today.progress.period.start, ...next })
  const backwards = dayOf(new Date(world.clock.now().getTime() - Math.floor(luck() * 31) * DAY), 'UTC', 0)
  if (luck() < 0.03)
    await world.models.breaks.add(
      user,
      { kind: 'SICK', habitId: id, start: backwards, end: backwards },
      SOMEBODY,
    )
  if (luck() < 0.02) {
    const checkOffs = await db.prisma.checkOff.findMany({ where: { habitId: id, state: 'RECORDED' } })
    const one = checkOffs[Math.floor(luck() * checkOffs.length)]
    if (one) await world.models.checkOffs.undo(user.id, one.id, SOMEBODY)
  }
  if (luck() < 0.02) {
    const terms = { ...WISH, ...KINDS[Math.floor(luck() * KINDS.length)] }
    await world.models.habits.edit(user, id, terms, 'DKK', SOMEBODY)
  }
}

/** @returns 1 where there was a checkpoint to go on from. */
async function expectTrueStanding(world: World, user: User, id: string): Promise<number> {
  const [habit, breaks, done, today] = await Promise.all([
    db.prisma.habit.findUniqueOrThrow({ where: { id }, include: { versions: true } }),
    db.prisma.habitBreak.findMany({ where: { userId: user.id } }),
    doneSince(db.prisma, [{ habitId: id, from: null }]),
    world.models.habits.findOwned(user, id),
  ])
  const plan = planOf(habit, habit.versions, breaks, user)
  const whole = standingOn(plan, tallyOf(countedByDay(done)), epochDay(today?.today ?? ''))
  expect(today).toMatchObject({ streak: whole.streak, best: whole.best, strength: whole.strength })
  return (await checkpointOf(id)) ? 1 : 0
}

function checkpointOf(habitId: string) {
  return db.prisma.habitCheckpoint.findUnique({ where: { habitId } })
}
