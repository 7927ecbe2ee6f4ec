import { Temporal } from 'temporal-polyfill'

/** Days are 'yyyy-mm-dd': the saver's own days, not instants. */
export type Day = string

export interface Schedule {
  /** Times per interval. */
  frequency: number
  /** Days; 7 is the calendar week by the saver's week start, every other number is counted from `countedFrom`. */
  interval: number
  effectiveFrom: Day
  /** The first day of the first period of this length, not after `effectiveFrom`: an edit that keeps the interval keeps its periods. */
  countedFrom: Day
}

export interface Period {
  start: Day
  /** The last day of it. */
  end: Day
}

/**
 * The saver's day at an instant. Before `dayStartHour` on the wall clock it is still yesterday; asking the wall clock and
 * not counting hours keeps days whole when clocks change.
 */
export function dayOf(instant: Date, timezone: string, dayStartHour: number): Day {
  const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timezone)
  const date = local.toPlainDate()
  return (local.hour < dayStartHour ? date.subtract({ days: 1 }) : date).toString()
}

/** The period that a day lies in. The day must not be before the schedule takes effect. */
export function periodOf(schedule: Schedule, day: Day, weekStart: number): Period {
  const date = Temporal.PlainDate.from(day)
  const intoPeriod =
    schedule.interval === 7 ? daysIntoWeek(date, weekStart) : daysIntoInterval(schedule, date)
  const start = date.subtract({ days: intoPeriod })
  return { start: start.toString(), end: start.add({ days: schedule.interval - 1 }).toString() }
}

function daysIntoWeek(date: Temporal.PlainDate, weekStart: number): number {
  return (date.dayOfWeek - weekStart + 7) % 7
}

function daysIntoInterval(schedule: Schedule, date: Temporal.PlainDate): number {
  if (date.toString() < schedule.effectiveFrom)
    throw new RangeError(`${date} is before ${schedule.effectiveFrom}, when this schedule takes effect`)
  const since = Temporal.PlainDate.from(schedule.countedFrom).until(date, { largestUnit: 'days' }).days
  return since % schedule.interval
}

/** Three times a week may not be done three times on one day; three times a day may. */
export function timesPerDay(schedule: Pick<Schedule, 'frequency' | 'interval'>): number {
  return Math.ceil(schedule.frequency / schedule.interval)
}

/** Days left in the period, today among them. */
export function daysLeft(period: Period, today: Day): number {
  return (
    Temporal.PlainDate.from(today).until(Temporal.PlainDate.from(period.end), { largestUnit: 'days' }).days +
    1
  )
}

export function dayBefore(day: Day): Day {
  return Temporal.PlainDate.from(day).subtract({ days: 1 }).toString()
}

export function isTimezone(name: string): boolean {
  try {
    // Temporal would also find a zone inside a written date; pages could not show a time in that.
    new Intl.DateTimeFormat('en', { timeZone: name })
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    return name.includes('/') || name === 'UTC'
  } catch {
    return false
  }
}

export interface Progress {
  period: Period
  doneInPeriod: number
  doneToday: number
  /** The next free slot, or why there is none. */
  next:
    | { kind: 'open'; slot: number; daySlot: number }
    | { kind: 'enough-today' }
    | { kind: 'period-complete' }
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
 */
export function progressOf(schedule: Schedule, period: Period, today: Day, live: readonly Place[]): Progress {
  const inPeriod = live.filter(
    (place) => place.period === period.start || (place.day >= period.start && place.day <= period.end),
  )
  const onDay = live.filter((place) => place.day === today)
  const base = { period, doneInPeriod: inPeriod.length, doneToday: onDay.length }
  if (inPeriod.length >= schedule.frequency) return { ...base, next: { kind: 'period-complete' } }
  if (onDay.length >= timesPerDay(schedule)) return { ...base, next: { kind: 'enough-today' } }
  const slot = firstFree(inPeriod.map((place) => place.slot))
  const daySlot = firstFree(onDay.map((place) => place.daySlot))
  return { ...base, next: { kind: 'open', slot, daySlot } }
}

function firstFree(taken: readonly number[]): number {
  const used = new Set(taken)
  let slot = 1
  while (used.has(slot)) slot += 1
  return slot
}
