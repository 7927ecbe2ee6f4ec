import type pg from 'pg'
import { cameSince } from '../rows.ts'

/** The rows that settled payments leave, table by table. */
export type SettledRows = Record<keyof typeof ROWS_PER_PAYMENT, number>

const ROWS_PER_PAYMENT = { paid: 1, paymentEvents: 5, ledgerLines: 4, auditEvents: 5 } as const

export async function countSettled(pool: pg.Pool): Promise<SettledRows> {
  const { rows } = await pool.query(`
    SELECT (SELECT count(*)::int FROM "Payment" WHERE state = 'PAID') AS paid,
           (SELECT count(*)::int FROM "PaymentEvent") AS "paymentEvents",
           (SELECT count(*)::int FROM "LedgerLine") AS "ledgerLines",
           (SELECT count(*)::int FROM "AuditEvent") AS "auditEvents"`)
  return rows[0]
}

/** @throws unless every payment left exactly its rows. @returns what came since. */
export function settledSince(before: SettledRows, after: SettledRows, payments: number): SettledRows {
  return cameSince(before, after, ROWS_PER_PAYMENT, payments, 'payments were to be settled')
}
