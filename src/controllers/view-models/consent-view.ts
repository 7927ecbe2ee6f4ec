import type { SCOPES } from '../../bank/index.ts'
import { formatInstant, inWords } from '../../format.ts'
import type { BankConsent } from '../../generated/client.ts'
import type { UnattendedReads } from '../../models/bank-call.ts'
import type { Standing } from '../../models/consent/standing.ts'
import { END_IS_NEAR_MS } from '../../models/consent-care.ts'
import { paths } from '../../paths.ts'

/** What each scope lets us see or do, and what for: the page before the bank's says it, and the page of the consent. */
export const SCOPE_WORDS: Record<(typeof SCOPES)[number], { what: string; why: string }> = {
  ACCOUNTS_BASIC: {
    what: 'See which accounts you have',
    why: 'so that you can choose the two that your habits save between, and no other account is ever paid to',
  },
  ACCOUNTS_BALANCES: {
    what: 'See their balances',
    why: 'so that nothing is moved that you don’t have, or that you want to keep there',
  },
  ACCOUNTS_DETAILS: {
    what: 'See their details',
    why: 'so that Nordea lets us read the list; we use the kind of account, where one has no name of its own',
  },
  ACCOUNTS_TRANSACTIONS: {
    what: 'See their transactions',
    why: 'so that every night your savings are compared with what has really moved on the two accounts',
  },
  PAYMENTS_MULTIPLE: {
    what: 'Order payments',
    why: 'so that a check-off moves its money; only between your two accounts, and within your limits',
  },
}

const END_WORDS: Record<string, string> = {
  'revoked-by-saver': 'Ended by you',
  'refused-by-bank': 'Ended at Nordea',
  replaced: 'Renewed',
  unused: 'Ended, because it was not used',
  'account-unused': 'Ended, because the account was not used',
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
  const at = (instant: Date | null) => (instant ? formatInstant(instant, timezone) : 'Never')
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
  const used = left === 0 ? `All ${allowed}` : `${left === allowed ? 'None' : allowed - left} of ${allowed}`
  const next = nextAllowedAt ? `from ${formatInstant(nextAllowedAt, timezone)}` : 'now'
  return `${used} used in the last 24 hours; the next is possible ${next}`
}

/** Scopes come and go; consents stay. */
export function scopeWords(scope: string): string {
  return SCOPE_WORDS[scope as keyof typeof SCOPE_WORDS]?.what ?? scope
}

function inSentence(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}

function endWords(reason: string | null): string {
  return END_WORDS[reason ?? ''] ?? 'Ended'
}

const STANDING_WORDS: Record<Standing, ConsentCard['status']> = {
  good: { text: 'Linked', tone: 'done' },
  expired: { text: 'Has run out', tone: 'attention' },
  outdated: { text: 'Has to be renewed', tone: 'attention' },
}

function statusOf(standing: Standing, leftMs: number): ConsentCard['status'] {
  const endsSoon = standing === 'good' && leftMs <= END_IS_NEAR_MS
  return endsSoon ? { text: 'Ends soon', tone: 'attention' } : STANDING_WORDS[standing]
}

function noteOn(standing: Standing, leftMs: number): string | null {
  if (standing === 'expired') return 'Habits go on; payments wait until you renew it.'
  if (standing === 'outdated')
    return 'What Sparvana asks of Nordea has changed since you gave it, so it is not used any more. Habits go on; payments wait until you renew it.'
  return leftMs <= END_IS_NEAR_MS
    ? `It ends in ${inWords(leftMs)}. Renewing keeps your accounts and habits.`
    : null
}

function atBank(consent: BankConsent, now: Date, at: (instant: Date) => string): string | null {
  if (consent.bankToldOn) return `Over, too: confirmed ${at(consent.bankToldOn)}`
  if (!TOLD_BY_US.includes(consent.endReason ?? '') || consent.expiresAt <= now) return null
  return consent.endedTokenSealed
    ? 'Not confirmed yet; we go on telling Nordea'
    : `Not confirmed; it runs out there ${at(consent.expiresAt)} at the latest, or end it in your netbank`
}
