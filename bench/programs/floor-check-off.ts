import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { randomReference } from '../../src/crypto.ts'

const UNDO_WINDOW_MS = 60_000
const AMOUNT_MINOR = 2_500
const ADDRESS = '192.0.2.7'

type Fields = Record<string, string>
type Run = (name: string, text: string, values: unknown[]) => Promise<pg.QueryResult>

/** The writes of one check-off, in the app's order and in one durable transaction, without its look-ups and rules. */
export function createCheckOff(pool: pg.Pool): (fields: Fields) => Promise<void> {
  return async (fields) => {
    const client = await pool.connect()
    const run: Run = (name, text, values) => client.query({ name, text, values })
    try {
      await client.query('BEGIN')
      const at = new Date()
      const paymentId = await payment(run, fields, at)
      await checkOff(run, fields, paymentId, at)
      await client.query('COMMIT')
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
  }
}

async function payment(run: Run, fields: Fields, at: Date): Promise<string> {
  const { userId, debtorAccountId, creditorAccountId } = fields
  const reference = randomReference()
  const dueAt = new Date(at.getTime() + UNDO_WINDOW_MS)
  const made = await run(
    'payment',
    `INSERT INTO "Payment" (id, "userId", "externalId", reference, "debtorAccountId", "creditorAccountId",
       "amountMinor", currency, "isBatch", "askedFromIp", "askedOn", "dueAt", "nextActionAt", "createdOn")
     VALUES (uuidv7(), $1, $2, $3, $4, $5, $6, 'DKK', false, $7, $8, $9, $9, $8) RETURNING *`,
    [userId, randomUUID(), reference, debtorAccountId, creditorAccountId, AMOUNT_MINOR, ADDRESS, at, dueAt],
  )
  const { id } = made.rows[0]
  await run(
    'event',
    `INSERT INTO "PaymentEvent" (id, "paymentId", "to", at) VALUES (uuidv7(), $1, 'SCHEDULED', $2) RETURNING *`,
    [id, at],
  )
  const detail = {
    kind: 'SAVING',
    amountMinor: AMOUNT_MINOR,
    currency: 'DKK',
    reference,
    dueAt: dueAt.toISOString(),
  }
  await audit(run, 'payment.scheduled', userId, { kind: 'payment', id }, detail, at)
  return id
}

async function checkOff(run: Run, fields: Fields, paymentId: string, at: Date): Promise<void> {
  const { userId, habitId, habitVersionId, day, slot } = fields
  const made = await run(
    'check-off',
    `INSERT INTO "CheckOff" (id, "userId", "habitId", "habitVersionId", day, at, timezone, "dayStartHour", period,
       slot, "daySlot", "amountMinor", currency, "paymentId", "recordOnly", "isBackfill")
     VALUES (uuidv7(), $1, $2, $3, $4, $5, 'Europe/Copenhagen', 0, $4, $6, $6, $7, 'DKK', $8, false, false)
     RETURNING *`,
    [userId, habitId, habitVersionId, day, at, slot, AMOUNT_MINOR, paymentId],
  )
  const { id } = made.rows[0]
  const open = await balance(run, fields, 'OPEN', -AMOUNT_MINOR)
  const pledged = await balance(run, fields, 'PLEDGED', AMOUNT_MINOR)
  await run(
    'ledger',
    `INSERT INTO "LedgerLine" (id, "entryId", "userId", "habitId", "paymentId", "checkOffId", currency, at, bucket,
       "amountMinor", "beforeMinor", "afterMinor")
     VALUES (uuidv7(), $1, $2, $3, $4, $5, 'DKK', $6, 'OPEN', -$7::int, $8::bigint + $7::int, $8::bigint),
            (uuidv7(), $1, $2, $3, $4, $5, 'DKK', $6, 'PLEDGED', $7::int, $9::bigint - $7::int, $9::bigint)`,
    [randomUUID(), userId, habitId, paymentId, id, at, AMOUNT_MINOR, open, pledged],
  )
  const detail = {
    habitId,
    day,
    period: day,
    slot,
    amountMinor: AMOUNT_MINOR,
    currency: 'DKK',
    recordOnly: false,
  }
  await audit(run, 'check-off.recorded', userId, { kind: 'check-off', id }, detail, at)
}

async function balance(run: Run, fields: Fields, bucket: string, amountMinor: number): Promise<string> {
  const { rows } = await run(
    'balance',
    `UPDATE "LedgerBalance" SET "balanceMinor" = "balanceMinor" + $1
     WHERE "userId" = $2 AND "habitId" = $3 AND bucket = $4 AND currency = 'DKK' RETURNING *`,
    [amountMinor, fields.userId, fields.habitId, bucket],
  )
  return rows[0].balanceMinor
}

async function audit(
  run: Run,
  action: string,
  userId: string | undefined,
  object: { kind: string; id: string },
  detail: object,
  at: Date,
): Promise<void> {
  await run(
    'audit',
    `INSERT INTO "AuditEvent" (id, at, "actorKind", "actorId", "subjectId", action, "objectKind", "objectId", outcome,
       detail, ip, "requestId")
     VALUES (uuidv7(), $1, 'saver', $2, $2, $3, $4, $5, 'done', $6, $7, $8) RETURNING *`,
    [at, userId, action, object.kind, object.id, detail, ADDRESS, randomUUID()],
  )
}
