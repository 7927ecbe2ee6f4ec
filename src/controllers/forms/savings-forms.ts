import { z } from 'zod'
import { t, term } from '../../language.ts'
import { type Day, epochDay, fromEpochDay } from '../../models/habit/schedule.ts'
import { amountField } from './amount.ts'
import { line, told } from './form.ts'

/** More than anybody's habits cost; it keeps a slip of the finger from being a limit. */
const MOST_MINOR = 100_000_000
const LONGEST_PAUSE_DAYS = 731
const ZERO = /^0+(?:[.,]0{1,2})?$/
const EMPTY = /^$/

/** The order of the words on the page. */
export const CADENCES = ['AT_ONCE', 'DAILY', 'WEEKLY'] as const

export const savingsForm = z
  .strictObject({
    capPerPayment: amount(term('More than 0. To send nothing at all, pause your savings.')),
    capPerDay: amount(term('More than 0. To send nothing at all, pause your savings.')),
    capPerMonth: amount(term('More than 0. To send nothing at all, pause your savings.')),
    floor: amountOr(ZERO, 0, term('Enter 0 or more.')),
    cadence: z.enum(CADENCES, told('Choose when the money goes out.')),
  })
  .transform(({ cadence, ...form }) => ({
    cadence,
    limits: {
      capPerPaymentMinor: form.capPerPayment,
      capPerDayMinor: form.capPerDay,
      capPerMonthMinor: form.capPerMonth,
      floorMinor: form.floor,
    },
  }))

/** @param today the saver's: a pause ends on a later day, or on none. */
export function pauseForm(today: Day) {
  const latest = fromEpochDay(epochDay(today) + LONGEST_PAUSE_DAYS)
  const isDay = (text: string) => z.iso.date().safeParse(text).success
  return z.strictObject({
    until: z
      .string(told('Choose a day, or leave this empty.'))
      .trim()
      .refine(
        (text) => text === '' || isDay(text),
        told('Write the day like 2026-07-01, or leave this empty.'),
      )
      .refine((text) => !isDay(text) || text > today, told(LATER_DAY))
      .refine(
        (text) => !isDay(text) || text <= latest,
        told('Choose a day within two years, or leave this empty.'),
      )
      .transform((text) => text || null),
  })
}

export const LATER_DAY = term('Choose a day after today, or leave this empty.')

/** An empty amount is no wish. */
export const questionsForm = z
  .strictObject({
    always: z.literal('yes', told('Tick it, or leave it.')).optional(),
    above: amountOr(EMPTY, null, term('More than 0. To be asked at every check-off, tick the box above.')),
  })
  .transform(({ always, above }) => ({ asksAtCheckOff: always === 'yes', asksAboveMinor: above }))

export const stopForm = z.strictObject({
  reason: line({ missing: term('Say why: others must know whether they may end it.'), max: 300 }),
})

/** @param notPositive a `term`. */
function amount(notPositive: string) {
  return amountField(MOST_MINOR, { 'not-positive': notPositive })
}

/** @param none how it is written that there is no amount, which is then worth `instead`. @param notPositive a `term`. */
function amountOr<T>(none: RegExp, instead: T, notPositive: string) {
  const positive = amount(notPositive)
  const nothing = z.string().trim().regex(none)
  return z.unknown().transform((typed, context): number | T => {
    if (nothing.safeParse(typed).success) return instead
    const reading = positive.safeParse(typed)
    if (reading.success) return reading.data
    context.addIssue(reading.error.issues[0]?.message ?? t(notPositive))
    return z.NEVER
  })
}
