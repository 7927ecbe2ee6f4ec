import type { Payment } from '../../generated/client.ts'
import type { PaymentState } from '../../generated/enums.ts'
import type { PaymentReason } from '../../models/payment.ts'
import { paths } from '../../paths.ts'

type Tone = 'plain' | 'waiting' | 'done' | 'arrived' | 'attention'

export const STATE_WORDS: Record<PaymentState, { label: string; tone: Tone; meaning: string }> = {
  SCHEDULED: {
    label: 'Scheduled',
    tone: 'waiting',
    meaning: 'It will be sent to Nordea soon. Until then you can still take it back.',
  },
  BLOCKED: {
    label: 'Waiting',
    tone: 'attention',
    meaning: 'It has not been sent. It goes on by itself when the reason is gone.',
  },
  SENDING: { label: 'Being sent', tone: 'waiting', meaning: 'The order is on its way to Nordea.' },
  INITIATED: { label: 'At Nordea', tone: 'waiting', meaning: 'Nordea has the order; it is being confirmed.' },
  CONFIRMING: {
    label: 'Being confirmed',
    tone: 'waiting',
    meaning: 'Nordea is being told that the order may be carried out.',
  },
  AWAITING_APPROVAL: {
    label: 'Needs your approval',
    tone: 'attention',
    meaning: 'Nordea wants you to approve this payment. Nothing moves before you do.',
  },
  ACCEPTED: {
    label: 'Accepted',
    tone: 'waiting',
    meaning: 'Nordea has accepted the order and is carrying it out.',
  },
  UNKNOWN: {
    label: 'Not known yet',
    tone: 'attention',
    meaning: 'We don’t know yet whether Nordea took this order. We are asking; nothing is sent twice.',
  },
  PAID: { label: 'Saved', tone: 'arrived', meaning: 'The money is in your savings account.' },
  REJECTED: {
    label: 'Refused',
    tone: 'attention',
    meaning: 'Nordea did not carry out this order. No money has moved.',
  },
  CANCELLED: {
    label: 'Taken back',
    tone: 'plain',
    meaning: 'This payment was cancelled. No money has moved.',
  },
  EXPIRED: {
    label: 'Expired',
    tone: 'attention',
    meaning: 'The approval did not come in time. No money has moved.',
  },
}

/** What happened, and what to do next. */
export const REASON_WORDS: Record<PaymentReason, string> = {
  'no-consent': 'The link to your bank is missing. Link Nordea again and the payment goes on.',
  'consent-expired': 'Your consent at Nordea has ended. Renew it and the payment goes on.',
  'consent-outdated':
    'Sparvana needs a new consent at Nordea, because what we ask of your bank has changed. Renew it and the payment goes on.',
  'bank-unreachable': 'Nordea could not be reached. We try again by ourselves.',
  'bank-busy': 'Nordea asked us to wait. We try again by ourselves.',
  'account-missing': 'Nordea no longer shows one of your two accounts. Choose your accounts again.',
  'accounts-changed':
    'You have chosen other accounts since. Choose the earlier ones again, or take this check-off back.',
  'currency-differs': 'One of the accounts is now in another currency. Choose your accounts again.',
  'account-locked': 'Your account here is locked. Nothing is sent until it is open again.',
  'reads-used-up':
    'Nordea lets us look at your account only a few times a day while you are away, and these are used up. It goes on by itself when the next look is allowed.',
  'payments-stopped':
    'Sparvana has paused all payments. Nothing is lost; it goes on by itself when the pause ends.',
  'under-review':
    'Our books and Nordea’s differ for your payments, and we are finding out why. Nothing is sent until that is clear.',
  'savings-paused': 'You have paused all savings. It goes on when the pause ends.',
  'cap-per-payment': 'The amount is above your own limit for one payment.',
  'cap-per-day':
    'With it, more than your own limit for a day would go out. It is tried again when your next day begins.',
  'cap-per-month':
    'With it, more than your own limit for a month would go out. It is tried again when your next month begins.',
  'below-floor':
    'Your current account would fall below what you want to keep there. It goes on when there is enough.',
  'not-enough-money': 'There is not enough money in the account. It goes on when there is.',
  'balance-unknown':
    'Without the balance we can’t see to it that enough stays in your account. Link Nordea again and let it show us balances, or keep nothing back.',
  'exposure-limit':
    'Sparvana has as much on its way to Nordea as it sends at a time. It goes on by itself when some of that has arrived.',
  interrupted:
    'We were interrupted while sending. We are asking Nordea what it knows; nothing is sent twice.',
  'no-clear-answer': 'Nordea gave no clear answer. We are asking; nothing is sent twice.',
  'not-understood': 'Nordea answered in a way we don’t understand. We keep asking; nothing is sent twice.',
  'bank-on-hold': 'Nordea is having a closer look at this payment. It may contact you.',
  'undone-by-saver': 'You took the check-off back before the money was sent.',
  'account-unused':
    'Nobody had signed in for over a year, so we called it off and moved nothing. You can try it again.',
  'cancelled-at-bank': 'The order was cancelled at Nordea.',
  'cancelled-by-us':
    'Sparvana has called this payment off before it was sent. Your check-off counts, and you can have it paid again.',
  'approval-timeout': 'The approval did not come in time.',
  'insufficient-funds': 'There was not enough money in the account.',
  'limit-exceeded': 'The amount was above a limit that your bank has set for you.',
  'approval-refused': 'The approval at Nordea did not succeed.',
  'approval-cancelled': 'The approval was cancelled at Nordea.',
  'debtor-account': 'Nordea could not take money from the account you chose. Choose your accounts again.',
  'creditor-account': 'Nordea could not pay into the savings account you chose. Choose your accounts again.',
  'invalid-order': 'Nordea did not accept the order as we sent it. We have a record of it; please tell us.',
  'refused-by-bank':
    'Nordea refused the order and gave no reason we could pass on. Ask Nordea, or try again later.',
}

export function reasonWords(reason: string | null): string | null {
  return reason === null ? null : (REASON_WORDS[reason as PaymentReason] ?? null)
}

/** What the state means and why it is so; a reason that says both stands alone, so that nothing is read twice. */
export function meaningWords(payment: Pick<Payment, 'state' | 'reason'>): {
  meaning: string
  reasonText: string | null
} {
  const { meaning } = STATE_WORDS[payment.state]
  const reasonText = reasonWords(payment.reason)
  if (reasonText !== null && payment.state === 'UNKNOWN') return { meaning: reasonText, reasonText: null }
  return { meaning, reasonText }
}

const TO_BANK = { href: paths.bank, label: 'To your bank link' }
const TO_RENEWAL = { href: `${paths.bank}#connect`, label: 'Renew your consent' }
const TO_ACCOUNTS = { href: paths.accountsLoad, label: 'Choose your accounts' }
const TO_SAVINGS = { href: paths.settingsSavings, label: 'Your limits and pause' }
const REMEDIES: Partial<Record<PaymentReason, { href: string; label: string }>> = {
  'no-consent': TO_BANK,
  'consent-expired': TO_RENEWAL,
  'consent-outdated': TO_RENEWAL,
  'account-missing': TO_ACCOUNTS,
  'accounts-changed': TO_ACCOUNTS,
  'currency-differs': TO_ACCOUNTS,
  'savings-paused': TO_SAVINGS,
  'cap-per-payment': TO_SAVINGS,
  'cap-per-day': TO_SAVINGS,
  'cap-per-month': TO_SAVINGS,
  'below-floor': TO_SAVINGS,
  'balance-unknown': TO_BANK,
}

/** What the saver can do for a payment that waits for them. */
export function remedyFor(
  payment: Pick<Payment, 'state' | 'reason'>,
): { href: string; label: string } | null {
  if (payment.state !== 'BLOCKED') return null
  return REMEDIES[payment.reason as PaymentReason] ?? null
}

export function moneyTone(state: PaymentState): 'arrived' | 'waiting' | 'plain' {
  if (state === 'PAID') return 'arrived'
  return state === 'REJECTED' || state === 'CANCELLED' || state === 'EXPIRED' ? 'plain' : 'waiting'
}

/** Such a payment changes by itself, so its page looks again. */
export function isMoving(state: PaymentState): boolean {
  return [
    'SCHEDULED',
    'SENDING',
    'INITIATED',
    'CONFIRMING',
    'ACCEPTED',
    'UNKNOWN',
    'AWAITING_APPROVAL',
  ].includes(state)
}
