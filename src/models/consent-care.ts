import { DAY } from '../clock.ts'
import { Prisma, type Tx } from '../db.ts'
import type { BankConsent } from '../generated/client.ts'
import type { MailKind } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import { endConsent } from './consent/ending.ts'
import type { Actor, ModelContext } from './context.ts'

/** From here on the dashboard says it, too. */
export const END_IS_NEAR_MS = 14 * DAY
/** A consent that nothing was done by for so long is not needed. */
export const UNUSED_AFTER_MS = 90 * DAY
/** How long its saver has to use it after all. */
export const WITHDRAWN_AFTER_MS = 14 * DAY
/** What one transaction takes. */
const BATCH = 200
/** More than any night brings; what is left has its turn the next. */
const MOST_BATCHES = 1_000
const MOST_A_NIGHT = 10_000

/**
 * When its saver last made use of a consent: gave it, had a payment made or followed by it, looked at their accounts, or just
 * signed in. What the app does of its own accord (the nightly comparison, an admin's question) is none of it.
 */
export const LAST_USE = Prisma.sql`greatest(c."grantedAt", c."lastUsedAt", u."lastSignInOn")`

type Owned = Pick<BankConsent, 'id' | 'userId'>

/** Which of the three letters is due for a consent that ends within 14 days. */
const daysLeft = (now: Date) => Prisma.sql`(CASE
  WHEN c."expiresAt" <= ${new Date(now.getTime() + DAY)} THEN 1
  WHEN c."expiresAt" <= ${new Date(now.getTime() + 7 * DAY)} THEN 7
  ELSE 14 END)`

export type ConsentCare = ReturnType<typeof createConsentCare>

/** What is done about consents that are about to end, or that nobody uses. The workers may all do it at once. */
export function createConsentCare({ db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>) {
  return {
    /** Tells savers 14, 7 and 1 days before, each once: one statement decides between two workers. @returns how many. */
    async tellEnds(by: Actor): Promise<number> {
      const now = clock.now()
      return inBatches(async (tx) => {
        const told = await tx.$queryRaw<{ id: string; userId: string; days: number }[]>`
          WITH near AS MATERIALIZED (
            SELECT c.id, ${daysLeft(now)} AS days FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
            WHERE c."revokedAt" IS NULL AND c."expiresAt" > ${now} AND u.status = 'ACTIVE'
              AND c."expiresAt" <= ${new Date(now.getTime() + END_IS_NEAR_MS)}
              AND (c."toldDaysBefore" IS NULL OR c."toldDaysBefore" > ${daysLeft(now)})
            ORDER BY c.id LIMIT ${BATCH} FOR NO KEY UPDATE OF c)
          UPDATE "BankConsent" t SET "toldDaysBefore" = near.days FROM near WHERE t.id = near.id
          RETURNING t.id, t."userId", near.days`
        for (const { id, userId, days } of told) {
          await tell(tx, { id, userId }, 'consent-ends', by, { action: 'consent.end-told', days })
        }
        return told.length
      })
    },

    /** Tells savers of consents that they haven't used for long. @returns how many. */
    async tellUnused(by: Actor): Promise<number> {
      const now = clock.now()
      return inBatches(async (tx) => {
        const told = await tx.$queryRaw<Owned[]>`
          WITH unused AS MATERIALIZED (
            SELECT c.id FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
            WHERE c."revokedAt" IS NULL AND c."expiresAt" > ${now} AND u.status = 'ACTIVE'
              AND ${LAST_USE} <= ${new Date(now.getTime() - UNUSED_AFTER_MS)}
              AND (c."unusedToldOn" IS NULL OR c."unusedToldOn" < ${LAST_USE})
            ORDER BY c.id LIMIT ${BATCH} FOR NO KEY UPDATE OF c)
          UPDATE "BankConsent" t SET "unusedToldOn" = ${now} FROM unused WHERE t.id = unused.id
          RETURNING t.id, t."userId"`
        for (const consent of told) {
          await tell(tx, consent, 'consent-unused', by, { action: 'consent.unused-told' })
        }
        return told.length
      })
    },

    /** Ends those of which that was told two weeks ago, unless they have been used since. @returns how many. */
    async withdrawUnused(by: Actor): Promise<number> {
      const unused = await db.prisma.$queryRaw<Owned[]>`
        SELECT c.id, c."userId" FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
        WHERE ${isToEnd()} ORDER BY c."unusedToldOn", c.id LIMIT ${MOST_A_NIGHT}`
      let count = 0
      for (const consent of unused) if (await withdraw(consent, by)) count += 1
      return count
    },
  }

  /** The saver's row comes first: who is signing in at this moment is waited for, and then counts. */
  async function withdraw({ id, userId }: Owned, by: Actor): Promise<boolean> {
    return db.transaction(async (tx) => {
      await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
      const [still] = await tx.$queryRaw<Owned[]>`
        SELECT c.id FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
        WHERE c.id = ${id}::uuid AND ${isToEnd()} FOR NO KEY UPDATE OF c`
      if (!still) return false
      await endConsent(tx, { id, userId }, 'unused', { by, at: clock.now(), bank: 'tell' })
      await queue.enqueue(tx, 'send-mail', { userId, kind: 'consent-withdrawn' })
      return true
    })
  }

  function isToEnd(): Prisma.Sql {
    const before = new Date(clock.now().getTime() - WITHDRAWN_AFTER_MS)
    return Prisma.sql`c."revokedAt" IS NULL AND c."unusedToldOn" <= ${before} AND ${LAST_USE} <= c."unusedToldOn"`
  }

  async function tell(
    tx: Tx,
    { id, userId }: Owned,
    kind: MailKind,
    by: Actor,
    { action, ...detail }: { action: string; days?: number },
  ): Promise<void> {
    await queue.enqueue(tx, 'send-mail', { userId, kind })
    await audit(tx, {
      action,
      by,
      at: clock.now(),
      subjectId: userId,
      object: { kind: 'consent', id },
      detail,
    })
  }

  async function inBatches(batch: (tx: Tx) => Promise<number>): Promise<number> {
    let total = 0
    for (let round = 0; round < MOST_BATCHES; round += 1) {
      const count = await db.transaction(batch)
      total += count
      if (count < BATCH) break
    }
    return total
  }
}
