/** Account numbers of the four countries: the bank's national forms and IBAN, which is the only form we compare. */
import type { Country } from '../words.ts'

export interface AccountNumber {
  type: string
  value: string
}

/** What payment orders are addressed with, by country of the account. Finland has no national form at the bank. */
const PAYMENT_TYPES: Record<Country, string> = { DK: 'BBAN_DK', NO: 'BBAN_NO', SE: 'BBAN_SE', FI: 'IBAN' }
const TYPES = ['IBAN', 'BBAN_DK', 'BBAN_NO', 'BBAN_SE', 'PGNR'] as const
const IBAN_LENGTHS: Record<Country, number> = { DK: 18, NO: 15, SE: 24, FI: 18 }
const SWEDISH_NORDEA = '300'
const SWEDISH_PLUSGIRO = '950'
const PLUSGIRO_CLEARING = '9960'
/** Accounts named after the holder's birth date: Nordea leaves these clearing numbers out of the IBAN. */
const PERSONAL_CLEARINGS = ['3300', '3782']

/** Without blanks and dashes, in capitals. @returns null for anything whose check digits or length are wrong. */
export function normaliseIban(text: string): string | null {
  const iban = text.replace(/[\s-]/g, '').toUpperCase()
  return isValidIban(iban) ? iban : null
}

/**
 * Checks form, the length where we know the country, and the ISO 7064 check digits. National check digits inside the
 * number are deliberately not looked at: the bank's own test accounts fail them.
 */
export function isValidIban(iban: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false
  const length = (IBAN_LENGTHS as Record<string, number>)[iban.slice(0, 2)]
  if (length !== undefined && (iban.length !== length || !/^..\d+$/.test(iban))) return false
  return iban.slice(2, 4) === checkDigits(iban.slice(0, 2), iban.slice(4))
}

/** @returns the IBAN of a number as the bank writes it; null where the type is unknown or the number doesn't determine one. */
export function ibanOf(number: AccountNumber): string | null {
  const value = number.value.replace(/[\s.-]/g, '')
  switch (number.type) {
    case 'IBAN':
      return normaliseIban(number.value)
    case 'BBAN_DK':
      return /^\d{5,14}$/.test(value)
        ? withCheckDigits('DK', value.slice(0, 4) + value.slice(4).padStart(10, '0'))
        : null
    case 'BBAN_NO':
      return /^\d{11}$/.test(value) ? withCheckDigits('NO', value) : null
    case 'BBAN_SE':
      return swedishIban(value)
    case 'PGNR':
      return plusGiroIban(value)
    default:
      return null
  }
}

/** @returns the national number inside an IBAN, as the bank types it; null where the country has none or it is ambiguous. */
export function nationalNumber(iban: string): AccountNumber | null {
  if (!isValidIban(iban)) return null
  const bban = iban.slice(4)
  switch (iban.slice(0, 2)) {
    case 'DK':
      return { type: 'BBAN_DK', value: bban }
    case 'NO':
      return { type: 'BBAN_NO', value: bban }
    case 'SE':
      return swedishNumber(bban)
    default:
      return null
  }
}

/**
 * The number to give in payment orders: the country's preferred type if the bank lists it and it agrees with the IBAN,
 * else worked out of the IBAN, else the IBAN itself.
 */
export function paymentNumber(
  country: Country,
  listed: readonly AccountNumber[],
  iban: string,
): AccountNumber {
  const preferred = PAYMENT_TYPES[country]
  const found = listed.find((number) => number.type === preferred && isSameAccount(number, iban))
  if (found) return { type: found.type, value: found.value }
  const national = nationalNumber(iban)
  return national?.type === preferred ? national : { type: 'IBAN', value: iban }
}

/**
 * Whether both name the same account. Swedish personal accounts count with and without their clearing number.
 * @param number a bare value is taken as any of the types it could be.
 */
export function isSameAccount(number: AccountNumber | string, iban: string): boolean {
  const wanted = normaliseIban(iban)
  const readings = typeof number === 'string' ? TYPES.map((type) => ({ type, value: number })) : [number]
  return wanted !== null && readings.some((reading) => ibanOf(reading) === wanted)
}

/** @returns every IBAN that a bare number could stand for; none where it is no number of these countries. */
export function possibleIbans(number: string): string[] {
  const ibans = TYPES.map((type) => ibanOf({ type, value: number })).filter((iban) => iban !== null)
  return [...new Set(ibans)]
}

/** The old Finnish form, "500015-281": zeros fill it to 14 digits after the 7th digit for bank groups 4 and 5, else after the 6th. */
export function finnishIban(text: string): string | null {
  const digits = text.replace(/[\s-]/g, '')
  if (!/^\d{8,14}$/.test(digits)) return null
  const head = digits.startsWith('4') || digits.startsWith('5') ? 7 : 6
  return withCheckDigits('FI', digits.slice(0, head) + digits.slice(head).padStart(14 - head, '0'))
}

/** For people and for logs: the country and the last four characters, "DK •••• 7544". */
export function maskIban(number: string): string {
  const compact = number.replace(/[\s-]/g, '')
  const country = /^[A-Z]{2}\d{2}/i.test(compact) ? `${compact.slice(0, 2).toUpperCase()} ` : ''
  return compact.length < 8 ? `${country}••••` : `${country}•••• ${compact.slice(-4)}`
}

function swedishIban(value: string): string | null {
  if (!/^\d{10,14}$/.test(value)) return null
  const personal = value.length === 14 && PERSONAL_CLEARINGS.includes(value.slice(0, 4))
  const account = personal ? value.slice(4) : value
  return account.length <= 11 ? withCheckDigits('SE', SWEDISH_NORDEA + account.padStart(17, '0')) : null
}

/** Only the ten-digit form determines an IBAN beyond doubt; shorter giro numbers are not guessed at. */
function plusGiroIban(value: string): string | null {
  const match = /^(?:9960)?(\d{10})$/.exec(value)
  return match
    ? withCheckDigits('SE', SWEDISH_PLUSGIRO + (PLUSGIRO_CLEARING + match[1]).padStart(17, '0'))
    : null
}

function swedishNumber(bban: string): AccountNumber | null {
  const bank = bban.slice(0, 3)
  const account = bban.slice(3).replace(/^0+/, '')
  if (bank === SWEDISH_NORDEA && account.length === 11) return { type: 'BBAN_SE', value: account }
  const giro = bank === SWEDISH_PLUSGIRO ? /^9960(\d{10})$/.exec(account) : null
  return giro ? { type: 'PGNR', value: String(giro[1]) } : null
}

function withCheckDigits(country: Country, bban: string): string {
  return country + checkDigits(country, bban) + bban
}

function checkDigits(country: string, bban: string): string {
  const digits = `${bban}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))
  let remainder = 0
  for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % 97
  return String(98 - remainder).padStart(2, '0')
}
