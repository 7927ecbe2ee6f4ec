import type { BankOrder, OrderOutcome, OrderStatus } from '../../../bank/index.ts'
import { HOUR, MINUTE } from '../../../clock.ts'
import { mayMove } from '../../../models/payment/states.ts'
import type { Claim, Move } from '../../../models/payment.ts'
import { distrustRefused, type OpenBank } from './bank-access.ts'
import type { Step } from './deps.ts'
import { leaseLeftMs, type Run } from './run.ts'
import { after, becomeUnknown, block, later, moveTo, pauseMs, reasonOf, troubledPauseMs } from './waiting.ts'

// ── INITIATED: the orders lie at the bank and wait for our word ─────────────────────────────────────────────────────

/** Our word is given for all at once, so that the saver approves them together. @returns those that go on at once. */
export async function confirmTogether(run: Run, claims: readonly Claim[]): Promise<Claim[]> {
  if (claims.length === 0) return []
  // Until our word is given no money moves, so every switch still counts.
  const heldBack = await run.deps.models.payments.heldBack(run.userId)
  if (heldBack) return run.each(claims, (claim) => block(run, claim, heldBack))
  const bank = await run.bank()
  if (bank.kind !== 'open') {
    return run.each(claims, async (claim) => later(run, claim, await run.closedPauseMs(bank, claim)))
  }
  const confirming = await run.each(claims, (claim) =>
    run.deps.models.payments.move(claim, { to: 'CONFIRMING', keepLease: true }, run.by),
  )
  const [first] = confirming
  if (!first) return []
  const sendWithinMs = Math.min(...confirming.map((claim) => leaseLeftMs(run.deps, claim)))
  // A process that was stopped meanwhile gives no word any more; whoever holds them now asks the bank.
  if (sendWithinMs <= 0) return []
  const outcomes = await run.deps.bank.confirm(
    { bankPaymentIds: confirming.map(bankIdOf), country: bank.country, returnState: first.payment.id },
    { ...bank.context, sendWithinMs },
  )
  const outcomeOf = new Map(confirming.map((claim, index) => [claim, outcomes[index]]))
  return run.each(confirming, (claim) => afterConfirming(run, claim, bank, outcomeOf.get(claim)))
}

async function afterConfirming(
  run: Run,
  claim: Claim,
  bank: OpenBank,
  outcome: OrderOutcome | undefined,
): Step {
  switch (outcome?.kind) {
    case 'order':
      return follow(run, claim, outcome.order)
    case 'rejected':
      return moveTo(run, claim, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code })
    case 'not-sent': {
      await distrustRefused(run.deps, bank.consentId, outcome.because)
      const pause = await troubledPauseMs(run, outcome.retryAfterSeconds, pauseMs(run.deps, claim))
      const lookAgainAt = after(run.deps, pause)
      return moveTo(run, claim, { to: 'INITIATED', reason: reasonOf(outcome.because), lookAgainAt })
    }
    case 'conflict':
      // Confirmed already, or another state than we thought: the order's own status tells.
      return askStatus(run, claim)
    default:
      return becomeUnknown(run, claim, 'no-clear-answer')
  }
}

// ── Confirmed: ask until the bank says how it ended ─────────────────────────────────────────────────────────────────

export function followAll(run: Run, claims: readonly Claim[]): Promise<Claim[]> {
  return run.each(claims, (claim) => askStatus(run, claim))
}

async function askStatus(run: Run, claim: Claim): Step {
  const bank = await run.bank()
  if (bank.kind !== 'open') return later(run, claim, await run.closedPauseMs(bank, claim))
  const outcome = await run.deps.bank.order(bankIdOf(claim), bank.country, bank.context)
  if (outcome.kind === 'order') return follow(run, claim, outcome.order)
  if (outcome.kind === 'not-found') {
    // It was there once: what became of it only a person can find out.
    run.deps.log.error('the bank does not know an order that it gave an id', { paymentId: claim.payment.id })
  }
  const own = pauseMs(run.deps, claim)
  if (outcome.kind !== 'not-sent' && outcome.kind !== 'unknown') return later(run, claim, own)
  await distrustRefused(run.deps, bank.consentId, outcome.because)
  return later(run, claim, await troubledPauseMs(run, outcome.retryAfterSeconds, own))
}

/** Makes of the bank's view of an order the move that it means. */
export async function follow(run: Run, claim: Claim, order: BankOrder): Step {
  const { payment } = claim
  if (order.amountMinor !== payment.amountMinor || order.currency !== payment.currency) {
    run.deps.log.error('the bank shows another amount than was ordered', { paymentId: payment.id })
    return payment.state === 'UNKNOWN' ? later(run, claim, HOUR) : becomeUnknown(run, claim, 'not-understood')
  }
  const move = moveFor(run, claim, order)
  if (move === 'stay') return stay(run, claim, order)
  const withId = payment.bankPaymentId ? move : { ...move, bankPaymentId: order.bankPaymentId }
  const moved = await run.deps.models.payments.move(claim, withId, run.by)
  return withId.keepLease ? moved : null
}

async function stay(run: Run, claim: Claim, order: BankOrder): Step {
  const { state, lastSentAt, remindedOn } = claim.payment
  const remindAt = (lastSentAt?.getTime() ?? 0) + run.deps.rules.reminderMinutes * MINUTE
  const isLate = state === 'AWAITING_APPROVAL' && remindAt <= run.deps.clock.now().getTime()
  if (isLate && !remindedOn && order.approvalUrl) await run.deps.models.payments.remind(claim)
  return later(run, claim, pauseMs(run.deps, claim), order.approvalUrl)
}

/** What the table does not allow directly goes through UNKNOWN: the bank is asked once more and then followed. */
function moveFor(run: Run, claim: Claim, order: BankOrder): Move | 'stay' {
  const move = wishedMove(run, claim, order)
  if (move === 'stay' || mayMove(claim.payment.state, move.to)) return move
  return { to: 'UNKNOWN', reason: 'no-clear-answer', keepLease: true }
}

function wishedMove(run: Run, claim: Claim, order: BankOrder): Move | 'stay' {
  const { state } = claim.payment
  const status: OrderStatus = order.status
  const again = { lookAgainAt: after(run.deps, pauseMs(run.deps, claim)) }
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
