import type { OrderOutcome } from '../../../bank/index.ts'
import { HOUR, SECOND } from '../../../clock.ts'
import type { Claim } from '../../../models/payment.ts'
import { distrustRefused } from './bank-access.ts'
import type { Step } from './deps.ts'
import { type Hindrance, prepare, type Ready, sidesOf } from './preparation.ts'
import { leaseLeftMs, type Run } from './run.ts'
import {
  after,
  BLOCKED_AT_BANK_PAUSE_MS,
  becomeUnknown,
  block,
  later,
  moveTo,
  pauseMs,
  reasonOf,
  troubledPauseMs,
} from './waiting.ts'

/** What can't be sent is tried less and less often, up to this; every try leaves lines in the books. */
const LONGEST_RETRY_MS = HOUR

/**
 * Sends what is scheduled or blocked, or is certainly not at the bank; oldest first, because limits may not hold for all.
 * @returns the claims whose orders the bank now has.
 */
export async function sendTogether(run: Run, claims: readonly Claim[]): Promise<Claim[]> {
  const open = await run.each(claims, (claim) => unlessRefused(run, claim))
  if (open.length === 0) return []
  const ready = await prepare(run)
  if (ready.kind !== 'ready') return run.each(open, (claim) => hindered(run, claim, ready))
  return run.each(open, (claim) => send(run, claim, ready))
}

/** What the books alone refuse needs no question to the bank. */
async function unlessRefused(run: Run, claim: Claim): Step {
  const reason = await run.deps.models.payments.refusedByBooks(claim)
  return reason ? block(run, claim, reason) : claim
}

async function hindered(run: Run, claim: Claim, hindrance: Hindrance): Step {
  if (hindrance.kind === 'blocked') return block(run, claim, hindrance.reason, hindrance.lookAgainAt)
  const pause = await troubledPauseMs(run, hindrance.retryAfterSeconds, pauseMs(run.deps, claim))
  return later(run, claim, pause)
}

async function send(run: Run, claim: Claim, ready: Ready): Step {
  const { payments } = run.deps.models
  const sides = await sidesOf(run, claim, ready.accounts)
  if (sides.kind === 'blocked') return block(run, claim, sides.reason)
  const sendOff = await payments.sendOff(claim, sides.debtor.availableMinor, run.by)
  if (sendOff.kind === 'refused') return block(run, claim, sendOff.reason)
  const sending = sendOff.claim
  const sendWithinMs = leaseLeftMs(run.deps, sending)
  // A process that was stopped here and wakes when its lease is over must not send: somebody else has it by now.
  if (sendWithinMs <= 0) return interrupted(run, sending)
  const { externalId, reference, amountMinor, currency } = sending.payment
  const { debtor, creditor } = sides
  const outcome = await run.deps.bank.initiate(
    { externalId, reference, amountMinor, currency, debtor, creditor },
    { ...ready.bank.context, sendWithinMs },
  )
  return afterSending(run, sending, ready, outcome)
}

async function afterSending(run: Run, sending: Claim, ready: Ready, outcome: OrderOutcome): Step {
  switch (outcome.kind) {
    case 'order': {
      const { bankPaymentId } = outcome.order
      return run.deps.models.payments.move(
        sending,
        { to: 'INITIATED', bankPaymentId, keepLease: true },
        run.by,
      )
    }
    case 'rejected':
      return moveTo(run, sending, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code })
    case 'not-sent':
      await distrustRefused(run.deps, ready.bank.consentId, outcome.because)
      return notSent(run, sending, outcome)
    case 'conflict':
    case 'not-found':
    case 'unknown':
      return becomeUnknown(run, sending, 'no-clear-answer')
  }
}

/** The bank certainly did nothing: back to where sending it is safe. */
async function notSent(run: Run, claim: Claim, outcome: Extract<OrderOutcome, { kind: 'not-sent' }>): Step {
  if (outcome.because === 'consent-denied') {
    const lookAgainAt = after(run.deps, BLOCKED_AT_BANK_PAUSE_MS)
    return moveTo(run, claim, { to: 'BLOCKED', reason: 'no-consent', lookAgainAt })
  }
  const own = doubled(run.deps.rules.pollSeconds * SECOND, claim.payment.attempts, LONGEST_RETRY_MS)
  const lookAgainAt = after(run.deps, await troubledPauseMs(run, outcome.retryAfterSeconds, own))
  return moveTo(run, claim, { to: 'SCHEDULED', reason: reasonOf(outcome.because), lookAgainAt })
}

/** @returns `ms` for the first attempt and twice as much for each one after it, at most `longestMs` or `ms` itself. */
export function doubled(ms: number, attempts: number, longestMs: number): number {
  return Math.max(ms, Math.min(ms * 2 ** Math.min(Math.max(attempts, 1) - 1, 20), longestMs))
}

/** SENDING with nobody at it: the order may be at the bank, which is asked before anything else. */
export function interrupted(run: Run, claim: Claim): Step {
  return run.deps.models.payments.move(
    claim,
    { to: 'UNKNOWN', reason: 'interrupted', keepLease: true },
    run.by,
  )
}
