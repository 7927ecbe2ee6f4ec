import { randomUUID } from 'node:crypto'
import type { Country, Tokens } from '../bank/index.ts'
import { DAY, MINUTE, SECOND } from '../clock.ts'
import { digestOf, randomToken } from '../crypto.ts'
import type { BankConsent } from '../generated/client.ts'
import { audit } from './audit.ts'
import { createTelling, endConsent } from './consent/ending.ts'
import { type Standing, standingOf } from './consent/standing.ts'
import type { Actor, ModelContext } from './context.ts'
import { wakeWaiting } from './payment/waking.ts'
import { sealedFor } from './sealing.ts'

/** How long a trip to the bank's consent page may take. */
const STATE_LIFE_MS = 10 * MINUTE
/** A token is renewed this long before its end, so that it can't end on the way. */
const RENEW_BEFORE_MS = MINUTE
/** Longer than the refresh call can take; after it another process may try. */
const REFRESH_LEASE_MS = 30 * SECOND
const REFRESH_POLL_MS = 100
/** When a consent was last used is told to the minute. */
const NOTE_USE_EVERY_MS = MINUTE

export type Access =
  | { kind: 'access'; consentId: string; accessToken: string; country: Country }
  | { kind: 'no-consent' }
  | { kind: 'expired' }
  /** The app speaks another version of the bank's interface by now, or needs more than was agreed to. */
  | { kind: 'outdated' }
  /** Somebody else is renewing the token right now. */
  | { kind: 'busy' }

/** What the way to the bank is wanted for. Upkeep, such as the nightly comparison, is no use that its saver makes of it. */
export type Purpose = 'saver' | 'upkeep'

/** Asks the bank for new tokens of this consent. */
type Refresh = (refreshToken: string, consentId: string) => Promise<Tokens>

export type Consents = ReturnType<typeof createConsents>

export function createConsents({ db, clock, sealer, rules }: ModelContext) {
  return {
    ...createTelling({ db, clock, sealer }),

    /** Whether it may be used now. */
    standingOf: (consent: Pick<BankConsent, 'expiresAt' | 'profile' | 'scopes'>): Standing =>
      standingOf(consent, rules.consentNeeds, clock.now()),

    /** @returns the state value for the bank's redirect; it is bound to this saver and this session, and works once. */
    async begin(userId: string, sessionId: string, country: Country, by: Actor): Promise<string> {
      const state = randomToken()
      const now = clock.now()
      await db.transaction(async (tx) => {
        await tx.consentRequest.create({
          data: {
            userId,
            hashedState: digestOf(state),
            hashedSession: digestOf(sessionId),
            country,
            createdOn: now,
            expiresOn: new Date(now.getTime() + STATE_LIFE_MS),
          },
        })
        await audit(tx, { action: 'consent.requested', by, at: now, subjectId: userId, detail: { country } })
      })
      return state
    },

    /** Spends a state value; one statement decides, so it can't be spent twice. @returns the country, or null if refused. */
    async redeemState(userId: string, sessionId: string, state: string): Promise<Country | null> {
      const now = clock.now()
      const [spent] = await db.prisma.consentRequest.updateManyAndReturn({
        where: {
          userId,
          hashedState: digestOf(state),
          hashedSession: digestOf(sessionId),
          usedOn: null,
          expiresOn: { gt: now },
        },
        data: { usedOn: now },
      })
      return (spent?.country as Country | undefined) ?? null
    },

    /** Keeps a new consent; the one before it ends, its accounts stay. */
    async grant(
      userId: string,
      granted: { profile: string; country: Country; scopes: readonly string[]; tokens: Tokens },
      by: Actor,
    ): Promise<BankConsent> {
      const now = clock.now()
      return db.transaction(async (tx) => {
        // Two callbacks of one saver queue here, so that exactly one consent is live afterwards.
        await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        const before = await tx.bankConsent.findFirst({ where: { userId, revokedAt: null } })
        if (before) await endConsent(tx, before, 'replaced', { by, at: now, bank: 'leave' })
        const id = randomUUID()
        const consent = await tx.bankConsent.create({
          data: {
            id,
            userId,
            profile: granted.profile,
            country: granted.country,
            scopes: [...granted.scopes],
            grantedAt: now,
            expiresAt: new Date(now.getTime() + rules.consentDays * DAY),
            lastUsedAt: now,
            ...sealedTokens(id, granted.tokens, now),
          },
        })
        if (before)
          await tx.account.updateMany({
            where: { userId, consentId: before.id },
            data: { consentId: consent.id },
          })
        await wakeWaiting(tx, userId, now)
        await audit(tx, {
          action: 'consent.granted',
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'consent', id: consent.id },
          detail: { scopes: granted.scopes.join(' '), expiresAt: consent.expiresAt.toISOString() },
        })
        return consent
      })
    },

    /**
     * A token that works now: the one place where a consent is looked at before it is used. A refresh token works once, so a
     * lease lets one process spend it; the new pair is stored before anybody uses it.
     * @param refresh asks the bank; runs outside any transaction. What it throws is thrown on.
     */
    async accessFor(userId: string, refresh: Refresh, purpose: Purpose = 'saver'): Promise<Access> {
      const consent = await live(userId)
      if (!consent) return { kind: 'no-consent' }
      const standing = standingOf(consent, rules.consentNeeds, clock.now())
      if (standing !== 'good') return { kind: standing }
      if (isFresh(consent)) return use(consent, purpose)
      return renew(consent, refresh, purpose)
    },

    /** The bank refused the token although its time had not come: the next use asks for a new one. */
    async distrustToken(consentId: string): Promise<void> {
      await db.prisma.bankConsent.updateMany({
        where: { id: consentId, revokedAt: null },
        data: { accessTokenExpiresAt: clock.now() },
      })
    },

    /**
     * Ends the consent here: nobody gets access by it any more. @returns the token to tell the bank with, or null if already
     * ended. Whoever can't tell it leaves that to the worker.
     */
    async revoke(userId: string, id: string, by: Actor): Promise<{ refreshToken: string } | null> {
      return db.transaction(async (tx) => {
        const consent = await tx.bankConsent.findFirst({ where: { id, userId, revokedAt: null } })
        if (!consent?.refreshTokenSealed) return null
        const refreshToken = sealer.open(consent.refreshTokenSealed, sealedFor.refreshToken(consent.id))
        const how = { by, at: clock.now(), bank: 'tell' } as const
        return (await endConsent(tx, consent, 'revoked-by-saver', how)) ? { refreshToken } : null
      })
    },

    /** The bank says that the consent is no more. */
    async endRefused(consentId: string, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const consent = await tx.bankConsent.findFirst({ where: { id: consentId, revokedAt: null } })
        if (consent) await endConsent(tx, consent, 'refused-by-bank', { by, at: clock.now(), bank: 'knows' })
      })
    },

    async listOwned(userId: string): Promise<BankConsent[]> {
      return db.prisma.bankConsent.findMany({ where: { userId }, orderBy: { grantedAt: 'desc' }, take: 20 })
    },

    live,
  }

  async function live(userId: string): Promise<BankConsent | null> {
    return db.prisma.bankConsent.findFirst({ where: { userId, revokedAt: null } })
  }

  async function use(consent: BankConsent, purpose: Purpose): Promise<Access> {
    if (!consent.accessTokenSealed) return { kind: 'no-consent' }
    const now = clock.now()
    const isUse = purpose === 'saver'
    if (isUse && now.getTime() - (consent.lastUsedAt?.getTime() ?? 0) >= NOTE_USE_EVERY_MS) {
      await db.prisma.bankConsent.updateMany({
        where: { id: consent.id, revokedAt: null },
        data: { lastUsedAt: now },
      })
    }
    const accessToken = sealer.open(consent.accessTokenSealed, sealedFor.accessToken(consent.id))
    return { kind: 'access', consentId: consent.id, accessToken, country: consent.country as Country }
  }

  async function renew(consent: BankConsent, refresh: Refresh, purpose: Purpose): Promise<Access> {
    const owner = randomUUID()
    const leased = await takeRefreshLease(consent.id, owner)
    if (!leased) return waitForOther(consent.userId, purpose)
    if (!leased.refreshTokenSealed) return { kind: 'no-consent' }
    const refreshToken = sealer.open(leased.refreshTokenSealed, sealedFor.refreshToken(consent.id))
    const tokens = await refresh(refreshToken, consent.id).catch(async (error) => {
      await releaseRefreshLease(consent.id, owner)
      const renewed = await renewedBySomebody(consent)
      if (!renewed) throw error
      return renewed
    })
    if ('id' in tokens) return use(tokens, purpose)
    // Not by the lease: when it has run out meanwhile, this pair is still the only one that the bank takes.
    const sealed = sealedTokens(consent.id, tokens, clock.now())
    const [stored] = await db.prisma.bankConsent.updateManyAndReturn({
      where: { id: consent.id, revokedAt: null, refreshTokenSealed: leased.refreshTokenSealed },
      data: {
        ...sealed,
        refreshLeaseOwner: null,
        refreshLeaseUntil: null,
      },
    })
    if (stored) return use(stored, purpose)
    // Ended meanwhile: the bank is told by the token that it knows now, and not by the one that was spent.
    await db.prisma.bankConsent.updateMany({
      where: { id: consent.id, endedTokenSealed: leased.refreshTokenSealed },
      data: { endedTokenSealed: sealed.refreshTokenSealed },
    })
    return { kind: (await live(consent.userId)) ? 'busy' : 'no-consent' }
  }

  /** A token can be refused because another process has spent it, or because the saver has linked the bank anew. */
  async function renewedBySomebody(before: BankConsent): Promise<BankConsent | null> {
    const now = await live(before.userId)
    return now && now.accessTokenExpiresAt > before.accessTokenExpiresAt && isFresh(now) ? now : null
  }

  function isFresh(consent: BankConsent): boolean {
    return consent.accessTokenExpiresAt.getTime() - clock.now().getTime() > RENEW_BEFORE_MS
  }

  async function takeRefreshLease(id: string, owner: string): Promise<BankConsent | null> {
    const now = clock.now()
    const [leased] = await db.prisma.bankConsent.updateManyAndReturn({
      where: {
        id,
        revokedAt: null,
        accessTokenExpiresAt: { lte: new Date(now.getTime() + RENEW_BEFORE_MS) },
        OR: [{ refreshLeaseUntil: null }, { refreshLeaseUntil: { lte: now } }],
      },
      data: { refreshLeaseOwner: owner, refreshLeaseUntil: new Date(now.getTime() + REFRESH_LEASE_MS) },
    })
    return leased ?? null
  }

  async function releaseRefreshLease(id: string, owner: string): Promise<void> {
    await db.prisma.bankConsent.updateMany({
      where: { id, refreshLeaseOwner: owner },
      data: { refreshLeaseOwner: null, refreshLeaseUntil: null },
    })
  }

  /** Another process is spending the refresh token; its result is ours too. Real time: the other side is a real process. */
  async function waitForOther(userId: string, purpose: Purpose): Promise<Access> {
    for (let waited = 0; waited < 5 * SECOND; waited += REFRESH_POLL_MS) {
      const consent = await live(userId)
      if (!consent) return { kind: 'no-consent' }
      if (isFresh(consent)) return use(consent, purpose)
      if (consent.refreshLeaseOwner === null) return { kind: 'busy' }
      await new Promise((resolve) => setTimeout(resolve, REFRESH_POLL_MS))
    }
    return { kind: 'busy' }
  }

  function sealedTokens(consentId: string, tokens: Tokens, now: Date) {
    return {
      accessTokenSealed: sealer.seal(tokens.accessToken, sealedFor.accessToken(consentId)),
      refreshTokenSealed: sealer.seal(tokens.refreshToken, sealedFor.refreshToken(consentId)),
      accessTokenExpiresAt: new Date(now.getTime() + tokens.expiresInSeconds * SECOND),
    }
  }
}
