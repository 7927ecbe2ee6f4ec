import { formatInstant, plural } from '../../format.ts'
import {
  CONCERNS,
  type Concern,
  type ReviewCounts,
  type ReviewedConsent,
} from '../../models/consent-review.ts'
import type { About } from '../../models/desk/about.ts'
import { paths } from '../../paths.ts'

const CONCERN_WORDS: Record<Concern, { label: string; badge: string }> = {
  expired: { label: 'Run out, and still here', badge: 'Run out' },
  outdated: { label: 'Not for what is asked now', badge: 'Other version or scopes' },
  unused: { label: 'Unused for 90 days', badge: 'Unused' },
  refused: { label: 'Refused at the last call', badge: 'Refused by the bank' },
  untold: { label: 'Over here, unconfirmed there', badge: 'End not confirmed' },
}

/** What a question to the bank can come to. */
export type BankAnswer =
  | 'works'
  | 'refused'
  | 'ended-at-bank'
  | 'no-answer'
  | 'reads-used-up'
  | 'expired'
  | 'outdated'
  | 'no-consent'
  | 'busy'

export const ANSWER_WORDS: Record<BankAnswer, { flash: 'done' | 'info' | 'warning'; sentence: string }> = {
  works: { flash: 'done', sentence: 'The consent works: Nordea answered.' },
  refused: { flash: 'warning', sentence: 'Nordea refuses this consent. Its saver has to renew it.' },
  'ended-at-bank': {
    flash: 'warning',
    sentence: 'Nordea says that this consent is over, so it has ended here, too. Its saver sees it.',
  },
  'no-answer': {
    flash: 'info',
    sentence: 'Nordea could not be asked now. That says nothing of the consent.',
  },
  'reads-used-up': {
    flash: 'info',
    sentence: 'Not asked: the looks that are left for today belong to the saver’s payments.',
  },
  expired: { flash: 'info', sentence: 'Not asked: the consent has run out.' },
  outdated: { flash: 'info', sentence: 'Not asked: the consent is not for what is asked now.' },
  'no-consent': { flash: 'info', sentence: 'That consent isn’t live any more.' },
  busy: { flash: 'info', sentence: 'Its keys are being renewed right now. Ask again in a few seconds.' },
}

export function consentReviewPage(
  review: {
    counts: ReviewCounts
    consents: readonly ReviewedConsent[]
    concern: Concern | null
    hasOlder: boolean
    isFirst: boolean
  },
  timezone: string,
) {
  const { counts, consents, concern, hasOlder, isFirst } = review
  const last = consents.at(-1)
  return {
    filters: [
      { href: paths.adminConsents, label: `All (${aboutText(counts.live)} live)`, current: concern === null },
      ...CONCERNS.map((each) => ({
        href: `${paths.adminConsents}?show=${each}`,
        label: `${CONCERN_WORDS[each].label} (${overText(counts[each])})`,
        current: each === concern,
      })),
    ],
    rows: consents.map((consent) => rowOf(consent, timezone)),
    olderPath: hasOlder && last ? addressOf(concern, last.id) : null,
    newestPath: isFirst ? null : addressOf(concern, null),
  }
}

function aboutText({ count, isExact }: About): string {
  return isExact ? String(count) : `about ${count}`
}

function overText({ count, isExact }: About): string {
  return isExact ? String(count) : `over ${count}`
}

function addressOf(concern: Concern | null, before: string | null): string {
  const query = new URLSearchParams({ ...(concern && { show: concern }), ...(before && { before }) })
  return query.size === 0 ? paths.adminConsents : `${paths.adminConsents}?${query}`
}

function rowOf(consent: ReviewedConsent, timezone: string) {
  const at = (instant: Date | null) => (instant ? formatInstant(instant, timezone) : 'Never')
  const { revokedAt } = consent
  const concerns = CONCERNS.filter((concern) => consent[concern])
  return {
    cells: [
      { text: maskedAddress(consent.email), hint: consent.userId },
      { text: at(consent.grantedAt) },
      revokedAt
        ? { text: at(consent.expiresAt), hint: `ended here ${at(revokedAt)}` }
        : { text: at(consent.expiresAt) },
      { text: at(consent.lastUsedAt) },
      { text: consent.profile, hint: plural(consent.scopes.length, 'scope') },
      concerns.length === 0
        ? { badges: [{ text: 'Nothing odd', tone: 'done' }] }
        : { badges: concerns.map((concern) => ({ text: CONCERN_WORDS[concern].badge, tone: 'attention' })) },
      revokedAt
        ? { text: '' }
        : {
            button: {
              action: paths.adminConsentAsk(consent.id),
              label: 'Ask the bank',
              ariaLabel: `Ask the bank about the consent of ${maskedAddress(consent.email)}`,
            },
          },
    ],
  }
}

/** Enough to tell two savers apart, too little to write to one: "i•••@e•••.com". */
export function maskedAddress(email: string): string {
  const [local = '', domain = ''] = email.split('@')
  const end = domain.lastIndexOf('.')
  return `${local.slice(0, 1)}•••@${domain.slice(0, 1)}•••${end > 0 ? domain.slice(end) : ''}`
}
