import { Prisma } from '../../db.ts'
import type { Payment, PaymentEvent, ReconciliationDifference } from '../../generated/client.ts'
import type { PaymentState } from '../../generated/enums.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import type { TakenBack } from '../payment/pledges.ts'
import { wakeWaiting } from '../payment/waking.ts'
import type { Payments } from '../payment.ts'
import type { Retries, RetryResult } from '../retry.ts'
import { allOf, type Listed, listed, oneMore, PLANNED_ANEW, type Place } from './paging.ts'

export interface PaymentFilter {
  state: PaymentState | null
  saverId: string | null
  /** As on the bank statement: 12 characters. */
  reference: string | null
}

/** A payment as admins see it: nothing of what it is for. */
export type PaymentLine = Pick<
  Payment,
  | 'id'
  | 'userId'
  | 'kind'
  | 'reference'
  | 'amountMinor'
  | 'currency'
  | 'state'
  | 'reason'
  | 'attempts'
  | 'createdOn'
  | 'nextActionAt'
>

export interface PaymentForDesk {
  payment: Payment
  events: PaymentEvent[]
  /** What comparisons found about it, and what admins have marked; those that are gone too. */
  differences: ReconciliationDifference[]
}

/** An open difference, with the payment's reference where it is about one. */
export type ReviewLine = ReconciliationDifference & { reference: string | null }

/** What an admin has seen about a payment; the only kind that a person opens and closes. */
const MARKED = 'marked-for-review'

export type PaymentDesk = ReturnType<typeof createPaymentDesk>

/** What admins do about payments. Nobody but the bank's answer makes one paid. */
export function createPaymentDesk(
  { db, clock }: Pick<ModelContext, 'db' | 'clock'>,
  { payments, retries }: { payments: Payments; retries: Retries },
) {
  return {
    /** The newest first. */
    async list(
      filter: PaymentFilter,
      page: { size: number; before: Place | null },
    ): Promise<Listed<PaymentLine>> {
      const rows = await db.prisma.$queryRaw<PaymentLine[]>`${PLANNED_ANEW}
        SELECT id, "userId", kind, reference, "amountMinor", currency, state, reason, attempts, "createdOn", "nextActionAt"
        FROM "Payment" WHERE ${matching(filter, page.before)}
        ORDER BY id DESC LIMIT ${oneMore(page.size)}`
      return listed(rows, page.size, ({ createdOn, id }) => ({ at: createdOn, id }))
    },

    async find(id: string): Promise<PaymentForDesk | null> {
      const found = await db.prisma.payment.findUnique({
        where: { id },
        include: { events: { orderBy: [{ at: 'asc' }, { id: 'asc' }] } },
      })
      if (!found) return null
      const { events, ...payment } = found
      const differences = await db.prisma.reconciliationDifference.findMany({
        where: { userId: payment.userId, paymentId: id },
        orderBy: { firstSeenOn: 'asc' },
      })
      return { payment, events, differences }
    },

    /** Open differences, those that hold payments back first. */
    async review(most: number): Promise<ReviewLine[]> {
      return db.prisma.$queryRaw<ReviewLine[]>`
        SELECT d.*, p.reference FROM "ReconciliationDifference" d LEFT JOIN "Payment" p ON p.id = d."paymentId"
        WHERE d."goneOn" IS NULL ORDER BY d.holds DESC, d."firstSeenOn", d.id LIMIT ${most}`
    },

    /** The worker looks at it at its next turn. @returns false when it has come to its end, or somebody holds it. */
    async lookAgain(id: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        const [payment] = await tx.$queryRaw<{ userId: string }[]>`
          UPDATE "Payment" SET "nextActionAt" = ${now}
          WHERE id = ${id}::uuid AND "nextActionAt" IS NOT NULL AND "leaseOwner" IS NULL
            AND (state <> 'SCHEDULED' OR "dueAt" <= ${now}) RETURNING "userId"`
        if (!payment) return false
        const object = { kind: 'payment', id }
        await audit(tx, { action: 'payment.look-asked', by, at: now, subjectId: payment.userId, object })
        return true
      })
    },

    /** What isn't sent yet is called off. */
    async cancel(id: string, by: Actor): Promise<TakenBack | null> {
      return db.transaction((tx) => payments.cancelUnsent(tx, id, by))
    },

    /** A new payment for the check-offs of one that has ended without moving money, as their saver could have it. */
    async payAgain({ id, userId }: Pick<Payment, 'id' | 'userId'>, by: Actor): Promise<RetryResult | null> {
      return retries.payAgain(userId, id, by)
    },

    /** The saver's payments wait until an admin takes the mark off. @returns false when it is marked already. */
    async mark(
      payment: Pick<Payment, 'id' | 'userId' | 'state'>,
      reason: string,
      by: Actor,
    ): Promise<boolean> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        const detail = JSON.stringify({ ours: payment.state, theirs: reason })
        const marked = await tx.$queryRaw<{ id: string }[]>`
          INSERT INTO "ReconciliationDifference" (id, kind, "objectKey", "userId", "paymentId", holds, detail, "firstSeenOn", "lastSeenOn")
          VALUES (gen_random_uuid(), ${MARKED}, ${payment.id}, ${payment.userId}::uuid, ${payment.id}::uuid, TRUE, ${detail}::jsonb,
            ${now}, ${now})
          ON CONFLICT (kind, "objectKey") WHERE "goneOn" IS NULL DO NOTHING RETURNING id`
        if (marked.length === 0) return false
        const object = { kind: 'payment', id: payment.id }
        await audit(tx, {
          action: 'payment.marked',
          by,
          at: now,
          subjectId: payment.userId,
          object,
          detail: { reason },
        })
        return true
      })
    },

    /** @returns false when there was no mark. */
    async unmark(payment: Pick<Payment, 'id' | 'userId'>, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        const { count } = await tx.reconciliationDifference.updateMany({
          where: { kind: MARKED, objectKey: payment.id, goneOn: null },
          data: { goneOn: now },
        })
        if (count === 0) return false
        await wakeWaiting(tx, payment.userId, now)
        const object = { kind: 'payment', id: payment.id }
        await audit(tx, { action: 'payment.unmarked', by, at: now, subjectId: payment.userId, object })
        return true
      })
    },
  }
}

export function isMarked(differences: readonly ReconciliationDifference[]): boolean {
  return differences.some(({ kind, goneOn }) => kind === MARKED && goneOn === null)
}

function matching({ state, saverId, reference }: PaymentFilter, before: Place | null): Prisma.Sql {
  return allOf([
    // A literal for what the partial index leaves out, so that the planner may use it for all others.
    state === null
      ? null
      : state === 'PAID'
        ? Prisma.sql`state = 'PAID'`
        : Prisma.sql`state = ${state}::"PaymentState" AND state <> 'PAID'`,
    saverId === null ? null : Prisma.sql`"userId" = ${saverId}::uuid`,
    reference === null ? null : Prisma.sql`reference = ${reference}`,
    before && Prisma.sql`id < ${before.id}::uuid`,
  ])
}
