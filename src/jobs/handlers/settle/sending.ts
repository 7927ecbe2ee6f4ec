import type { OrderOutcome } from '../../../bank/index.ts'
import { HOUR, SECOND } from '../../../clock.ts'
import type { Actor } from '../../../models/context.ts'
import type { Claim, Move } from '../../../models/payment.ts'
import { closedPauseMs, distrustRefused, openBank } from './bank-access.ts'
import type { SettleDeps, Step } from './deps.ts'
import { askStatus, follow } from './following.ts'
import { prepare, type Ready } from './preparation.ts'
import {
  after,
  BLOCKED_AT_BANK_PAUSE_MS,
  becomeUnknown,
  block,
  later,
  moveTo,
  pauseMs,
  reasonOf,
  waitBecause,
} from './waiting.ts'

/** What can't be sent is tried less and less often, up to this; every try leaves lines in the books. */
const LONGEST_RETRY_MS = HOUR
/** So is an order that never got a clear answer: a bank that lists nothing must not be given one order after another. */
const LONGEST_RESEND_WAIT_MS = HOUR

// ── SCHEDULED and BLOCKED: everything is checked, then the state is written, then the order goes out ────────────────

export async function send(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const ready = await prepare(deps, claim)
  if (ready.kind === 'blocked') return block(deps, claim, ready.reason, by)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  return order(deps, claim, ready, by)
}

/** Still blocked: it waits on, without a line in its history. Otherwise it is scheduled again and goes on at once. */
export async function unblock(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const ready = await prepare(deps, claim)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  if (ready.kind === 'blocked') return waitBecause(deps, claim, ready.reason)
  const scheduled: Move = { to: 'SCHEDULED', keepLease: true }
  return order(deps, await deps.models.payments.move(claim, scheduled, by), ready, by)
}

async function order(deps: SettleDeps, claim: Claim, ready: Ready, by: Actor): Step {
  const sending = await deps.models.payments.move(claim, { to: 'SENDING', keepLease: true }, by)
  if (!isHeld(deps, sending)) return interrupted(deps, sending, by)
  const { payment } = sending
  const outcome = await deps.bank.initiate(
    {
      externalId: payment.externalId,
      reference: payment.reference,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      debtor: ready.debtor,
      creditor: ready.creditor,
    },
    ready.context,
  )
  switch (outcome.kind) {
    case 'order':
      return deps.models.payments.move(
        sending,
        { to: 'INITIATED', bankPaymentId: outcome.order.bankPaymentId, keepLease: true },
        by,
      )
    case 'rejected':
      return moveTo(deps, sending, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code }, by)
    case 'not-sent':
      await distrustRefused(deps, ready.consentId, outcome.because)
      return notSent(deps, sending, outcome, by)
    case 'conflict':
    case 'not-found':
    case 'unknown':
      return becomeUnknown(deps, sending, 'no-clear-answer', by)
  }
}

/**
 * A process that was stopped after it had written SENDING, and woke when its lease was over, must not send any more:
 * somebody else has asked the bank by then and may be sending.
 */
function isHeld(deps: SettleDeps, { payment }: Claim): boolean {
  return payment.leaseUntil !== null && deps.clock.now() < payment.leaseUntil
}

/** The bank certainly did nothing: back to where sending it is safe. */
function notSent(
  deps: SettleDeps,
  claim: Claim,
  outcome: Extract<OrderOutcome, { kind: 'not-sent' }>,
  by: Actor,
): Step {
  if (outcome.because === 'consent-denied') {
    const lookAgainAt = after(deps, BLOCKED_AT_BANK_PAUSE_MS)
    return moveTo(deps, claim, { to: 'BLOCKED', reason: 'no-consent', lookAgainAt }, by)
  }
  const lookAgainAt = after(deps, retryPauseMs(deps, outcome.retryAfterSeconds, claim))
  return moveTo(deps, claim, { to: 'SCHEDULED', reason: reasonOf(outcome.because), lookAgainAt }, by)
}

/** Twice as long with every time the order went out, and never shorter than the bank wishes. */
function retryPauseMs(deps: SettleDeps, retryAfterSeconds: number | null, { payment }: Claim): number {
  const own = doubled(deps.rules.pollSeconds * SECOND, payment.attempts, LONGEST_RETRY_MS)
  return Math.max(own, (retryAfterSeconds ?? 0) * SECOND)
}

/** @returns `ms` for the first attempt and twice as much for each one after it, at most `longestMs` or `ms` itself. */
function doubled(ms: number, attempts: number, longestMs: number): number {
  return Math.max(ms, Math.min(ms * 2 ** Math.min(Math.max(attempts, 1) - 1, 20), longestMs))
}

// ── SENDING with nobody at it, and UNKNOWN: the bank is asked before anything else ──────────────────────────────────

export function interrupted(deps: SettleDeps, claim: Claim, by: Actor): Step {
  return deps.models.payments.move(claim, { to: 'UNKNOWN', reason: 'interrupted', keepLease: true }, by)
}

export async function lookUp(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const { externalId, bankPaymentId } = claim.payment
  if (bankPaymentId) return askStatus(deps, claim, by)
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const found = await deps.bank.findOrder(externalId, access.country, access.context)
  switch (found.kind) {
    case 'found':
      if (found.others)
        deps.log.error('the bank has several orders for one payment', { paymentId: claim.payment.id })
      return follow(deps, claim, found.order, by)
    case 'unknown':
      await distrustRefused(deps, access.consentId, found.because)
      return later(deps, claim, pauseMs(deps, found.retryAfterSeconds, claim))
    case 'absent':
      return resendWhenSafe(deps, claim, by)
  }
}

/**
 * A request that timed out may still be on its way inside the bank, so its first "no such order" proves nothing; after
 * the waiting time it does. The time doubles with every order that went out without a trace.
 */
async function resendWhenSafe(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const { lastSentAt, attempts } = claim.payment
  const waitMs = doubled(deps.rules.resendAfterSeconds * SECOND, attempts, LONGEST_RESEND_WAIT_MS)
  const leftMs = (lastSentAt?.getTime() ?? 0) + waitMs - deps.clock.now().getTime()
  if (leftMs > 0) return later(deps, claim, leftMs)
  const ready = await prepare(deps, claim)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  if (ready.kind === 'blocked') return waitBecause(deps, claim, ready.reason)
  return order(deps, claim, ready, by)
}
