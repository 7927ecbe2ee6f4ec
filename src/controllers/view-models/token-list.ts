import { formatDay, formatInstant } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { term } from '../../language.ts'
import type { Scope } from '../../models/api-token/scopes.ts'
import type { OwnToken } from '../../models/api-token.ts'
import { paths } from '../../paths.ts'

/** What each scope allows, as a saver reads it. */
const SCOPE_WORDS: Record<Scope, string> = {
  'habits:read': 'May see habits and check-offs',
  'check-offs:write': 'May check off and take back',
  'payments:read': 'May see payments',
  'goals:read': term('May see goals and what they hold'),
}

export interface TokenRow {
  name: string
  /** All that is known of it still. */
  ending: string
  may: string[]
  made: string
  lastUsed: string | null
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
    may: (scopes as Scope[]).map((scope) => SCOPE_WORDS[scope]),
    made: formatInstant(createdOn, user.timezone),
    lastUsed: lastUsedAt && formatInstant(lastUsedAt, user.timezone),
    standing: { text: standingOf(token, user, isLive), tone: isLive ? 'done' : 'plain' },
    revokePath: isLive ? paths.tokenRevoke(id) : null,
  }
}

function standingOf(
  { revokedOn, expiresOn }: OwnToken,
  { timezone }: Pick<User, 'timezone'>,
  isLive: boolean,
) {
  if (isLive) return `Good until ${formatInstant(expiresOn, timezone)}`
  return revokedOn ? `Ended ${formatInstant(revokedOn, timezone)}` : `Ran out ${formatDay(expiresOn)}`
}
