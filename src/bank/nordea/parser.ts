/** Replies → our words. Every function is total: it answers for any input, and never with a made-up value. */
import { type Currency, isCurrency } from '../../money.ts'
import {
  type BankAccount,
  type BankOrder,
  type BankTransaction,
  COUNTRIES,
  type Country,
  type Tokens,
} from '../words.ts'
import { type AccountNumber, ibanOf, normaliseIban, paymentNumber } from './numbers.ts'
import * as schema from './schema.ts'
import { statusOf } from './statuses.ts'

export type Reading<T> =
  | { kind: 'read'; value: T; remark: string | null }
  | { kind: 'unreadable'; why: string }

export function read<T>(value: T, remark: string | null = null): Reading<T> {
  return { kind: 'read', value, remark }
}

export interface Page<T> {
  items: T[]
  /** Elements that were there and could not be expressed in our words. */
  leftOut: number
  continuation: string | null
}

/** With or without the envelope: the versions differ. */
export function readTokens(body: unknown): Reading<Tokens> {
  const bare = schema.tokenReply.safeParse(body)
  const reply = bare.success ? bare.data : schema.envelopedTokenReply.safeParse(body).data?.response
  if (!reply) return { kind: 'unreadable', why: 'no tokens in the answer' }
  return read({
    accessToken: reply.access_token,
    refreshToken: reply.refresh_token,
    expiresInSeconds: Math.floor(reply.expires_in),
  })
}

export function readAccount(body: unknown): Reading<BankAccount> {
  const reply = schema.accountReply.safeParse(body)
  const account = reply.success ? toAccount(reply.data.response) : null
  return account ? read(account) : { kind: 'unreadable', why: 'not an account we can use' }
}

export function readAccounts(body: unknown): Reading<Page<BankAccount>> {
  const reply = schema.accountListReply.safeParse(body)
  if (!reply.success) return { kind: 'unreadable', why: 'not a list of accounts' }
  const items = reply.data.response.accounts.map((element) => {
    const account = schema.account.safeParse(element)
    return account.success ? toAccount(account.data) : null
  })
  return pageOf(items, continuationOf(reply.data))
}

/** `currency` is null where the bank leaves it out, which newer versions may: it is then the account's. */
export type UnpricedTransaction = Omit<BankTransaction, 'currency'> & { currency: Currency | null }

export function readTransactions(body: unknown): Reading<Page<UnpricedTransaction>> {
  const reply = schema.transactionListReply.safeParse(body)
  if (!reply.success) return { kind: 'unreadable', why: 'not a list of transactions' }
  const items = reply.data.response.transactions.map((element) => {
    const transaction = schema.transaction.safeParse(element)
    return transaction.success ? toTransaction(transaction.data) : null
  })
  return pageOf(items, continuationOf(reply.data) ?? (reply.data.response.continuation_key || null))
}

/** An order with the two accounts and their types, to hold against what we asked for. */
export interface EchoedOrder {
  order: BankOrder
  debtor: AccountNumber | null
  creditor: AccountNumber | null
}

export function readOrder(body: unknown): Reading<EchoedOrder> {
  const reply = schema.paymentReply.safeParse(body)
  const order = reply.success ? toOrder(reply.data.response, signingLink(reply.data._links)) : null
  return order ? read(order) : { kind: 'unreadable', why: 'not a payment' }
}

/** All or nothing: an order that can't be read could be the very one that is being looked for. */
export function readOrders(body: unknown): Reading<Page<BankOrder>> {
  const reply = schema.paymentListReply.safeParse(body)
  if (!reply.success) return { kind: 'unreadable', why: 'not a list of payments' }
  const orders = reply.data.response.payments.map((element) => elementToOrder(element, null))
  if (orders.includes(null)) return { kind: 'unreadable', why: 'a payment in the list is not readable' }
  return pageOf(orders, continuationOf(reply.data))
}

export interface Confirmation {
  orders: BankOrder[]
  refused: { bankPaymentId: string; code: string | null }[]
}

export function readConfirmation(body: unknown): Reading<Confirmation> {
  const reply = schema.confirmReply.safeParse(body)
  if (!reply.success) return { kind: 'unreadable', why: 'not an answer to a confirmation' }
  const { response, errors, _links } = reply.data
  const link = signingLink(_links) ?? signingLink(response?._links)
  const orders = (response?.payments ?? []).map((element) => elementToOrder(element, link))
  const refused = (errors ?? []).flatMap(({ payment_id, error }) =>
    payment_id ? [{ bankPaymentId: payment_id, code: error?.slice(0, 100) ?? null }] : [],
  )
  const readable = orders.filter((order) => order !== null)
  const missing = orders.length - readable.length
  return read({ orders: readable, refused }, missing ? `${missing} payments not readable` : null)
}

function toAccount(reply: schema.AccountReply): BankAccount | null {
  const numbers = reply.account_numbers.map(({ _type, value }) => ({ type: _type, value }))
  const iban = ibanAmong(numbers)
  const country = countryOf(reply.country ?? reply.bank?.country ?? iban?.slice(0, 2))
  const kind = kindOf(reply.account_type)
  if (!iban || !country || !kind || !isCurrency(reply.currency)) return null
  return {
    id: reply._id,
    name: reply.nickname || reply.account_name || reply.product || '',
    iban,
    number: paymentNumber(country, numbers, iban),
    country,
    currency: reply.currency,
    kind,
    open: reply.status?.toUpperCase() === 'OPEN',
    availableMinor: reply.available_balance ?? null,
    bookedMinor: reply.booked_balance ?? null,
    creditLimitMinor: reply.credit_limit ?? null,
  }
}

/** The printed IBAN first: the one worked out may differ for Swedish personal accounts. */
function ibanAmong(numbers: readonly AccountNumber[]): string | null {
  const printed = numbers.find(({ type }) => type === 'IBAN')
  if (printed) return normaliseIban(printed.value)
  return numbers.map(ibanOf).find((iban) => iban !== null) ?? null
}

function countryOf(text: string | undefined): Country | null {
  return COUNTRIES.find((country) => country === text) ?? null
}

function kindOf(type: string): BankAccount['kind'] | null {
  const kinds: Record<string, BankAccount['kind']> = { current: 'current', savings: 'savings' }
  const name = type.toLowerCase()
  return Object.hasOwn(kinds, name) ? (kinds[name] ?? null) : null
}

function toTransaction(reply: schema.TransactionReply): UnpricedTransaction | null {
  const { currency, status } = reply
  if (currency && !isCurrency(currency)) return null
  const texts = [reply.message, reply.own_message, reply.narrative].filter(Boolean)
  return {
    id: reply.transaction_id || null,
    bookedOn: reply.booking_date || null,
    amountMinor: reply.amount,
    currency: currency && isCurrency(currency) ? currency : null,
    text: [...new Set(texts)].join(' · ') || reply.counterparty_name || reply.type_description || '',
    reference: reply.reference || null,
    counterpartyNumber: reply.counterparty_account || null,
    booked: status === 'billed' || status === 'confirmed',
  }
}

function elementToOrder(element: unknown, link: string | null): BankOrder | null {
  const payment = schema.payment.safeParse(element)
  return payment.success ? (toOrder(payment.data, link)?.order ?? null) : null
}

function toOrder(reply: schema.PaymentReply, envelopeLink: string | null): EchoedOrder | null {
  const amountMinor = reply.amount ?? reply.instructed_amount?.amount
  const currency = reply.currency ?? reply.instructed_amount?.currency
  if (amountMinor === undefined || amountMinor === null || !currency || !isCurrency(currency)) return null
  const approvalUrl = signingLink(reply._links) ?? envelopeLink
  const debtor = numberOf(reply.debtor)
  const creditor = numberOf(reply.creditor)
  const order: BankOrder = {
    bankPaymentId: reply._id,
    externalId: reply.external_id || null,
    amountMinor,
    currency,
    status: statusOf(reply.payment_status, reply.tpp_messages ?? []),
    debtorNumber: debtor?.value ?? null,
    creditorNumber: creditor?.value ?? null,
    ...(approvalUrl ? { approvalUrl } : {}),
  }
  return { order, debtor, creditor }
}

function numberOf(party: schema.PaymentReply['debtor']): AccountNumber | null {
  const account = party?.account
  return account?.value ? { type: account._type ?? '', value: account.value } : null
}

function signingLink(links: schema.Links): string | null {
  return links?.find(({ rel }) => rel === 'signing')?.href || null
}

interface Paged {
  group_header?:
    | { message_pagination?: { continuation_key?: string | null | undefined } | null | undefined }
    | null
    | undefined
}

function continuationOf(reply: Paged): string | null {
  return reply.group_header?.message_pagination?.continuation_key || null
}

function pageOf<T>(elements: (T | null)[], continuation: string | null): Reading<Page<T>> {
  const items = elements.filter((element) => element !== null)
  const leftOut = elements.length - items.length
  return read({ items, leftOut, continuation }, leftOut ? `left out ${leftOut} of ${elements.length}` : null)
}
