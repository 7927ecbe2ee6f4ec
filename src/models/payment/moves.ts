import { SECOND } from '../../clock.ts'
import { Prisma, type Tx } from '../../db.ts'
import type { Payment } from '../../generated/client.ts'
import { auditLine } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { book } from '../ledger.ts'
import { type Claim, LeaseLost } from './claims.ts'
import { eventLine, PAYMENT_COLUMNS } from './lines.ts'
import type { PaymentReason } from './reasons.ts'
import { bucketOf, isFinal, mayMove, type PaymentState } from './states.ts'

export interface Move {
  to: PaymentState
  reason?: PaymentReason
  bankCode?: string | null
  bankPaymentId?: string
  approvalUrl?: string | null
  /** When to look again; required unless the new state is final or the lease is kept. */
  lookAgainAt?: Date
  /** Keep the lease, because the holder goes on at once; if it never does, the payment is due when the lease ends. */
  keepLease?: boolean
}

const OF_MOVED = Prisma.sql`FROM moved`

export type Moves = ReturnType<typeof createMoves>

/** How a payment changes its state: together with its event, ledger and audit lines, or not at all. */
export function createMoves({ clock, queue, rules }: Pick<ModelContext, 'clock' | 'queue' | 'rules'>) {
  return {
    /**
     * In the caller's transaction: one move of a payment that the claim holds. Who asked for a look meanwhile is heard.
     * @throws LeaseLost when it is no longer held by this claim, in the state it was claimed in.
     */
    async makeHeld(tx: Tx, claim: Claim, move: Move, by: Actor): Promise<Claim> {
      const payment = await write(tx, claim.payment, move, by, claim.owner)
      if (!payment) throw new LeaseLost(claim.payment.id)
      return { ...claim, payment }
    },

    /** In the caller's transaction, on a locked payment. @param before as it is now. */
    async make(tx: Tx, before: Payment, move: Move, by: Actor): Promise<Payment> {
      const payment = await write(tx, before, move, by, null)
      if (!payment) throw new Error(`payment ${before.id} was not locked: it is no longer ${before.state}`)
      return payment
    },
  }

  async function write(
    tx: Tx,
    before: Payment,
    move: Move,
    by: Actor,
    owner: string | null,
  ): Promise<Payment | null> {
    if (!mayMove(before.state, move.to)) throw new RangeError(`no move from ${before.state} to ${move.to}`)
    const at = clock.now()
    const reason = move.reason ?? null
    const bankCode = move.bankCode ?? null
    const bankPaymentId = move.bankPaymentId ?? before.bankPaymentId
    const auditEntry = {
      action: `payment.${move.to.toLowerCase()}`,
      by,
      at,
      subjectId: before.userId,
      object: { kind: 'payment', id: before.id },
      detail: { from: before.state, reason, bankCode, bankPaymentId },
    }
    // One statement, because a payment makes five moves and each of them once was a dozen.
    const [payment] = await tx.$queryRaw<Payment[]>`
      WITH moved AS (
        UPDATE "Payment" SET ${changes(before, move, at, owner !== null)}
        WHERE id = ${before.id}::uuid AND state = ${before.state}::"PaymentState"
          AND (${owner}::uuid IS NULL OR "leaseOwner" = ${owner}::uuid)
        RETURNING ${PAYMENT_COLUMNS}
      ), event AS (
        ${eventLine({ paymentId: before.id, from: before.state, to: move.to, reason, bankCode, at }, OF_MOVED)}
      ), audited AS (
        ${auditLine(auditEntry, OF_MOVED)}
      )
      SELECT ${PAYMENT_COLUMNS} FROM moved`
    if (!payment) return null
    await bookMove(tx, before, move.to, at)
    if (move.to === 'AWAITING_APPROVAL') await announce(tx, payment)
    return payment
  }

  /** One mail for each approval page, whatever the number of payments on it and of runs that find them there. */
  async function announce(tx: Tx, { id, userId, approvalUrl }: Payment): Promise<void> {
    if (!approvalUrl) return
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('approval ' || ${userId}))::text`
    const others = { userId, approvalUrl, state: 'AWAITING_APPROVAL', id: { not: id } } as const
    if ((await tx.payment.count({ where: others })) > 0) return
    await queue.enqueue(tx, 'send-mail', { userId, kind: 'approval-needed', paymentId: id })
  }

  /** @param isHeld who asked for a look while the payment was held is heard, whatever the move says. */
  function changes(before: Payment, move: Move, now: Date, isHeld: boolean): Prisma.Sql {
    const isOver = isFinal(move.to)
    if (!isOver && !move.lookAgainAt && !move.keepLease)
      throw new RangeError(`a payment that moves to ${move.to} needs a time to look again`)
    const isSending = move.to === 'SENDING'
    const leaseUntil = move.keepLease ? new Date(now.getTime() + rules.leaseSeconds * SECOND) : null
    const lookAgainAt = leaseUntil ?? (isOver ? null : (move.lookAgainAt ?? null))
    const hearsOthers = isHeld && !isOver && !move.keepLease && move.to !== 'SCHEDULED'
    return Prisma.sql`
      state = ${move.to}::"PaymentState",
      reason = ${move.reason ?? null},
      "bankCode" = ${move.bankCode ?? null},
      "approvalUrl" = ${move.approvalUrl ?? null},
      "bankPaymentId" = coalesce(${move.bankPaymentId ?? null}, "bankPaymentId"),
      "lastSentAt" = coalesce(${isSending ? now : null}::timestamptz, "lastSentAt"),
      attempts = attempts + ${isSending ? 1 : 0}::int,
      "finalOn" = ${isOver ? now : null}::timestamptz,
      "askedFromIp" = CASE WHEN ${isOver}::boolean THEN NULL ELSE "askedFromIp" END,
      "nextActionAt" = CASE
        WHEN ${hearsOthers}::boolean AND "nextActionAt" IS DISTINCT FROM ${before.nextActionAt}::timestamptz THEN "nextActionAt"
        ELSE ${lookAgainAt}::timestamptz END,
      "leaseOwner" = CASE WHEN ${leaseUntil !== null}::boolean THEN "leaseOwner" END,
      "leaseUntil" = ${leaseUntil}::timestamptz`
  }
}

async function bookMove(tx: Tx, before: Payment, to: PaymentState, at: Date): Promise<void> {
  const { userId, id: paymentId, currency } = before
  const [from, into] = [bucketOf(before.kind, before.state), bucketOf(before.kind, to)]
  if (from === into) return
  const carried = await carriedBy(tx, before)
  const amounts = carried.map(({ id, habitId, amountMinor }) => ({ checkOffId: id, habitId, amountMinor }))
  await book(tx, { userId, paymentId, currency, from, to: into, at }, amounts)
}

/** The check-offs whose money a payment moves. */
async function carriedBy(tx: Tx, { id, kind }: Pick<Payment, 'id' | 'kind'>) {
  return tx.checkOff.findMany({
    where: kind === 'SAVING' ? { paymentId: id, state: 'RECORDED' } : { reversalId: id },
    orderBy: [{ habitId: 'asc' }, { id: 'asc' }],
    select: { id: true, habitId: true, amountMinor: true },
  })
}
