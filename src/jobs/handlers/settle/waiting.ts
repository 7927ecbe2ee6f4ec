import type { BankTroubleKind } from '../../../bank/index.ts'
import { HOUR, MINUTE, SECOND } from '../../../clock.ts'
import { windowsAt } from '../../../models/payment/windows.ts'
import { type Claim, lookAgain, type Move, type PaymentReason } from '../../../models/payment.ts'
import type { SettleDeps, Step } from './deps.ts'
import type { Run } from './run.ts'

/**
 * How soon a blocked payment looks whether its reason is gone; a saver who mends the reason wakes it at once. Reasons that
 * only the bank can tell spend one of the few reads a day that banks allow while the saver is away.
 */
export const BLOCKED_PAUSE_MS = 15 * MINUTE
export const BLOCKED_AT_BANK_PAUSE_MS = 6 * HOUR
const ONLY_BANK_KNOWS: readonly PaymentReason[] = [
  'account-missing',
  'currency-differs',
  'below-floor',
  'not-enough-money',
  'balance-unknown',
]

/** The payment waits for the reason to go, with a line in its history only when it begins to. */
export async function block(run: Run, claim: Claim, reason: PaymentReason, lookAgainAt?: Date): Step {
  const at = lookAgainAt ?? (await lookAgainFor(run, reason))
  const { payments } = run.deps.models
  if (claim.payment.state === 'SCHEDULED')
    await payments.move(claim, { to: 'BLOCKED', reason, lookAgainAt: at }, run.by)
  else await payments.wait(claim, at, { reason })
  return null
}

/** Limits of a day or a month open again when the saver's next one begins, a pause when it ends. */
async function lookAgainFor(run: Run, reason: PaymentReason): Promise<Date> {
  const now = run.deps.clock.now()
  const user = await run.deps.models.users.find(run.userId)
  if (user && reason === 'cap-per-day') return windowsAt(now, user).nextDayStart
  if (user && reason === 'cap-per-month') return windowsAt(now, user).nextMonthStart
  if (reason === 'savings-paused' && user?.pausedUntil && user.pausedUntil > now) return user.pausedUntil
  const pause = ONLY_BANK_KNOWS.includes(reason) ? BLOCKED_AT_BANK_PAUSE_MS : BLOCKED_PAUSE_MS
  return after(run.deps, pause)
}

/** Makes the move and lets go of the payment. */
export async function moveTo(run: Run, claim: Claim, move: Move): Step {
  await run.deps.models.payments.move(claim, move, run.by)
  return null
}

export async function later(run: Run, claim: Claim, pause: number, approvalUrl?: string): Step {
  await run.deps.models.payments.wait(claim, after(run.deps, pause), approvalUrl ? { approvalUrl } : {})
  return null
}

export function after(deps: SettleDeps, ms: number): Date {
  return new Date(deps.clock.now().getTime() + ms)
}

/**
 * Longer the longer the payment has been under way. Spread by up to a tenth, so that what has stopped together doesn't come
 * back together.
 */
export function pauseMs(deps: SettleDeps, { payment }: Claim): number {
  const now = deps.clock.now()
  const own =
    lookAgain(now, payment.lastSentAt ?? payment.dueAt, deps.rules.pollSeconds).getTime() - now.getTime()
  return Math.round(own * (1 + spreadOf(payment.id)))
}

/**
 * After trouble with the bank. While the bank is left alone altogether every payment waits for as long as that, so that all
 * keep their places and the oldest goes first when it is back; trouble of a single payment makes it come less and less often.
 */
export async function troubledPauseMs(
  { deps }: Pick<Run, 'deps'>,
  retryAfterSeconds: number | null,
  ownMs: number,
): Promise<number> {
  const closedForMs = (await deps.bankGate?.closedForMs()) ?? 0
  return Math.max(closedForMs || ownMs, (retryAfterSeconds ?? 0) * SECOND)
}

/** Of each payment always the same part of a tenth: spread needs no chance, and tests no luck. */
function spreadOf(id: string): number {
  return Number.parseInt(id.slice(-4), 16) / 0xffff / 10
}

export function reasonOf(because: BankTroubleKind): PaymentReason {
  return because === 'rate-limited' ? 'bank-busy' : 'bank-unreachable'
}

export function becomeUnknown(run: Run, claim: Claim, reason: PaymentReason): Step {
  const lookAgainAt = after(run.deps, run.deps.rules.pollSeconds * SECOND)
  return moveTo(run, claim, { to: 'UNKNOWN', reason, lookAgainAt })
}
