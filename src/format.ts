import { DAY, HOUR, MINUTE, SECOND } from './clock.ts'
import { currentLanguage, currentLocale, t } from './language.ts'
import { type Currency, toDecimal } from './money.ts'

const SYMBOL: Record<Currency, string> = { DKK: 'kr', SEK: 'kr', NOK: 'kr', EUR: '€' }

/**
 * Minor units as the current language writes them. In English 1250 DKK → "12.50 kr" and 123456789 → "1 234 567.89 kr", in
 * Danish "1.234.567,89 kr."; blanks never break, so a number never wraps.
 */
export function formatMoney(minor: number | bigint, currency: Currency): string {
  const symbol = currentLanguage() === 'da' && currency !== 'EUR' ? 'kr.' : SYMBOL[currency]
  return `${formatDecimal(toDecimal(Number(minor)))}\u00a0${symbol}`
}

/** An amount without its currency. @param minor minor units. */
export function formatMinor(minor: number): string {
  return formatDecimal(toDecimal(minor))
}

/** @param decimal "1234.50": as text, so that no digit is lost. */
function formatDecimal(decimal: string): string {
  if (currentLanguage() !== 'en')
    return numberFormat({ minimumFractionDigits: 2 }).format(decimal as `${number}`)
  const [whole = '0', decimals = '00'] = decimal.split('.')
  return `${grouped(whole)}.${decimals}`
}

/** 1234567 → "1 234 567" in English. */
export function formatCount(count: number): string {
  return currentLanguage() === 'en' ? grouped(String(count)) : numberFormat({}).format(count)
}

function grouped(digits: string): string {
  return digits.length < 4 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function formatDay(day: string | Date): string {
  const date = typeof day === 'string' ? new Date(`${day}T00:00:00.000Z`) : day
  return dateFormat({ dateStyle: 'medium', timeZone: 'UTC' }).format(date)
}

export function formatWeekday(day: string): string {
  const date = new Date(`${day}T00:00:00.000Z`)
  return dateFormat({ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(date)
}

/** Most languages write weekdays and months small, and the first letter of a sentence large. */
export function asBeginning(text: string): string {
  return text.slice(0, 1).toLocaleUpperCase(currentLocale()) + text.slice(1)
}

/** "June 2026". */
export function formatMonth(day: string): string {
  const date = new Date(`${day}T00:00:00.000Z`)
  return dateFormat({ month: 'long', year: 'numeric', timeZone: 'UTC' }).format(date)
}

/** "Wed": under a bar there is no room for more. */
export function formatWeekdayShortly(day: string): string {
  return dateFormat({ weekday: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00.000Z`))
}

export function formatInstant(instant: Date, timezone: string): string {
  return dateFormat({ dateStyle: 'medium', timeStyle: 'short', timeZone: timezone }).format(instant)
}

export function formatToTheSecond(instant: Date, timezone: string): string {
  return dateFormat({ dateStyle: 'medium', timeStyle: 'medium', timeZone: timezone }).format(instant)
}

/** An instant as its reader's clock and calendar show it, in full. */
export function formatInFull(instant: Date, timezone: string): string {
  return dateFormat({ dateStyle: 'full', timeStyle: 'short', timeZone: timezone }).format(instant)
}

/** 2026-06-17, for files that programs read. */
export function formatIsoDay(instant: Date, timezone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: timezone } as const
  const format = kept(`iso ${timezone}`, () => new Intl.DateTimeFormat('en-GB', options))
  const parts = format.formatToParts(instant)
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value
  return `${part('year')}-${part('month')}-${part('day')}`
}

/** With seconds and the zone, for what has to be found again elsewhere. */
export function formatExactly(instant: Date, timezone: string): string {
  return dateFormat({ dateStyle: 'medium', timeStyle: 'long', timeZone: timezone }).format(instant)
}

export function formatTime(instant: Date, timezone: string): string {
  return dateFormat({ timeStyle: 'medium', timeZone: timezone }).format(instant)
}

/** "14:00", for where there is little room. */
export function formatHour(instant: Date, timezone: string): string {
  return dateFormat({ timeStyle: 'short', timeZone: timezone }).format(instant)
}

/** @param weekday 1 = Monday, as ISO counts. */
export function weekdayName(weekday: number): string {
  // 2024-01-01 was a Monday.
  return dateFormat({ weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, weekday)))
}

/** A share from 0 to 1: "87%" as the language writes it. */
export function formatShare(share: number): string {
  return numberFormat({ style: 'percent' }).format(share)
}

/** 1.25 → "1.3" in English, "1,3" in the other languages. */
export function formatTenths(number: number): string {
  const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false }
  return numberFormat(tenths).format(number)
}

/** The end of an id tells two of them apart; the beginning is the time they were made. */
export function shortId(id: string): string {
  return `…${id.slice(-12)}`
}

/** A stretch of time in the largest unit that it fills, rounded up: "40 seconds", "3 minutes", "2 days". */
export function inWords(ms: number): string {
  if (ms > 2 * DAY - MINUTE)
    return t('{count, plural, one {# day} other {# days}}', { count: filled(ms, DAY) })
  if (ms > 90 * MINUTE) return t('{count, plural, one {# hour} other {# hours}}', { count: filled(ms, HOUR) })
  if (ms > 90 * SECOND)
    return t('{count, plural, one {# minute} other {# minutes}}', { count: filled(ms, MINUTE) })
  return t('{count, plural, one {# second} other {# seconds}}', { count: Math.max(1, filled(ms, SECOND)) })
}

function filled(ms: number, unit: number): number {
  return Math.ceil(ms / unit)
}

/** "this", "this and that", "this, that and more". */
export function listed(things: readonly string[]): string {
  return kept(`list ${currentLocale()}`, () => new Intl.ListFormat(currentLocale())).format(things)
}

/** For a form that was tried too often. */
export function tooManyTries(ms: number): string {
  return t('Too many tries. Try again in {time}.', { time: inWords(ms) })
}

const formats = new Map<string, unknown>()

/** Zones may be spelt in many ways. */
const MOST_FORMATS = 500

/** Making a format costs far more than using it. */
function kept<Format>(key: string, make: () => Format): Format {
  const known = (formats.get(key) as Format | undefined) ?? make()
  if (formats.size >= MOST_FORMATS) formats.clear()
  formats.set(key, known)
  return known
}

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = currentLocale()
  const key = `${locale} ${JSON.stringify(options)}`
  return kept(key, () => new Intl.DateTimeFormat(locale, options))
}

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = currentLocale()
  const key = `number ${locale} ${JSON.stringify(options)}`
  return kept(key, () => new Intl.NumberFormat(locale, options))
}

/** 1 → "once", 2 → "twice", 3 → "3 times". */
export function times(count: number): string {
  return t('{count, plural, =1 {once} =2 {twice} other {# times}}', { count })
}
