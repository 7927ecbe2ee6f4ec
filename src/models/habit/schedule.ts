import { Temporal } from 'temporal-polyfill'
import { DAY } from '../../clock.ts'

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
  const start = periodStart(schedule, epochDay(day), weekStart)
  return { start: fromEpochDay(start), end: fromEpochDay(start + schedule.interval - 1) }
}

/** The same on day numbers, for those who walk through years of periods. */
export function periodStart(schedule: Schedule, day: number, weekStart: number): number {
  return day - (schedule.interval === 7 ? daysIntoWeek(day, weekStart) : daysIntoInterval(schedule, day))
}

/** Days since 1970-01-01: a day is a place in the calendar and has no zone, so whole numbers do. */
export function epochDay(day: Day): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10))) / DAY
}

export function fromEpochDay(day: number): Day {
  return new Date(day * DAY).toISOString().slice(0, 10)
}

function daysIntoWeek(day: number, weekStart: number): number {
  // 1970-01-01 was a Thursday, the fourth day of the ISO week.
  const weekday = ((((day + 3) % 7) + 7) % 7) + 1
  return (weekday - weekStart + 7) % 7
}

function daysIntoInterval(schedule: Schedule, day: number): number {
  if (day < epochDay(schedule.effectiveFrom))
    throw new RangeError(
      `${fromEpochDay(day)} is before ${schedule.effectiveFrom}, when this schedule takes effect`,
    )
  return (day - epochDay(schedule.countedFrom)) % schedule.interval
}

/** Three times a week may not be done three times on one day; three times a day may. */
export function timesPerDay(schedule: Pick<Schedule, 'frequency' | 'interval'>): number {
  return Math.ceil(schedule.frequency / schedule.interval)
}

/** Days left in the period, today among them. */
export function daysLeft(period: Period, today: Day): number {
  return epochDay(period.end) - epochDay(today) + 1
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
