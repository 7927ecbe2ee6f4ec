import { z } from 'zod'
import { t, term } from '../../language.ts'
import { MINUTES_OF_DAY, QUARTER } from '../../models/reminder/times.ts'
import { readPushTarget } from '../../push-target.ts'
import { told, wholeNumber } from './form.ts'

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/
const WRONG_TIME = term('Write a time like 07:30, or leave it empty.')
const NO_WEEKDAY = told('Choose a day, or no letter.')
const ticked = z.literal('yes', told('Tick it, or leave it.')).optional()

/** A weekday, or none. */
const weekday = z
  .string(NO_WEEKDAY)
  .regex(/^[0-7]$/, NO_WEEKDAY)
  .transform((text) => Number(text) || null)

export const wishesForm = z
  .strictObject({
    byMail: ticked,
    tellsAmounts: ticked,
    mostPerDay: wholeNumber({ missing: term('Say how many a day.'), min: 1, max: 10 }),
    digestWeekday: weekday,
  })
  .transform(({ byMail, tellsAmounts, ...rest }) => ({
    ...rest,
    byMail: byMail === 'yes',
    tellsAmounts: tellsAmounts === 'yes',
  }))

/** Minutes after midnight; null for an empty field. */
export const timeForm = z.strictObject({
  time: z
    .string(told(WRONG_TIME))
    .trim()
    .transform((text, context): number | null => {
      if (text === '') return null
      const minutes = minutesOf(text)
      if (minutes === null) context.addIssue(t(WRONG_TIME))
      else if (minutes % QUARTER !== 0)
        context.addIssue(t('Choose a quarter of an hour: 07:00, 07:15, 07:30 or 07:45.'))
      return minutes ?? z.NEVER
    }),
})

/** 450 → "07:30". */
export function timeText(minuteOfDay: number): string {
  const [hour, minute] = [Math.floor(minuteOfDay / 60), minuteOfDay % 60]
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
}

/** Every time that can be chosen. */
export const TIMES = Array.from({ length: MINUTES_OF_DAY / QUARTER }, (_, step) => timeText(step * QUARTER))

/** @param services the only ones that may be called. */
export function deviceForm(services: readonly string[]) {
  const text = z.string(told('Your browser has not said how it can be reached.')).max(1_000)
  return z.strictObject({ endpoint: text, p256dh: text, auth: text }).transform((device, context) => {
    const target = readPushTarget(device, services)
    if (target) return target
    context.addIssue(
      t(
        'Sparvana does not know the notification service of this browser. Reminders by mail work without it.',
      ),
    )
    return z.NEVER
  })
}

function minutesOf(text: string): number | null {
  const [, hour, minute] = TIME.exec(text) ?? []
  return hour === undefined ? null : Number(hour) * 60 + Number(minute)
}
