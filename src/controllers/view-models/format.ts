import { DAY, HOUR, MINUTE, SECOND } from '../../clock.ts'
import type { Currency } from '../../generated/enums.ts'
import { toDecimal } from '../../money.ts'

const SYMBOL = { DKK: 'kr', SEK: 'kr', NOK: 'kr', EUR: '€' } as const satisfies Record<Currency, string>

/** 1250 DKK → "12.50 kr"; 123456789 → "1 234 567.89 kr", with thin no-break spaces so that a number never wraps. */
export function formatMoney(minor: number | bigint, currency: Currency): string {
  const [whole = '0', decimals = '00'] = toDecimal(Number(minor)).split('.')
  return `${grouped(whole)}.${decimals}\u00a0${SYMBOL[currency]}`
}

/** 1234567 → "1 234 567". */
export function formatCount(count: number): string {
  return grouped(String(count))
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function formatDay(day: string | Date): string {
  const date = typeof day === 'string' ? new Date(`${day}T00:00:00.000Z`) : day
  return formatOf({ dateStyle: 'medium', timeZone: 'UTC' }).format(date)
}

export function formatWeekday(day: string): string {
  const date = new Date(`${day}T00:00:00.000Z`)
  return formatOf({ weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(date)
}

/** "Wed": under a bar there is no room for more. */
export function formatWeekdayShortly(day: string): string {
  return formatOf({ weekday: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00.000Z`))
}

export function formatInstant(instant: Date, timezone: string): string {
  return formatOf({ dateStyle: 'medium', timeStyle: 'short', timeZone: timezone }).format(instant)
}

/** 2026-06-17, for files that programs read. */
export function formatIsoDay(instant: Date, timezone: string): string {
  const parts = formatOf({
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone: timezone,
  }).formatToParts(instant)
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value
  return `${part('year')}-${part('month')}-${part('day')}`
}

/** With seconds and the zone, for what has to be found again elsewhere. */
export function formatExactly(instant: Date, timezone: string): string {
  return formatOf({ dateStyle: 'medium', timeStyle: 'long', timeZone: timezone }).format(instant)
}

export function formatTime(instant: Date, timezone: string): string {
  return formatOf({ timeStyle: 'medium', timeZone: timezone }).format(instant)
}

/** "14:00", for where there is little room. */
export function formatHour(instant: Date, timezone: string): string {
  return formatOf({ timeStyle: 'short', timeZone: timezone }).format(instant)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making a format costs far more than using it; there are only as many as there are zones. */
function formatOf(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options)
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', options)
  formats.set(key, known)
  return known
}

/** @param weekday 1 = Monday, as ISO counts. */
export function weekdayName(weekday: number): string {
  // 2024-01-01 was a Monday.
  return formatOf({ weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, weekday)))
}

/** A share from 0 to 1: "87 %" as the language writes it. */
export function formatShare(share: number): string {
  return new Intl.NumberFormat('en-GB', { style: 'percent' }).format(share)
}

/** 1 → "once", 2 → "twice", 3 → "3 times". */
export function times(count: number): string {
  if (count === 1) return 'once'
  return count === 2 ? 'twice' : `${count} times`
}

/** The end of an id tells two of them apart; the beginning is the time they were made. */
export function shortId(id: string): string {
  return `…${id.slice(-12)}`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** A stretch of time in the largest unit that it fills, rounded up: "40 seconds", "3 minutes", "2 days". */
export function inWords(ms: number): string {
  if (ms > 2 * DAY - MINUTE) return plural(Math.ceil(ms / DAY), 'day')
  if (ms > 90 * MINUTE) return plural(Math.ceil(ms / HOUR), 'hour')
  if (ms > 90 * SECOND) return plural(Math.ceil(ms / MINUTE), 'minute')
  return plural(Math.max(1, Math.ceil(ms / SECOND)), 'second')
}

/** "this", "this and that", "this, that and more". */
export function listed(things: readonly string[]): string {
  return things.join(', ').replace(/, (?=[^,]*$)/, ' and ')
}

/** For a form that was tried too often. */
export function tooManyTries(ms: number): string {
  return `Too many tries. Try again in ${inWords(ms)}.`
}
