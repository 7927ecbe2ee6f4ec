import { z } from 'zod'
import { formatMinor } from '../../format.ts'
import { t, term } from '../../language.ts'
import { readAmount } from '../../money.ts'
import { told } from './form.ts'

const WORDS = {
  missing: term('Enter an amount.'),
  'not-a-number': term('Enter an amount in digits, like 25 or 12,50.'),
  'too-many-decimals': term('Use at most two decimals, and no separator for thousands.'),
  'not-positive': term('The amount must be more than 0.'),
}

/** @param mostMinor the largest amount that is taken, minor units. @param own terms instead of the usual ones. */
export function amountField(
  mostMinor: number,
  own: Partial<typeof WORDS> = {},
  tooLarge = () => t('At most {most}.', { most: formatMinor(mostMinor) }),
) {
  const words = { ...WORDS, ...own }
  return z
    .string(told(words.missing))
    .trim()
    .transform((text, context) => {
      const reading = readAmount(text, mostMinor)
      if (reading.kind === 'amount') return reading.minor
      context.addIssue(reading.because === 'too-large' ? tooLarge() : t(words[reading.because]))
      return z.NEVER
    })
}

/** What moves each time. @param capMinor the largest amount that is taken, minor units. */
export function amountEachTime(capMinor: number) {
  return amountField(capMinor, {}, () => t('At most {most} at a time.', { most: formatMinor(capMinor) }))
}
