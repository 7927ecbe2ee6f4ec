import { type Day, dayBefore, type Period, periodOf, type Schedule } from './schedule.ts'

/** A streak longer than this is shown as this long; nobody lives to see it. */
const LONGEST = 40_000

/**
 * Completed periods in a row, up to now. The current period counts once it is complete and never breaks the streak before
 * it is over; nor does one that an edit cut short, because it never was over.
 * @param versions of the habit, newest first.
 * @param doneByDay live check-offs by the day they count for.
 */
export function currentStreak(
  versions: readonly Schedule[],
  doneByDay: ReadonlyMap<Day, number>,
  today: Day,
  weekStart: number,
): number {
  let streak = 0
  let day = today
  for (let step = 0; step < LONGEST; step += 1) {
    const schedule = versions.find((version) => version.effectiveFrom <= day)
    if (!schedule) return streak
    const period = periodOf(schedule, day, weekStart)
    const isComplete = doneIn(period, doneByDay) >= schedule.frequency
    if (isComplete) streak += 1
    else if (step > 0 && period.end === day) return streak
    day = dayBefore(period.start)
  }
  return streak
}

function doneIn(period: Period, doneByDay: ReadonlyMap<Day, number>): number {
  let done = 0
  for (let day = period.end; day >= period.start; day = dayBefore(day)) done += doneByDay.get(day) ?? 0
  return done
}
