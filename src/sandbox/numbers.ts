/** Account numbers of the four countries. National check digits are not enforced: the sandbox's own accounts fail some of them. */

import { COUNTRIES, type Country } from './model.ts'

export interface AccountNumbers {
  iban: string
  bban: string | null
}

/** The account types of payments and accounts that carry a country, and the IBAN that carries its own. */
export const BBAN_TYPE: Record<Country, string | null> = {
  DK: 'BBAN_DK',
  SE: 'BBAN_SE',
  NO: 'BBAN_NO',
  FI: null,
}

const BBAN_DIGITS: Record<Country, RegExp> = {
  DK: /^\d{14}$/,
  NO: /^\d{11}$/,
  SE: /^\d{7,15}$/,
  FI: /^\d{14}$/,
}
const IBAN_LENGTH: Record<Country, number> = { DK: 18, NO: 15, SE: 24, FI: 18 }

/** Nordea's own bank code, the first three digits of a Swedish IBAN's account part. */
const SE_BANK_CODE = '300'

export function plainNumber(text: string): string {
  return text.replace(/\s/g, '').toUpperCase()
}

export function countryOfBbanType(type: string): Country | undefined {
  return COUNTRIES.find((country) => BBAN_TYPE[country] === type)
}

/** The right number of digits for that country; says nothing about check digits. */
export function looksLikeBban(country: Country, bban: string): boolean {
  return BBAN_DIGITS[country].test(bban)
}

/** Shape and the two check digits (ISO 7064, mod 97); the length only where we know the country. */
export function isIban(text: string): boolean {
  const iban = plainNumber(text)
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false
  const country = COUNTRIES.find((each) => iban.startsWith(each))
  if (country && iban.length !== IBAN_LENGTH[country]) return false
  return mod97(iban.slice(4) + iban.slice(0, 4)) === 1
}

export function ibanFromBban(country: Country, bban: string): string {
  const body = country === 'SE' ? SE_BANK_CODE + bban.padStart(17, '0') : bban
  const check = 98 - mod97(`${body}${country}00`)
  return `${country}${String(check).padStart(2, '0')}${body}`
}

/** null where the API has no BBAN for the country, or a Swedish IBAN belongs to another bank. */
export function bbanFromIban(iban: string): string | null {
  const body = iban.slice(4)
  if (iban.startsWith('DK') || iban.startsWith('NO')) return body
  if (iban.startsWith(`SE${iban.slice(2, 4)}${SE_BANK_CODE}`)) return body.slice(-11)
  return null
}

function mod97(text: string): number {
  let rest = 0
  for (const character of text) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest
}
