import { randomUUID } from 'node:crypto'
import { MINUTE, SECOND } from '../clock.ts'
import { randomReference } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { Account, CheckOff, Payment, PaymentEvent } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { book } from './ledger.ts'
import { BUCKET_OF, isFinal, isUnsent, mayMove, type PaymentState } from './payment/states.ts'

/** Our own words for why a payment stands where it stands; the pages explain each. */
export type PaymentReason =
  | 'no-consent'
  | 'consent-expired'
  | 'bank-unreachable'
  | 'bank-busy'
  | 'account-missing'
  | 'accounts-changed'
  | 'currency-differs'
  | 'savings-paused'
  | 'cap-per-payment'
  | 'interrupted'
  | 'no-clear-answer'
  | 'not-understood'
  | 'bank-on-hold'
  | 'undone-by-saver'
  | 'cancelled-at-bank'
  | 'approval-timeout'
  | 'insufficient-funds'
  | 'limit-exceeded'
  | 'approval-refused'
  | 'approval-cancelled'
  | 'debtor-account'
  | 'creditor-account'
  | 'invalid-order'
  | 'refused-by-bank'

/** A payment that one worker holds: only the holder may move it, and only from the state it was claimed in. */
export interface Claim {
  payment: Payment
  owner: string
  /** The one who held it before never came back: what it was doing may have happened. */
  resumed: boolean
}

export interface Move {
  to: PaymentState
  reason?: PaymentReason
  bankCode?: string | null
  bankPaymentId?: string
  approvalUrl?: string | null
  /** When to look again; required unless the new state is final. */
  lookAgainAt?: Date
  /** Keep the lease, because the holder goes on at once. */
  keepLease?: boolean
}

export type PaymentWithStory = Payment & {
  events: PaymentEvent[]
  checkOffs: (CheckOff & { habit: { id: string; name: string } })[]
  debtorAccount: Account
  creditorAccount: Account
}

/** The lease was lost, or somebody else moved the payment: whatever was about to be written is stale. */
export class LeaseLost extends Error {
  constructor(paymentId: string) {
    super(`payment ${paymentId} is no longer ours to move`)
    this.name = 'LeaseLost'
  }
}

export type Payments = ReturnType<typeof createPayments>

export function createPayments({ db, clock, queue, rules }: ModelContext) {
  return {
    /** In the caller's transaction: a new payment with the job that settles it once the undo window is over. */
    async schedule(
      tx: Tx,
      order: {
        userId: string
        debtorAccountId: string
        creditorAccountId: string
        amountMinor: number
        currency: Currency
      },
      by: Actor,
    ): Promise<Payment> {
      const now = clock.now()
      const dueAt = new Date(now.getTime() + rules.undoWindowSeconds * SECOND)
      const payment = await tx.payment.create({
        data: {
          ...order,
          externalId: randomUUID(),
          reference: randomReference(),
          createdOn: now,
          dueAt,
          nextActionAt: dueAt,
        },
      })
      await tx.paymentEvent.create({ data: { paymentId: payment.id, from: null, to: 'SCHEDULED', at: now } })
      await audit(tx, {
        action: 'payment.scheduled',
        by,
        at: now,
        subjectId: payment.userId,
        object: { kind: 'payment', id: payment.id },
        detail: {
          amountMinor: payment.amountMinor,
          currency: payment.currency,
          reference: payment.reference,
        },
      })
      await queue.enqueue(tx, 'settle-payment', { paymentId: payment.id }, { startAfter: dueAt })
      return payment
    },

    /**
     * Takes the payment if it is due and nobody else holds it; one statement decides between two workers.
     * @returns null when there is nothing to do now.
     */
    async claim(paymentId: string): Promise<Claim | null> {
      const now = clock.now()
      const owner = randomUUID()
      return db.transaction(async (tx) => {
        const [before] = await tx.$queryRaw<{ leaseOwner: string | null }[]>`
          SELECT "leaseOwner" FROM "Payment"
          WHERE id = ${paymentId}::uuid AND "nextActionAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
          FOR UPDATE SKIP LOCKED`
        if (!before) return null
        const payment = await tx.payment.update({
          where: { id: paymentId },
          data: { leaseOwner: owner, leaseUntil: leaseEnd(), attempts: { increment: 1 } },
        })
        return { payment, owner, resumed: before.leaseOwner !== null }
      })
    },

    /**
     * One move of the table, with its event, ledger and audit lines in the same transaction.
     * @throws LeaseLost when the payment is no longer held by this claim, in the state it was claimed in.
     */
    async move(claim: Claim, move: Move, by: Actor): Promise<Claim> {
      return db.transaction(async (tx) => {
        const held = await tx.payment.updateMany({
          where: { id: claim.payment.id, state: claim.payment.state, leaseOwner: claim.owner },
          data: changes(move),
        })
        if (held.count !== 1) throw new LeaseLost(claim.payment.id)
        const payment = await afterMove(tx, claim.payment, move, by)
        return { ...claim, payment, resumed: false }
      })
    },

    /** The state stays; the payment is looked at again later. */
    async wait(
      claim: Claim,
      lookAgainAt: Date,
      note: { reason?: PaymentReason; approvalUrl?: string } = {},
    ): Promise<void> {
      await db.transaction(async (tx) => {
        const held = await tx.payment.updateMany({
          where: { id: claim.payment.id, state: claim.payment.state, leaseOwner: claim.owner },
          data: { ...note, nextActionAt: lookAgainAt, leaseOwner: null, leaseUntil: null },
        })
        if (held.count !== 1) throw new LeaseLost(claim.payment.id)
        await queue.enqueue(
          tx,
          'settle-payment',
          { paymentId: claim.payment.id },
          { startAfter: lookAgainAt },
        )
      })
    },

    /** In the caller's transaction: takes back what has not been sent. @returns false when it is too late for that. */
    async cancelUnsent(tx: Tx, paymentId: string, by: Actor): Promise<boolean> {
      const now = clock.now()
      const [locked] = await tx.$queryRaw<{ state: PaymentState }[]>`
        SELECT state FROM "Payment" WHERE id = ${paymentId}::uuid FOR UPDATE`
      if (!locked || !isUnsent(locked.state)) return false
      const before = await tx.payment.findUniqueOrThrow({ where: { id: paymentId } })
      const move: Move = { to: 'CANCELLED', reason: 'undone-by-saver' }
      await tx.payment.update({ where: { id: paymentId }, data: changes(move, now) })
      await afterMove(tx, before, move, by)
      return true
    },

    /** Payments whose alarm is overdue, because a worker died or the queue lost its job. */
    async overdue(graceMs: number, most: number): Promise<string[]> {
      const now = clock.now()
      const rows = await db.prisma.payment.findMany({
        where: {
          nextActionAt: { lte: new Date(now.getTime() - graceMs) },
          OR: [{ leaseUntil: null }, { leaseUntil: { lte: now } }],
        },
        select: { id: true },
        orderBy: { nextActionAt: 'asc' },
        take: most,
      })
      return rows.map((row) => row.id)
    },

    /** The saver has just been at the bank for it: the worker asks at once instead of at its next turn. */
    async lookNow(userId: string, id: string): Promise<void> {
      await db.transaction(async (tx) => {
        const now = clock.now()
        const { count } = await tx.payment.updateMany({
          where: { id, userId, nextActionAt: { not: null }, state: { notIn: ['SCHEDULED', 'BLOCKED'] } },
          data: { nextActionAt: now },
        })
        if (count === 1) await queue.enqueue(tx, 'settle-payment', { paymentId: id })
      })
    },

    /** Gives what waits for the saver or the bank link another try now, for example after the link was renewed. */
    async wakeBlocked(userId: string): Promise<void> {
      const now = clock.now()
      const blocked = await db.prisma.payment.findMany({
        where: { userId, state: 'BLOCKED' },
        select: { id: true },
      })
      for (const { id } of blocked) {
        await db.transaction(async (tx) => {
          await tx.payment.updateMany({
            where: { id, userId, state: 'BLOCKED' },
            data: { nextActionAt: now },
          })
          await queue.enqueue(tx, 'settle-payment', { paymentId: id })
        })
      }
    },

    async listOwned(userId: string, page: { before?: string; size: number }): Promise<PaymentWithHabits[]> {
      return db.prisma.payment.findMany({
        where: { userId, ...(page.before ? { id: { lt: page.before } } : {}) },
        orderBy: { id: 'desc' },
        take: page.size,
        include: { checkOffs: { include: { habit: { select: { id: true, name: true } } } } },
      })
    },

    async findOwned(userId: string, id: string): Promise<PaymentWithStory | null> {
      return db.prisma.payment.findFirst({
        where: { id, userId },
        include: {
          events: { orderBy: [{ at: 'asc' }, { id: 'asc' }] },
          checkOffs: { include: { habit: { select: { id: true, name: true } } }, orderBy: { at: 'asc' } },
          debtorAccount: true,
          creditorAccount: true,
        },
      })
    },

    /** What needs the saver, or is not clear yet: shown on the dashboard until it is settled. */
    async waitingFor(userId: string): Promise<Payment[]> {
      return db.prisma.payment.findMany({
        where: { userId, state: { in: ['BLOCKED', 'AWAITING_APPROVAL', 'UNKNOWN'] } },
        orderBy: { createdOn: 'asc' },
        take: 20,
      })
    },
  }

  function leaseEnd(): Date {
    return new Date(clock.now().getTime() + rules.leaseSeconds * SECOND)
  }

  function changes(move: Move, now = clock.now()) {
    const final = isFinal(move.to)
    if (!final && !move.lookAgainAt)
      throw new RangeError(`a payment that moves to ${move.to} needs a time to look again`)
    return {
      state: move.to,
      reason: move.reason ?? null,
      bankCode: move.bankCode ?? null,
      approvalUrl: move.approvalUrl ?? null,
      ...(move.bankPaymentId ? { bankPaymentId: move.bankPaymentId } : {}),
      ...(move.to === 'SENDING' ? { lastSentAt: now } : {}),
      nextActionAt: final ? null : (move.lookAgainAt ?? null),
      finalOn: final ? now : null,
      ...(move.keepLease ? { leaseUntil: leaseEnd() } : { leaseOwner: null, leaseUntil: null }),
    }
  }

  /** Everything that goes with a move that has been made. */
  async function afterMove(tx: Tx, before: Payment, move: Move, by: Actor): Promise<Payment> {
    if (!mayMove(before.state, move.to)) throw new RangeError(`no move from ${before.state} to ${move.to}`)
    const at = clock.now()
    const payment = await tx.payment.findUniqueOrThrow({ where: { id: before.id } })
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
    if (!isFinal(move.to) && !move.keepLease) {
      await queue.enqueue(
        tx,
        'settle-payment',
        { paymentId: before.id },
        { startAfter: payment.nextActionAt ?? at },
      )
    }
    return payment
  }

  async function bookMove(tx: Tx, before: Payment, to: PaymentState, at: Date): Promise<void> {
    const [fromBucket, toBucket] = [BUCKET_OF[before.state], BUCKET_OF[to]]
    if (fromBucket === toBucket) return
    const checkOffs = await tx.checkOff.findMany({
      where: { paymentId: before.id, state: 'RECORDED' },
      orderBy: { habitId: 'asc' },
    })
    for (const checkOff of checkOffs) {
      await book(tx, {
        userId: before.userId,
        habitId: checkOff.habitId,
        paymentId: before.id,
        checkOffId: checkOff.id,
        currency: before.currency,
        amountMinor: checkOff.amountMinor,
        from: fromBucket,
        to: toBucket,
        at,
      })
    }
  }
}

export type PaymentWithHabits = Payment & {
  checkOffs: (CheckOff & { habit: { id: string; name: string } })[]
}

/** Grows from the poll interval to ten minutes: the bank is asked often at first and never forgotten. */
export function lookAgain(now: Date, since: Date, pollSeconds: number): Date {
  const elapsed = Math.max(0, now.getTime() - since.getTime())
  const pause = Math.min(Math.max(pollSeconds * SECOND, elapsed / 4), 10 * MINUTE)
  return new Date(now.getTime() + pause)
}
