/** Money is an integer number of minor units (øre, öre, cent) with its currency; every supported currency has two decimals. */

export const CURRENCIES = ['DKK', 'SEK', 'NOK', 'EUR'] as const
export type Currency = (typeof CURRENCIES)[number]

/** The largest amount one check-off may move, whatever the saver's own cap: 10 000.00. */
export const MAX_AMOUNT_MINOR = 1_000_000

export function isCurrency(value: string): value is Currency {
  return (CURRENCIES as readonly string[]).includes(value)
}

export type AmountReading =
  | { kind: 'amount'; minor: number }
  | {
      kind: 'refused'
      because: 'missing' | 'not-a-number' | 'too-many-decimals' | 'not-positive' | 'too-large'
    }

const AMOUNT = /^(\d{1,15})(?:[.,](\d+))?$/
const SIGNED = /^[-−]\d/

/**
 * Reads an amount as a person types it: "25", "12,50" or "12.50". No grouping, sign, exponent or blanks:
 * "12,345" could mean two amounts a thousandfold apart, so it is refused instead of guessed.
 * @returns minor units, or why it was refused.
 */
export function readAmount(text: string, maxMinor: number = MAX_AMOUNT_MINOR): AmountReading {
  if (text === '') return { kind: 'refused', because: 'missing' }
  if (SIGNED.test(text)) return { kind: 'refused', because: 'not-positive' }
  const match = AMOUNT.exec(text)
  if (!match) return { kind: 'refused', because: 'not-a-number' }
  const [, whole = '', decimals = ''] = match
  if (decimals.length > 2) return { kind: 'refused', because: 'too-many-decimals' }
  const minor = Number(whole) * 100 + Number(decimals.padEnd(2, '0'))
  if (minor === 0) return { kind: 'refused', because: 'not-positive' }
  if (minor > maxMinor) return { kind: 'refused', because: 'too-large' }
  return { kind: 'amount', minor }
}

/** The wire form the bank takes: 1250 → "12.50", -455 → "-4.55". */
export function toDecimal(minor: number): string {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`not an amount in minor units: ${minor}`)
  const sign = minor < 0 ? '-' : ''
  const digits = String(Math.abs(minor)).padStart(3, '0')
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

const DECIMAL = /^(-?)(\d{1,13})(?:\.(\d{1,2})0*)?$/

/**
 * Exact reading of the bank's decimals, which come as "507.03", "-4.55", "12" or as JSON numbers.
 * @returns minor units. @throws RangeError for anything that isn't a decimal with at most two significant decimals.
 */
export function fromDecimal(value: string | number): number {
  const match = DECIMAL.exec(typeof value === 'number' ? numberText(value) : value)
  if (!match) throw new RangeError(`not a decimal amount: ${String(value).slice(0, 40)}`)
  const [, sign, whole = '0', decimals = ''] = match
  const minor = Number(whole) * 100 + Number(decimals.padEnd(2, '0'))
  return sign === '-' && minor !== 0 ? -minor : minor
}

function numberText(value: number): string {
  return Number.isFinite(value) && Math.abs(value) < 1e13 ? String(value) : 'not finite'
}
