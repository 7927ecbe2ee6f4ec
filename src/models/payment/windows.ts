import { Temporal } from 'temporal-polyfill'
import type { User } from '../../generated/client.ts'
import type { Cadence } from '../../generated/enums.ts'
import { type Day, dayOf } from '../habit/schedule.ts'

/** What of a saver decides when their days begin. */
export type Calendar = Pick<User, 'timezone' | 'dayStartHour'>

/** The instant at which a saver's day begins; where clocks jump over that hour, the first one after it. */
export function startOfDay(day: Day, { timezone, dayStartHour }: Calendar): Date {
  const local = Temporal.PlainDate.from(day).toPlainDateTime({ hour: dayStartHour })
  const start = local.toZonedDateTime(timezone)
  if (start.toPlainDateTime().equals(local)) return new Date(start.epochMilliseconds)
  const jump = start.add({ nanoseconds: 1 }).getTimeZoneTransition('previous') ?? start
  return new Date(jump.epochMilliseconds)
}

export interface Windows {
  dayStart: Date
  monthStart: Date
  nextDayStart: Date
  nextMonthStart: Date
}

/** The day and the month, in the saver's own days, that limits are counted over. */
export function windowsAt(now: Date, calendar: Calendar): Windows {
  const today = Temporal.PlainDate.from(dayOf(now, calendar.timezone, calendar.dayStartHour))
  const month = today.with({ day: 1 })
  const start = (date: Temporal.PlainDate) => startOfDay(date.toString(), calendar)
  return {
    dayStart: start(today),
    monthStart: start(month),
    nextDayStart: start(today.add({ days: 1 })),
    nextMonthStart: start(month.add({ months: 1 })),
  }
}

/** When a batch goes out: daily ones as the saver's next day begins, weekly ones as their next week does. */
export function batchDueAt(
  cadence: Exclude<Cadence, 'AT_ONCE'>,
  now: Date,
  calendar: Calendar & Pick<User, 'weekStart'>,
): Date {
  const today = Temporal.PlainDate.from(dayOf(now, calendar.timezone, calendar.dayStartHour))
  const daysLeft = cadence === 'DAILY' ? 1 : 7 - ((today.dayOfWeek - calendar.weekStart + 7) % 7)
  return startOfDay(today.add({ days: daysLeft }).toString(), calendar)
}
