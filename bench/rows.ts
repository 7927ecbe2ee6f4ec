import type pg from 'pg'

/** The rows that check-offs leave, table by table. */
export type Rows = Record<keyof typeof ROWS_PER_CHECK_OFF, number>

const ROWS_PER_CHECK_OFF = {
  checkOffs: 1,
  payments: 1,
  paymentEvents: 1,
  ledgerLines: 2,
  auditEvents: 2,
} as const

export async function countRows(pool: pg.Pool): Promise<Rows> {
  const { rows } = await pool.query(`
    SELECT (SELECT count(*)::int FROM "CheckOff") AS "checkOffs",
           (SELECT count(*)::int FROM "Payment") AS payments,
           (SELECT count(*)::int FROM "PaymentEvent") AS "paymentEvents",
           (SELECT count(*)::int FROM "LedgerLine") AS "ledgerLines",
           (SELECT count(*)::int FROM "AuditEvent") AS "auditEvents"`)
  return rows[0]
}

/** @throws unless every answer left exactly its rows. @returns what came since. */
export function rowsSince(before: Rows, after: Rows, answers: number): Rows {
  return cameSince(before, after, ROWS_PER_CHECK_OFF, answers, 'check-offs were answered')
}

/** @param each what every one leaves, table by table. @throws unless as many came. @returns what came. */
export function cameSince<Table extends string>(
  before: Record<Table, number>,
  after: Record<Table, number>,
  each: Readonly<Record<Table, number>>,
  howMany: number,
  what: string,
): Record<Table, number> {
  const tables = Object.keys(each) as Table[]
  const came = Object.fromEntries(tables.map((table) => [table, after[table] - before[table]])) as Record<
    Table,
    number
  >
  if (tables.some((table) => came[table] !== howMany * each[table]))
    throw new Error(`${howMany} ${what}, but the rows are ${JSON.stringify(came)}`)
  return came
}
