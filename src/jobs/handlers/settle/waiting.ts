import type { BankTroubleKind } from '../../../bank/index.ts'
import { HOUR, MINUTE, SECOND } from '../../../clock.ts'
import type { Actor } from '../../../models/context.ts'
import { type Claim, lookAgain, type Move, type PaymentReason } from '../../../models/payment.ts'
import type { SettleDeps, Step } from './deps.ts'

/**
 * How soon a blocked payment looks whether its reason is gone; a saver who mends the reason wakes it at once. Reasons that
 * only the bank can tell spend one of the few reads a day that banks allow while the saver is away.
 */
export const BLOCKED_PAUSE_MS = 15 * MINUTE
export const BLOCKED_AT_BANK_PAUSE_MS = 6 * HOUR
const ONLY_BANK_KNOWS: readonly PaymentReason[] = ['account-missing', 'currency-differs']

export function block(deps: SettleDeps, claim: Claim, reason: PaymentReason, by: Actor): Step {
  return moveTo(deps, claim, { to: 'BLOCKED', reason, lookAgainAt: after(deps, blockedPauseMs(reason)) }, by)
}

/** The state stays, with the reason that holds it there now. */
export async function waitBecause(deps: SettleDeps, claim: Claim, reason: PaymentReason): Step {
  await deps.models.payments.wait(claim, after(deps, blockedPauseMs(reason)), { reason })
  return null
}

function blockedPauseMs(reason: PaymentReason): number {
  return ONLY_BANK_KNOWS.includes(reason) ? BLOCKED_AT_BANK_PAUSE_MS : BLOCKED_PAUSE_MS
}

/** Makes the move and lets go of the payment. */
export async function moveTo(deps: SettleDeps, claim: Claim, move: Move, by: Actor): Step {
  await deps.models.payments.move(claim, move, by)
  return null
}

export async function later(deps: SettleDeps, claim: Claim, pause: number, approvalUrl?: string): Step {
  await deps.models.payments.wait(claim, after(deps, pause), approvalUrl ? { approvalUrl } : {})
  return null
}

export function after(deps: SettleDeps, ms: number): Date {
  return new Date(deps.clock.now().getTime() + ms)
}

export function pauseFor(deps: SettleDeps, retryAfterSeconds: number | null, claim: Claim): Date {
  return after(deps, pauseMs(deps, retryAfterSeconds, claim))
}

/** Longer the longer the payment has been under way, and never shorter than the bank wishes. */
export function pauseMs(deps: SettleDeps, retryAfterSeconds: number | null, { payment }: Claim): number {
  const now = deps.clock.now()
  const own =
    lookAgain(now, payment.lastSentAt ?? payment.dueAt, deps.rules.pollSeconds).getTime() - now.getTime()
  return Math.max(own, (retryAfterSeconds ?? 0) * SECOND)
}

export function reasonOf(because: BankTroubleKind): PaymentReason {
  return because === 'rate-limited' ? 'bank-busy' : 'bank-unreachable'
}

export function becomeUnknown(deps: SettleDeps, claim: Claim, reason: PaymentReason, by: Actor): Step {
  const lookAgainAt = after(deps, deps.rules.pollSeconds * SECOND)
  return moveTo(deps, claim, { to: 'UNKNOWN', reason, lookAgainAt }, by)
}
