import { type Day, dayBefore, periodOf, type Schedule } from './schedule.ts'

/** A streak longer than this is shown as this long; nobody lives to see it. */
const LONGEST = 40_000

/**
 * Completed periods in a row, up to now. The current period counts once it is complete and never breaks the streak before
 * it is over; nor does one that an edit cut short, because it never was over.
 * @param versions of the habit, newest first.
 * @param doneByPeriod live check-offs by the first day of their period.
 */
export function currentStreak(
  versions: readonly Schedule[],
  doneByPeriod: ReadonlyMap<Day, number>,
  today: Day,
  weekStart: number,
): number {
  let streak = 0
  let day = today
  for (let step = 0; step < LONGEST; step += 1) {
    const schedule = versions.find((version) => version.effectiveFrom <= day)
    if (!schedule) return streak
    const period = periodOf(schedule, day, weekStart)
    const isComplete = (doneByPeriod.get(period.start) ?? 0) >= schedule.frequency
    if (isComplete) streak += 1
    else if (step > 0 && period.end === day) return streak
    day = dayBefore(period.start)
  }
  return streak
}
