import { formatInstant, formatMoney } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { AccountPreview, Preview, PreviewRow } from '../../models/preview.ts'
import { paths } from '../../paths.ts'
import type { Notice } from './notices.ts'
import { habitNames } from './payment-rows.ts'
import { reasonWords } from './payment-view.ts'

/** Why the bank told nothing, as an error page would say it. */
export interface BankNews {
  title: string
  meaning: string
  next: readonly { href: string; label: string }[]
}

export function previewPage(
  preview: Preview,
  news: BankNews | null,
  user: Pick<User, 'timezone'>,
  now: Date,
) {
  const { account } = preview
  return {
    notice: news && noticeOf(news),
    rows: preview.rows.map((row) => rowOf(row, user.timezone, now)),
    accountName: account?.chosen.debtor.name ?? null,
    accountFacts: account ? factsOf(account) : [],
    bankFacts: [
      { term: t('Looks at your account while you are away'), text: readsText(preview, user.timezone) },
      { term: t('Your approval'), text: approvalText(preview) },
    ],
    paymentsPath: paths.payments,
    savingsPath: paths.settingsSavings,
    bankPath: paths.bank,
  }
}

function noticeOf({ title, meaning, next }: BankNews): Notice {
  const text = `${meaning} ${t('What is below goes by our own books, without your balance.')}`
  return { kind: 'warning', title, text, action: next[0] ?? null }
}

function rowOf({ payment, at, reason }: PreviewRow, timezone: string, now: Date) {
  const goes = reason === null
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { text: at > now ? formatInstant(at, timezone) : t('Now') },
      {
        badge: goes
          ? { text: t('Would go out'), tone: 'done' as const }
          : { text: t('Would wait'), tone: 'attention' as const },
        ...(goes ? {} : { hint: reasonWords(reason) ?? '' }),
      },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: 'waiting' as const } },
    ],
  }
}

function factsOf(account: AccountPreview) {
  const { limits, currency } = account
  const money = (minor: number) => formatMoney(minor, currency)
  const known = (minor: number | null) => (minor === null ? t('Not known') : money(minor))
  const leftOf = (left: number, most: number) =>
    t('{left} of {most}', { left: money(left), most: money(most) })
  return [
    { term: t('Balance now'), text: known(account.availableMinor) },
    { term: t('Balance after all this'), text: known(account.afterwardsMinor) },
    { term: t('Always stays there'), text: money(limits.floorMinor) },
    { term: t('At most in one payment'), text: money(limits.capPerPaymentMinor) },
    {
      term: t('Left for today, after all this'),
      text: leftOf(account.leftTodayMinor, limits.capPerDayMinor),
    },
    {
      term: t('Left for this month, after all this'),
      text: leftOf(account.leftThisMonthMinor, limits.capPerMonthMinor),
    },
  ]
}

function readsText({ reads }: Preview, timezone: string): string {
  if (reads.left === null) return t('As often as needed')
  if (reads.nextAllowedAt)
    return t('Used up; the next one is allowed {time}', {
      time: formatInstant(reads.nextAllowedAt, timezone),
    })
  return t('{left} left for these 24 hours', { left: reads.left })
}

function approvalText({ approvals }: Preview): string {
  return `${t('Nordea decides whether it wants one.')} ${lately(approvals)}`
}

function lately({ needed, of }: Preview['approvals']): string {
  if (of === 0) return t('None of your payments has been there yet.')
  if (of === 1)
    return needed === 1 ? t('Your last payment needed one.') : t('Your last payment went without.')
  return t(
    '{needed, plural, =0 {Of your last {of} payments none needed one.} one {Of your last {of} payments # needed one.} other {Of your last {of} payments # needed one.}}',
    { needed, of },
  )
}
