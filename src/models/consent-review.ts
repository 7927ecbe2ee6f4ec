import { Prisma } from '../db.ts'
import type { BankConsent, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import { LAST_USE, UNUSED_AFTER_MS } from './consent-care.ts'
import type { Actor, ModelContext } from './context.ts'
import { type About, rowsAbout } from './desk/about.ts'
import { literally } from './desk/paging.ts'

/** What a review looks for. `refused`: the bank turned the last call away. `untold`: over here, perhaps not at the bank. */
export const CONCERNS = ['expired', 'outdated', 'unused', 'refused', 'untold'] as const
export type Concern = (typeof CONCERNS)[number]

export type ReviewedConsent = Pick<
  BankConsent,
  | 'id'
  | 'userId'
  | 'profile'
  | 'scopes'
  | 'grantedAt'
  | 'expiresAt'
  | 'revokedAt'
  | 'endReason'
  | 'lastUsedAt'
> &
  Pick<User, 'email' | 'status'> &
  Record<Concern, boolean>

export type ReviewCounts = Record<Concern | 'live', About>

/** Ends that the bank has to be told of. Those it has told us of, and those that another consent has replaced, are none. */
const TO_BE_TOLD = ['revoked-by-saver', 'unused', 'account-unused', 'account-erased']
/** More of them than this is too many, however many there are. */
const MOST_COUNTED = 1_000
const IS_LIVE = Prisma.sql`c."revokedAt" IS NULL`

export type ConsentReview = ReturnType<typeof createConsentReview>

/** All consents that are live here or may be at the bank, for admins: whose, how they stand, and what is odd about them. */
export function createConsentReview({ db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>) {
  return {
    /** What is odd is counted up to a thousand; of many that are live, about so many. */
    async counts(): Promise<ReviewCounts> {
      const live = () => db.prisma.bankConsent.count({ where: { revokedAt: null } })
      const counted = await Promise.all([
        rowsAbout(db, 'BankConsent_one_live', live).then((about) => ['live', about] as const),
        ...CONCERNS.map(async (concern) => [concern, await count(concern)] as const),
      ])
      return Object.fromEntries(counted) as ReviewCounts
    },

    /** Newest first. @param before the last consent of the page before. */
    async page(wish: {
      concern: Concern | null
      before: string | null
      size: number
    }): Promise<ReviewedConsent[]> {
      const { concern, size } = wish
      const before = wish.before
        ? await db.prisma.bankConsent.findUnique({ where: { id: wish.before } })
        : null
      const older = before
        ? Prisma.sql`("grantedAt", id) < (${before.grantedAt}, ${before.id}::uuid)`
        : Prisma.sql`TRUE`
      return db.prisma.$queryRaw<ReviewedConsent[]>`
        WITH chosen AS MATERIALIZED (
          SELECT id FROM (${concern ? matchingOf(concern) : all()}) matching
          WHERE ${older} ORDER BY "grantedAt" DESC, id DESC LIMIT ${literally(size)})
        SELECT c.id, c."userId", c.profile, c.scopes, c."grantedAt", c."expiresAt", c."revokedAt", c."endReason",
          c."lastUsedAt", u.email, u.status,
          ${IS_LIVE} AND ${isExpired()} AS expired, ${IS_LIVE} AND NOT ${isCurrent('c')} AS outdated,
          ${IS_LIVE} AND ${isUnused()} AS unused, ${IS_LIVE} AND c."refusedOn" IS NOT NULL AS refused, ${isUntold()} AS untold
        FROM chosen JOIN "BankConsent" c USING (id) JOIN "User" u ON u.id = c."userId"
        ORDER BY c."grantedAt" DESC, c.id DESC`
    },

    async findLive(id: string): Promise<Pick<BankConsent, 'id' | 'userId'> | null> {
      return db.prisma.bankConsent.findFirst({
        where: { id, revokedAt: null },
        select: { id: true, userId: true },
      })
    },

    /** An admin has asked the bank, or was about to, whether a consent works; the answer in one word. */
    async noteCheck(
      { id, userId }: Pick<BankConsent, 'id' | 'userId'>,
      answer: string,
      by: Actor,
    ): Promise<void> {
      const object = { kind: 'consent', id }
      const entry = { action: 'consent.checked', by, at: clock.now(), subjectId: userId, object }
      await db.transaction((tx) => audit(tx, { ...entry, detail: { answer } }))
    },
  }

  async function count(concern: Concern): Promise<About> {
    const [row] = await db.prisma.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (SELECT 1 FROM (${matchingOf(concern)}) matching LIMIT ${literally(MOST_COUNTED + 1)}) counted`
    const found = row?.count ?? 0
    return { count: Math.min(found, MOST_COUNTED), isExact: found <= MOST_COUNTED }
  }

  function all(): Prisma.Sql {
    return Prisma.sql`
      SELECT c.id, c."grantedAt" FROM "BankConsent" c WHERE c."bankToldOn" IS NULL AND (${IS_LIVE} OR ${isUntold()})`
  }

  /** Each has an index of its own. */
  function matchingOf(concern: Concern): Prisma.Sql {
    const select = Prisma.sql`SELECT c.id, c."grantedAt" FROM "BankConsent" c`
    switch (concern) {
      case 'expired':
        return Prisma.sql`${select} WHERE ${IS_LIVE} AND ${isExpired()}`
      case 'outdated':
        return outdated()
      case 'unused':
        return Prisma.sql`
          WITH idle AS MATERIALIZED (
            ${select} WHERE ${IS_LIVE} AND greatest(c."grantedAt", c."lastUsedAt") <= ${unusedSince()})
          SELECT c.id, c."grantedAt" FROM idle, LATERAL (
            SELECT c.id, c."grantedAt" FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
            WHERE c.id = idle.id AND ${isUnused()} LIMIT 1) c`
      case 'refused':
        return Prisma.sql`${select} WHERE ${IS_LIVE} AND c."refusedOn" IS NOT NULL`
      case 'untold':
        return Prisma.sql`${select} WHERE ${isUntold()}`
    }
  }

  /** From kind to kind of version and scopes, of which there are few however many consents there are. */
  function outdated(): Prisma.Sql {
    return Prisma.sql`
      WITH RECURSIVE kind AS (
        (SELECT profile, scopes FROM "BankConsent" WHERE "revokedAt" IS NULL ORDER BY profile, scopes LIMIT 1)
        UNION ALL
        SELECT next.profile, next.scopes FROM kind, LATERAL (
          SELECT c.profile, c.scopes FROM "BankConsent" c
          WHERE ${IS_LIVE} AND (c.profile, c.scopes) > (kind.profile, kind.scopes)
          ORDER BY c.profile, c.scopes LIMIT 1) next)
      SELECT found.id, found."grantedAt" FROM kind, LATERAL (
        SELECT c.id, c."grantedAt" FROM "BankConsent" c
        WHERE ${IS_LIVE} AND c.profile = kind.profile AND c.scopes = kind.scopes
        ORDER BY c."grantedAt" DESC, c.id DESC OFFSET 0) found
      WHERE NOT ${isCurrent('kind')}`
  }

  function isCurrent(row: 'c' | 'kind'): Prisma.Sql {
    const { profile, scopes } = rules.consentNeeds
    const [its, wanted] = [Prisma.raw(row), Prisma.sql`${[...scopes]}::text[]`]
    return Prisma.sql`(${its}.profile = ${profile} AND ${its}.scopes @> ${wanted} AND ${its}.scopes <@ ${wanted})`
  }

  function isExpired(): Prisma.Sql {
    return Prisma.sql`c."expiresAt" <= ${clock.now()}`
  }

  function unusedSince(): Date {
    return new Date(clock.now().getTime() - UNUSED_AFTER_MS)
  }

  function isUnused(): Prisma.Sql {
    return Prisma.sql`${LAST_USE} <= ${unusedSince()}`
  }

  /** Ended here while the bank, for all we know, still has it. */
  function isUntold(): Prisma.Sql {
    return Prisma.sql`(c."revokedAt" IS NOT NULL AND c."bankToldOn" IS NULL AND c."expiresAt" > ${clock.now()}
      AND c."endReason" = ANY (${TO_BE_TOLD})
      AND NOT EXISTS (SELECT 1 FROM "Erasure" e WHERE e."userId" = c."userId" AND e."bankTold"))`
  }
}
