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
  const names = Object.keys(ROWS_PER_CHECK_OFF) as (keyof Rows)[]
  const came = Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Rows
  const wrong = names.filter((name) => came[name] !== answers * ROWS_PER_CHECK_OFF[name])
  if (wrong.length > 0)
    throw new Error(`${answers} check-offs were answered, but the rows are ${JSON.stringify(came)}`)
  return came
}
