import { type Day, epochDay, periodStart, type Schedule } from './schedule.ts'

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
  const done = new Map([...doneByDay].map(([day, count]) => [epochDay(day), count]))
  const begins = versions.map((version) => ({ version, from: epochDay(version.effectiveFrom) }))
  let streak = 0
  let day = epochDay(today)
  for (let step = 0; step < LONGEST; step += 1) {
    const schedule = begins.find(({ from }) => from <= day)?.version
    if (!schedule) return streak
    const start = periodStart(schedule, day, weekStart)
    const end = start + schedule.interval - 1
    const isComplete = doneBetween(start, end, done) >= schedule.frequency
    if (isComplete) streak += 1
    else if (step > 0 && end === day) return streak
    day = start - 1
  }
  return streak
}

function doneBetween(start: number, end: number, done: ReadonlyMap<number, number>): number {
  let sum = 0
  for (let day = start; day <= end; day += 1) sum += done.get(day) ?? 0
  return sum
}
