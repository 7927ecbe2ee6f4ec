import { formatInstant, formatMoney } from '../../format.ts'
import type { User } from '../../generated/client.ts'
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
      { term: 'Looks at your account while you are away', text: readsText(preview, user.timezone) },
      { term: 'Your approval', text: approvalText(preview) },
    ],
    paymentsPath: paths.payments,
    savingsPath: paths.settingsSavings,
    bankPath: paths.bank,
  }
}

function noticeOf({ title, meaning, next }: BankNews): Notice {
  const text = `${meaning} What is below goes by our own books, without your balance.`
  return { kind: 'warning', title, text, action: next[0] ?? null }
}

function rowOf({ payment, at, reason }: PreviewRow, timezone: string, now: Date) {
  const goes = reason === null
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { text: at > now ? formatInstant(at, timezone) : 'Now' },
      {
        badge: goes
          ? { text: 'Would go out', tone: 'done' as const }
          : { text: 'Would wait', tone: 'attention' as const },
        ...(goes ? {} : { hint: reasonWords(reason) ?? '' }),
      },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: 'waiting' as const } },
    ],
  }
}

function factsOf(account: AccountPreview) {
  const { limits, currency } = account
  const money = (minor: number) => formatMoney(minor, currency)
  const known = (minor: number | null) => (minor === null ? 'Not known' : money(minor))
  return [
    { term: 'Balance now', text: known(account.availableMinor) },
    { term: 'Balance after all this', text: known(account.afterwardsMinor) },
    { term: 'Always stays there', text: money(limits.floorMinor) },
    { term: 'At most in one payment', text: money(limits.capPerPaymentMinor) },
    {
      term: 'Left for today, after all this',
      text: `${money(account.leftTodayMinor)} of ${money(limits.capPerDayMinor)}`,
    },
    {
      term: 'Left for this month, after all this',
      text: `${money(account.leftThisMonthMinor)} of ${money(limits.capPerMonthMinor)}`,
    },
  ]
}

function readsText({ reads }: Preview, timezone: string): string {
  if (reads.left === null) return 'As often as needed'
  if (reads.nextAllowedAt)
    return `Used up; the next one is allowed ${formatInstant(reads.nextAllowedAt, timezone)}`
  return `${reads.left} left for these 24 hours`
}

function approvalText({ approvals }: Preview): string {
  return `Nordea decides whether it wants one. ${lately(approvals)}`
}

function lately({ needed, of }: Preview['approvals']): string {
  if (of === 0) return 'None of your payments has been there yet.'
  if (of === 1) return needed === 1 ? 'Your last payment needed one.' : 'Your last payment went without.'
  return `Of your last ${of} payments ${needed === 0 ? 'none' : needed} needed one.`
}
