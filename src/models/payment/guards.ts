import type { Payment, User } from '../../generated/client.ts'
import type { Limits } from '../limits.ts'
import type { PaymentReason } from './reasons.ts'

/** Everything that decides whether an order may go out now; amounts in minor units of the payment's currency. */
export interface GuardFacts {
  now: Date
  payment: Pick<Payment, 'kind' | 'amountMinor'>
  user: Pick<User, 'status' | 'pausedUntil'>
  /** An admin has stopped all payments. */
  isStopped: boolean
  /** The books and the bank differ for this saver, and nobody has found out why yet. */
  isUnderReview: boolean
  limits: Limits
  /** The saver's orders that went out since their day and their month began, except those that ended without money. */
  sentTodayMinor: number
  sentThisMonthMinor: number
  /** Of those, the ones the bank doesn't hold money back for yet, so that its balance doesn't know of them. */
  unreservedMinor: number
  /** Just read at the bank; null where the consent doesn't show balances. */
  availableMinor: number | null
  /** Of all savers together: what is under way, and how much may be. */
  exposure: { inFlightMinor: number; limitMinor: number }
}

/** @returns why the payment must wait, or null if it may go out. Bringing money back obeys the switches, not the limits. */
export function refusalOf(facts: GuardFacts): PaymentReason | null {
  return (
    switchedOff(facts) ?? (facts.payment.kind === 'SAVING' ? overLimits(facts) : null) ?? tooExposed(facts)
  )
}

/** What stops a saver's payments whatever their amount, up to the moment our word is given to the bank. */
export function switchedOff({
  now,
  user,
  isStopped,
  isUnderReview,
}: Pick<GuardFacts, 'now' | 'user' | 'isStopped' | 'isUnderReview'>): PaymentReason | null {
  if (user.status !== 'ACTIVE') return 'account-locked'
  if (isStopped) return 'payments-stopped'
  if (isUnderReview) return 'under-review'
  return user.pausedUntil && user.pausedUntil > now ? 'savings-paused' : null
}

function overLimits(facts: GuardFacts): PaymentReason | null {
  const { limits, sentTodayMinor, sentThisMonthMinor } = facts
  const { amountMinor } = facts.payment
  if (amountMinor > limits.capPerPaymentMinor) return 'cap-per-payment'
  if (sentTodayMinor + amountMinor > limits.capPerDayMinor) return 'cap-per-day'
  if (sentThisMonthMinor + amountMinor > limits.capPerMonthMinor) return 'cap-per-month'
  return belowFloor(facts)
}

/** Without a floor an unknown balance is the bank's business: it refuses what isn't covered. */
function belowFloor({ payment, limits, availableMinor, unreservedMinor }: GuardFacts): PaymentReason | null {
  const { floorMinor } = limits
  if (availableMinor === null) return floorMinor > 0 ? 'balance-unknown' : null
  if (availableMinor - unreservedMinor - payment.amountMinor >= floorMinor) return null
  return floorMinor > 0 ? 'below-floor' : 'not-enough-money'
}

function tooExposed({ payment, exposure }: GuardFacts): PaymentReason | null {
  return exposure.inFlightMinor + payment.amountMinor > exposure.limitMinor ? 'exposure-limit' : null
}
