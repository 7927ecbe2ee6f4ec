import { formatDay, formatInstant } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import type { Scope } from '../../models/api-token/scopes.ts'
import type { OwnToken } from '../../models/api-token.ts'
import { paths } from '../../paths.ts'

/** What each scope allows, as a saver reads it. */
const SCOPE_WORDS: Record<Scope, string> = {
  'habits:read': term('May see habits and check-offs'),
  'check-offs:write': term('May check off, also for the last seven days, and take back'),
  'payments:read': term('May see payments'),
  'goals:read': term('May see goals and what they hold'),
}

export interface TokenRow {
  name: string
  /** All that is known of it still. */
  ending: string
  may: string[]
  made: string
  lastUsed: string
  /** Until when it is good, or why it no longer is. */
  standing: { text: string; tone: 'done' | 'plain' }
  revokePath: string | null
}

export function tokenRow(token: OwnToken, user: Pick<User, 'timezone'>, now: Date): TokenRow {
  const { id, name, lastFour, scopes, createdOn, lastUsedAt } = token
  const isLive = token.revokedOn === null && token.expiresOn > now
  return {
    name,
    ending: `spv_…${lastFour}`,
    may: (scopes as Scope[]).map((scope) => t(SCOPE_WORDS[scope])),
    made: t('Made {time}', { time: formatInstant(createdOn, user.timezone) }),
    lastUsed: lastUsedAt
      ? t('Last used {time}', { time: formatInstant(lastUsedAt, user.timezone) })
      : t('Not used yet'),
    standing: { text: standingOf(token, user, isLive), tone: isLive ? 'done' : 'plain' },
    revokePath: isLive ? paths.tokenRevoke(id) : null,
  }
}

function standingOf(
  { revokedOn, expiresOn }: OwnToken,
  { timezone }: Pick<User, 'timezone'>,
  isLive: boolean,
) {
  if (isLive) return t('Good until {time}', { time: formatInstant(expiresOn, timezone) })
  return revokedOn
    ? t('Ended {time}', { time: formatInstant(revokedOn, timezone) })
    : t('Ran out {day}', { day: formatDay(expiresOn) })
}
