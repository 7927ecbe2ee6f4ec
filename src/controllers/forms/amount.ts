import { z } from 'zod'
import { readAmount, toDecimal } from '../../money.ts'

const WORDS = {
  missing: 'Enter an amount.',
  'not-a-number': 'Enter an amount in digits, like 25 or 12,50.',
  'too-many-decimals': 'Use at most two decimals, and no separator for thousands.',
  'not-positive': 'The amount must be more than 0.',
}
type Words = Record<keyof typeof WORDS | 'too-large', string>

/** @param mostMinor the largest amount that is taken, minor units. @param own words instead of the usual ones. */
export function amountField(mostMinor: number, own: Partial<Words> = {}) {
  const words: Words = { ...WORDS, 'too-large': `At most ${toDecimal(mostMinor)}.`, ...own }
  return z
    .string({ error: words.missing })
    .trim()
    .transform((text, context) => {
      const reading = readAmount(text, mostMinor)
      if (reading.kind === 'amount') return reading.minor
      context.addIssue(words[reading.because])
      return z.NEVER
    })
}

/** What moves each time. @param capMinor the largest amount that is taken, minor units. */
export function amountEachTime(capMinor: number) {
  return amountField(capMinor, { 'too-large': `At most ${toDecimal(capMinor)} at a time.` })
}
