import type pg from 'pg'

let slot = 0

/**
 * Gives each of these savers as many payments that are due now, each for a check-off of another habit, asked for a
 * moment ago; and lets their access tokens end, as an hour after the last payment does.
 */
export async function makeDue(
  pool: pg.Pool,
  userIds: readonly string[],
  paymentsEach: number,
): Promise<void> {
  // A habit's places are taken one after the other; the bench has no days to wait for.
  slot += 1
  await pool.query(DUE, [userIds, paymentsEach, slot])
  await pool.query(
    `UPDATE "BankConsent" SET "accessTokenExpiresAt" = now() - interval '1 minute' WHERE "userId" = ANY ($1::uuid[])`,
    [userIds],
  )
}

const DUE = `
  WITH habits AS (
    SELECT h.id AS "habitId", h."userId", v.id AS "habitVersionId", v."amountMinor",
      row_number() OVER (PARTITION BY h."userId" ORDER BY h.id) AS place
    FROM "Habit" h JOIN "HabitVersion" v ON v."habitId" = h.id
    WHERE h."userId" = ANY ($1::uuid[])
  ), due AS MATERIALIZED (
    SELECT habits.*, uuidv7() AS "paymentId", uuidv7() AS "checkOffId", uuidv7() AS "entryId",
      debtor.id AS "debtorAccountId", creditor.id AS "creditorAccountId"
    FROM habits
    JOIN "Account" debtor ON debtor."userId" = habits."userId" AND debtor."isDebitor"
    JOIN "Account" creditor ON creditor."userId" = habits."userId" AND creditor."isCreditor"
    WHERE place <= $2
  ), payments AS (
    INSERT INTO "Payment" (id, "userId", "externalId", reference, "debtorAccountId", "creditorAccountId",
      "amountMinor", currency, "askedFromIp", "askedOn", "dueAt", "nextActionAt", "createdOn")
    SELECT "paymentId", "userId", gen_random_uuid(), upper(substr(md5("paymentId"::text), 1, 12)),
      "debtorAccountId", "creditorAccountId", "amountMinor", 'DKK', '192.0.2.7', now(), now(), now(), now()
    FROM due
  ), events AS (
    INSERT INTO "PaymentEvent" (id, "paymentId", "to", at) SELECT uuidv7(), "paymentId", 'SCHEDULED', now() FROM due
  ), "checkOffs" AS (
    INSERT INTO "CheckOff" (id, "userId", "habitId", "habitVersionId", day, at, timezone, "dayStartHour", period, slot,
      "daySlot", "amountMinor", currency, "paymentId")
    SELECT "checkOffId", "userId", "habitId", "habitVersionId", current_date, now(), 'Europe/Copenhagen', 0,
      current_date, $3, $3, "amountMinor", 'DKK', "paymentId"
    FROM due
  ), booked AS (
    UPDATE "LedgerBalance" b SET "balanceMinor" = b."balanceMinor" + side.sign * due."amountMinor"
    FROM due, (VALUES ('OPEN'::"LedgerBucket", -1), ('PLEDGED', 1)) AS side (bucket, sign)
    WHERE b."userId" = due."userId" AND b."habitId" = due."habitId" AND b.bucket = side.bucket AND b.currency = 'DKK'
    RETURNING due.*, side.bucket, side.sign * due."amountMinor" AS change, b."balanceMinor" AS after
  )
  INSERT INTO "LedgerLine" (id, "entryId", "userId", "habitId", "paymentId", "checkOffId", currency, at, bucket,
    "amountMinor", "beforeMinor", "afterMinor")
  SELECT uuidv7(), "entryId", "userId", "habitId", "paymentId", "checkOffId", 'DKK', now(), bucket, change,
    after - change, after
  FROM booked`
