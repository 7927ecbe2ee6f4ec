import type pg from 'pg'

/** Rows of a saver, by table: which of them, of the user `$1`. Of a payment's story and the audit trail only admins read. */
const COPIED: Record<string, string> = {
  User: 'id = $1',
  BankConsent: '"userId" = $1',
  Account: '"userId" = $1',
  Habit: '"userId" = $1',
  HabitVersion: '"habitId" IN (SELECT id FROM "Habit" WHERE "userId" = $1)',
  HabitCheckpoint: '"habitId" IN (SELECT id FROM "Habit" WHERE "userId" = $1)',
  Payment: '"userId" = $1',
  CheckOff: '"userId" = $1',
  LedgerLine: '"userId" = $1',
  LedgerBalance: '"userId" = $1',
}

/** Columns of another type that are a copy's own: those that hold an id, and the reference that no two payments share. */
const OWN: Record<string, string> = {
  email: 'pg_temp.copy_of(email, n)',
  bankPaymentId: 'pg_temp.copy_of("bankPaymentId", n)',
  reference: 'upper(left(md5(reference || n), 12))',
}

/**
 * Makes savers who have lived as this one has: the same rows with ids of their own, the rules that would look at each row switched off.
 * @param admin who may switch them off.
 * @param books false to leave out the lines of the books, which are two thirds of all rows and on no dashboard.
 * @returns the savers' ids.
 */
export async function copySaver(
  admin: pg.Client,
  userId: string,
  count: number,
  { books } = { books: true },
): Promise<string[]> {
  await admin.query('SET session_replication_role = replica; SET synchronous_commit = off')
  await admin.query(COPY_OF_ID)
  for (const [table, where] of Object.entries(COPIED)) {
    if (books || table !== 'LedgerLine') await copyRows(admin, table, where, userId, count)
  }
  await admin.query('RESET session_replication_role; ANALYZE')
  const { rows } = await admin.query<{ id: string }>(
    'SELECT pg_temp.copy_of($1, n)::text AS id FROM generate_series(1, $2::int) n',
    [userId, count],
  )
  return rows.map(({ id }) => id)
}

/** The time that an id begins with stays, so that a copy's rows come in the same order. */
const COPY_OF_ID = `
  CREATE OR REPLACE FUNCTION pg_temp.copy_of(id text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(id, 24) || left(md5(id || n), 12) || substr(id, 37)
  $$`

/** One copy of every row after another: as if the savers had lived side by side, and not one after the other. */
async function copyRows(admin: pg.Client, table: string, where: string, userId: string, count: number) {
  const { rows } = await admin.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`,
    [table],
  )
  const columns = rows.map(({ name }) => `"${name}"`).join(', ')
  const values = rows.map(({ name, type }) => {
    if (type === 'uuid') return `pg_temp.copy_of("${name}"::text, n)::uuid`
    return OWN[name] ?? `"${name}"`
  })
  await admin.query(
    `INSERT INTO "${table}" (${columns})
     SELECT ${values.join(', ')} FROM (SELECT * FROM "${table}" WHERE ${where}) lived, generate_series(1, $2::int) n`,
    [userId, count],
  )
}
