import { DAY } from '../../clock.ts'
import type { BankConsent, Payment, User } from '../../generated/client.ts'
import { paths } from '../../paths.ts'
import { formatInstant, formatMoney } from './format.ts'
import { reasonWords, STATE_WORDS } from './payment-view.ts'

export interface Notice {
  kind: 'info' | 'waiting' | 'warning' | 'problem'
  title: string
  text: string
  action: { href: string; label: string } | null
}

const SOON_MS = 14 * DAY

/** Everything that waits for the saver, as one list: the bank link first, then payments. */
export function noticesFor(state: {
  user: Pick<User, 'accLoaded' | 'timezone'>
  consent: BankConsent | null
  waiting: readonly Payment[]
  now: Date
}): Notice[] {
  return [...consentNotices(state), ...state.waiting.map(paymentNotice)]
}

function consentNotices({ user, consent, now }: Parameters<typeof noticesFor>[0]): Notice[] {
  if (!user.accLoaded) return []
  if (!consent)
    return [
      linkNotice(
        'problem',
        'Your bank is not linked',
        'Habits go on; payments wait until you link Nordea again.',
      ),
    ]
  const left = consent.expiresAt.getTime() - now.getTime()
  if (left <= 0)
    return [
      linkNotice(
        'problem',
        'Your consent at Nordea has ended',
        'Habits go on; payments wait until you renew it.',
      ),
    ]
  if (left > SOON_MS) return []
  const until = formatInstant(consent.expiresAt, user.timezone)
  return [
    linkNotice(
      'warning',
      'Your consent at Nordea ends soon',
      `It ends ${until}. Renewing keeps your accounts and habits.`,
    ),
  ]
}

function linkNotice(kind: Notice['kind'], title: string, text: string): Notice {
  return { kind, title, text, action: { href: paths.bank, label: 'To your bank link' } }
}

function paymentNotice(payment: Payment): Notice {
  const amount = formatMoney(payment.amountMinor, payment.currency)
  const words = STATE_WORDS[payment.state]
  return {
    kind: payment.state === 'UNKNOWN' ? 'waiting' : 'warning',
    title: `${amount}: ${words.label.toLowerCase()}`,
    text: reasonWords(payment.reason) ?? words.meaning,
    action:
      payment.state === 'AWAITING_APPROVAL' && payment.approvalUrl
        ? { href: payment.approvalUrl, label: 'Approve at Nordea' }
        : { href: paths.payment(payment.id), label: 'See the payment' },
  }
}
