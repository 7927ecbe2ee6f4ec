import type { Payment } from '../../generated/client.ts'
import type { PaymentState } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import type { PaymentReason } from '../../models/payment.ts'
import { meaningWords, moneyTone, reasonWords, STATE_WORDS } from './payment-view.ts'

type Words = (typeof STATE_WORDS)[PaymentState]
type Standing = Pick<Payment, 'kind' | 'state'>

/** Where the usual words would be wrong for money that is brought back. */
const WAY_BACK: Partial<Record<PaymentState, Partial<Words>>> = {
  SCHEDULED: { meaning: term('It will be sent to Nordea soon. Until then you can still call it off.') },
  PAID: {
    label: term('Moved back'),
    tone: 'done',
    meaning: term('The money is back in the account it came from.'),
  },
  REJECTED: {
    meaning: term('Nordea did not carry out this order. The money is still in your savings account.'),
  },
  CANCELLED: {
    label: term('Called off'),
    meaning: term('No money has moved: it is still in your savings account.'),
  },
  EXPIRED: {
    meaning: term('The approval did not come in time. The money is still in your savings account.'),
  },
}
const WAY_BACK_REASONS: Partial<Record<PaymentReason, string>> = {
  'undone-by-saver': term('You called it off before it was sent.'),
  'accounts-changed': term(
    'You have chosen other accounts since. Choose the earlier ones again, or call this off.',
  ),
  'debtor-account': term('Nordea could not take the money from your savings account.'),
  'creditor-account': term('Nordea could not pay into the account the money came from.'),
}

/** What it is called that a payment stands where it stands, by which way its money goes. */
export function wordsOf({ kind, state }: Standing): Words {
  const { label, tone, meaning } = { ...STATE_WORDS[state], ...(kind === 'REVERSAL' && WAY_BACK[state]) }
  return { label: t(label), tone, meaning: t(meaning) }
}

export function reasonOf({ kind }: Pick<Payment, 'kind'>, reason: string | null): string | null {
  const own = kind === 'REVERSAL' ? WAY_BACK_REASONS[reason as PaymentReason] : undefined
  return own ? t(own) : reasonWords(reason)
}

const IN_BATCH = term(
  'It goes out at the time below, with what else you check off until then. Each can be taken back until then.',
)

/** What the state means and why it is so. */
export function meaningOf(payment: Pick<Payment, 'kind' | 'state' | 'reason' | 'isBatch'>): {
  meaning: string
  reasonText: string | null
} {
  if (payment.isBatch && payment.state === 'SCHEDULED')
    return { meaning: t(IN_BATCH), reasonText: reasonOf(payment, payment.reason) }
  if (payment.kind === 'SAVING' || payment.state === 'UNKNOWN') return meaningWords(payment)
  return { meaning: wordsOf(payment).meaning, reasonText: reasonOf(payment, payment.reason) }
}

/** Gold is for money that has arrived in savings, and for nothing else. */
export function toneOf({ kind, state }: Standing): ReturnType<typeof moneyTone> {
  return kind === 'REVERSAL' && state === 'PAID' ? 'plain' : moneyTone(state)
}
