import type { BankConsent } from '../../generated/client.ts'
import { paths } from '../../paths.ts'
import { formatInstant } from './format.ts'

const SCOPE_WORDS: Record<string, string> = {
  ACCOUNTS_BASIC: 'which accounts you have',
  ACCOUNTS_BALANCES: 'their balances',
  ACCOUNTS_DETAILS: 'their details',
  ACCOUNTS_TRANSACTIONS: 'their transactions',
  PAYMENTS_MULTIPLE: 'making the payments you ask for',
}

const END_WORDS: Record<string, string> = {
  'revoked-by-saver': 'Ended by you',
  'refused-by-bank': 'Ended at Nordea',
  replaced: 'Renewed',
}

export interface ConsentCard {
  live: boolean
  status: { text: string; tone: 'done' | 'attention' | 'plain' }
  scopeText: string
  sinceText: string
  untilText: string
  lastUsedText: string
  revokePath: string
}

export function consentCard(consent: BankConsent, now: Date, timezone: string): ConsentCard {
  const at = (instant: Date | null) => (instant ? formatInstant(instant, timezone) : 'never')
  return {
    live: consent.revokedAt === null,
    status: statusOf(consent, now),
    scopeText: consent.scopes.map((scope) => SCOPE_WORDS[scope] ?? scope).join(', '),
    sinceText: at(consent.grantedAt),
    untilText: at(consent.revokedAt ?? consent.expiresAt),
    lastUsedText: at(consent.lastUsedAt),
    revokePath: paths.bankRevoke(consent.id),
  }
}

function statusOf(consent: BankConsent, now: Date): ConsentCard['status'] {
  if (consent.revokedAt) return { text: END_WORDS[consent.endReason ?? ''] ?? 'Ended', tone: 'plain' }
  if (consent.expiresAt <= now) return { text: 'Has run out', tone: 'attention' }
  return { text: 'Linked', tone: 'done' }
}
