import { createHmac } from 'node:crypto'
import { DAY, HOUR, MINUTE } from '../clock.ts'
import { isApiToken, randomApiToken } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { ApiToken, User } from '../generated/client.ts'
import type { Scope } from './api-token/scopes.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { networkOf } from './network.ts'
import type { Throttles } from './throttle.ts'

/** Of one saver at a time; those that have ended don't count. */
export const MOST_TOKENS = 10
export const LONGEST_DAYS = 365
/** When a token was last used is known to the minute, so that not every request writes it. */
const NOTED_EVERY_MS = MINUTE
/** A program that goes on showing a token that has ended, or a network that guesses, is written down so often. */
const TOLD_EVERY_MS = HOUR

export interface TokenWish {
  name: string
  scopes: Scope[]
  days: number
}

export type OwnToken = Omit<ApiToken, 'hashedSecret'>

export type MakeResult = { kind: 'made'; token: OwnToken; secret: string } | { kind: 'full' }

/** Why a token opens nothing. Whoever shows it is told no more than that it does not. */
type Refusal = 'unknown' | 'revoked' | 'expired' | 'account'

export type TokenCheck =
  | { kind: 'good'; token: OwnToken; user: User }
  | { kind: 'wrong'; because: Refusal }
  /** After many wrong ones from one network. */
  | { kind: 'wait'; ms: number }

export type ApiTokens = ReturnType<typeof createApiTokens>

/** Tokens by which programs act for a saver, at the API and nowhere else. */
export function createApiTokens({ db, clock, queue, rules, sealer }: ModelContext, throttles: Throttles) {
  return {
    /** @returns the secret, which is nowhere kept. */
    async make(userId: string, wish: TokenWish, by: Actor): Promise<MakeResult> {
      const { name, scopes, days } = wish
      const secret = randomApiToken()
      const now = clock.now()
      return db.transaction(async (tx): Promise<MakeResult> => {
        await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        if ((await liveOf(tx, userId, now)) >= MOST_TOKENS) return { kind: 'full' }
        const token = await tx.apiToken.create({
          data: {
            userId,
            name,
            scopes,
            hashedSecret: hashOf(secret),
            lastFour: secret.slice(-4),
            createdOn: now,
            expiresOn: new Date(now.getTime() + days * DAY),
          },
          omit: { hashedSecret: true },
        })
        const object = { kind: 'api-token', id: token.id }
        const detail = { scopes: scopes.join(' '), days }
        await audit(tx, { action: 'user.token-made', by, at: now, subjectId: userId, object, detail })
        await queue.enqueue(tx, 'send-mail', { userId, kind: 'token-made' })
        return { kind: 'made', token, secret }
      })
    },

    /** The newest first, also those that have ended. */
    async listOwned(userId: string): Promise<OwnToken[]> {
      return db.prisma.apiToken.findMany({
        where: { userId },
        orderBy: { id: 'desc' },
        take: 100,
        omit: { hashedSecret: true },
      })
    },

    /** @returns false when the saver has none of that id; one that has ended already stays as it is. */
    async revoke(userId: string, id: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const at = clock.now()
        const { count } = await tx.apiToken.updateMany({
          where: { id, userId, revokedOn: null },
          data: { revokedOn: at },
        })
        if (count === 0) return (await tx.apiToken.count({ where: { id, userId } })) > 0
        const object = { kind: 'api-token', id }
        await audit(tx, { action: 'user.token-revoked', by, at, subjectId: userId, object })
        return true
      })
    },

    /** On its way to the one page that shows it. */
    hold(userId: string, secret: string): string {
      return Buffer.from(sealer.seal(secret, shownContext(userId))).toString('base64')
    },

    /** @throws when it was held for somebody else. */
    shown(userId: string, held: string): string {
      return sealer.open(Buffer.from(held, 'base64'), shownContext(userId))
    },

    /**
     * What a program has shown. A right token is never kept waiting; wrong ones are counted by network.
     * @param ip where it came from.
     */
    async check(secret: string, by: Actor): Promise<TokenCheck> {
      const found = isApiToken(secret)
        ? await db.prisma.apiToken.findUnique({
            where: { hashedSecret: hashOf(secret) },
            include: { user: true },
          })
        : null
      const because = found ? refusalOf(found) : 'unknown'
      if (!found || because) return refuse(found, because ?? 'unknown', by)
      const { user, hashedSecret, ...token } = found
      await noteUse(token)
      return { kind: 'good', token, user }
    },
  }

  function hashOf(secret: string): string {
    return createHmac('sha256', rules.tokenKey).update(secret).digest('hex')
  }

  function refusalOf({ revokedOn, expiresOn, user }: ApiToken & { user: User }): Refusal | null {
    if (revokedOn) return 'revoked'
    if (expiresOn <= clock.now()) return 'expired'
    return user.status === 'ACTIVE' && user.emailConfirmedOn ? null : 'account'
  }

  async function noteUse({ id }: OwnToken): Promise<void> {
    const now = clock.now()
    const before = new Date(now.getTime() - NOTED_EVERY_MS)
    await db.prisma.apiToken.updateMany({
      where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: before } }] },
      data: { lastUsedAt: now },
    })
  }

  async function refuse(found: ApiToken | null, because: Refusal, by: Actor): Promise<TokenCheck> {
    const network = networkOf(by.ip ?? '')
    const ms = await throttles.attempt('token', network)
    if (found) await note(`ended token ${found.id}`, because, by, found)
    else if (ms > 0) await note(`wrong tokens of ${network}`, 'guessed', by, null)
    return ms > 0 ? { kind: 'wait', ms } : { kind: 'wrong', because }
  }

  /** In the trail, which nothing is ever taken out of, and therefore seldom; the log has each one. */
  async function note(
    what: string,
    because: Refusal | 'guessed',
    by: Actor,
    token: ApiToken | null,
  ): Promise<void> {
    if ((await throttles.withinWindow(what, 1, TOLD_EVERY_MS)) > 0) return
    await db.transaction((tx) =>
      audit(tx, {
        action: 'user.token-refused',
        by,
        at: clock.now(),
        subjectId: token?.userId ?? null,
        outcome: 'refused',
        ...(token ? { object: { kind: 'api-token', id: token.id } } : {}),
        detail: { because },
      }),
    )
  }
}

async function liveOf(tx: Tx, userId: string, now: Date): Promise<number> {
  return tx.apiToken.count({ where: { userId, revokedOn: null, expiresOn: { gt: now } } })
}

function shownContext(userId: string): string {
  return `new-api-token:${userId}`
}
