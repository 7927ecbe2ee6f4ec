import { SECOND } from '../../clock.ts'
import type { Tx } from '../../db.ts'
import type { CheckOff, Payment } from '../../generated/client.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { book } from '../ledger.ts'
import { type Claim, LeaseLost } from './claims.ts'
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

export type Moves = ReturnType<typeof createMoves>

/** How a payment changes its state: together with its event, ledger and audit lines, or not at all. */
export function createMoves({ clock, queue, rules }: Pick<ModelContext, 'clock' | 'queue' | 'rules'>) {
  return {
    lockHeld,

    /** In the caller's transaction: one move of a payment that the claim holds and that is locked. */
    async makeHeld(tx: Tx, claim: Claim, move: Move, wokenAt: Date | null, by: Actor): Promise<Claim> {
      const isHeard = wokenAt && move.lookAgainAt && !move.keepLease && move.to !== 'SCHEDULED'
      const payment = await make(tx, claim.payment, isHeard ? { ...move, lookAgainAt: wokenAt } : move, by)
      return { ...claim, payment }
    },

    make,
  }

  /**
   * Locks the payment for the rest of the transaction.
   * @returns when somebody asked for a look while it was held.
   * @throws LeaseLost when it is no longer held by this claim, in the state it was claimed in.
   */
  async function lockHeld(tx: Tx, { payment, owner }: Claim): Promise<{ wokenAt: Date | null }> {
    const [held] = await tx.$queryRaw<{ nextActionAt: Date | null }[]>`
      SELECT "nextActionAt" FROM "Payment"
      WHERE id = ${payment.id}::uuid AND "leaseOwner" = ${owner}::uuid AND state = ${payment.state}::"PaymentState"
      FOR UPDATE`
    if (!held) throw new LeaseLost(payment.id)
    const isAsClaimed = held.nextActionAt?.getTime() === payment.nextActionAt?.getTime()
    return { wokenAt: isAsClaimed ? null : held.nextActionAt }
  }

  /** In the caller's transaction, on a locked payment. @param before as it is now. */
  async function make(tx: Tx, before: Payment, move: Move, by: Actor): Promise<Payment> {
    if (!mayMove(before.state, move.to)) throw new RangeError(`no move from ${before.state} to ${move.to}`)
    const at = clock.now()
    const payment = await tx.payment.update({ where: { id: before.id }, data: changes(move, at) })
    await tx.paymentEvent.create({
      data: {
        paymentId: before.id,
        from: before.state,
        to: move.to,
        reason: payment.reason,
        bankCode: payment.bankCode,
        at,
      },
    })
    await bookMove(tx, before, move.to, at)
    await audit(tx, {
      action: `payment.${move.to.toLowerCase()}`,
      by,
      at,
      subjectId: before.userId,
      object: { kind: 'payment', id: before.id },
      detail: {
        from: before.state,
        reason: payment.reason,
        bankCode: payment.bankCode,
        bankPaymentId: payment.bankPaymentId,
      },
    })
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

  function changes(move: Move, now: Date) {
    const final = isFinal(move.to)
    if (!final && !move.lookAgainAt && !move.keepLease)
      throw new RangeError(`a payment that moves to ${move.to} needs a time to look again`)
    const leaseUntil = new Date(now.getTime() + rules.leaseSeconds * SECOND)
    return {
      state: move.to,
      reason: move.reason ?? null,
      bankCode: move.bankCode ?? null,
      approvalUrl: move.approvalUrl ?? null,
      ...(move.bankPaymentId ? { bankPaymentId: move.bankPaymentId } : {}),
      ...(move.to === 'SENDING' ? { lastSentAt: now, attempts: { increment: 1 } } : {}),
      ...(final ? { finalOn: now, askedFromIp: null } : { finalOn: null }),
      nextActionAt: move.keepLease ? leaseUntil : final ? null : (move.lookAgainAt ?? null),
      ...(move.keepLease ? { leaseUntil } : { leaseOwner: null, leaseUntil: null }),
    }
  }
}

async function bookMove(tx: Tx, before: Payment, to: PaymentState, at: Date): Promise<void> {
  const [from, into] = [bucketOf(before.kind, before.state), bucketOf(before.kind, to)]
  if (from === into) return
  for (const checkOff of await carriedBy(tx, before)) {
    await book(tx, {
      userId: before.userId,
      habitId: checkOff.habitId,
      paymentId: before.id,
      checkOffId: checkOff.id,
      currency: before.currency,
      amountMinor: checkOff.amountMinor,
      from,
      to: into,
      at,
    })
  }
}

/** The check-offs whose money a payment moves; in the order of habits, in which balances are locked. */
async function carriedBy(tx: Tx, { id, kind }: Pick<Payment, 'id' | 'kind'>): Promise<CheckOff[]> {
  return tx.checkOff.findMany({
    where: kind === 'SAVING' ? { paymentId: id, state: 'RECORDED' } : { reversalId: id },
    orderBy: [{ habitId: 'asc' }, { id: 'asc' }],
  })
}
