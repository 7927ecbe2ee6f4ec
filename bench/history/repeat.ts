import type pg from 'pg'
import { MONTH_DAYS } from './life.ts'

/** Of a row that is repeated: which columns name another row in the copy, and which lie so many months earlier. */
interface Repeated {
  table: string
  ids: string[]
  days?: string[]
  instants: string[]
  /** What else the copy has of its own, as SQL over the row `lived` and `ago`, the number of months. */
  own?: Record<string, string>
  where?: string
}

/** What a month has added to the balance of a line: all balances begin with nothing. */
const GAINED = `(SELECT "balanceMinor" FROM "LedgerBalance" b
  WHERE (b."userId", b."habitId", b.bucket, b.currency) = (lived."userId", lived."habitId", lived.bucket, lived.currency))`

const REPEATED: Repeated[] = [
  // Before the payments: so far all of them are the lived month's.
  {
    table: 'PaymentEvent',
    ids: ['id', 'paymentId'],
    instants: ['at'],
    where: 'lived."paymentId" IN (SELECT id FROM "Payment" WHERE "userId" = $1)',
  },
  {
    table: 'Payment',
    ids: ['id', 'externalId', 'bankPaymentId'],
    instants: ['askedOn', 'lastSentAt', 'dueAt', 'createdOn', 'finalOn'],
    own: { reference: 'upper(left(md5(lived.reference || ago), 12))' },
  },
  { table: 'CheckOff', ids: ['id', 'paymentId'], days: ['day', 'period'], instants: ['at'] },
  {
    table: 'LedgerLine',
    ids: ['id', 'entryId', 'paymentId', 'checkOffId'],
    instants: ['at'],
    own: {
      beforeMinor: `lived."beforeMinor" - ago * ${GAINED}`,
      afterMinor: `lived."afterMinor" - ago * ${GAINED}`,
    },
  },
  { table: 'HabitNote', ids: ['id'], days: ['day'], instants: ['writtenOn'] },
]

/**
 * Puts a month that was lived before itself, as often as wanted: the same rows, earlier and earlier, in the order in which they
 * would have come. The rules that look at each row are off meanwhile, so the books have to be looked at afterwards.
 * @param admin who may switch the rules off. Balances stay those of one month.
 */
export async function repeatMonth(admin: pg.Client, userId: string, times: number): Promise<void> {
  await admin.query(
    `SET session_replication_role = replica; SET timezone = 'UTC'; SET synchronous_commit = off`,
  )
  await admin.query(EARLIER)
  await admin.query('BEGIN')
  await admin.query(
    `UPDATE "LedgerLine" lived SET "beforeMinor" = "beforeMinor" + $2::int * ${GAINED}, "afterMinor" = "afterMinor" + $2::int * ${GAINED}
     WHERE "userId" = $1`,
    [userId, times],
  )
  for (const repeated of REPEATED) await admin.query(copyOf(repeated), [userId, times])
  await beginEarlier(admin, userId, times * MONTH_DAYS)
  // What is asked next finds tables that have grown a hundredfold.
  await admin.query('COMMIT; RESET session_replication_role; ANALYZE')
}

/** Ids of the app begin with the time they were made at, so a copy's time moves with it; the rest keeps it unique. */
const EARLIER = `
  CREATE OR REPLACE FUNCTION pg_temp.earlier(id text, months int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((('x' || left(hex, 12))::bit(48)::bigint - months * ${MONTH_DAYS}::bigint * 86400000) & x'ffffffffffff'::bigint), 12, '0')
      || substr(hex, 13))::uuid FROM (SELECT replace(id, '-', '') AS hex) given
  $$`

function copyOf({
  table,
  ids,
  days = [],
  instants,
  own = {},
  where = 'lived."userId" = $1',
}: Repeated): string {
  const columns = Object.entries({
    ...Object.fromEntries(ids.map((name) => [name, `pg_temp.earlier(lived."${name}"::text, ago)`])),
    ...Object.fromEntries(days.map((name) => [name, `lived."${name}" - ago * ${MONTH_DAYS}`])),
    ...Object.fromEntries(
      instants.map((name) => [name, `lived."${name}" - ago * interval '${MONTH_DAYS} days'`]),
    ),
    ...own,
  })
  const changes = columns.map(([name, sql]) => `'${name}', ${sql}`).join(', ')
  return `
    INSERT INTO "${table}" SELECT copy.*
    FROM "${table}" lived, generate_series(1, $2::int) ago, LATERAL jsonb_populate_record(lived, jsonb_build_object(${changes})) copy
    WHERE ${where} ORDER BY ago DESC, lived.id`
}

async function beginEarlier(admin: pg.Client, userId: string, days: number): Promise<void> {
  const instant = (name: string) => `"${name}" = "${name}" - $2::int * interval '1 day'`
  const day = (name: string) => `"${name}" = "${name}" - $2::int`
  const ofUser = [userId, days]
  await admin.query(`UPDATE "User" SET ${instant('createdOn')} WHERE id = $1`, ofUser)
  await admin.query(`UPDATE "Goal" SET ${instant('createdOn')} WHERE "userId" = $1`, ofUser)
  await admin.query(
    `UPDATE "Habit" SET ${day('startDate')}, ${instant('createdOn')} WHERE "userId" = $1`,
    ofUser,
  )
  await admin.query(
    `UPDATE "HabitVersion" SET ${day('effectiveFrom')}, ${instant('createdOn')}
     WHERE "habitId" IN (SELECT id FROM "Habit" WHERE "userId" = $1)`,
    ofUser,
  )
}
