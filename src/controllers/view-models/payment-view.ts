import type { Payment } from '../../generated/client.ts'
import type { PaymentState } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import type { PaymentReason } from '../../models/payment.ts'
import { paths } from '../../paths.ts'

type Tone = 'plain' | 'waiting' | 'done' | 'arrived' | 'attention'

export const STATE_WORDS: Record<PaymentState, { label: string; tone: Tone; meaning: string }> = {
  SCHEDULED: {
    label: term('Scheduled'),
    tone: 'waiting',
    meaning: term('It will be sent to Nordea soon. Until then you can still take it back.'),
  },
  BLOCKED: {
    label: term('Waiting'),
    tone: 'attention',
    meaning: term('It has not been sent. It goes on by itself when the reason is gone.'),
  },
  SENDING: {
    label: term('Being sent'),
    tone: 'waiting',
    meaning: term('The order is on its way to Nordea.'),
  },
  INITIATED: {
    label: term('At Nordea'),
    tone: 'waiting',
    meaning: term('Nordea has the order; it is being confirmed.'),
  },
  CONFIRMING: {
    label: term('Being confirmed'),
    tone: 'waiting',
    meaning: term('Nordea is being told that the order may be carried out.'),
  },
  AWAITING_APPROVAL: {
    label: term('Needs your approval'),
    tone: 'attention',
    meaning: term('Nordea wants you to approve this payment. Nothing moves before you do.'),
  },
  ACCEPTED: {
    label: term('Accepted'),
    tone: 'waiting',
    meaning: term('Nordea has accepted the order and is carrying it out.'),
  },
  UNKNOWN: {
    label: term('Not known yet'),
    tone: 'attention',
    meaning: term('We don’t know yet whether Nordea took this order. We are asking; nothing is sent twice.'),
  },
  PAID: { label: term('Saved'), tone: 'arrived', meaning: term('The money is in your savings account.') },
  REJECTED: {
    label: term('Refused'),
    tone: 'attention',
    meaning: term('Nordea did not carry out this order. No money has moved.'),
  },
  CANCELLED: {
    label: term('Taken back'),
    tone: 'plain',
    meaning: term('This payment was cancelled. No money has moved.'),
  },
  EXPIRED: {
    label: term('Expired'),
    tone: 'attention',
    meaning: term('The approval did not come in time. No money has moved.'),
  },
}

/** What happened, and what to do next. */
export const REASON_WORDS: Record<PaymentReason, string> = {
  'no-consent': term('The link to your bank is missing. Link Nordea again and the payment goes on.'),
  'consent-expired': term('Your consent at Nordea has ended. Renew it and the payment goes on.'),
  'consent-outdated': term(
    'Sparvana needs a new consent at Nordea, because what we ask of your bank has changed. Renew it and the payment goes on.',
  ),
  'bank-unreachable': term('Nordea could not be reached. We try again by ourselves.'),
  'bank-busy': term('Nordea asked us to wait. We try again by ourselves.'),
  'account-missing': term('Nordea no longer shows one of your two accounts. Choose your accounts again.'),
  'accounts-changed': term(
    'You have chosen other accounts since. Choose the earlier ones again, or take this check-off back.',
  ),
  'currency-differs': term('One of the accounts is now in another currency. Choose your accounts again.'),
  'account-locked': term('Your account here is locked. Nothing is sent until it is open again.'),
  'reads-used-up': term(
    'Nordea lets us look at your account only a few times a day while you are away, and these are used up. It goes on by itself when the next look is allowed.',
  ),
  'payments-stopped': term(
    'Sparvana has paused all payments. Nothing is lost; it goes on by itself when the pause ends.',
  ),
  'under-review': term(
    'Our books and Nordea’s differ for your payments, and we are finding out why. Nothing is sent until that is clear.',
  ),
  'savings-paused': term('You have paused all savings. It goes on when the pause ends.'),
  'cap-per-payment': term('The amount is above your own limit for one payment.'),
  'cap-per-day': term(
    'With it, more than your own limit for a day would go out. It is tried again when your next day begins.',
  ),
  'cap-per-month': term(
    'With it, more than your own limit for a month would go out. It is tried again when your next month begins.',
  ),
  'below-floor': term(
    'Your current account would fall below what you want to keep there. It goes on when there is enough.',
  ),
  'not-enough-money': term('There is not enough money in the account. It goes on when there is.'),
  'balance-unknown': term(
    'Without the balance we can’t see to it that enough stays in your account. Link Nordea again and let it show us balances, or keep nothing back.',
  ),
  'exposure-limit': term(
    'Sparvana has as much on its way to Nordea as it sends at a time. It goes on by itself when some of that has arrived.',
  ),
  interrupted: term(
    'We were interrupted while sending. We are asking Nordea what it knows; nothing is sent twice.',
  ),
  'no-clear-answer': term('Nordea gave no clear answer. We are asking; nothing is sent twice.'),
  'not-understood': term(
    'Nordea answered in a way we don’t understand. We keep asking; nothing is sent twice.',
  ),
  'bank-on-hold': term('Nordea is having a closer look at this payment. It may contact you.'),
  'undone-by-saver': term('You took the check-off back before the money was sent.'),
  'account-unused': term(
    'Nobody had signed in for over a year, so we called it off and moved nothing. You can try it again.',
  ),
  'cancelled-at-bank': term('The order was cancelled at Nordea.'),
  'cancelled-by-us': term(
    'Sparvana has called this payment off before it was sent. Your check-off counts, and you can have it paid again.',
  ),
  'approval-timeout': term('The approval did not come in time.'),
  'insufficient-funds': term('There was not enough money in the account.'),
  'limit-exceeded': term('The amount was above a limit that your bank has set for you.'),
  'approval-refused': term('The approval at Nordea did not succeed.'),
  'approval-cancelled': term('The approval was cancelled at Nordea.'),
  'debtor-account': term(
    'Nordea could not take money from the account you chose. Choose your accounts again.',
  ),
  'creditor-account': term(
    'Nordea could not pay into the savings account you chose. Choose your accounts again.',
  ),
  'invalid-order': term(
    'Nordea did not accept the order as we sent it. We have a record of it; please tell us.',
  ),
  'refused-by-bank': term(
    'Nordea refused the order and gave no reason we could pass on. Ask Nordea, or try again later.',
  ),
}

export function reasonWords(reason: string | null): string | null {
  const words = REASON_WORDS[reason as PaymentReason]
  return words ? t(words) : null
}

/** What the state means and why it is so; a reason that says both stands alone, so that nothing is read twice. */
export function meaningWords(payment: Pick<Payment, 'state' | 'reason'>): {
  meaning: string
  reasonText: string | null
} {
  const meaning = t(STATE_WORDS[payment.state].meaning)
  const reasonText = reasonWords(payment.reason)
  if (reasonText !== null && payment.state === 'UNKNOWN') return { meaning: reasonText, reasonText: null }
  return { meaning, reasonText }
}

const TO_BANK = { href: paths.bank, label: term('To your bank link') }
const TO_RENEWAL = { href: `${paths.bank}#connect`, label: term('Renew your consent') }
const TO_ACCOUNTS = { href: paths.accountsLoad, label: term('Choose your accounts') }
const TO_SAVINGS = { href: paths.settingsSavings, label: term('Your limits and pause') }
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
  const remedy = REMEDIES[payment.reason as PaymentReason]
  return remedy ? { ...remedy, label: t(remedy.label) } : null
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
