import type { SCOPES } from '../../bank/index.ts'
import { formatInstant, inWords } from '../../format.ts'
import type { BankConsent } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import type { UnattendedReads } from '../../models/bank-call.ts'
import type { Standing } from '../../models/consent/standing.ts'
import { END_IS_NEAR_MS } from '../../models/consent-care.ts'
import { paths } from '../../paths.ts'

/** What each scope lets us see or do, and what for: the page before the bank's says it, and the page of the consent. */
export const SCOPE_WORDS: Record<(typeof SCOPES)[number], { what: string; why: string }> = {
  ACCOUNTS_BASIC: {
    what: term('See which accounts you have'),
    why: term(
      'so that you can choose the two that your habits save between, and no other account is ever paid to',
    ),
  },
  ACCOUNTS_BALANCES: {
    what: term('See their balances'),
    why: term('so that nothing is moved that you don’t have, or that you want to keep there'),
  },
  ACCOUNTS_DETAILS: {
    what: term('See their details'),
    why: term(
      'so that Nordea lets us read the list; we use the kind of account, where one has no name of its own',
    ),
  },
  ACCOUNTS_TRANSACTIONS: {
    what: term('See their transactions'),
    why: term('so that every night your savings are compared with what has really moved on the two accounts'),
  },
  PAYMENTS_MULTIPLE: {
    what: term('Order payments'),
    why: term('so that a check-off moves its money; only between your two accounts, and within your limits'),
  },
}

const END_WORDS: Record<string, string> = {
  'revoked-by-saver': term('Ended by you'),
  'refused-by-bank': term('Ended at Nordea'),
  replaced: term('Renewed'),
  unused: term('Ended, because it was not used'),
  'account-unused': term('Ended, because the account was not used'),
}
/** Whoever ended these, Nordea has to hear of it from us. */
const TOLD_BY_US = ['revoked-by-saver', 'unused', 'account-unused']

export interface ConsentCard {
  live: boolean
  status: { text: string; tone: 'done' | 'attention' | 'plain' }
  /** What has to be done about it, if anything. */
  note: string | null
  scopes: string[]
  /** The same in one line. */
  scopesText: string
  sinceText: string
  untilText: string
  lastUsedText: string
  /** Of one that is over: whether Nordea knows. */
  atBankText: string | null
  revokePath: string
}

export function consentCard(
  consent: BankConsent,
  standing: Standing,
  { now, timezone }: { now: Date; timezone: string },
): ConsentCard {
  const at = (instant: Date | null) => (instant ? formatInstant(instant, timezone) : t('Never'))
  const live = consent.revokedAt === null
  const left = consent.expiresAt.getTime() - now.getTime()
  return {
    live,
    status: live ? statusOf(standing, left) : { text: endWords(consent.endReason), tone: 'plain' },
    note: live ? noteOn(standing, left) : null,
    scopes: consent.scopes.map(scopeWords),
    scopesText: consent.scopes.map(scopeWords).map(inSentence).join(', '),
    sinceText: at(consent.grantedAt),
    untilText: at(consent.revokedAt ?? consent.expiresAt),
    lastUsedText: at(consent.lastUsedAt),
    atBankText: live ? null : atBank(consent, now, at),
    revokePath: paths.bankRevoke(consent.id),
  }
}

/** How much of what the bank allows while the saver is away is used; null where it has no such limit. */
export function readsText(
  { allowed, left, nextAllowedAt }: UnattendedReads,
  timezone: string,
): string | null {
  if (allowed === null || left === null) return null
  const values = {
    share: left === 0 ? 'all' : left === allowed ? 'none' : 'some',
    used: allowed - left,
    allowed,
  }
  return nextAllowedAt
    ? t(
        '{share, select, all {All {allowed}} none {None of {allowed}} other {{used} of {allowed}}} used in the last 24 hours; the next is possible from {time}',
        { ...values, time: formatInstant(nextAllowedAt, timezone) },
      )
    : t(
        '{share, select, all {All {allowed}} none {None of {allowed}} other {{used} of {allowed}}} used in the last 24 hours; the next is possible now',
        values,
      )
}

/** Scopes come and go; consents stay. */
export function scopeWords(scope: string): string {
  const words = SCOPE_WORDS[scope as keyof typeof SCOPE_WORDS]
  return words ? t(words.what) : scope
}

function inSentence(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}

function endWords(reason: string | null): string {
  return t(END_WORDS[reason ?? ''] ?? term('Link ended'))
}

const STANDING_WORDS: Record<Standing, ConsentCard['status']> = {
  good: { text: term('Linked'), tone: 'done' },
  expired: { text: term('Has run out'), tone: 'attention' },
  outdated: { text: term('Has to be renewed'), tone: 'attention' },
}

function statusOf(standing: Standing, leftMs: number): ConsentCard['status'] {
  const endsSoon = standing === 'good' && leftMs <= END_IS_NEAR_MS
  const { text, tone } = STANDING_WORDS[standing]
  return endsSoon ? { text: t('Ends soon'), tone: 'attention' } : { text: t(text), tone }
}

function noteOn(standing: Standing, leftMs: number): string | null {
  if (standing === 'expired') return t('Habits go on; payments wait until you renew it.')
  if (standing === 'outdated')
    return t(
      'What Sparvana asks of Nordea has changed since you gave it, so it is not used any more. Habits go on; payments wait until you renew it.',
    )
  return leftMs <= END_IS_NEAR_MS
    ? t('It ends in {time}. Renewing keeps your accounts and habits.', { time: inWords(leftMs) })
    : null
}

function atBank(consent: BankConsent, now: Date, at: (instant: Date) => string): string | null {
  if (consent.bankToldOn) return t('Over, too: confirmed {time}', { time: at(consent.bankToldOn) })
  if (!TOLD_BY_US.includes(consent.endReason ?? '') || consent.expiresAt <= now) return null
  return consent.endedTokenSealed
    ? t('Not confirmed yet; we go on telling Nordea')
    : t('Not confirmed; it runs out there {time} at the latest, or end it in your netbank', {
        time: at(consent.expiresAt),
      })
}
