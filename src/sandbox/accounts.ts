/** Accounts and their transactions, and the sandbox's own calls that make and remove them. */

import { z } from 'zod'
import { CURRENCIES } from '../money.ts'
import { type Answer, type Call, enveloped, granted, jsonBody, type Route } from './call.ts'
import { coveredAccounts, covers } from './consents.ts'
import { deniedResource, invalid, notFound } from './errors.ts'
import { opaqueAccountId } from './ids.ts'
import { bookFromOutside, closeAccount, openAccount } from './ledger.ts'
import { type Account, COUNTRIES, type Country, type TransactionTexts } from './model.ts'
import { BBAN_TYPE, bbanFromIban, ibanFromBban, isIban, looksLikeBban, plainNumber } from './numbers.ts'
import { accountLinks, type Dialect } from './serialise/common.ts'
import { pageOfTransactions } from './transaction-pages.ts'
import { isDay, readDecimal, readWith } from './validation.ts'

export function accountRoutes(dialect: Dialect): Route[] {
  const base = { dialect, door: 'customer', scopes: ['ACCOUNTS_BASIC'] } as const
  const list = `${dialect.prefix}/accounts`
  const transactions = `${list}/:id/transactions`
  const withTransactions = ['ACCOUNTS_BASIC', 'ACCOUNTS_TRANSACTIONS'] as const
  return [
    { ...base, method: 'get', path: list, handle: listAccounts },
    { ...base, method: 'get', path: `${list}/:id`, handle: showAccount },
    { ...base, method: 'get', path: transactions, scopes: withTransactions, handle: pageOfTransactionsOf },
    { ...base, method: 'post', path: list, handle: createAccount },
    { ...base, method: 'delete', path: `${list}/:id`, handle: deleteAccount },
    { ...base, method: 'post', path: transactions, handle: createTransaction },
  ]
}

function listAccounts(call: Call): Answer {
  const consent = granted(call)
  const { numbers } = call.bank.settings
  const accounts = coveredAccounts(call.bank, consent).map((account) =>
    call.dialect.account(account, consent.scopes, numbers),
  )
  return enveloped(call, 200, { accounts, _links: [] })
}

function showAccount(call: Call): Answer {
  return accountAnswer(call, 200, findAccount(call))
}

function pageOfTransactionsOf(call: Call): Answer {
  const account = findAccount(call)
  const { dialect, bank } = call
  const { rows, key, again } = pageOfTransactions(call, account, granted(call).historyMonths)
  const path = accountLinks(dialect.version, dialect.accountId(account))[1]?.href ?? ''
  const self = { rel: 'self', href: path }
  const next = key === null ? [] : [{ rel: 'next', href: `${path}?${again}` }]
  const response = {
    transactions: rows.map((row) => dialect.transaction(row, account, bank.settings.numbers)),
    ...(key !== null && dialect.keyInList && { continuation_key: key }),
    _links: [self, ...next],
  }
  return enveloped(call, 200, response, {}, key ?? undefined)
}

const decimal = z.custom<string | number>(
  (value) => readDecimal(value) !== null,
  'A decimal with at most two decimals.',
)
const money = decimal.transform((value) => readDecimal(value) ?? 0)
const day = z.string().refine(isDay, 'A day is written yyyy-mm-dd.')
const shortText = z.string().trim().min(1).max(140)

const newAccount = z.object({
  country: z.enum(COUNTRIES),
  account_numbers: z
    .array(z.object({ _type: z.string(), value: z.string() }))
    .min(1)
    .max(2),
  currency: z.enum(CURRENCIES),
  account_name: shortText,
  product: shortText,
  account_type: z.enum(['Current', 'Savings']),
  available_balance: money,
  booked_balance: money,
  value_dated_balance: money.optional(),
  credit_limit: money.optional(),
  status: z.enum(['OPEN', 'CLOSED']),
  latest_transaction_booking_date: day.optional(),
})

/** The new account joins the consent it was made under. */
function createAccount(call: Call): Answer {
  const { store } = call.bank
  const consent = granted(call)
  const fields = readWith(newAccount, jsonBody(call))
  if (fields.country !== consent.country)
    throw invalid('country', 'Pattern', 'The consent is for another country.')
  const { iban, bban } = numbersGiven(fields.country, fields.account_numbers)
  if (store.accountByNumber(iban)) throw invalid('account_numbers', 'Pattern', 'The account number is taken.')
  const id = `${fields.country === 'FI' || bban === null ? iban : fields.country + bban}-${fields.currency}`
  const account: Account = {
    id,
    opaqueId: opaqueAccountId(id),
    seq: store.nextSeq(),
    country: fields.country,
    iban,
    bban,
    currency: fields.currency,
    name: fields.account_name,
    product: fields.product,
    type: fields.account_type,
    status: fields.status,
    bookedMinor: fields.booked_balance,
    availableMinor: fields.available_balance,
    valueDatedMinor: fields.value_dated_balance ?? fields.booked_balance,
    creditLimitMinor: fields.credit_limit ?? null,
    latestBookingDate: fields.latest_transaction_booking_date ?? null,
    dynamic: true,
  }
  openAccount(store, account)
  if (consent.accountIds) store.put('consent', { ...consent, accountIds: [...consent.accountIds, id] })
  return accountAnswer(call, 201, account)
}

/** Either number gives the other, where the country has both. */
function numbersGiven(country: Country, given: { _type: string; value: string }[]) {
  const of = (type: string | null) => given.find(({ _type }) => _type === type)?.value
  const iban = plainNumber(of('IBAN') ?? '')
  const bban = plainNumber(of(BBAN_TYPE[country]) ?? '')
  const ibanIsRight = isIban(iban) && iban.startsWith(country)
  if (iban !== '' && !ibanIsRight)
    throw invalid('account_numbers', 'Pattern', 'This is no IBAN of the country.')
  if (bban !== '' && !looksLikeBban(country, bban)) {
    throw invalid('account_numbers', 'Pattern', 'This is no account number of the country.')
  }
  if (bban !== '') return { iban: iban || ibanFromBban(country, bban), bban }
  if (iban !== '') return { iban, bban: bbanFromIban(iban) }
  throw invalid('account_numbers', 'NotNull', 'An account number of the country is needed.')
}

function deleteAccount(call: Call): Answer {
  const account = findAccount(call)
  if (!account.dynamic) throw deniedResource()
  closeAccount(call.bank.store, account)
  return { status: 204, body: null }
}

const optionalText = z.string().max(500).optional()

const newTransaction = z.object({
  amount: money,
  currency: z.string(),
  status: z.enum(['reserved', 'billed', 'confirmed']),
  booking_date: day.optional(),
  value_date: day.optional(),
  transaction_date: day.optional(),
  payment_date: day.optional(),
  original_currency_amount: money.optional(),
  currency_rate: z
    .union([z.string().regex(/^\d+(\.\d+)?$/), z.number()])
    .transform(String)
    .optional(),
  type_description: optionalText,
  narrative: optionalText,
  message: optionalText,
  own_message: optionalText,
  reference: optionalText,
  counterparty_name: optionalText,
  counterparty_account: optionalText,
  card_number: optionalText,
  original_currency: optionalText,
})

/** With a positive amount this is how funds are added. */
function createTransaction(call: Call): Answer {
  const account = findAccount(call)
  const fields = readWith(newTransaction, jsonBody(call))
  if (fields.currency !== account.currency) {
    throw invalid('currency', 'Pattern', 'The account is held in another currency.')
  }
  const entry = {
    amountMinor: fields.amount,
    status: fields.status,
    texts: textsOf(fields),
    bookingDate: fields.booking_date,
    valueDate: fields.value_date,
    transactionDate: fields.transaction_date,
    paymentDate: fields.payment_date,
    originalAmountMinor: fields.original_currency_amount,
    currencyRate: fields.currency_rate,
  }
  bookFromOutside(call.bank.store, account, entry, call.now)
  return { status: 201, body: null }
}

function textsOf(fields: TransactionTexts): TransactionTexts {
  return {
    type_description: fields.type_description,
    narrative: fields.narrative,
    message: fields.message,
    own_message: fields.own_message,
    reference: fields.reference,
    counterparty_name: fields.counterparty_name,
    counterparty_account: fields.counterparty_account,
    card_number: fields.card_number,
    original_currency: fields.original_currency,
  }
}

function accountAnswer(call: Call, status: number, account: Account): Answer {
  return enveloped(
    call,
    status,
    call.dialect.account(account, granted(call).scopes, call.bank.settings.numbers),
  )
}

/** By the version's id; v3 and v4 also take the bare account number. */
function findAccount(call: Call): Account {
  const { store } = call.bank
  const id = call.params.id ?? ''
  const account =
    call.dialect.version === 'v5'
      ? store.accountByOpaqueId(id)
      : (store.get('account', id) ?? store.accountByNumber(id, granted(call).country))
  if (!account) throw notFound('account')
  if (!covers(granted(call), account)) throw deniedResource()
  return account
}
