import { randomUUID } from 'node:crypto'
import { uuidv7 } from '../crypto.ts'
import { Prisma, type Statements } from '../db.ts'
import type { Currency, LedgerBucket } from '../generated/enums.ts'

/** Between which buckets of a saver's books something moves; all entries booked together do. */
export interface LedgerMove {
  userId: string
  paymentId: string
  currency: Currency
  from: LedgerBucket
  to: LedgerBucket
  at: Date
}

export interface LedgerAmount {
  habitId: string
  checkOffId: string
  /** Minor units, positive. */
  amountMinor: number
}

/**
 * Books an entry for each amount: it leaves one bucket and enters another, each line with the balance before and after.
 * All balances are locked first, in the order of habits and buckets, so that two bookings can't deadlock.
 */
export async function book(
  tx: Pick<Statements, '$executeRaw'>,
  move: LedgerMove,
  amounts: readonly LedgerAmount[],
): Promise<void> {
  if (amounts.length === 0) return
  const habitIds = amounts.map(({ habitId }) => habitId)
  if (await bookOnBalances(tx, move, amounts)) return
  // Not an upsert: its insert half would be checked against "not negative" although the row is there.
  await tx.$executeRaw`
    INSERT INTO "LedgerBalance" ("userId", "habitId", bucket, currency)
    SELECT ${move.userId}::uuid, "habitId", bucket, ${move.currency}::"Currency"
    FROM unnest(${habitIds}::uuid[]) "habitId", unnest(${[move.from, move.to]}::"LedgerBucket"[]) bucket
    GROUP BY "habitId", bucket ORDER BY "habitId", bucket
    ON CONFLICT DO NOTHING`
  if (!(await bookOnBalances(tx, move, amounts))) throw new Error(`no balances of ${habitIds.join(', ')}`)
}

/** @returns false, and books nothing, when a balance is missing. */
async function bookOnBalances(
  tx: Pick<Statements, '$executeRaw'>,
  move: LedgerMove,
  amounts: readonly LedgerAmount[],
): Promise<boolean> {
  const { steps, lines } = bookingParts(move, amounts)
  return (await tx.$executeRaw`WITH ${steps} ${lines}`) > 0
}

/**
 * An entry for each amount as parts of a larger statement: `steps` for its WITH, in which `lines` inserts. They book nothing
 * when a balance is missing; then `book` has to.
 * @param condition where given, nothing is booked, and no balance held, before this is known to be true.
 */
export function bookingParts(
  move: LedgerMove,
  amounts: readonly LedgerAmount[],
  condition = Prisma.sql`true`,
): { steps: Prisma.Sql; lines: Prisma.Sql } {
  const steps = Prisma.sql`
    side AS (
      SELECT line.id, "entryId", "habitId", "checkOffId", place, line.bucket, line.sign * amount AS amount
      FROM unnest(
        ${amounts.map(() => randomUUID())}::uuid[], ${amounts.map(({ habitId }) => habitId)}::uuid[],
        ${amounts.map(({ checkOffId }) => checkOffId)}::uuid[], ${amounts.map(({ amountMinor }) => amountMinor)}::int[],
        ${amounts.map(() => uuidv7())}::uuid[], ${amounts.map(() => uuidv7())}::uuid[]
      ) WITH ORDINALITY AS entry ("entryId", "habitId", "checkOffId", amount, "fromId", "toId", place),
      LATERAL (VALUES
        ("fromId", ${move.from}::"LedgerBucket", -1), ("toId", ${move.to}::"LedgerBucket", 1)
      ) AS line (id, bucket, sign)
      WHERE ${condition}
    ), change AS (
      SELECT "habitId", bucket, sum(amount) AS amount FROM side GROUP BY "habitId", bucket
    ), held AS (
      SELECT "habitId", bucket, balance."balanceMinor", change.amount
      FROM "LedgerBalance" balance JOIN change USING ("habitId", bucket)
      WHERE "userId" = ${move.userId}::uuid AND currency = ${move.currency}::"Currency"
      ORDER BY "habitId", bucket
      FOR NO KEY UPDATE OF balance
    ), changed AS (
      UPDATE "LedgerBalance" balance SET "balanceMinor" = held."balanceMinor" + held.amount
      FROM held
      WHERE (SELECT count(*) FROM held) = (SELECT count(*) FROM change)
        AND balance."userId" = ${move.userId}::uuid AND balance.currency = ${move.currency}::"Currency"
        AND balance."habitId" = held."habitId" AND balance.bucket = held.bucket
      RETURNING balance."habitId", balance.bucket, held."balanceMinor" AS "beforeMinor"
    )`
  const lines = Prisma.sql`
    INSERT INTO "LedgerLine" (id, "entryId", "userId", "habitId", "paymentId", "checkOffId", bucket, currency,
      "amountMinor", "beforeMinor", "afterMinor", at)
    SELECT id, "entryId", ${move.userId}::uuid, "habitId", ${move.paymentId}::uuid, "checkOffId", bucket, ${move.currency}::"Currency",
      amount, "beforeMinor" + sum(amount) OVER story - amount, "beforeMinor" + sum(amount) OVER story, ${move.at}::timestamptz
    FROM side JOIN changed USING ("habitId", bucket)
    WINDOW story AS (PARTITION BY "habitId", bucket ORDER BY place)`
  return { steps, lines }
}

export interface SavingsTotals {
  pledgedMinor: number
  onItsWayMinor: number
  savedMinor: number
}

export const NOTHING_SAVED: Readonly<SavingsTotals> = { pledgedMinor: 0, onItsWayMinor: 0, savedMinor: 0 }

/** Adds up balances of one currency; amounts of different currencies are never added. */
export function totalsOf(
  balances: readonly { bucket: LedgerBucket; balanceMinor: bigint | number }[],
): SavingsTotals {
  const sum = (bucket: LedgerBucket) =>
    balances
      .filter((balance) => balance.bucket === bucket)
      .reduce((total, balance) => total + Number(balance.balanceMinor), 0)
  return { pledgedMinor: sum('PLEDGED'), onItsWayMinor: sum('ON_ITS_WAY'), savedMinor: sum('SAVED') }
}
