import type { BankOrder, OrderStatus } from '../../../bank/index.ts'
import { HOUR } from '../../../clock.ts'
import type { Actor } from '../../../models/context.ts'
import { mayMove } from '../../../models/payment/states.ts'
import type { Claim, Move } from '../../../models/payment.ts'
import { closedPauseMs, distrustRefused, openBank } from './bank-access.ts'
import type { SettleDeps, Step } from './deps.ts'
import { becomeUnknown, later, moveTo, pauseFor, pauseMs, reasonOf, waitBecause } from './waiting.ts'

// ── INITIATED: the order lies at the bank and waits for our word ────────────────────────────────────────────────────

export async function confirm(deps: SettleDeps, claim: Claim, by: Actor): Step {
  // Until our word is given no money moves, so the saver's stop switch still counts.
  const user = await deps.models.users.find(claim.payment.userId)
  if (user?.pausedUntil && user.pausedUntil > deps.clock.now()) {
    return waitBecause(deps, claim, 'savings-paused')
  }
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const confirming = await deps.models.payments.move(claim, { to: 'CONFIRMING', keepLease: true }, by)
  const bankPaymentId = bankIdOf(confirming)
  const [outcome] = await deps.bank.confirm(
    { bankPaymentIds: [bankPaymentId], country: access.country, returnState: confirming.payment.id },
    access.context,
  )
  switch (outcome?.kind) {
    case 'order':
      return follow(deps, confirming, outcome.order, by)
    case 'rejected':
      return moveTo(deps, confirming, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code }, by)
    case 'not-sent': {
      await distrustRefused(deps, access.consentId, outcome.because)
      const lookAgainAt = pauseFor(deps, outcome.retryAfterSeconds, confirming)
      return moveTo(deps, confirming, { to: 'INITIATED', reason: reasonOf(outcome.because), lookAgainAt }, by)
    }
    case 'conflict':
      // Confirmed already, or another state than we thought: the order's own status tells.
      return askStatus(deps, confirming, by)
    default:
      return becomeUnknown(deps, confirming, 'no-clear-answer', by)
  }
}

// ── Confirmed: ask until the bank says how it ended ─────────────────────────────────────────────────────────────────

export async function askStatus(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const outcome = await deps.bank.order(bankIdOf(claim), access.country, access.context)
  if (outcome.kind === 'order') return follow(deps, claim, outcome.order, by)
  if (outcome.kind === 'not-found') {
    // It was there once: what became of it only a person can find out.
    deps.log.error('the bank does not know an order that it gave an id', { paymentId: claim.payment.id })
  }
  const isTurnedAway = outcome.kind === 'not-sent'
  if (isTurnedAway) await distrustRefused(deps, access.consentId, outcome.because)
  return later(deps, claim, pauseMs(deps, isTurnedAway ? outcome.retryAfterSeconds : null, claim))
}

/** Makes of the bank's view of an order the move that it means. */
export async function follow(deps: SettleDeps, claim: Claim, order: BankOrder, by: Actor): Step {
  const { payment } = claim
  if (order.amountMinor !== payment.amountMinor || order.currency !== payment.currency) {
    deps.log.error('the bank shows another amount than was ordered', { paymentId: payment.id })
    return payment.state === 'UNKNOWN'
      ? later(deps, claim, HOUR)
      : becomeUnknown(deps, claim, 'not-understood', by)
  }
  const move = moveFor(deps, claim, order)
  if (move === 'stay') return later(deps, claim, pauseMs(deps, null, claim), order.approvalUrl)
  const withId = payment.bankPaymentId ? move : { ...move, bankPaymentId: order.bankPaymentId }
  const moved = await deps.models.payments.move(claim, withId, by)
  return withId.keepLease ? moved : null
}

/** What the table does not allow directly goes through UNKNOWN: the bank is asked once more and then followed. */
function moveFor(deps: SettleDeps, claim: Claim, order: BankOrder): Move | 'stay' {
  const move = wishedMove(deps, claim, order)
  if (move === 'stay' || mayMove(claim.payment.state, move.to)) return move
  return { to: 'UNKNOWN', reason: 'no-clear-answer', keepLease: true }
}

function wishedMove(deps: SettleDeps, claim: Claim, order: BankOrder): Move | 'stay' {
  const { state } = claim.payment
  const status: OrderStatus = order.status
  const again = { lookAgainAt: pauseFor(deps, null, claim) }
  switch (status.kind) {
    case 'awaiting-confirmation':
      // After an approval the bank may want our word a second time; a bank that has accepted has it.
      if (state === 'ACCEPTED') return 'stay'
      // Our word has not arrived: it is given again, but not at once to a bank that has just heard it.
      return state === 'CONFIRMING' ? { to: 'INITIATED', ...again } : { to: 'INITIATED', keepLease: true }
    case 'awaiting-approval':
      // Without a link there is nothing for the saver to do: the bank is still working on our word.
      if (!order.approvalUrl) return state === 'UNKNOWN' ? { to: 'CONFIRMING', ...again } : 'stay'
      return state === 'AWAITING_APPROVAL'
        ? 'stay'
        : { to: 'AWAITING_APPROVAL', approvalUrl: order.approvalUrl, ...again }
    case 'on-hold':
      return state === 'AWAITING_APPROVAL'
        ? 'stay'
        : { to: 'AWAITING_APPROVAL', reason: 'bank-on-hold', ...again }
    case 'accepted':
      return state === 'ACCEPTED' ? 'stay' : { to: 'ACCEPTED', ...again }
    case 'paid':
      return { to: 'PAID' }
    case 'rejected':
      return { to: 'REJECTED', reason: status.reason, bankCode: status.code }
    case 'expired':
      return { to: 'EXPIRED', reason: status.reason }
    case 'cancelled':
      return { to: 'CANCELLED', reason: 'cancelled-at-bank' }
    case 'not-understood':
      return 'stay'
  }
}

function bankIdOf(claim: Claim): string {
  const { bankPaymentId, id, state } = claim.payment
  if (!bankPaymentId) throw new Error(`payment ${id} is ${state} without an order at the bank`)
  return bankPaymentId
}
