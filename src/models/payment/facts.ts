import type { Tx } from '../../db.ts'
import type { Payment, User } from '../../generated/client.ts'
import { limitsAt } from '../limits.ts'
import type { GuardFacts } from './guards.ts'
import { windowsAt } from './windows.ts'

/** What the books know of whether a payment may go out; the balance is the bank's to tell. */
export async function guardFactsIn(
  tx: Pick<Tx, 'savingLimits' | 'paymentStop' | 'reconciliationDifference' | '$queryRaw'>,
  user: User,
  payment: Pick<Payment, 'id' | 'kind' | 'amountMinor' | 'currency'>,
  outside: { now: Date; availableMinor: number | null; exposureLimitMinor: number },
): Promise<GuardFacts> {
  const { now, availableMinor } = outside
  return {
    now,
    payment,
    user,
    ...(await switchesIn(tx, user.id)),
    limits: await limitsAt(tx, user.id, now),
    ...(await sentSums(tx, user, payment, now)),
    availableMinor,
    exposure: {
      inFlightMinor: await inFlightBeside(tx, payment),
      limitMinor: outside.exposureLimitMinor,
    },
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

type Sums = Pick<GuardFacts, 'sentTodayMinor' | 'sentThisMonthMinor' | 'unreservedMinor'>

/** The saver's other orders that are at the bank or may be, by when they last went out. */
async function sentSums(
  tx: Pick<Tx, '$queryRaw'>,
  user: User,
  { id, currency }: Pick<Payment, 'id' | 'currency'>,
  now: Date,
): Promise<Sums> {
  const { dayStart, monthStart } = windowsAt(now, user)
  const [row] = await tx.$queryRaw<{ today: bigint; month: bigint; unreserved: bigint }[]>`
    SELECT coalesce(sum("amountMinor") FILTER (WHERE "lastSentAt" >= ${dayStart}), 0)::bigint AS today,
           coalesce(sum("amountMinor") FILTER (WHERE "lastSentAt" >= ${monthStart}), 0)::bigint AS month,
           coalesce(sum("amountMinor") FILTER (WHERE state NOT IN ('ACCEPTED', 'PAID')), 0)::bigint AS unreserved
    FROM "Payment"
    WHERE "userId" = ${user.id}::uuid AND id <> ${id}::uuid AND kind = 'SAVING' AND currency = ${currency}::"Currency"
      AND state IN ('SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN', 'PAID')
      AND ("lastSentAt" >= ${monthStart} OR state <> 'PAID')`
  return {
    sentTodayMinor: Number(row?.today ?? 0),
    sentThisMonthMinor: Number(row?.month ?? 0),
    unreservedMinor: Number(row?.unreserved ?? 0),
  }
}

/** What all savers' other orders hold in flight, in minor units. */
async function inFlightBeside(
  tx: Pick<Tx, '$queryRaw'>,
  { id, currency }: Pick<Payment, 'id' | 'currency'>,
): Promise<number> {
  const [row] = await tx.$queryRaw<{ total: bigint }[]>`
    SELECT coalesce(sum("amountMinor"), 0)::bigint AS total FROM "Payment"
    WHERE id <> ${id}::uuid AND currency = ${currency}::"Currency"
      AND state = ANY (ARRAY['SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN']::"PaymentState"[])`
  return Number(row?.total ?? 0)
}
