import { type BreakFinder, breaksOf, type Plan, scheduleOn, type Tally } from './plan.ts'
import { isOpenOn } from './progress.ts'
import { type Day, epochDay, fromEpochDay, periodLength, periodStart, timesPerDay } from './schedule.ts'
import { isPartial } from './standing.ts'

/** What lies ahead if nothing more were done. */
export interface Outlook {
  /** Of days in a row: the last day whose days in a row hold enough; null where today's don't, and for other schedules. */
  safeUntil: Day | null
  /** A period can still be completed, but not without today. */
  isAtRisk: boolean
  /** The next day with a place, today among them; null if none is in sight. */
  nextDay: Day | null
}

/** A period is at most 366 days long, and so is most of what keeps one from beginning. */
const LOOKED_AHEAD_DAYS = 800

export function outlookOn(plan: Plan, tally: Tally, today: number): Outlook {
  const isBroken = breaksOf(plan)
  return {
    safeUntil: safeUntil(plan, tally, today),
    isAtRisk: isOpenOn(plan, today, tally, isBroken) && needsDay(plan, tally, today, isBroken),
    nextDay: nextDay(plan, tally, today, isBroken),
  }
}

function safeUntil(plan: Plan, tally: Tally, today: number): Day | null {
  const schedule = scheduleOn(plan, fromEpochDay(today))
  if (schedule?.kind !== 'ROLLING') return null
  const { frequency, interval } = schedule
  let day = today
  while (day < today + interval && tally(day - interval + 1, day) >= frequency) day += 1
  return day === today ? null : fromEpochDay(day - 1)
}

function needsDay(plan: Plan, tally: Tally, day: number, isBroken: BreakFinder): boolean {
  const schedule = scheduleOn(plan, fromEpochDay(day))
  if (!schedule) return false
  const first = epochDay(plan.startDay)
  const last = plan.endDay === null ? Number.POSITIVE_INFINITY : epochDay(plan.endDay)
  if (schedule.kind === 'ROLLING') {
    const ends = Array.from({ length: schedule.interval }, (_, ahead) => day + ahead)
    return ends.some((end) => {
      const start = end - schedule.interval + 1
      const isJudged = end <= last && !isPartial(schedule, end, first) && !isBroken(start, end)
      return isJudged && schedule.frequency - tally(start, end) === end - day + 1
    })
  }
  const start = periodStart(schedule, day, plan.weekStart)
  const end = start + periodLength(schedule) - 1
  if (end > last || isPartial(schedule, start, first) || isBroken(start, end)) return false
  const missing = schedule.frequency - tally(start, end)
  const later = (end - day) * timesPerDay(schedule)
  return missing > later && missing <= later + timesPerDay(schedule) - tally(day, day)
}

function nextDay(plan: Plan, tally: Tally, today: number, isBroken: BreakFinder): Day | null {
  const from = Math.max(today, epochDay(plan.startDay))
  const to = Math.min(from + LOOKED_AHEAD_DAYS, lastDayOf(plan))
  for (let day = from; day <= to; day += 1) {
    if (isOpenOn(plan, day, tally, isBroken)) return fromEpochDay(day)
  }
  return null
}

/** The habit's last day, or the last before a break without an end. */
function lastDayOf({ endDay, breaks }: Plan): number {
  const untilBreaks = breaks.flatMap(({ start, end }) => (end === null ? [epochDay(start) - 1] : []))
  return Math.min(endDay === null ? Number.POSITIVE_INFINITY : epochDay(endDay), ...untilBreaks)
}
