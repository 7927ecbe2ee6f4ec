import { Prisma } from '../db.ts'
import type { BankConsent, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import { LAST_USE, UNUSED_AFTER_MS } from './consent-care.ts'
import type { Actor, ModelContext } from './context.ts'

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
  Pick<User, 'email' | 'status'> & {
    /** Of the newest call made by it, as far as calls are kept. */
    lastOutcome: string | null
    lastCallOn: Date | null
  } & Record<Concern, boolean>

export interface ReviewCounts extends Record<Concern, number> {
  live: number
}

/** Outcomes by which the bank says that the consent doesn't hold (any more). */
const REFUSALS = ['token-expired', 'token-invalid', 'consent-denied']
/** Ends that the bank has to be told of. Those it has told us of, and those that another consent has replaced, are none. */
const TO_BE_TOLD = ['revoked-by-saver', 'unused', 'account-unused', 'account-erased']

export type ConsentReview = ReturnType<typeof createConsentReview>

/** All consents that are live here or may be at the bank, for admins: whose, how they stand, and what is odd about them. */
export function createConsentReview({ db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>) {
  return {
    async counts(): Promise<ReviewCounts> {
      const sums = CONCERNS.map(
        (concern) => Prisma.sql`(count(*) FILTER (WHERE ${nameOf(concern)}))::int AS ${nameOf(concern)}`,
      )
      const [row] = await db.prisma.$queryRaw<ReviewCounts[]>`
        SELECT (count(*) FILTER (WHERE "revokedAt" IS NULL))::int AS live, ${Prisma.join(sums)} FROM (${reviewed()}) reviewed`
      if (!row) throw new Error('nothing was counted')
      return row
    },

    /** Newest first. @param before the last consent of the page before. */
    async page(wish: {
      concern: Concern | null
      before: string | null
      size: number
    }): Promise<ReviewedConsent[]> {
      const { concern, before, size } = wish
      const narrowed = concern ? nameOf(concern) : Prisma.sql`TRUE`
      const older = before
        ? Prisma.sql`("grantedAt", id) < (SELECT "grantedAt", id FROM "BankConsent" WHERE id = ${before}::uuid)`
        : Prisma.sql`TRUE`
      return db.prisma.$queryRaw<ReviewedConsent[]>`
        SELECT * FROM (${reviewed()}) reviewed WHERE ${narrowed} AND ${older}
        ORDER BY "grantedAt" DESC, id DESC LIMIT ${size}`
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

  /** Every consent that is live here, or may still be at the bank, with what there is to say against it. */
  function reviewed(): Prisma.Sql {
    const now = clock.now()
    const { profile, scopes } = rules.consentNeeds
    const isLive = Prisma.sql`c."revokedAt" IS NULL`
    const untold = Prisma.sql`(c."revokedAt" IS NOT NULL AND c."bankToldOn" IS NULL AND c."expiresAt" > ${now}
      AND c."endReason" = ANY (${TO_BE_TOLD})
      AND NOT EXISTS (SELECT 1 FROM "Erasure" e WHERE e."userId" = c."userId" AND e."bankTold"))`
    return Prisma.sql`
      SELECT c.id, c."userId", c.profile, c.scopes, c."grantedAt", c."expiresAt", c."revokedAt", c."endReason", c."lastUsedAt",
        u.email, u.status, call.outcome AS "lastOutcome", call.at AS "lastCallOn",
        ${isLive} AND c."expiresAt" <= ${now} AS expired,
        ${isLive} AND NOT (c.profile = ${profile} AND c.scopes @> ${[...scopes]}::text[] AND c.scopes <@ ${[...scopes]}::text[]) AS outdated,
        ${isLive} AND ${LAST_USE} <= ${new Date(now.getTime() - UNUSED_AFTER_MS)} AS unused,
        ${isLive} AND coalesce(call.outcome = ANY (${REFUSALS}), FALSE) AS refused,
        ${untold} AS untold
      FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
      LEFT JOIN LATERAL (
        SELECT b.outcome, b.at FROM "BankCall" b WHERE b."onBehalfOfId" = c."userId" AND b.at >= c."grantedAt"
        ORDER BY b.at DESC LIMIT 1) call ON c."revokedAt" IS NULL
      WHERE ${isLive} OR ${untold}`
  }
}

/** Names of columns are our own words. */
function nameOf(concern: Concern): Prisma.Sql {
  return Prisma.raw(`"${concern}"`)
}
