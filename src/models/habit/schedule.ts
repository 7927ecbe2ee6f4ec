import { Temporal } from 'temporal-polyfill'
import { DAY, MINUTE } from '../../clock.ts'

/** Days are 'yyyy-mm-dd': the saver's own days, not instants. */
export type Day = string

/**
 * TIMES: so many times per calendar week, or per so many days counted from a day. WEEKDAYS: so many times on each of the chosen
 * weekdays. ROLLING: so many times in any so many days in a row, at most once a day.
 */
export type ScheduleKind = 'TIMES' | 'WEEKDAYS' | 'ROLLING'

export interface Schedule {
  kind: ScheduleKind
  /** Times per interval. */
  frequency: number
  /**
   * Days. Of TIMES, 7 is the calendar week by the saver's week start, and every other number is counted from `countedFrom`; of
   * WEEKDAYS it is 1; of ROLLING, how many days in a row are looked at.
   */
  interval: number
  /** Of WEEKDAYS: the sum of 1 for Monday, 2 for Tuesday, 4 for Wednesday and so on; 0 for the others. */
  weekdays: number
  /** Missed periods that a calendar month forgives. */
  freezesPerMonth: number
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
  const ofMinute = Math.floor(instant.getTime() / MINUTE)
  if (ofMinute !== minute) {
    minute = ofMinute
    daysOfMinute.clear()
  }
  const key = `${timezone} ${dayStartHour}`
  const known = daysOfMinute.get(key) ?? reckonedDay(instant, timezone, dayStartHour)
  daysOfMinute.set(key, known)
  return known
}

/**
 * The days that were asked for last: of one minute, for clocks have changed by whole minutes since 1972, and days begin at
 * whole hours.
 */
const daysOfMinute = new Map<string, Day>()
let minute = Number.NaN

function reckonedDay(instant: Date, timezone: string, dayStartHour: number): Day {
  const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timezone)
  const date = local.toPlainDate()
  return (local.hour < dayStartHour ? date.subtract({ days: 1 }) : date).toString()
}

/** The period that a day lies in. The day must not be before the schedule takes effect. */
export function periodOf(schedule: Schedule, day: Day, weekStart: number): Period {
  const start = periodStart(schedule, epochDay(day), weekStart)
  return { start: fromEpochDay(start), end: fromEpochDay(start + periodLength(schedule) - 1) }
}

/** Days: of chosen weekdays and of days in a row, each day is judged by itself. */
export function periodLength(schedule: Pick<Schedule, 'kind' | 'interval'>): number {
  return schedule.kind === 'TIMES' ? schedule.interval : 1
}

/** The same on day numbers, for those who walk through years of periods. */
export function periodStart(schedule: Schedule, day: number, weekStart: number): number {
  if (schedule.kind !== 'TIMES') return day
  return day - (schedule.interval === 7 ? daysIntoWeek(day, weekStart) : daysIntoInterval(schedule, day))
}

/** Days since 1970-01-01: a day is a place in the calendar and has no zone, so whole numbers do. */
export function epochDay(day: Day): number {
  return Date.parse(day) / DAY
}

export function fromEpochDay(day: number): Day {
  const known = written.get(day)
  if (known !== undefined) return known
  const text = new Date(day * DAY).toISOString().slice(0, 10)
  if (written.size >= MOST_WRITTEN) written.clear()
  written.set(day, text)
  return text
}

/** A page asks for hundreds of days, and savers for the same ones. */
const written = new Map<number, Day>()
const MOST_WRITTEN = 10_000

function daysIntoWeek(day: number, weekStart: number): number {
  return (weekdayOf(day) - weekStart + 7) % 7
}

/** 1 = Monday, as ISO counts. 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1
}

/** 1 for Monday and so on, of a sum as `Schedule.weekdays` is one. */
export function weekdaysIn(sum: number): number[] {
  return [1, 2, 3, 4, 5, 6, 7].filter((weekday) => sum & (1 << (weekday - 1)))
}

/** Whether anything is asked on that day of the week. */
export function asksOn(schedule: Pick<Schedule, 'kind' | 'weekdays'>, day: number): boolean {
  return schedule.kind !== 'WEEKDAYS' || (schedule.weekdays & (1 << (weekdayOf(day) - 1))) !== 0
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
