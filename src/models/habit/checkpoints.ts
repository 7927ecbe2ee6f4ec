import { fromDbDay, Prisma, type Statements, toDbDay } from '../../db.ts'
import type { CheckOff, Habit, HabitCheckpoint, User } from '../../generated/client.ts'
import { columns } from '../json-rows.ts'
import { countedByDay, type Plan, tallyOf } from './plan.ts'
import type { Place } from './progress.ts'
import { type Day, dayOf, epochDay, fromEpochDay } from './schedule.ts'
import { BEGINNING, type StandingUntil, standingThrough } from './standing.ts'
import { habitIn } from './terms.ts'
import { planOf } from './versions.ts'

/** Illness reaches 31 days back, and a saver who travels one more. What is older changes only by a trigger's leave. */
const SETTLED_AFTER_DAYS = 32
/** So that not each check-off writes one. */
const ADVANCE_AFTER_DAYS = 30
const CHECKPOINT_COLUMNS = Prisma.raw(columns(Prisma.HabitCheckpointScalarFieldEnum, '"HabitCheckpoint"'))

/** A live check-off where it stands; days as text, for there are many. */
export type DoneRow = Place & Pick<CheckOff, 'habitId'>

/** What a checkpoint says, as the rules go on from it; the beginning where there is none of use. */
export function standingOf(checkpoint: HabitCheckpoint | null | undefined, weekStart: number): StandingUntil {
  if (checkpoint?.weekStart !== weekStart) return BEGINNING
  const { streak, best, strength, month, freezesUsed, through } = checkpoint
  return { streak, best, strength, month, freezesUsed, through: epochDay(through.toISOString().slice(0, 10)) }
}

/** The first day whose check-offs are still needed to go on from a standing; null for all there are. */
export function neededFrom(plan: Plan, since: StandingUntil): Day | null {
  if (since.through === null) return null
  const lookBack = plan.versions.map(({ kind, interval }) => (kind === 'ROLLING' ? interval - 1 : 0))
  return fromEpochDay(since.through + 1 - Math.max(0, ...lookBack))
}

/** Day, period, slot and place of the day: there are many, so that each is a list without names. */
export type PlaceJson = [day: Day, period: Day, slot: number, daySlot: number]

/** SQL: the live check-offs of a habit from a day on, as JSON. @param habitId @param since expressions. */
export function livePlaces(habitId: string, since: string): string {
  return `(SELECT coalesce(json_agg(json_build_array(done.day, done.period, done.slot, done."daySlot")), '[]')
    FROM "CheckOff" done WHERE done."habitId" = ${habitId} AND done.state = 'RECORDED' AND done.day >= ${since})`
}

export function placeFrom([day, period, slot, daySlot]: PlaceJson): Place {
  return { day, period, slot, daySlot }
}

export type CheckpointJson = [
  through: Day,
  weekStart: number,
  streak: number,
  best: number,
  strength: number,
  month: number,
  freezesUsed: number,
]

/** SQL: what a habit's checkpoint says, as JSON without names; null without one. @param habitId expression. */
export function saidBy(habitId: string): string {
  return `(SELECT json_build_array(through, "weekStart", streak, best, strength, month, "freezesUsed")
    FROM "HabitCheckpoint" WHERE "habitId" = ${habitId})`
}

export function checkpointFrom(habitId: string, said: CheckpointJson): HabitCheckpoint {
  const [through, weekStart, streak, best, strength, month, freezesUsed] = said
  return { habitId, through: toDbDay(through), weekStart, streak, best, strength, month, freezesUsed }
}

/** The live check-offs of habits, each from its own day on. */
export async function doneSince(
  tx: Pick<Statements, '$queryRaw'>,
  needs: readonly { habitId: string; from: Day | null }[],
): Promise<DoneRow[]> {
  if (needs.length === 0) return []
  // Each habit with its own day, and not joined to a list of them: so it is known beforehand that few rows are wanted of each.
  const wanted = needs.map(
    ({ habitId, from }) => Prisma.sql`("habitId" = ${habitId}::uuid AND day >= ${from ?? '-infinity'}::date)`,
  )
  return tx.$queryRaw<DoneRow[]>`
    SELECT "habitId", day::text AS day, period::text AS period, slot, "daySlot" FROM "CheckOff"
    WHERE state = 'RECORDED' AND (${Prisma.join(wanted, ' OR ')})`
}

/** The days since one on which a habit was checked off, with how often. */
export async function doneByDay(
  tx: Pick<Statements, '$queryRaw'>,
  habitId: string,
  from: Day,
): Promise<Map<Day, number>> {
  const rows = await tx.$queryRaw<{ day: string; count: number }[]>`
    SELECT day::text AS day, count(*)::integer AS count FROM "CheckOff"
    WHERE state = 'RECORDED' AND "habitId" = ${habitId}::uuid AND day >= ${from}::date GROUP BY day`
  return new Map(rows.map(({ day, count }) => [day, count]))
}

/** Whether so much is settled by now that another checkpoint is worth its row. */
export function isWorthAdvancing(
  user: User,
  habit: Pick<Habit, 'startDate'>,
  checkpoint: Pick<HabitCheckpoint, 'through' | 'weekStart'> | null | undefined,
  now: Date,
): boolean {
  const settled = todayOf(user, now) - SETTLED_AFTER_DAYS
  const since = checkpoint?.weekStart === user.weekStart ? checkpoint.through : habit.startDate
  return settled - epochDay(fromDbDay(since)) >= ADVANCE_AFTER_DAYS
}

/**
 * Brings a habit's checkpoint to what is settled by now, if that is worth it. To be called once the transaction has added a
 * check-off: it holds the habit's row since, so that nothing older can change in the meantime.
 */
export async function advanceCheckpoint(
  tx: Statements,
  user: User,
  habit: Pick<Habit, 'id' | 'startDate'>,
  now: Date,
): Promise<void> {
  const habitId = habit.id
  const [checkpoint] = await tx.$queryRaw<HabitCheckpoint[]>`
    SELECT ${CHECKPOINT_COLUMNS} FROM "HabitCheckpoint" WHERE "habitId" = ${habitId}::uuid`
  if (!isWorthAdvancing(user, habit, checkpoint, now)) return
  const since = standingOf(checkpoint, user.weekStart)
  const plan = await planIn(tx, user, habitId)
  const done = await doneSince(tx, [{ habitId, from: neededFrom(plan, since) }])
  const today = todayOf(user, now)
  const tally = tallyOf(countedByDay(done))
  const standing = standingThrough(plan, tally, today, today - SETTLED_AFTER_DAYS, since)
  if (standing.through === null || standing.through === since.through) return
  const { streak, best, strength, month, freezesUsed } = standing
  await tx.$executeRaw`
    INSERT INTO "HabitCheckpoint" ("habitId", through, "weekStart", streak, best, strength, month, "freezesUsed")
    VALUES (${habitId}::uuid, ${fromEpochDay(standing.through)}::date, ${user.weekStart}, ${streak}, ${best}, ${strength},
      ${month}, ${freezesUsed})
    ON CONFLICT ("habitId") DO UPDATE SET through = excluded.through, "weekStart" = excluded."weekStart",
      streak = excluded.streak, best = excluded.best, strength = excluded.strength, month = excluded.month,
      "freezesUsed" = excluded."freezesUsed"`
}

function todayOf({ timezone, dayStartHour }: User, now: Date): number {
  return epochDay(dayOf(now, timezone, dayStartHour))
}

/** All that a habit asks and asked. @throws without such a habit. */
export async function planIn(tx: Pick<Statements, '$queryRaw'>, user: User, habitId: string): Promise<Plan> {
  const habit = await habitIn(tx, user, habitId)
  return planOf(habit, habit.versions, habit.breaks, user)
}
