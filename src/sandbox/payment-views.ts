/** What a call may see of payments, and how they are written into answers. */

import { type Answer, type Call, enveloped, granted, scenarios } from './call.ts'
import { SKIP_ACCESS_CONTROL } from './checks.ts'
import { covers } from './consents.ts'
import { ApiError, deniedResource, notFound, refusal } from './errors.ts'
import type { Payment, PaymentStatus, Product } from './model.ts'
import type { Link, Wire } from './serialise/common.ts'

export function findPayment(call: Call, id: string, product: Product | null): Payment {
  const payment = call.bank.store.get('payment', id)
  if (!payment || !isVisible(call, payment, product)) throw notFound('payment')
  if (!isCovered(call, payment)) throw deniedResource()
  return payment
}

/** A token sees payments of its own country alone. */
export function isVisible(call: Call, payment: Payment, product: Product | null): boolean {
  return payment.country === granted(call).country && (product === null || payment.product === product)
}

export function isCovered(call: Call, payment: Payment): boolean {
  const debtor = call.bank.store.get('account', payment.debtorAccountId)
  return skips(call) || !debtor || covers(granted(call), debtor)
}

export function skips(call: Call): boolean {
  return scenarios(call).includes(SKIP_ACCESS_CONTROL)
}

export function paymentAnswer(call: Call, status: number, payment: Payment): Answer {
  return enveloped(call, status, write(call, payment))
}

export function write(call: Call, stored: Payment): Wire {
  const payment = asShown(call, stored)
  const { version } = call.dialect
  const folder = version === 'v5' ? 'payments' : `payments/${payment.product}`
  const links: Link[] = [{ rel: 'self', href: `/${version}/${folder}/${payment.id}` }]
  if (payment.signingId !== null && payment.status === 'PendingUserApproval') {
    links.push(signingLink(call, payment.signingId))
  }
  return call.dialect.payment(payment, links, call.bank.settings.numbers)
}

/** The row as it is, unless a fault makes the bank show it wrongly. */
function asShown({ fault }: Call, payment: Payment): Payment {
  if (fault?.kind === 'wrong-amount') return { ...payment, amountMinor: payment.amountMinor + fault.byMinor }
  const before = fault?.kind === 'late-status' ? payment.earlier?.at(-1) : undefined
  return before === undefined ? payment : { ...payment, status: before, messages: [] }
}

export function signingLink(call: Call, signingId: string): Link {
  return { rel: 'signing', href: `${call.bank.publicUrl}/bank/sign/${signingId}` }
}

export function illegalState(status: PaymentStatus) {
  return refusal(
    409,
    'nordea.error.payment.update.illegal_state',
    `The payment is ${status}; this is too late.`,
  )
}

interface Outcomes {
  done: Payment[]
  errors: { payment_id: string; error: string; error_description: string }[]
}

/** Does what it can. @throws the first refusal when every one was refused. */
export function each(ids: string[], act: (id: string) => Payment): Outcomes {
  const outcome: Outcomes = { done: [], errors: [] }
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
