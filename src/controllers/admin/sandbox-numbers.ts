import { randomInt } from 'node:crypto'
import { type Country, normaliseIban } from '../../bank/index.ts'

/** Each begins like the bank's documented examples; the rest is chance, so that it is hardly ever taken. */
const BEGINNINGS: Record<Country, { start: string; length: number }> = {
  DK: { start: '2030', length: 14 },
  SE: { start: '4135', length: 11 },
  NO: { start: '6030', length: 11 },
  FI: { start: '738345', length: 14 },
}

/** An account number to begin with, in the form that the country's new accounts take. */
export function suggestedNumber(country: Country): string {
  const { start, length } = BEGINNINGS[country]
  const digits = start + Array.from({ length: length - start.length }, () => randomInt(10)).join('')
  return country === 'FI' ? withCheckDigits('FI', digits) : digits
}

/** The door can tell right check digits from wrong ones, and there are only 97 to try. */
function withCheckDigits(country: Country, digits: string): string {
  const candidates = Array.from({ length: 97 }, (_, index) => String(index + 2).padStart(2, '0'))
  const right = candidates.find((check) => normaliseIban(country + check + digits))
  if (!right) throw new RangeError(`no check digits for ${country}`)
  return country + right + digits
}
