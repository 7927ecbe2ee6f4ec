import { formatCount, formatInstant } from '../../format.ts'
import { t, term } from '../../language.ts'
import {
  CONCERNS,
  type Concern,
  type ReviewCounts,
  type ReviewedConsent,
} from '../../models/consent-review.ts'
import type { About } from '../../models/desk/about.ts'
import { paths } from '../../paths.ts'

const CONCERN_WORDS: Record<Concern, { label: string; badge: string }> = {
  expired: { label: term('Run out, and still here'), badge: term('Run out') },
  outdated: { label: term('Not for what is asked now'), badge: term('Other version or scopes') },
  unused: { label: term('Unused for 90 days'), badge: term('Unused') },
  refused: { label: term('Refused at the last call'), badge: term('Refused by the bank') },
  untold: { label: term('Over here, unconfirmed there'), badge: term('End not confirmed') },
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
  works: { flash: 'done', sentence: term('The consent works: Nordea answered.') },
  refused: { flash: 'warning', sentence: term('Nordea refuses this consent. Its saver has to renew it.') },
  'ended-at-bank': {
    flash: 'warning',
    sentence: term('Nordea says that this consent is over, so it has ended here, too. Its saver sees it.'),
  },
  'no-answer': {
    flash: 'info',
    sentence: term('Nordea could not be asked now. That says nothing of the consent.'),
  },
  'reads-used-up': {
    flash: 'info',
    sentence: term('Not asked: the looks that are left for today belong to the saver’s payments.'),
  },
  expired: { flash: 'info', sentence: term('Not asked: the consent has run out.') },
  outdated: { flash: 'info', sentence: term('Not asked: the consent is not for what is asked now.') },
  'no-consent': { flash: 'info', sentence: term('That consent isn’t live any more.') },
  busy: {
    flash: 'info',
    sentence: term('Its keys are being renewed right now. Ask again in a few seconds.'),
  },
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
      { href: paths.adminConsents, label: liveText(counts.live), current: concern === null },
      ...CONCERNS.map((each) => ({
        href: `${paths.adminConsents}?show=${each}`,
        label: `${t(CONCERN_WORDS[each].label)} (${overText(counts[each])})`,
        current: each === concern,
      })),
    ],
    rows: consents.map((consent) => rowOf(consent, timezone)),
    olderPath: hasOlder && last ? addressOf(concern, last.id) : null,
    newestPath: isFirst ? null : addressOf(concern, null),
  }
}

function liveText({ count, isExact }: About): string {
  const live = formatCount(count)
  return isExact ? t('All ({count} live)', { count: live }) : t('All (about {count} live)', { count: live })
}

function overText({ count, isExact }: About): string {
  return isExact ? formatCount(count) : t('over {count}', { count: formatCount(count) })
}

function addressOf(concern: Concern | null, before: string | null): string {
  const query = new URLSearchParams({ ...(concern && { show: concern }), ...(before && { before }) })
  return query.size === 0 ? paths.adminConsents : `${paths.adminConsents}?${query}`
}

function rowOf(consent: ReviewedConsent, timezone: string) {
  const at = (instant: Date | null) => (instant ? formatInstant(instant, timezone) : t('Never'))
  const { revokedAt } = consent
  const concerns = CONCERNS.filter((concern) => consent[concern])
  return {
    cells: [
      { text: maskedAddress(consent.email), hint: consent.userId },
      { text: at(consent.grantedAt) },
      revokedAt
        ? { text: at(consent.expiresAt), hint: t('ended here {time}', { time: at(revokedAt) }) }
        : { text: at(consent.expiresAt) },
      { text: at(consent.lastUsedAt) },
      {
        text: consent.profile,
        hint: t('{count, plural, one {# scope} other {# scopes}}', { count: consent.scopes.length }),
      },
      concerns.length === 0
        ? { badges: [{ text: t('Nothing odd'), tone: 'done' }] }
        : {
            badges: concerns.map((concern) => ({ text: t(CONCERN_WORDS[concern].badge), tone: 'attention' })),
          },
      revokedAt
        ? { text: '' }
        : {
            button: {
              action: paths.adminConsentAsk(consent.id),
              label: t('Ask the bank'),
              ariaLabel: t('Ask the bank about the consent of {address}', {
                address: maskedAddress(consent.email),
              }),
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
