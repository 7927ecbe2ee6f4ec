/** Transactions newest first, forty a page; a page's key names the last one shown, so newer ones don't shift the next page. */

import type { Call } from './call.ts'
import { invalid } from './errors.ts'
import type { Account, Transaction } from './model.ts'
import { dayOf } from './sandbox-clock.ts'
import { isDay } from './validation.ts'

export const TRANSACTIONS_A_PAGE = 40

export interface TransactionPage {
  rows: Transaction[]
  /** null on the last page. */
  key: string | null
  /** The query that asks for the next page. */
  again: URLSearchParams
}

/** @throws ApiError 400 for unreadable days, a period that ends before it begins, or a key we didn't give out. */
export function pageOfTransactions(call: Call, account: Account, historyMonths: number): TransactionPage {
  const names = call.dialect.transactionQuery
  const from = dayIn(call.query, names.from) ?? '0000-01-01'
  const to = dayIn(call.query, names.to) ?? '9999-12-31'
  if (from > to) throw invalid(names.from, 'Pattern', 'The period ends before it begins.')
  const oldest = monthsBefore(call.now, historyMonths)
  const after = readKey(call.query.get(names.key), names.key)
  const rest = call.bank.store
    .transactionsOf(account.id)
    .filter(({ bookingDate }) => bookingDate >= from && bookingDate <= to && bookingDate >= oldest)
    .filter((transaction) => after === null || comesAfter(transaction, after))
    .sort((a, b) => (comesAfter(a, positionOf(b)) ? 1 : -1))
  const rows = rest.slice(0, TRANSACTIONS_A_PAGE)
  const last = rows.at(-1)
  const key = last && rest.length > rows.length ? keyOf(positionOf(last)) : null
  const again = new URLSearchParams(call.query)
  if (key !== null) again.set(names.key, key)
  return { rows, key, again }
}

interface Position {
  day: string
  seq: number
}

function positionOf({ bookingDate, seq }: Transaction): Position {
  return { day: bookingDate, seq }
}

function comesAfter({ bookingDate, seq }: Transaction, { day, seq: at }: Position): boolean {
  return bookingDate === day ? seq < at : bookingDate < day
}

function keyOf({ day, seq }: Position): string {
  return `sandboxContinuationKey-${Buffer.from(`${day} ${seq}`).toString('base64url')}`
}

function readKey(key: string | null, name: string): Position | null {
  if (key === null || key === '') return null
  const text = Buffer.from(key.replace(/^sandboxContinuationKey-/, ''), 'base64url').toString()
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{1,15})$/.exec(text)
  if (!match) throw invalid(name, 'Pattern', 'This continuation key was not given out here.')
  return { day: match[1] ?? '', seq: Number(match[2]) }
}

function dayIn(query: URLSearchParams, name: string): string | null {
  const text = query.get(name)
  if (text === null || text === '') return null
  if (!isDay(text)) throw invalid(name, 'Pattern', 'A day is written yyyy-mm-dd.')
  return text
}

function monthsBefore(now: Date, months: number): string {
  const then = new Date(now)
  then.setUTCMonth(then.getUTCMonth() - months)
  return dayOf(then)
}
