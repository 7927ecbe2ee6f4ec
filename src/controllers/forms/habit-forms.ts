import { z } from 'zod'
import { MAX_AMOUNT_MINOR, readAmount, toDecimal } from '../../money.ts'
import { line, wholeNumber } from './form.ts'

/** More than this on one day is not a habit any more. */
const MOST_PER_DAY = 10

/** @param capMinor the saver's own cap per payment, minor units. */
export function habitForm(capMinor: number) {
  return z
    .strictObject({
      name: line({ missing: 'Give the habit a name.', max: 80 }),
      frequency: wholeNumber({ missing: 'How many times?', min: 1, max: 100 }),
      interval: wholeNumber({ missing: 'Choose how often.', min: 1, max: 366 }),
      amount: amountField(Math.min(capMinor, MAX_AMOUNT_MINOR)),
    })
    .refine((form) => form.frequency <= MOST_PER_DAY * form.interval, {
      path: ['frequency'],
      message: `At most ${MOST_PER_DAY} times a day.`,
    })
    .transform(({ amount, ...form }) => ({ ...form, amountMinor: amount }))
}

/** @param capMinor the largest amount that is taken, minor units. */
export function amountField(capMinor: number) {
  const words = {
    missing: 'Enter an amount.',
    'not-a-number': 'Enter an amount in digits, like 25 or 12,50.',
    'too-many-decimals': 'Use at most two decimals, and no separator for thousands.',
    'not-positive': 'The amount must be more than 0.',
    'too-large': `At most ${toDecimal(capMinor)} at a time.`,
  }
  return z
    .string({ error: words.missing })
    .trim()
    .transform((text, context) => {
      const reading = readAmount(text, capMinor)
      if (reading.kind === 'amount') return reading.minor
      context.addIssue(words[reading.because])
      return z.NEVER
    })
}

const place = {
  day: z.iso.date(),
  slot: wholeNumber({ missing: 'Which one?', min: 1, max: 100 }),
  version: wholeNumber({ missing: 'By which terms?', min: 1, max: 999_999 }),
}

/** What the page offered: which place the check-off takes, and by which version of the habit. */
export const checkOffForm = z.strictObject(place)

/** A place on a past day, and whether money moves for it. */
export const backfillForm = z
  .strictObject({ ...place, pays: z.enum(['yes', 'no']) })
  .transform(({ pays, ...form }) => ({ ...form, pays: pays === 'yes' }))
