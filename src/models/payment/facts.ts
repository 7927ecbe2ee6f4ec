import { Prisma, type Tx } from '../../db.ts'
import type { Payment, User } from '../../generated/client.ts'
import { DEFAULT_LIMITS, type Limits, limitsRow } from '../limits.ts'
import type { GuardFacts } from './guards.ts'
import { type Calendar, windowsAt } from './windows.ts'

interface BooksRow extends Pick<GuardFacts, 'isStopped' | 'isUnderReview'> {
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
  user: GuardFacts['user'] & Calendar & Pick<User, 'id'>,
  payment: Pick<Payment, 'id' | 'kind' | 'amountMinor' | 'currency'>,
  outside: { now: Date; availableMinor: number | null; exposureLimitMinor: number },
): Promise<GuardFacts> {
  const { now, availableMinor, exposureLimitMinor } = outside
  const { dayStart, monthStart } = windowsAt(now, user)
  const { id, currency } = payment
  const [books] = await tx.$queryRaw<BooksRow[]>`
    SELECT ${switchesOf(user.id)}, own.*,
      (${inFlightOf(currency)} AND id <> ${id}::uuid) AS "inFlight",
      (SELECT to_jsonb(l) FROM (${limitsRow(user.id, now)}) l) AS limits
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
  tx: Pick<Tx, '$queryRaw'>,
  userId: string,
): Promise<Pick<GuardFacts, 'user' | 'isStopped' | 'isUnderReview'>> {
  type Row = GuardFacts['user'] & Pick<GuardFacts, 'isStopped' | 'isUnderReview'>
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT status, "pausedUntil", ${switchesOf(userId)} FROM "User" WHERE id = ${userId}::uuid`
  if (!row) throw new Error(`no saver ${userId}`)
  return { user: row, isStopped: row.isStopped, isUnderReview: row.isUnderReview }
}

/** @returns what all savers together have under way in a currency, in minor units. */
export async function inFlightIn(tx: Pick<Tx, '$queryRaw'>, currency: Payment['currency']): Promise<number> {
  const [row] = await tx.$queryRaw<{ inFlight: bigint }[]>`SELECT (${inFlightOf(currency)}) AS "inFlight"`
  return Number(row?.inFlight ?? 0)
}

function switchesOf(userId: string): Prisma.Sql {
  return Prisma.sql`
    EXISTS (SELECT 1 FROM "PaymentStop" WHERE "endedOn" IS NULL) AS "isStopped",
    EXISTS (SELECT 1 FROM "ReconciliationDifference"
      WHERE "userId" = ${userId}::uuid AND "goneOn" IS NULL AND holds) AS "isUnderReview"`
}

function inFlightOf(currency: Payment['currency']): Prisma.Sql {
  return Prisma.sql`
    SELECT coalesce(sum("amountMinor"), 0)::bigint FROM "Payment"
    WHERE currency = ${currency}::"Currency"
      AND state = ANY (ARRAY['SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN']::"PaymentState"[])`
}
