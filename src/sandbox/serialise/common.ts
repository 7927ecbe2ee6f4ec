/** What the versions share in how they write things down. */

import { toDecimal } from '../../money.ts'
import type { Account, Country, Payment, Scope, Transaction, Version } from '../model.ts'
import { BBAN_TYPE } from '../numbers.ts'
import type { Settings } from '../settings.ts'

export type Numbers = Settings['numbers']
export type Wire = Record<string, unknown>

export interface Link {
  rel: string
  href: string
}

/** One version's way of writing things down. `path` in links: with the version, without host and `/personal`. */
export interface Dialect {
  version: Version
  /** Where the version's paths begin. */
  prefix: string
  messageId(): string
  accountId(account: Account): string
  account(account: Account, scopes: readonly Scope[], numbers: Numbers): Wire
  transaction(transaction: Transaction, account: Account, numbers: Numbers): Wire
  payment(payment: Payment, links: Link[], numbers: Numbers): Wire
  /** Names of the query parameters of a transaction list. */
  transactionQuery: { from: string; to: string; key: string }
  /** The list repeats the continuation key beside the transactions. */
  keyInList: boolean
}

const BIC: Record<Country, string> = { DK: 'NDEADKKK', SE: 'NDEASESS', NO: 'NDEANOKK', FI: 'NDEAFIHH' }

export function amount(minor: number, numbers: Numbers): string | number {
  return numbers === 'number' ? Number(toDecimal(minor)) : toDecimal(minor)
}

/** @param text a decimal of any precision, such as an exchange rate. */
export function decimal(text: string, numbers: Numbers): string | number {
  return numbers === 'number' ? Number(text) : text
}

export function accountNumbers(account: Account): { _type: string; value: string }[] {
  const type = BBAN_TYPE[account.country]
  const bban = type !== null && account.bban !== null ? [{ _type: type, value: account.bban }] : []
  return [...bban, { _type: 'IBAN', value: account.iban }]
}

/** Without ACCOUNTS_BALANCES no balances are told, without ACCOUNTS_DETAILS no product, limit or latest booking. */
export function accountFields(
  account: Account,
  id: string,
  scopes: readonly Scope[],
  numbers: Numbers,
): Wire {
  const balances = scopes.includes('ACCOUNTS_BALANCES') && {
    available_balance: amount(account.availableMinor, numbers),
    booked_balance: amount(account.bookedMinor, numbers),
    value_dated_balance: amount(account.valueDatedMinor, numbers),
  }
  const details = scopes.includes('ACCOUNTS_DETAILS') && {
    product: account.product,
    ...(account.creditLimitMinor !== null && { credit_limit: amount(account.creditLimitMinor, numbers) }),
    ...(account.latestBookingDate !== null && { latest_transaction_booking_date: account.latestBookingDate }),
  }
  return {
    _id: id,
    country: account.country,
    account_numbers: accountNumbers(account),
    currency: account.currency,
    account_name: account.name,
    account_type: account.type,
    ...balances,
    ...details,
    status: account.status,
    bank: { name: 'Nordea', bic: BIC[account.country], country: account.country },
  }
}

export function accountLinks(version: Version, id: string): Link[] {
  const href = `/${version}/accounts/${encodeURIComponent(id)}`
  return [
    { rel: 'details', href },
    { rel: 'transactions', href: `${href}/transactions` },
  ]
}

export function transactionFields(transaction: Transaction, account: Account, numbers: Numbers): Wire {
  return {
    transaction_id: transaction.id,
    currency: transaction.currency,
    booking_date: transaction.bookingDate,
    value_date: transaction.valueDate,
    transaction_date: transaction.transactionDate,
    payment_date: transaction.paymentDate,
    ...transaction.texts,
    status: transaction.status,
    ...(transaction.originalAmountMinor !== null && {
      original_currency_amount: amount(transaction.originalAmountMinor, numbers),
    }),
    ...(transaction.currencyRate !== null && { currency_rate: decimal(transaction.currencyRate, numbers) }),
    ...(account.country !== 'FI' && {
      balance_after_transaction: amount(transaction.balanceAfterMinor, numbers),
    }),
    amount: amount(transaction.amountMinor, numbers),
  }
}

/** Everything of a payment but its amount, which v5 writes differently. */
export function paymentFields(payment: Payment, links: Link[]): Wire {
  return {
    _id: payment.id,
    payment_status: payment.status,
    ...(payment.externalId !== null && { external_id: payment.externalId }),
    ...(payment.urgency !== null && { urgency: payment.urgency }),
    ...(payment.endToEnd !== null && { end_to_end_identification: payment.endToEnd }),
    debtor: payment.debtor,
    creditor: payment.creditor,
    entry_date_time: payment.enteredAt,
    timestamp: payment.enteredAt,
    planned_execution_date: payment.executionDate,
    ...(payment.messages.length > 0 && { tpp_messages: payment.messages }),
    _links: links,
  }
}
