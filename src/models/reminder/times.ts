import { Temporal } from 'temporal-polyfill'
import { type Day, dayOf, epochDay, fromEpochDay } from '../habit/schedule.ts'

/** Whose clock it is. */
export interface SaversClock {
  timezone: string
  /** Hour at which the saver's day begins. */
  dayStartHour: number
}

export const MINUTES_OF_DAY = 1_440
/** Times are quarters of an hour, so that several habits can share one letter. */
export const QUARTER = 15
/** The letter about the week comes then, or when the day begins, if that is later. */
const DIGEST_MINUTE = 8 * 60
const WEEK = 7
/** A zone may leave out a whole day of the calendar; none leaves out more. */
const MOST_DAYS = 5

/**
 * The first instant after another at which it is that time of a saver's day. Each day has one: a time that the clock leaves
 * out is moved by as much as the clock is, and of one that comes twice the first counts.
 * @param minuteOfDay minutes after midnight; before the hour at which the day begins they belong to the day before.
 * @param afterDay no day up to this one.
 */
export function nextTime(
  minuteOfDay: number,
  clock: SaversClock,
  after: Date,
  afterDay: Day | null = null,
): { at: Date; day: Day } {
  const today = epochDay(dayOf(after, clock.timezone, clock.dayStartHour))
  const first = Math.max(today - 1, afterDay === null ? 0 : epochDay(afterDay) + 1)
  for (let day = first; day < first + MOST_DAYS; day += 1) {
    const at = timeOn(fromEpochDay(day), minuteOfDay, clock)
    if (at && at > after) return { at, day: fromEpochDay(day) }
  }
  throw new RangeError(`no such time in ${MOST_DAYS} days after ${fromEpochDay(first)}`)
}

/** @returns null on a day that the zone's calendar leaves out. */
function timeOn(day: Day, minuteOfDay: number, { timezone, dayStartHour }: SaversClock): Date | null {
  const isNextMorning = minuteOfDay < dayStartHour * 60
  const date = fromEpochDay(epochDay(day) + (isNextMorning ? 1 : 0))
  const time = { hour: Math.floor(minuteOfDay / 60), minute: minuteOfDay % 60 }
  const local = Temporal.PlainDate.from(date).toPlainDateTime(time)
  // Moved forward it may fall into the next day of a saver whose day begins in just that hour.
  for (const disambiguation of ['compatible', 'earlier'] as const) {
    const at = new Date(local.toZonedDateTime(timezone, { disambiguation }).epochMilliseconds)
    if (dayOf(at, timezone, dayStartHour) === day) return at
  }
  return null
}

/** When the letter about the week comes next. @param weekday ISO, 1 = Monday. */
export function nextDigest(
  weekday: number,
  clock: SaversClock,
  after: Date,
): { at: Date; day: Day; minuteOfDay: number } {
  const minuteOfDay = Math.max(DIGEST_MINUTE, clock.dayStartHour * 60)
  let next = nextTime(minuteOfDay, clock, after)
  for (let step = 0; step < WEEK && weekdayOf(next.day) !== weekday; step += 1) {
    next = nextTime(minuteOfDay, clock, next.at)
  }
  return { ...next, minuteOfDay }
}

function weekdayOf(day: Day): number {
  return Temporal.PlainDate.from(day).dayOfWeek
}
