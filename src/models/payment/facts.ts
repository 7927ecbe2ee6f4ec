import type { Tx } from '../../db.ts'
import type { Payment, User } from '../../generated/client.ts'
import { DEFAULT_LIMITS, type Limits } from '../limits.ts'
import type { GuardFacts } from './guards.ts'
import { windowsAt } from './windows.ts'

interface BooksRow {
  isStopped: boolean
  isUnderReview: boolean
  today: bigint
  month: bigint
  unreserved: bigint
  inFlight: bigint
  /** Null for a saver who has never set limits of their own. */
  limits: Limits | null
}

/** What the books know of whether a payment may go out, read in one statement; the balance is the bank's to tell. */
export async function guardFactsIn(
  tx: Pick<Tx, '$queryRaw'>,
  user: User,
  payment: Pick<Payment, 'id' | 'kind' | 'amountMinor' | 'currency'>,
  outside: { now: Date; availableMinor: number | null; exposureLimitMinor: number },
): Promise<GuardFacts> {
  const { now, availableMinor, exposureLimitMinor } = outside
  const { dayStart, monthStart } = windowsAt(now, user)
  const { id, currency } = payment
  const [books] = await tx.$queryRaw<BooksRow[]>`
    SELECT
      EXISTS (SELECT 1 FROM "PaymentStop" WHERE "endedOn" IS NULL) AS "isStopped",
      EXISTS (SELECT 1 FROM "ReconciliationDifference"
        WHERE "userId" = ${user.id}::uuid AND "goneOn" IS NULL AND holds) AS "isUnderReview",
      own.*,
      -- Of all savers together.
      (SELECT coalesce(sum("amountMinor"), 0)::bigint FROM "Payment"
        WHERE id <> ${id}::uuid AND currency = ${currency}::"Currency"
          AND state = ANY (ARRAY['SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN']::"PaymentState"[])
      ) AS "inFlight",
      (SELECT to_jsonb(l) FROM "SavingLimits" l
        WHERE l."userId" = ${user.id}::uuid AND l."withdrawnOn" IS NULL AND l."effectiveFrom" <= ${now}
        ORDER BY l."effectiveFrom" DESC, l.id DESC LIMIT 1
      ) AS limits
    FROM (
      -- The saver's other orders that are at the bank or may be, by when they last went out.
      SELECT
        coalesce(sum("amountMinor") FILTER (WHERE "lastSentAt" >= ${dayStart}), 0)::bigint AS today,
        coalesce(sum("amountMinor") FILTER (WHERE "lastSentAt" >= ${monthStart}), 0)::bigint AS month,
        coalesce(sum("amountMinor") FILTER (WHERE state NOT IN ('ACCEPTED', 'PAID')), 0)::bigint AS unreserved
      FROM "Payment"
      WHERE "userId" = ${user.id}::uuid AND id <> ${id}::uuid AND kind = 'SAVING' AND currency = ${currency}::"Currency"
        AND state IN ('SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN', 'PAID')
        AND ("lastSentAt" >= ${monthStart} OR state <> 'PAID')
    ) AS own`
  if (!books) throw new Error('the books gave no answer')
  return {
    now,
    payment,
    user,
    isStopped: books.isStopped,
    isUnderReview: books.isUnderReview,
    limits: books.limits ?? DEFAULT_LIMITS,
    sentTodayMinor: Number(books.today),
    sentThisMonthMinor: Number(books.month),
    unreservedMinor: Number(books.unreserved),
    availableMinor,
    exposure: { inFlightMinor: Number(books.inFlight), limitMinor: exposureLimitMinor },
  }
}

/** What holds back all payments, and all of this saver's. */
export async function switchesIn(
  tx: Pick<Tx, 'paymentStop' | 'reconciliationDifference'>,
  userId: string,
): Promise<Pick<GuardFacts, 'isStopped' | 'isUnderReview'>> {
  return {
    isStopped: (await tx.paymentStop.count({ where: { endedOn: null } })) > 0,
    isUnderReview:
      (await tx.reconciliationDifference.count({ where: { userId, goneOn: null, holds: true } })) > 0,
  }
}
