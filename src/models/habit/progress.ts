import {
  type BreakFinder,
  breaksOf,
  countedByDay,
  type Plan,
  scheduleOn,
  type Tally,
  tallyOf,
} from './plan.ts'
import {
  asksOn,
  type Day,
  epochDay,
  fromEpochDay,
  type Period,
  periodLength,
  periodOf,
  periodStart,
  type Schedule,
  timesPerDay,
} from './schedule.ts'

/** Why a day has no place. */
export type Closed =
  | 'not-started'
  | 'ended'
  | 'on-break'
  /** It isn't one of the chosen weekdays. */
  | 'not-today'
  | 'period-complete'
  | 'enough-today'

export interface Progress {
  period: Period
  /** Of days in a row: in those that end with this day. */
  doneInPeriod: number
  doneToday: number
  /** The next free slot, or why there is none. */
  next: { kind: 'open'; slot: number; daySlot: number } | { kind: Closed }
}

/** Where a live check-off stands; `period` is the first day of the period it was recorded in. */
export interface Place {
  period: Day
  day: Day
  slot: number
  daySlot: number
}

/**
 * What has been done in a period, counted by the days that lie in it: after a change of the week's start or of the interval,
 * a check-off still counts where its day is, so that nothing done opens again.
 * @param live those of the period, and of a rolling schedule those of as many days before and after as it looks at.
 * @throws RangeError for a day before the first version.
 */
export function progressOf(plan: Plan, day: Day, live: readonly Place[]): Progress {
  const schedule = scheduleOn(plan, day)
  if (!schedule) throw new RangeError(`no version had taken effect by ${day}`)
  const period = periodOf(schedule, day, plan.weekStart)
  const looked = lookedAt(schedule, period)
  const inPeriod = live.filter(
    (place) => isIn(looked, place) || (schedule.kind === 'TIMES' && place.period === period.start),
  )
  const onDay = live.filter((place) => place.day === day)
  const base = { period, doneInPeriod: inPeriod.length, doneToday: onDay.length }
  const closed =
    closedBecause(plan, schedule, epochDay(day), breaksOf(plan)) ??
    doneBecause(schedule, base, () => fullestAround(schedule, epochDay(day), tallyOf(countedByDay(live))))
  if (closed) return { ...base, next: { kind: closed } }
  const ofPeriod = schedule.kind === 'TIMES' ? inPeriod : live.filter(({ period: at }) => at === day)
  const slot = firstFree(ofPeriod.map((place) => place.slot))
  const daySlot = firstFree(onDay.map((place) => place.daySlot))
  return { ...base, next: { kind: 'open', slot, daySlot } }
}

/** Whether a day would have a place, if nothing were done but what has been done. */
export function isOpenOn(plan: Plan, day: number, tally: Tally, isBroken: BreakFinder): boolean {
  const schedule = scheduleOn(plan, fromEpochDay(day))
  if (!schedule || closedBecause(plan, schedule, day, isBroken)) return false
  const first = periodStart(schedule, day, plan.weekStart)
  const last = first + periodLength(schedule) - 1
  const done = { doneInPeriod: tally(first, last), doneToday: tally(day, day) }
  return doneBecause(schedule, done, () => fullestAround(schedule, day, tally)) === null
}

/** The days whose check-offs count for a period. */
function lookedAt(schedule: Schedule, { start, end }: Period): Period {
  if (schedule.kind !== 'ROLLING') return { start, end }
  return { start: fromEpochDay(epochDay(start) - schedule.interval + 1), end }
}

function isIn({ start, end }: Period, { day }: Place): boolean {
  return day >= start && day <= end
}

function closedBecause(
  plan: Plan,
  schedule: Schedule,
  day: number,
  isBroken: BreakFinder,
): Exclude<Closed, 'period-complete' | 'enough-today'> | null {
  if (day < epochDay(plan.startDay)) return 'not-started'
  if (plan.endDay !== null && day > epochDay(plan.endDay)) return 'ended'
  if (isBroken(day, day)) return 'on-break'
  return asksOn(schedule, day) ? null : 'not-today'
}

/** @param fullest of all the days in a row that hold this one, how often the fullest were done. */
function doneBecause(
  schedule: Schedule,
  { doneInPeriod, doneToday }: Pick<Progress, 'doneInPeriod' | 'doneToday'>,
  fullest: () => number,
): 'period-complete' | 'enough-today' | null {
  if (schedule.kind === 'ROLLING') {
    if (doneToday > 0) return 'enough-today'
    return fullest() >= schedule.frequency ? 'period-complete' : null
  }
  if (doneInPeriod >= schedule.frequency) return 'period-complete'
  return doneToday >= timesPerDay(schedule) ? 'enough-today' : null
}

/** A day that is made up for must not make the days in a row after it hold too many either. */
function fullestAround({ interval }: Schedule, day: number, tally: Tally): number {
  let most = 0
  for (let end = day; end < day + interval; end += 1) most = Math.max(most, tally(end - interval + 1, end))
  return most
}

function firstFree(taken: readonly number[]): number {
  const used = new Set(taken)
  let slot = 1
  while (used.has(slot)) slot += 1
  return slot
}
