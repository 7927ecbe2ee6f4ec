/** The rows that a settled payment leaves, written by hand: no look-ups, no locks beyond an update's own, no rules. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { MadeCall, Tokens } from './bank-calls.ts'

/** Everything a floor is told in advance, because it looks nothing up. */
export interface DuePayment {
  id: string
  userId: string
  externalId: string
  reference: string
  amountMinor: number
  checkOffId: string
  habitId: string
}

export interface DueSaver {
  userId: string
  consentId: string
  refreshToken: string
  payments: DuePayment[]
}

export type State = 'SCHEDULED' | 'SENDING' | 'INITIATED' | 'CONFIRMING' | 'ACCEPTED' | 'PAID'
type Writer = Pick<pg.ClientBase, 'query'>

const LEASE_MS = 30_000

/** One durable transaction. */
export async function inTransaction(pool: pg.Pool, work: (tx: Writer) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** All due payments of a saver are taken at once. */
export async function claim(tx: Writer, payments: readonly DuePayment[], owner: string): Promise<void> {
  await tx.query({
    name: 'claim',
    text: `UPDATE "Payment" SET "leaseOwner" = $1, "leaseUntil" = $2, "nextActionAt" = $2
           WHERE id = ANY ($3::uuid[])`,
    values: [owner, new Date(Date.now() + LEASE_MS), payments.map(({ id }) => id)],
  })
}

/** One move: the payment, its event, the two sides of the ledger where money changes its place, and the audit line. */
export async function move(
  tx: Writer,
  payment: DuePayment,
  [from, to]: [State, State],
  { owner = null, bankPaymentId = null }: { owner?: string | null; bankPaymentId?: string | null },
): Promise<void> {
  const at = new Date()
  const [isSending, isPaid] = [to === 'SENDING', to === 'PAID']
  const holder = isPaid ? null : owner
  const leaseUntil = new Date(at.getTime() + LEASE_MS)
  await tx.query({
    name: 'move',
    text: `UPDATE "Payment" SET state = $2, reason = NULL, "bankCode" = NULL, "approvalUrl" = NULL,
             "bankPaymentId" = coalesce($3, "bankPaymentId"), "lastSentAt" = coalesce($4, "lastSentAt"),
             attempts = attempts + $5, "finalOn" = $6,
             "askedFromIp" = CASE WHEN $6::timestamptz IS NULL THEN "askedFromIp" END,
             "nextActionAt" = $7, "leaseOwner" = $8, "leaseUntil" = $9
           WHERE id = $1 RETURNING *`,
    values: [
      payment.id,
      to,
      bankPaymentId,
      isSending ? at : null,
      isSending ? 1 : 0,
      isPaid ? at : null,
      isPaid ? null : holder ? leaseUntil : at,
      holder,
      holder ? leaseUntil : null,
    ],
  })
  await tx.query({
    name: 'event',
    text: `INSERT INTO "PaymentEvent" (id, "paymentId", "from", "to", at) VALUES (uuidv7(), $1, $2, $3, $4)`,
    values: [payment.id, from, to, at],
  })
  if (isSending) await book(tx, payment, ['PLEDGED', 'ON_ITS_WAY'], at)
  if (isPaid) await book(tx, payment, ['ON_ITS_WAY', 'SAVED'], at)
  await tx.query({
    name: 'audit',
    text: `INSERT INTO "AuditEvent" (id, at, "actorKind", "subjectId", action, "objectKind", "objectId", outcome,
             detail, "requestId")
           VALUES (uuidv7(), $1, 'worker', $2, $3, 'payment', $4, 'done', $5, $6)`,
    values: [
      at,
      payment.userId,
      `payment.${to.toLowerCase()}`,
      payment.id,
      { from, reason: null, bankCode: null, bankPaymentId },
      randomUUID(),
    ],
  })
}

async function book(
  tx: Writer,
  { id, userId, habitId, checkOffId, amountMinor }: DuePayment,
  [from, to]: [string, string],
  at: Date,
): Promise<void> {
  const balances: string[] = []
  for (const [bucket, change] of [
    [from, -amountMinor],
    [to, amountMinor],
  ] as const) {
    const { rows } = await tx.query({
      name: 'balance',
      text: `UPDATE "LedgerBalance" SET "balanceMinor" = "balanceMinor" + $1
             WHERE "userId" = $2 AND "habitId" = $3 AND bucket = $4 AND currency = 'DKK' RETURNING "balanceMinor"`,
      values: [change, userId, habitId, bucket],
    })
    balances.push(rows[0].balanceMinor)
  }
  await tx.query({
    name: 'ledger',
    text: `INSERT INTO "LedgerLine" (id, "entryId", "userId", "habitId", "paymentId", "checkOffId", currency, at,
             bucket, "amountMinor", "beforeMinor", "afterMinor")
           VALUES (uuidv7(), $1, $2, $3, $4, $5, 'DKK', $6, $7, -$9::int, $10::bigint + $9::int, $10::bigint),
                  (uuidv7(), $1, $2, $3, $4, $5, 'DKK', $6, $8, $9::int, $11::bigint - $9::int, $11::bigint)`,
    values: [randomUUID(), userId, habitId, id, checkOffId, at, from, to, amountMinor, ...balances],
  })
}

/** A line in the log of bank calls. */
export async function logCall(tx: Writer, userId: string, call: MadeCall): Promise<void> {
  await tx.query({
    name: 'call',
    text: `INSERT INTO "BankCall" (id, at, actor, "onBehalfOfId", api, method, path, outcome, "httpStatus",
             "durationMs", attended, "requestId", "requestBody", "responseBody")
           VALUES (uuidv7(), $1, 'worker', $2, $3, $4, $5, 'ok', $6, $7, true, $8, $9, $10)`,
    values: [
      call.startedAt,
      userId,
      call.api,
      call.method,
      call.path,
      call.status,
      call.durationMs,
      randomUUID(),
      call.requestBody,
      call.responseBody,
    ],
  })
}

/** The new pair of tokens, because the old refresh token is spent. */
export async function storeTokens(tx: Writer, consentId: string, sealed: SealedTokens): Promise<void> {
  const now = Date.now()
  await tx.query({
    name: 'tokens',
    text: `UPDATE "BankConsent" SET "accessTokenSealed" = $2, "refreshTokenSealed" = $3,
             "accessTokenExpiresAt" = $4, "lastUsedAt" = $5 WHERE id = $1`,
    values: [consentId, sealed.accessToken, sealed.refreshToken, new Date(now + 3_600_000), new Date(now)],
  })
}

export type SealedTokens = Record<keyof Tokens, Uint8Array>
