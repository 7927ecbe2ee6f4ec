import { formatDay, formatInstant, formatMoney } from '../../format.ts'
import type { BankConsent, User } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { Standing } from '../../models/consent/standing.ts'
import { END_IS_NEAR_MS } from '../../models/consent-care.ts'
import type { PaymentReason, PaymentWaiting, WaitingApproval } from '../../models/payment.ts'
import { type Pause, pauseAt } from '../../models/savings.ts'
import { paths } from '../../paths.ts'
import { reasonOf, wordsOf } from './payment-words.ts'

export interface Notice {
  kind: 'info' | 'waiting' | 'warning' | 'problem'
  title: string
  text: string
  action: { href: string; label: string } | null
}

/** Everything that waits for the saver, as one list: what holds back all payments, the bank link, then single payments. */
export function noticesFor(state: {
  user: Pick<User, 'accLoaded' | 'timezone' | 'pausedUntil' | 'pausedByAlarmId' | 'dayStartHour'>
  consent: Pick<BankConsent, 'expiresAt'> | null
  /** How it stands; null without one. */
  standing: Standing | null
  waiting: readonly PaymentWaiting[]
  approvals: readonly WaitingApproval[]
  /** An admin has stopped everybody's payments. */
  isStopped: boolean
  now: Date
}): Notice[] {
  const switches = switchNotices(state)
  const said = switches.map(({ reason }) => reason)
  return [
    ...switches.map(({ notice }) => notice),
    ...consentNotices(state),
    ...state.approvals.map(approvalNotice),
    ...state.waiting.filter(({ reason }) => !said.some((each) => each === reason)).map(paymentNotice),
  ]
}

/** Said once, not again for every payment that waits for the same thing. */
function switchNotices({ user, isStopped, now }: Parameters<typeof noticesFor>[0]) {
  const pause = pauseAt(user, now)
  const notices: { reason: PaymentReason; notice: Notice }[] = []
  if (isStopped) notices.push({ reason: 'payments-stopped', notice: stoppedNotice() })
  if (pause)
    notices.push({
      reason: 'savings-paused',
      notice: user.pausedByAlarmId ? heldNotice() : pauseNotice(pause),
    })
  return notices
}

function stoppedNotice(): Notice {
  return {
    kind: 'waiting',
    title: t('Sparvana has paused all payments'),
    text: t('Habits go on, and nothing is lost. What you check off is sent when the pause ends.'),
    action: null,
  }
}

function heldNotice(): Notice {
  return {
    kind: 'problem',
    title: t('Sparvana has paused your savings'),
    text: t(
      'Something in your account was unlike you, so no money goes out. Look at where you are signed in and at what your habits pay. If something is not yours, choose a new password; if all is well, resume your savings.',
    ),
    action: { href: paths.settingsSecurity, label: t('Look at my sign-ins') },
  }
}

function pauseNotice({ until }: Pause): Notice {
  return {
    kind: 'info',
    title: t('Your savings are paused'),
    text:
      until === null
        ? t('Nothing is sent until you resume them. You can go on checking off.')
        : t('Nothing is sent until {day}. You can go on checking off.', { day: formatDay(until) }),
    action: { href: paths.settingsSavings, label: t('Resume or change') },
  }
}

function consentNotices({ user, consent, standing, now }: Parameters<typeof noticesFor>[0]): Notice[] {
  if (!user.accLoaded) return []
  if (!consent)
    return [
      linkNotice(
        'problem',
        t('Your bank is not linked'),
        t('Habits go on; payments wait until you link Nordea again.'),
      ),
    ]
  if (standing === 'outdated')
    return [
      linkNotice(
        'problem',
        t('Sparvana needs a new consent at Nordea'),
        t('What we ask of your bank has changed. Habits go on; payments wait until you renew it.'),
      ),
    ]
  const left = consent.expiresAt.getTime() - now.getTime()
  if (left <= 0)
    return [
      linkNotice(
        'problem',
        t('Your consent at Nordea has ended'),
        t('Habits go on; payments wait until you renew it.'),
      ),
    ]
  if (left > END_IS_NEAR_MS) return []
  const until = formatInstant(consent.expiresAt, user.timezone)
  return [
    linkNotice(
      'warning',
      t('Your consent at Nordea ends soon'),
      t('It ends {time}. Renewing keeps your accounts and habits.', { time: until }),
    ),
  ]
}

function linkNotice(kind: Notice['kind'], title: string, text: string): Notice {
  return { kind, title, text, action: { href: paths.bank, label: t('To your bank link') } }
}

/** One approval, however many payments it is for. */
export function approvalNotice({ approvalUrl, payments, amountMinor, currency }: WaitingApproval): Notice {
  const amount = formatMoney(amountMinor, currency)
  return {
    kind: 'warning',
    title: t(
      '{payments, plural, one {Nordea wants your approval: {amount}} other {Nordea wants your approval: # payments, {amount} in all}}',
      { payments, amount },
    ),
    text:
      payments === 1
        ? t('Nothing moves before you approve it.')
        : t('One approval is enough for all of them. Nothing moves before you give it.'),
    action: { href: approvalUrl, label: t('Approve at Nordea') },
  }
}

function paymentNotice(payment: PaymentWaiting): Notice {
  const amount = formatMoney(payment.amountMinor, payment.currency)
  return {
    kind: payment.state === 'UNKNOWN' ? 'waiting' : 'warning',
    title: t(
      '{state, select, UNKNOWN {{amount}: not known yet} AWAITING_APPROVAL {{amount}: needs your approval} other {{amount}: waiting}}',
      { state: payment.state, amount },
    ),
    text: reasonOf(payment, payment.reason) ?? wordsOf(payment).meaning,
    action: { href: paths.payment(payment.id), label: t('See the payment') },
  }
}
