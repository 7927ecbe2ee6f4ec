/** Payments of all versions: initiate, show, list, delete. Confirming has a file of its own. */

import { z } from 'zod'
import { type Answer, type Call, enveloped, granted, jsonBody, type Route } from './call.ts'
import { CONFIRMABLE, confirmMany, confirmOne } from './confirmations.ts'
import { covers } from './consents.ts'
import { deniedResource, invalid } from './errors.ts'
import { uuid } from './ids.ts'
import type { Account, Payment, PaymentStatus, Product } from './model.ts'
import { countryOfBbanType, plainNumber } from './numbers.ts'
import { type Order, readOrder } from './payment-orders.ts'
import {
  each,
  findPayment,
  illegalState,
  isCovered,
  isVisible,
  paymentAnswer,
  skips,
  write,
} from './payment-views.ts'
import { dayOf } from './sandbox-clock.ts'
import type { Dialect } from './serialise/common.ts'
import { endPayment } from './settlement.ts'
import { readWith } from './validation.ts'

export const PAYMENTS_A_PAGE = 40

/** Where an order may still be taken back. */
const DELETABLE: readonly PaymentStatus[] = [...CONFIRMABLE, 'PendingUserApproval', 'OnHold', 'Confirmed']

export function paymentRoutes(dialect: Dialect): Route[] {
  const base = { dialect, door: 'customer', scopes: ['PAYMENTS_MULTIPLE'] } as const
  const root = `${dialect.prefix}/payments`
  if (dialect.version !== 'v5')
    return PRODUCTS.flatMap((product) => flatRoutes(base, `${root}/${product}`, product))
  const orders: Route[] = PRODUCTS.map((product) => {
    const path = `${root}/${product === 'sepa' ? 'sepa' : 'domestic'}-credit-transfers`
    return { ...base, method: 'post', path, handle: (call) => initiate(call, product) }
  })
  return [
    ...orders,
    { ...base, method: 'get', path: root, handle: (call) => list(call, null) },
    { ...base, method: 'get', path: `${root}/:id`, handle: (call) => show(call, null) },
    { ...base, method: 'put', path: `${root}/confirm`, handle: (call) => confirmMany(call, null) },
    { ...base, method: 'put', path: root, handle: (call) => confirmMany(call, null) },
    { ...base, method: 'delete', path: root, handle: (call) => deleteMany(call, null) },
  ]
}

const PRODUCTS = ['sepa', 'domestic'] as const

function flatRoutes(
  base: Pick<Route, 'dialect' | 'door' | 'scopes'>,
  root: string,
  product: Product,
): Route[] {
  const shared: Route[] = [
    { ...base, method: 'post', path: root, handle: (call) => initiate(call, product) },
    { ...base, method: 'get', path: root, handle: (call) => list(call, product) },
    { ...base, method: 'get', path: `${root}/:id`, handle: (call) => show(call, product) },
    { ...base, method: 'put', path: `${root}/:id/confirm`, handle: (call) => confirmOne(call, product) },
  ]
  if (base.dialect.version === 'v3') return shared
  return [
    ...shared,
    { ...base, method: 'put', path: `${root}/confirm`, handle: (call) => confirmMany(call, product) },
    { ...base, method: 'delete', path: `${root}/:id`, handle: (call) => deleteOne(call, product) },
    { ...base, method: 'delete', path: root, handle: (call) => deleteMany(call, product) },
  ]
}

/** The same external id twice is two orders: the bank promises nothing about it, and a client's mistake must show. */
function initiate(call: Call, product: Product): Answer {
  const { store } = call.bank
  const order = readOrder(call, product)
  const debtor = debtorOf(call, order)
  const today = dayOf(call.now)
  const payment: Payment = {
    id: uuid(),
    seq: store.nextSeq(),
    product,
    country: granted(call).country,
    externalId: order.externalId,
    amountMinor: order.amountMinor,
    currency: order.currency,
    urgency: order.urgency,
    endToEnd: order.endToEnd,
    debtor: order.debtor,
    debtorAccountId: debtor.id,
    creditor: order.creditor,
    status: 'PendingConfirmation',
    plan: [],
    reserved: false,
    signingId: null,
    messages: [],
    enteredAt: call.now.toISOString(),
    executionDate: order.requestedDate && order.requestedDate > today ? order.requestedDate : today,
  }
  store.put('payment', payment)
  return paymentAnswer(call, 201, payment)
}

function debtorOf(call: Call, { debtor, creditor, currency }: Order): Account {
  const { _type, value, currency: claimed } = debtor.account
  const account = call.bank.store.accountByNumber(value, countryOfBbanType(_type))
  if (!account && skips(call))
    throw invalid('debtor.account.value', 'Pattern', 'The account is not known here.')
  if (!account || !(skips(call) || covers(granted(call), account))) throw deniedResource()
  if (account.currency !== currency || (claimed !== undefined && claimed !== account.currency)) {
    throw invalid('debtor.account.currency', 'Pattern', 'The debtor account is held in another currency.')
  }
  const payee = plainNumber(creditor.account.value)
  if (payee === account.iban || payee === account.bban) {
    throw invalid('creditor.account.value', 'Pattern', 'Debtor and creditor are the same account.')
  }
  return account
}

function show(call: Call, product: Product | null): Answer {
  return paymentAnswer(call, 200, findPayment(call, call.params.id ?? '', product))
}

/** Newest first unless asked otherwise. */
function list(call: Call, product: Product | null): Answer {
  const { store } = call.bank
  const page = Number(call.query.get('page') ?? 0)
  if (!Number.isSafeInteger(page) || page < 0) throw invalid('page', 'Pattern', 'Pages are counted from 0.')
  const parameter = oneOf(call, 'parameter', ['creation_date', 'amount'])
  const sign = oneOf(call, 'desc', ['true', 'false']) === 'true' ? -1 : 1
  const rows = store
    .all('payment')
    .filter((payment) => isVisible(call, payment, product) && isCovered(call, payment))
    .sort((a, b) => sign * ((parameter === 'amount' ? a.amountMinor - b.amountMinor : 0) || a.seq - b.seq))
    .slice(page * PAYMENTS_A_PAGE, (page + 1) * PAYMENTS_A_PAGE)
  return enveloped(call, 200, { payments: rows.map((payment) => write(call, payment)) })
}

function deleteOne(call: Call, product: Product): Answer {
  const payment = cancel(call, findPayment(call, call.params.id ?? '', product))
  return enveloped(call, 200, { _id: payment.id })
}

const deletion = z.object({
  payments_ids: z.array(z.string()).max(100).default([]),
  payments: z
    .array(z.object({ payment_id: z.string() }))
    .max(100)
    .default([]),
})

function deleteMany(call: Call, product: Product | null): Answer {
  const { payments_ids, payments } = readWith(deletion, jsonBody(call))
  const ids = [...payments_ids, ...payments.map((payment) => payment.payment_id)]
  if (ids.length === 0) throw invalid('payments', 'NotNull', 'No payment is named.')
  const { done, errors } = each(ids, (id) => cancel(call, findPayment(call, id, product)))
  return enveloped(call, 200, { payments: done.map((payment) => write(call, payment)) }, { errors })
}

function cancel(call: Call, payment: Payment): Payment {
  if (!DELETABLE.includes(payment.status)) throw illegalState(payment.status)
  return endPayment(call.bank.store, payment, 'Cancelled')
}

/** The first of `values` is the default. */
function oneOf(call: Call, name: string, values: string[]): string {
  const value = call.query.get(name) ?? values[0] ?? ''
  if (!values.includes(value)) throw invalid(name, 'Pattern', `Use one of ${values.join(', ')}.`)
  return value
}
