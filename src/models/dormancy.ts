import { DAY } from '../clock.ts'
import { Prisma, type Tx } from '../db.ts'
import { audit } from './audit.ts'
import { endConsent } from './consent/ending.ts'
import type { Actor, ModelContext } from './context.ts'
import { IN_FLIGHT } from './payment/states.ts'
import type { Payments } from './payment.ts'
import { endSessions } from './session.ts'

/** An account that nobody has signed in to for so long is in nobody's hands, or in the wrong ones. */
export const IDLE_AFTER_MS = 365 * DAY
/** How long its owner has to sign in after all. */
export const SHUT_AFTER_MS = 30 * DAY
/** Looked at in one night; whoever is left has their turn in the next. */
const MOST_A_NIGHT = 1_000

export type Dormancy = ReturnType<typeof createDormancy>

/**
 * Accounts that nobody uses: their owner is told, and a month later nothing of them works any more, but nothing is lost
 * either. A new password, by the mailbox, wakes them. The workers may all do it at once.
 */
export function createDormancy(
  { db, clock, queue }: Pick<ModelContext, 'db' | 'clock' | 'queue'>,
  payments: Payments,
) {
  return {
    /** One statement decides between two workers. @returns how many were told. */
    async warn(by: Actor): Promise<number> {
      const at = clock.now()
      return db.transaction(async (tx) => {
        const told = await tx.$queryRaw<{ id: string }[]>`
          UPDATE "User" SET "dormantWarnedOn" = ${at}
          WHERE id = ANY (ARRAY(
            SELECT id FROM "User"
            WHERE status = 'ACTIVE' AND "emailConfirmedOn" IS NOT NULL AND "dormantWarnedOn" IS NULL
              AND coalesce("lastSignInOn", "createdOn") <= ${ago(IDLE_AFTER_MS)}
            ORDER BY id LIMIT ${MOST_A_NIGHT} FOR NO KEY UPDATE))
          RETURNING id`
        for (const { id: userId } of told) {
          await queue.enqueue(tx, 'send-mail', { userId, kind: 'account-unused' })
          await audit(tx, { action: 'user.unused-told', by, at, subjectId: userId })
        }
        return told.length
      })
    },

    /** @returns how many were shut. */
    async shut(by: Actor): Promise<number> {
      const due = await db.prisma.$queryRaw<{ id: string }[]>`
        SELECT id FROM "User" WHERE status = 'ACTIVE' AND "dormantWarnedOn" <= ${ago(SHUT_AFTER_MS)}
        ORDER BY "dormantWarnedOn", id LIMIT ${MOST_A_NIGHT}`
      let count = 0
      for (const { id } of due) if (await shutOne(id, by)) count += 1
      return count
    },

    /**
     * Ends the consents of dormant accounts: at once where nothing is at the bank, otherwise when the last order there has come
     * to its end and nobody has to ask about it any more. @returns how many.
     */
    async endConsents(by: Actor): Promise<number> {
      const live = await db.prisma.$queryRaw<{ id: string; userId: string }[]>`
        SELECT c.id, c."userId" FROM "BankConsent" c JOIN "User" u ON u.id = c."userId"
        WHERE c."revokedAt" IS NULL AND u.status = 'DORMANT' AND ${needsNoAnswers()} LIMIT ${MOST_A_NIGHT}`
      let count = 0
      for (const { id, userId } of live) if (await endOne({ id, userId }, by)) count += 1
      return count
    },
  }

  /** Whoever wakes the account at this moment keeps its consent. */
  async function endOne({ id, userId }: { id: string; userId: string }, by: Actor): Promise<boolean> {
    return db.transaction(async (tx) => {
      const [dormant] = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM "User" WHERE id = ${userId}::uuid AND status = 'DORMANT' FOR NO KEY UPDATE`
      return dormant
        ? endConsent(tx, { id, userId }, 'account-unused', { by, at: clock.now(), bank: 'tell' })
        : false
    })
  }

  function needsNoAnswers(): Prisma.Sql {
    return Prisma.sql`(c."expiresAt" <= ${clock.now()} OR NOT EXISTS (
      SELECT 1 FROM "Payment" p WHERE p."userId" = u.id AND p.state::text = ANY (${[...IN_FLIGHT]})))`
  }

  /** Whoever signs in or sets a new password at this moment is waited for, and then there is nothing to shut. */
  async function shutOne(userId: string, by: Actor): Promise<boolean> {
    const at = clock.now()
    return db.transaction(async (tx) => {
      const [user] = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM "User" WHERE id = ${userId}::uuid AND status = 'ACTIVE' AND "dormantWarnedOn" <= ${ago(SHUT_AFTER_MS)}
        FOR UPDATE`
      if (!user) return false
      await payments.callOffUnsent(tx, userId, 'account-unused', by)
      await tx.user.update({ where: { id: userId }, data: { status: 'DORMANT' } })
      await endSessions(tx, userId, null)
      await audit(tx, { action: 'user.dormant', by, at, subjectId: userId })
      await queue.enqueue(tx, 'send-mail', { userId, kind: 'account-dormant' })
      return true
    })
  }

  function ago(ms: number): Date {
    return new Date(clock.now().getTime() - ms)
  }
}

/**
 * In the transaction in which the owner of an account has shown up beyond doubt, other than by signing in: it is theirs again,
 * and what was told of its end doesn't count any more.
 */
export async function wake(tx: Tx, userId: string, by: Actor, at: Date): Promise<void> {
  await tx.user.update({ where: { id: userId }, data: { dormantWarnedOn: null } })
  const { count } = await tx.user.updateMany({
    where: { id: userId, status: 'DORMANT' },
    data: { status: 'ACTIVE' },
  })
  if (count > 0) await audit(tx, { action: 'user.woken', by, at, subjectId: userId })
}
