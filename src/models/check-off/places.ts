import { fromDbDay, type Tx, toDbDay } from '../../db.ts'
import type { CheckOff, Habit, HabitBreak, HabitVersion, User } from '../../generated/client.ts'
import { type Plan, scheduleOn } from '../habit/plan.ts'
import { type Place, type Progress, progressOf } from '../habit/progress.ts'
import { type Day, epochDay, fromEpochDay, type Period, periodOf } from '../habit/schedule.ts'
import { placeOf, planOf, versionOn } from '../habit/versions.ts'

/** A check-off that was forgotten can be made up for so many days later. */
export const MOST_DAYS_BACK = 7

/** A habit with all that decides where it has places. */
export type HabitWithTerms = Habit & { versions: HabitVersion[]; breaks: HabitBreak[] }

/** What a habit asked for on a day, by the terms of that day, and what of it is done. */
export interface DayOfHabit {
  day: Day
  version: HabitVersion
  progress: Progress
}

/** @throws when the saver has no such habit; pages have looked before. */
export async function habitIn(
  tx: Pick<Tx, 'habit' | 'habitBreak'>,
  user: User,
  habitId: string,
): Promise<HabitWithTerms> {
  const habit = await tx.habit.findFirstOrThrow({
    where: { id: habitId, userId: user.id },
    include: { versions: { orderBy: { number: 'desc' } } },
  })
  const breaks = await tx.habitBreak.findMany({
    where: { userId: user.id, OR: [{ habitId }, { habitId: null }] },
  })
  return { ...habit, breaks }
}

/** The same for several days; those before the habit's first version are left out. */
export async function daysOf(
  tx: Pick<Tx, '$queryRaw'>,
  habit: HabitWithTerms,
  days: readonly Day[],
  user: User,
): Promise<DayOfHabit[]> {
  const plan = planOf(habit, habit.versions, habit.breaks, user)
  const known = days.flatMap((day) => {
    const version = versionOn(habit.versions, day)
    return version && scheduleOn(plan, day) ? [{ day, version }] : []
  })
  const live = await liveIn(
    tx,
    habit.id,
    known.map(({ day }) => countingFor(plan, day)),
  )
  return known.map(({ day, version }) => ({ day, version, progress: progressOf(plan, day, live) }))
}

/** The days whose check-offs count for a day: of days in a row, those that hold it. */
function countingFor(plan: Plan, day: Day): Period {
  const schedule = scheduleOn(plan, day)
  if (!schedule) return { start: day, end: day }
  if (schedule.kind !== 'ROLLING') return periodOf(schedule, day, plan.weekStart)
  const around = schedule.interval - 1
  return { start: fromEpochDay(epochDay(day) - around), end: fromEpochDay(epochDay(day) + around) }
}

/** The last days before today on which the habit was there, the latest first. */
export function daysBack(habit: Pick<Habit, 'startDate'>, today: Day): Day[] {
  const days = Array.from({ length: MOST_DAYS_BACK }, (_, index) => fromEpochDay(epochDay(today) - 1 - index))
  return days.filter((day) => day >= fromDbDay(habit.startDate))
}

/** Why nothing can be recorded for a past day any more, or yet; null if it can. */
export function notBack(
  habit: Pick<Habit, 'startDate'>,
  day: Day,
  today: Day,
): 'in-future' | 'too-old' | 'before-start' | null {
  if (day >= today) return 'in-future'
  if (epochDay(day) < epochDay(today) - MOST_DAYS_BACK) return 'too-old'
  return day < fromDbDay(habit.startDate) ? 'before-start' : null
}

export async function holderOf(
  tx: Tx,
  habitId: string,
  period: Period,
  slot: number,
): Promise<CheckOff | null> {
  return tx.checkOff.findFirst({
    where: { habitId, state: 'RECORDED', period: toDbDay(period.start), slot },
  })
}

/** By hand, because only then the indexes of what is recorded are used, and a long history isn't read. */
async function liveIn(
  tx: Pick<Tx, '$queryRaw'>,
  habitId: string,
  periods: readonly Period[],
): Promise<Place[]> {
  if (periods.length === 0) return []
  const starts = periods.map(({ start }) => start).sort()
  const ends = periods.map(({ end }) => end).sort()
  const rows = await tx.$queryRaw<Pick<CheckOff, 'slot' | 'daySlot' | 'day' | 'period'>[]>`
    SELECT slot, "daySlot", day, period FROM "CheckOff"
    WHERE "habitId" = ${habitId}::uuid AND state = 'RECORDED'
      AND (period = ANY (${starts}::date[]) OR day BETWEEN ${starts.at(0)}::date AND ${ends.at(-1)}::date)`
  return rows.map(placeOf)
}
