/**
 * The only place where money moves. Every booking has two sides: an account and another account, or the outside world;
 * so all booked balances together with the outside always come to zero.
 */

import type { Currency } from '../money.ts'
import { uuid } from './ids.ts'
import type { Account, Payment, Transaction, TransactionTexts } from './model.ts'
import { dayOf } from './sandbox-clock.ts'
import type { Store } from './store.ts'

/** What the caller says of a transaction; the rest follows from the account and the day. */
export interface Entry {
  amountMinor: number
  status: Transaction['status']
  texts: TransactionTexts
  paymentId?: string
  bookingDate?: string | undefined
  valueDate?: string | undefined
  transactionDate?: string | undefined
  paymentDate?: string | undefined
  originalAmountMinor?: number | undefined
  currencyRate?: string | undefined
}

/** Puts an account with its opening balance into the bank; the money comes from outside. */
export function openAccount(store: Store, account: Account): void {
  store.put('account', account)
  moveOutside(store, account.currency, -account.bookedMinor)
}

/** Takes an account with its transactions out of the bank; its balance goes outside. */
export function closeAccount(store: Store, account: Account): void {
  for (const transaction of store.transactionsOf(account.id)) store.remove('transaction', transaction.id)
  store.remove('account', account.id)
  moveOutside(store, account.currency, account.bookedMinor)
}

/** Money in (or, negative, out) from nowhere in particular: a reserved entry moves the available balance alone. */
export function bookFromOutside(store: Store, account: Account, entry: Entry, now: Date): Transaction {
  const transaction = book(store, account.id, entry, entry.amountMinor, now)
  if (entry.status !== 'reserved') moveOutside(store, account.currency, -entry.amountMinor)
  return transaction
}

/** Holds a payment's amount back from what the debtor may still spend. */
export function reserve(store: Store, account: Account, payment: Payment): Payment {
  store.put('account', { ...account, availableMinor: account.availableMinor - payment.amountMinor })
  return { ...payment, reserved: true }
}

export function release(store: Store, payment: Payment): Payment {
  const account = store.get('account', payment.debtorAccountId)
  if (!payment.reserved || !account) return payment
  store.put('account', { ...account, availableMinor: account.availableMinor + payment.amountMinor })
  return { ...payment, reserved: false }
}

/** Moves a payment's amount, writing the transaction on both sides; `creditor` null: the money leaves the bank. */
export function transfer(
  store: Store,
  payment: Payment,
  debtor: Account,
  creditor: Account | null,
  now: Date,
): void {
  const { amountMinor, id: paymentId } = payment
  const alreadyHeld = payment.reserved ? amountMinor : 0
  const debit = {
    amountMinor: -amountMinor,
    status: 'billed',
    texts: debitTexts(payment),
    paymentId,
  } as const
  book(store, debtor.id, debit, alreadyHeld - amountMinor, now)
  const credit = { amountMinor, status: 'billed', texts: creditTexts(payment, debtor), paymentId } as const
  if (creditor) book(store, creditor.id, credit, amountMinor, now)
  else moveOutside(store, payment.currency, amountMinor)
}

/** Per currency, what all booked balances and the outside come to; anything but zero means money was made or lost. */
export function imbalance(store: Store): Partial<Record<Currency, number>> {
  const totals: Partial<Record<Currency, number>> = {}
  for (const { id, minor } of store.all('outside')) totals[id] = minor
  for (const { currency, bookedMinor } of store.all('account')) {
    totals[currency] = (totals[currency] ?? 0) + bookedMinor
  }
  return totals
}

function book(
  store: Store,
  accountId: string,
  entry: Entry,
  availableChange: number,
  now: Date,
): Transaction {
  const account = store.get('account', accountId)
  if (!account) throw new Error(`no account ${accountId}`)
  const bookedChange = entry.status === 'reserved' ? 0 : entry.amountMinor
  const changed: Account = {
    ...account,
    bookedMinor: account.bookedMinor + bookedChange,
    valueDatedMinor: account.valueDatedMinor + bookedChange,
    availableMinor: account.availableMinor + availableChange,
  }
  const transaction = transactionOn(changed, entry, store.nextSeq(), dayOf(now))
  store.put('transaction', transaction)
  const latestBookingDate = latest(account.latestBookingDate, transaction.bookingDate)
  store.put('account', { ...changed, latestBookingDate })
  return transaction
}

/** @param account as the entry leaves it. */
function transactionOn(account: Account, entry: Entry, seq: number, today: string): Transaction {
  const bookingDate = entry.bookingDate ?? today
  return {
    id: uuid(),
    seq,
    accountId: account.id,
    paymentId: entry.paymentId ?? null,
    amountMinor: entry.amountMinor,
    currency: account.currency,
    status: entry.status,
    bookingDate,
    valueDate: entry.valueDate ?? bookingDate,
    transactionDate: entry.transactionDate ?? bookingDate,
    paymentDate: entry.paymentDate ?? bookingDate,
    balanceAfterMinor: account.bookedMinor,
    texts: entry.texts,
    originalAmountMinor: entry.originalAmountMinor ?? null,
    currencyRate: entry.currencyRate ?? null,
  }
}

function moveOutside(store: Store, currency: Currency, minor: number): void {
  const before = store.get('outside', currency)?.minor ?? 0
  store.put('outside', { id: currency, minor: before + minor })
}

function debitTexts({ creditor, debtor }: Payment): TransactionTexts {
  return {
    type_description: 'Payment',
    narrative: debtor.message ?? creditor.message,
    message: creditor.message,
    own_message: debtor.message,
    reference: creditor.reference?.value,
    counterparty_name: creditor.name,
    counterparty_account: creditor.account.value,
  }
}

function creditTexts({ creditor, debtor }: Payment, from: Account): TransactionTexts {
  return {
    type_description: 'Deposit',
    narrative: creditor.message,
    message: creditor.message,
    reference: creditor.reference?.value,
    counterparty_name: from.name,
    counterparty_account: debtor.account.value,
  }
}

function latest(before: string | null, day: string): string {
  return before !== null && before > day ? before : day
}
