/** Confirming orders: one or several, with the customer's approval where it is needed. */

import { z } from 'zod'
import { type Answer, type Call, enveloped, jsonBody, scenarios } from './call.ts'
import { CONFIRM_SCENARIOS, type Outcome } from './courses.ts'
import { invalid, refusal } from './errors.ts'
import { newPageId } from './ids.ts'
import type { Payment, PaymentStatus, Product, Signing } from './model.ts'
import { each, findPayment, illegalState, paymentAnswer, signingLink, write } from './payment-views.ts'
import { later } from './sandbox-clock.ts'
import { needsApproval } from './settings.ts'
import { awaitApproval, startCourse } from './settlement.ts'
import { readWith } from './validation.ts'

/** Where an order may still be confirmed. */
export const CONFIRMABLE: readonly PaymentStatus[] = ['PendingConfirmation', 'PendingSecondConfirmation']

export function confirmOne(call: Call, product: Product): Answer {
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
export function confirmMany(call: Call, product: Product | null): Answer {
  const { payments_ids, redirect_url, state } = readWith(confirmation, jsonBody(call))
  if (redirect_url !== undefined && !call.bank.app.redirectUris.includes(redirect_url)) {
    throw invalid('redirect_url', 'Pattern', 'The address is not registered with the app.')
  }
  const signing = newSigning(call, redirect_url ?? null, state ?? null)
  const { done, errors } = each(payments_ids, (id) => {
    const payment = findPayment(call, id, product)
    checkConfirmable(payment)
    return confirm(call, payment, signing)
  })
  keepIfUsed(call, signing)
  const _links = signing.paymentIds.length > 0 ? [signingLink(call, signing.id)] : []
  const payments = done.map((payment) => write(call, payment))
  return enveloped(call, 200, { payments }, { errors, _links })
}

function confirm(call: Call, payment: Payment, signing: Signing): Payment {
  const { bank } = call
  const outcome = outcomeAsked(call)
  if (outcome !== null || !needsApproval(bank.settings.approval, payment.amountMinor)) {
    return startCourse(bank, payment, outcome)
  }
  signing.paymentIds.push(payment.id)
  return awaitApproval(bank, payment, signing.id, signing.expiresAt)
}

/** What a fault, or else the caller, wants to become of the order; null: the usual. */
function outcomeAsked(call: Call): Outcome | null {
  if (call.fault?.kind === 'course') return call.fault.outcome
  const asked = scenarios(call).map((name) => CONFIRM_SCENARIOS.get(name))
  return asked.find((outcome) => outcome !== undefined) ?? null
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
