import { type Day, epochDay, periodLength, periodStart, type Schedule } from './schedule.ts'

/** Days in a row on which nothing is asked and nothing can be checked off. */
export interface Break {
  start: Day
  /** The last of them; null until further notice. */
  end: Day | null
}

/** All that a habit asks and asked, of whom, and when not. */
export interface Plan {
  /** Newest first; one that takes effect later than today counts from that day. */
  versions: readonly Schedule[]
  startDay: Day
  /** The last day; null where there is none. */
  endDay: Day | null
  breaks: readonly Break[]
  /** ISO weekday, 1 = Monday. */
  weekStart: number
}

/** A period as it was lived: days are numbers since 1970-01-01. */
export interface Stretch {
  schedule: Schedule
  start: number
  /** Its last day so far: before its natural end where it isn't over, or an edit or the habit's end cut it short. */
  last: number
  isOver: boolean
}

/** The schedule of a day: the newest of those that had taken effect by then. */
export function scheduleOn(plan: Pick<Plan, 'versions'>, day: Day): Schedule | undefined {
  return plan.versions.find(({ effectiveFrom }) => effectiveFrom <= day)
}

/**
 * Every period up to today, oldest first. The newest version claims the whole of the period that it takes effect in; what was
 * before it ends the day before that, and is never over if that cuts it short.
 * @param after those whose last day is not later are left out, and so are those whose last day is later than `until`.
 */
export function stretchesOf(
  plan: Plan,
  today: number,
  after = Number.NEGATIVE_INFINITY,
  until = Number.POSITIVE_INFINITY,
): Stretch[] {
  const stretches: Stretch[] = []
  for (const { schedule, from, to } of claimsOf(plan, today)) {
    const length = periodLength(schedule)
    const known = Math.max(0, Math.floor((after + 1 - from) / length))
    for (let start = from + known * length; start <= to; start += length) {
      const end = start + length - 1
      const last = Math.min(end, to)
      if (last > until) return stretches
      if (last > after) stretches.push({ schedule, start, last, isOver: end === last && end < today })
    }
  }
  return stretches
}

/** Which version counts from when to when, oldest first. */
function claimsOf(plan: Plan, today: number): { schedule: Schedule; from: number; to: number }[] {
  const claims: { schedule: Schedule; from: number; to: number }[] = []
  let to = plan.endDay === null ? today : Math.min(today, epochDay(plan.endDay))
  for (const schedule of plan.versions) {
    const effectiveFrom = epochDay(schedule.effectiveFrom)
    if (effectiveFrom > to) continue
    const from = periodStart(schedule, effectiveFrom, plan.weekStart)
    claims.push({ schedule, from, to })
    to = from - 1
  }
  return claims.reverse()
}

/** Tells of days whether one of them lies in a break. */
export type BreakFinder = (start: number, end: number) => boolean

export function breaksOf({ breaks }: Pick<Plan, 'breaks'>): BreakFinder {
  const spans = breaks.map(({ start, end }) => ({
    start: epochDay(start),
    end: end === null ? Number.POSITIVE_INFINITY : epochDay(end),
  }))
  return (start, end) => spans.some((span) => span.start <= end && span.end >= start)
}

/** How often a habit was done on each day. */
export function countedByDay(live: readonly { day: Day }[]): Map<Day, number> {
  const counts = new Map<Day, number>()
  for (const { day } of live) counts.set(day, (counts.get(day) ?? 0) + 1)
  return counts
}

/** How often a habit was done on the days from one to another. */
export type Tally = (start: number, end: number) => number

export function tallyOf(doneOn: ReadonlyMap<Day, number>): Tally {
  if (doneOn.size === 0) return () => 0
  const days = [...doneOn.keys()]
  const first = epochDay(days.reduce((earliest, day) => (day < earliest ? day : earliest)))
  const last = epochDay(days.reduce((latest, day) => (day > latest ? day : latest)))
  const before = new Uint32Array(last - first + 2)
  for (const [day, count] of doneOn) before[epochDay(day) - first + 1] = count
  for (let at = 1; at < before.length; at += 1) before[at] = (before[at] ?? 0) + (before[at - 1] ?? 0)
  const upTo = (day: number) => before[Math.min(Math.max(day - first + 1, 0), before.length - 1)] ?? 0
  return (start, end) => (end < start ? 0 : upTo(end) - upTo(start - 1))
}
