import { DAY, HOUR } from '../../clock.ts'
import { Prisma } from '../../db.ts'
import { PaymentKind, PaymentState } from '../../generated/enums.ts'
import type { ModelContext } from '../context.ts'
import { bucketOf, endedWithoutMoney, IN_FLIGHT } from '../payment/states.ts'
import { BOOK_KINDS, type BookKind, type Finding } from './kinds.ts'

/** A day is more than any bank's longest course of an ordinary transfer; then somebody should look. */
const UNDER_WAY_MS = DAY
/** An unclear answer is cleared up in minutes as a rule. */
const UNKNOWN_MS = 6 * HOUR
/** Bounds what one query may return. What is cut off is found when the rest has been put right. */
const MOST_FINDINGS = 10_000

export interface BookFindings {
  kind: BookKind
  findings: Finding[]
  /** False when there are more than could be returned. */
  isComplete: boolean
}

/**
 * Compares our own books with each other. Each question is one statement, which PostgreSQL answers from one instant:
 * whatever moves meanwhile moves all books together, so it can't look like a difference.
 */
export function createBooks({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async *compare(kinds: readonly BookKind[] = BOOK_KINDS): AsyncGenerator<BookFindings> {
      for (const kind of kinds) {
        const rows = await db.prisma.$queryRaw<Omit<Finding, 'kind'>[]>(
          Prisma.sql`SELECT * FROM (${questionOf(kind, clock.now())}) found LIMIT ${MOST_FINDINGS + 1}`,
        )
        yield {
          kind,
          findings: rows.slice(0, MOST_FINDINGS).map((row) => ({ ...row, kind })),
          isComplete: rows.length <= MOST_FINDINGS,
        }
      }
    },

    async paymentCount(): Promise<number> {
      return db.prisma.payment.count()
    },
  }
}

function questionOf(kind: BookKind, now: Date): Prisma.Sql {
  switch (kind) {
    case 'check-off-unpaid':
      return checkOffUnpaid()
    case 'payment-not-the-sum':
      return paymentNotTheSum()
    case 'ledger-out-of-place':
      return ledgerOutOfPlace()
    case 'balance-not-the-sum':
      return balanceNotTheSum()
    case 'entry-not-balanced':
      return entryNotBalanced()
    case 'story-broken':
      return storyBroken()
    case 'audit-incomplete':
      return auditIncomplete()
    case 'too-long-under-way':
      return tooLongUnderWay(new Date(now.getTime() - UNDER_WAY_MS))
    case 'unknown-too-long':
      return unknownTooLong(new Date(now.getTime() - UNKNOWN_MS))
  }
}

// ── Check-offs and payments ─────────────────────────────────────────────────────────────────────────────────────────

/** A payment that has ended at the bank without money is no difference: the saver sees it and can pay again. */
function checkOffUnpaid(): Prisma.Sql {
  return Prisma.sql`
    SELECT c.id::text AS "objectKey", c."userId", c."paymentId",
           'recorded, pays ' || c."amountMinor" || ' ' || c.currency AS ours,
           CASE WHEN p.id IS NULL THEN 'no payment'
                WHEN p.kind <> 'SAVING' THEN 'its payment brings money back'
                WHEN p.reason = 'undone-by-saver' THEN 'its payment was taken back'
                ELSE 'its payment is somebody else''s' END AS theirs
    FROM "CheckOff" c LEFT JOIN "Payment" p ON p.id = c."paymentId"
    WHERE c.state = 'RECORDED' AND NOT c."recordOnly"
      AND (p.id IS NULL OR p.kind <> 'SAVING' OR (p."userId", p.currency) <> (c."userId", c.currency)
           OR (p.state = 'CANCELLED' AND p.reason = 'undone-by-saver'))`
}

/** The rule that the trigger keeps (payment_is_the_sum), asked of all payments at once. */
function paymentNotTheSum(): Prisma.Sql {
  return Prisma.sql`
    WITH carried AS (
      SELECT "paymentId" AS id, sum("amountMinor") AS total FROM "CheckOff"
      WHERE state = 'RECORDED' OR "reversalId" IS NOT NULL GROUP BY "paymentId"
      UNION ALL
      SELECT "reversalId", sum("amountMinor") FROM "CheckOff" WHERE "reversalId" IS NOT NULL GROUP BY "reversalId"
    )
    SELECT p.id::text AS "objectKey", p."userId", p.id AS "paymentId",
           p.state || ', ' || p."amountMinor" || ' ' || p.currency AS ours,
           'its check-offs come to ' || coalesce(sum(carried.total), 0) AS theirs
    FROM "Payment" p LEFT JOIN carried ON carried.id = p.id
    WHERE p.state::text <> ALL (${ENDED_WITHOUT_MONEY})
    GROUP BY p.id HAVING coalesce(sum(carried.total), 0) <> p."amountMinor"`
}

// ── Ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const ENDED_WITHOUT_MONEY = Object.values(PaymentState).filter(endedWithoutMoney)

const PLACES = Object.values(PaymentKind).flatMap((kind) =>
  Object.values(PaymentState).map((state) => ({ kind, state, bucket: bucketOf(kind, state) })),
)

/**
 * Where the money of each check-off should stand by the state of its payment, less where the ledger has it: nothing may
 * remain. A saving takes it out of OPEN, a reversal out of SAVED.
 */
function ledgerOutOfPlace(): Prisma.Sql {
  return Prisma.sql`
    WITH place AS (
      SELECT * FROM unnest(${PLACES.map(({ kind }) => kind)}::text[], ${PLACES.map(({ state }) => state)}::text[],
                           ${PLACES.map(({ bucket }) => bucket)}::text[]) AS place (kind, state, bucket)
    ), carried AS (
      SELECT "paymentId", id AS "checkOffId", 'OPEN' AS source, "amountMinor" FROM "CheckOff"
      WHERE "paymentId" IS NOT NULL AND (state = 'RECORDED' OR "reversalId" IS NOT NULL)
      UNION ALL
      SELECT "reversalId", id, 'SAVED', "amountMinor" FROM "CheckOff" WHERE "reversalId" IS NOT NULL
    ), standing AS (
      SELECT c."paymentId", c."checkOffId", place.bucket, c."amountMinor" AS expected, 0 AS booked
      FROM carried c JOIN "Payment" p ON p.id = c."paymentId"
      JOIN place ON place.kind = p.kind::text AND place.state = p.state::text
      UNION ALL
      SELECT "paymentId", "checkOffId", source, -"amountMinor", 0 FROM carried
      UNION ALL
      SELECT "paymentId", "checkOffId", bucket::text, 0, "amountMinor" FROM "LedgerLine"
    ), wrong AS (
      SELECT "paymentId", bucket, sum(expected) AS expected, sum(booked) AS booked FROM (
        SELECT "paymentId", "checkOffId", bucket, sum(expected) AS expected, sum(booked) AS booked
        FROM standing GROUP BY 1, 2, 3 HAVING sum(expected) <> sum(booked)
      ) of_check_offs GROUP BY 1, 2
    )
    SELECT w."paymentId"::text AS "objectKey", p."userId", w."paymentId",
           coalesce(p.state::text, 'no such payment') || ': ' || string_agg(w.bucket || ' ' || w.expected, ', ' ORDER BY w.bucket) AS ours,
           'the ledger: ' || string_agg(w.bucket || ' ' || w.booked, ', ' ORDER BY w.bucket) AS theirs
    FROM wrong w LEFT JOIN "Payment" p ON p.id = w."paymentId"
    GROUP BY w."paymentId", p.id`
}

function balanceNotTheSum(): Prisma.Sql {
  return Prisma.sql`
    SELECT concat_ws(' ', "userId", "habitId", bucket, currency) AS "objectKey", "userId", NULL::uuid AS "paymentId",
           'balance of ' || bucket || ': ' || sum(balance) AS ours, 'its lines come to ' || sum(booked) AS theirs
    FROM (
      SELECT "userId", "habitId", bucket, currency, "balanceMinor" AS balance, 0 AS booked FROM "LedgerBalance"
      UNION ALL
      SELECT "userId", "habitId", bucket, currency, 0, "amountMinor" FROM "LedgerLine"
    ) of_both
    GROUP BY "userId", "habitId", bucket, currency HAVING sum(balance) <> sum(booked)`
}

function entryNotBalanced(): Prisma.Sql {
  return Prisma.sql`
    SELECT "entryId"::text AS "objectKey", min("userId"::text)::uuid AS "userId", min("paymentId"::text)::uuid AS "paymentId",
           'an entry adds up to 0 in one currency for one payment' AS ours,
           'it adds up to ' || sum("amountMinor") || ' over ' || count(*) || ' lines' AS theirs
    FROM "LedgerLine"
    GROUP BY "entryId"
    HAVING sum("amountMinor") <> 0 OR min(currency) <> max(currency) OR min("paymentId"::text) <> max("paymentId"::text)`
}

// ── The story of each payment ───────────────────────────────────────────────────────────────────────────────────────

/**
 * The events of a payment lead from nothing over SCHEDULED to its state: every state is entered as often as it is left,
 * only the last one once more. Counted and not put in order, because two workers' clocks may differ by seconds.
 */
function storyBroken(): Prisma.Sql {
  return Prisma.sql`
    WITH steps AS (
      SELECT "paymentId", "to" AS state, 1 AS n FROM "PaymentEvent"
      UNION ALL SELECT "paymentId", "from", -1 FROM "PaymentEvent" WHERE "from" IS NOT NULL
      UNION ALL SELECT id, state, -1 FROM "Payment"
    ), broken AS (
      SELECT "paymentId", CASE WHEN sum(n) > 0 THEN state || ' is never left' ELSE state || ' is never entered' END AS why
      FROM steps GROUP BY "paymentId", state HAVING sum(n) <> 0
      UNION ALL
      SELECT e."paymentId", coalesce(e."from"::text, 'nothing') || ' to ' || e."to" || ' is no move'
      FROM "PaymentEvent" e LEFT JOIN "PaymentMove" m ON m."from" = e."from" AND m."to" = e."to"
      WHERE CASE WHEN e."from" IS NULL THEN e."to" <> 'SCHEDULED' ELSE m."to" IS NULL END
    )
    SELECT b."paymentId"::text AS "objectKey", p."userId", b."paymentId", coalesce(p.state::text, 'no such payment') AS ours,
           'its events: ' || left(string_agg(DISTINCT b.why, ', '), 300) AS theirs
    FROM broken b LEFT JOIN "Payment" p ON p.id = b."paymentId"
    GROUP BY b."paymentId", p.id`
}

function auditIncomplete(): Prisma.Sql {
  return Prisma.sql`
    WITH told AS (
      SELECT "paymentId"::text, 'payment.' || lower("to"::text) AS action, 1 AS events, 0 AS audited FROM "PaymentEvent"
      UNION ALL
      SELECT "objectId", action, 0, 1 FROM "AuditEvent"
      WHERE "objectKind" = 'payment' AND action = ANY (${Object.values(PaymentState).map((state) => `payment.${state.toLowerCase()}`)})
    ), apart AS (
      SELECT "paymentId", action, sum(events) AS events, sum(audited) AS audited FROM told
      GROUP BY "paymentId", action HAVING sum(events) <> sum(audited)
    )
    SELECT a."paymentId" AS "objectKey", p."userId", a."paymentId"::uuid AS "paymentId",
           'events: ' || string_agg(a.action || ' ' || a.events, ', ' ORDER BY a.action) AS ours,
           'audit trail: ' || string_agg(a.action || ' ' || a.audited, ', ' ORDER BY a.action) AS theirs
    FROM apart a LEFT JOIN "Payment" p ON p.id = a."paymentId"::uuid
    GROUP BY a."paymentId", p.id`
}

// ── What takes too long ─────────────────────────────────────────────────────────────────────────────────────────────

/** What waits for its day or for the saver to mend something is not under way; what nobody sends although it is due, is. */
function tooLongUnderWay(since: Date): Prisma.Sql {
  const states = [...IN_FLIGHT.filter((state) => state !== 'UNKNOWN'), 'SCHEDULED']
  return Prisma.sql`
    SELECT id::text AS "objectKey", "userId", id AS "paymentId",
           state || ' since ' || to_char(coalesce("lastSentAt", "dueAt") AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS ours,
           'should have ended within a day' AS theirs
    FROM "Payment" WHERE state::text = ANY (${states}) AND coalesce("lastSentAt", "dueAt") < ${since}`
}

/** Sending again when the bank knows no such order doesn't make it known: it has been unknown since before that. */
function unknownTooLong(since: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT p.id::text AS "objectKey", p."userId", p.id AS "paymentId",
           'UNKNOWN since ' || to_char(entered.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS ours,
           'should be known within 6 hours' AS theirs
    FROM "Payment" p CROSS JOIN LATERAL (
      SELECT min(e.at) AS at FROM "PaymentEvent" e
      WHERE e."paymentId" = p.id AND e."to" = 'UNKNOWN'
        AND e.at >= (SELECT max(known.at) FROM "PaymentEvent" known
                     WHERE known."paymentId" = p.id AND known."to" NOT IN ('UNKNOWN', 'SENDING'))
    ) entered
    WHERE p.state = 'UNKNOWN' AND entered.at < ${since}`
}
