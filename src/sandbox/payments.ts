/** Payments of all versions: initiate, show, list, confirm, delete. */

import { z } from 'zod'
import { type Answer, type Call, enveloped, granted, jsonBody, type Route, scenarios } from './call.ts'
import { SKIP_ACCESS_CONTROL } from './checks.ts'
import { covers } from './consents.ts'
import { ApiError, deniedResource, invalid, notFound, refusal } from './errors.ts'
import { newPageId, uuid } from './ids.ts'
import type { Account, Payment, PaymentStatus, Product, Signing } from './model.ts'
import { countryOfBbanType, plainNumber } from './numbers.ts'
import { type Order, readOrder } from './payment-orders.ts'
import { dayOf, later } from './sandbox-clock.ts'
import type { Dialect, Link, Wire } from './serialise/common.ts'
import { needsApproval } from './settings.ts'
import {
  awaitApproval,
  CONFIRM_SCENARIOS,
  type ConfirmScenario,
  endPayment,
  startCourse,
} from './settlement.ts'
import { readWith } from './validation.ts'

export const PAYMENTS_A_PAGE = 40

/** Where an order may still be confirmed, and where it may still be taken back. */
const CONFIRMABLE: readonly PaymentStatus[] = ['PendingConfirmation', 'PendingSecondConfirmation']
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

function confirmOne(call: Call, product: Product): Answer {
  const payment = findPayment(call, call.params.id ?? '', product)
  checkConfirmable(payment)
  const signing = newSigning(call, null, null)
  const confirmed = confirm(call, payment, signing)
  keepIfUsed(call, signing)
  return paymentAnswer(call, 200, confirmed)
}

const confirmation = z.object({
  payments_ids: z.array(z.string()).min(1).max(100),
  redirect_url: z.string().optional(),
  state: z.string().optional(),
})

/** Confirms what can be confirmed and names the rest; if nothing can be, the call as a whole is refused. */
function confirmMany(call: Call, product: Product | null): Answer {
  const { payments_ids, redirect_url, state } = readWith(confirmation, jsonBody(call))
  if (redirect_url !== undefined && !call.bank.app.redirectUris.includes(redirect_url)) {
    throw invalid('redirect_url', 'Pattern', 'The address is not registered with the app.')
  }
  const signing = newSigning(call, redirect_url ?? null, state ?? null)
  const outcome = each(payments_ids, (id) => {
    const payment = findPayment(call, id, product)
    checkConfirmable(payment)
    return confirm(call, payment, signing)
  })
  keepIfUsed(call, signing)
  const _links = signing.paymentIds.length > 0 ? [signingLink(call, signing.id)] : []
  const payments = outcome.done.map((payment) => write(call, payment))
  return enveloped(call, 200, { payments }, { errors: outcome.errors, _links })
}

function confirm(call: Call, payment: Payment, signing: Signing): Payment {
  const { bank } = call
  const scenario = confirmScenario(call)
  if (scenario !== null || !needsApproval(bank.settings.approval, payment.amountMinor)) {
    return startCourse(bank, payment, scenario)
  }
  signing.paymentIds.push(payment.id)
  return awaitApproval(bank, payment, signing.id, signing.expiresAt)
}

function newSigning(call: Call, redirectUrl: string | null, state: string | null): Signing {
  const expiresAt = later(call.now, call.bank.settings.approvalSeconds * 1_000)
  return { id: newPageId(), paymentIds: [], redirectUrl, state, expiresAt, answer: null }
}

function keepIfUsed(call: Call, signing: Signing): void {
  if (signing.paymentIds.length > 0) call.bank.store.put('signing', signing)
}

function checkConfirmable({ status }: Payment): void {
  if (CONFIRMABLE.includes(status)) return
  if (status === 'PendingUserApproval') {
    throw refusal(409, 'nordea.error.payment.confirm.conflict', 'The payment is being confirmed already.')
  }
  throw illegalState(status)
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

interface Outcome {
  done: Payment[]
  errors: { payment_id: string; error: string; error_description: string }[]
}

/** Does what it can. @throws the first refusal when every one was refused. */
function each(ids: string[], act: (id: string) => Payment): Outcome {
  const outcome: Outcome = { done: [], errors: [] }
  let first: ApiError | null = null
  for (const id of new Set(ids)) {
    try {
      outcome.done.push(act(id))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      first ??= error
      const { code = '', description = '' } = error.failures[0] ?? {}
      outcome.errors.push({ payment_id: id, error: code, error_description: description })
    }
  }
  if (first && outcome.done.length === 0) throw first
  return outcome
}

function findPayment(call: Call, id: string, product: Product | null): Payment {
  const payment = call.bank.store.get('payment', id)
  if (!payment || !isVisible(call, payment, product)) throw notFound('payment')
  if (!isCovered(call, payment)) throw deniedResource()
  return payment
}

/** A token sees payments of its own country alone. */
function isVisible(call: Call, payment: Payment, product: Product | null): boolean {
  return payment.country === granted(call).country && (product === null || payment.product === product)
}

function isCovered(call: Call, payment: Payment): boolean {
  const debtor = call.bank.store.get('account', payment.debtorAccountId)
  return skips(call) || !debtor || covers(granted(call), debtor)
}

function skips(call: Call): boolean {
  return scenarios(call).includes(SKIP_ACCESS_CONTROL)
}

function confirmScenario(call: Call): ConfirmScenario | null {
  return CONFIRM_SCENARIOS.find((scenario) => scenarios(call).includes(scenario)) ?? null
}

function paymentAnswer(call: Call, status: number, payment: Payment): Answer {
  return enveloped(call, status, write(call, payment))
}

function write(call: Call, payment: Payment): Wire {
  const { version } = call.dialect
  const folder = version === 'v5' ? 'payments' : `payments/${payment.product}`
  const links: Link[] = [{ rel: 'self', href: `/${version}/${folder}/${payment.id}` }]
  if (payment.signingId !== null && payment.status === 'PendingUserApproval') {
    links.push(signingLink(call, payment.signingId))
  }
  return call.dialect.payment(payment, links, call.bank.settings.numbers)
}

function signingLink(call: Call, signingId: string): Link {
  return { rel: 'signing', href: `${call.bank.publicUrl}/bank/sign/${signingId}` }
}

function illegalState(status: PaymentStatus) {
  return refusal(
    409,
    'nordea.error.payment.update.illegal_state',
    `The payment is ${status}; this is too late.`,
  )
}

/** The first of `values` is the default. */
function oneOf(call: Call, name: string, values: string[]): string {
  const value = call.query.get(name) ?? values[0] ?? ''
  if (!values.includes(value)) throw invalid(name, 'Pattern', `Use one of ${values.join(', ')}.`)
  return value
}
