import { randomUUID } from 'node:crypto'
import { DAY, HOUR, MINUTE, SECOND } from '../clock.ts'
import { randomReference } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { Account, CheckOff, Payment, PaymentEvent, Prisma } from '../generated/client.ts'
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
  | 'account-locked'
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
}

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

/** An alarm rings this much after its time, so that a few milliseconds between two clocks don't make it ring in vain. */
const ALARM_LAG_MS = 250
/** A lease is renewed this often within its time, for as long as the longest run may take; who hangs longer loses it. */
const RENEWALS_A_LEASE = 3
const LONGEST_HOLD_MS = 15 * MINUTE

export function createPayments({ db, clock, queue, rules }: ModelContext) {
  const leaseMs = rules.leaseSeconds * SECOND

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
      await setAlarm(tx, payment.id, dueAt)
      return payment
    },

    /**
     * Takes the payment if it is due and nobody else holds it; one statement decides between two workers. Until the
     * holder says otherwise the next look is at the end of the lease, so whoever sets an earlier one in the meantime is heard.
     * @returns null when there is nothing to do now.
     */
    async claim(paymentId: string): Promise<Claim | null> {
      const now = clock.now()
      const owner = randomUUID()
      return db.transaction(async (tx) => {
        const [due] = await tx.$queryRaw<{ id: string }[]>`
          SELECT id FROM "Payment"
          WHERE id = ${paymentId}::uuid AND "nextActionAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
          FOR UPDATE SKIP LOCKED`
        if (!due) return null
        const leaseUntil = leaseEnd()
        const payment = await tx.payment.update({
          where: { id: paymentId },
          data: { leaseOwner: owner, leaseUntil, nextActionAt: leaseUntil },
        })
        return { payment, owner }
      })
    },

    /**
     * Renews the lease as long as its holder lives: reading a long list at a slow bank takes longer than any lease should.
     * @returns ends the renewing.
     */
    hold(claim: Claim): () => void {
      const renew = () =>
        db.prisma.payment.updateMany({
          where: { id: claim.payment.id, leaseOwner: claim.owner },
          data: { leaseUntil: leaseEnd() },
        })
      const begun = performance.now()
      const timer = setInterval(
        () => {
          if (performance.now() - begun > LONGEST_HOLD_MS) clearInterval(timer)
          // A renewal that fails is made up for by the next one, or the lease ends, which is what it is for.
          else renew().catch(() => {})
        },
        Math.max(leaseMs / RENEWALS_A_LEASE, 100),
      )
      return () => clearInterval(timer)
    },

    /**
     * One move of the table, with its event, ledger and audit lines in the same transaction.
     * @throws LeaseLost when the payment is no longer held by this claim, in the state it was claimed in.
     */
    async move(claim: Claim, move: Move, by: Actor): Promise<Claim> {
      return db.transaction(async (tx) => {
        const { wokenAt } = await lockHeld(tx, claim)
        const isHeard = wokenAt && move.lookAgainAt && !move.keepLease && move.to !== 'SCHEDULED'
        const made = isHeard ? { ...move, lookAgainAt: wokenAt } : move
        await tx.payment.update({ where: { id: claim.payment.id }, data: changes(made) })
        const payment = await afterMove(tx, claim.payment, made, by)
        return { ...claim, payment }
      })
    },

    /** The state stays; the payment is looked at again later, or at once if somebody asked for that in the meantime. */
    async wait(
      claim: Claim,
      lookAgainAt: Date,
      note: { reason?: PaymentReason; approvalUrl?: string } = {},
    ): Promise<void> {
      await db.transaction(async (tx) => {
        const { wokenAt } = await lockHeld(tx, claim)
        const nextActionAt = wokenAt ?? lookAgainAt
        await tx.payment.update({
          where: { id: claim.payment.id },
          data: { ...note, nextActionAt, leaseOwner: null, leaseUntil: null },
        })
        await setAlarm(tx, claim.payment.id, nextActionAt)
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
      await bringForward(id, {
        userId,
        nextActionAt: { not: null },
        state: { notIn: ['SCHEDULED', 'BLOCKED'] },
      })
    },

    /**
     * Gives what waits for the saver or the bank link another try now, for example after the link was renewed: what is
     * blocked, and what is at the bank and could not be asked about. A worker that holds one of them learns of it.
     */
    async wakeBlocked(userId: string): Promise<void> {
      const waiting = {
        userId,
        nextActionAt: { not: null },
        // What is scheduled keeps its time, unless a worker is just finding out that it can't be sent.
        OR: [{ state: { not: 'SCHEDULED' } }, { leaseOwner: { not: null } }],
      } satisfies Prisma.PaymentWhereInput
      const payments = await db.prisma.payment.findMany({ where: waiting, select: { id: true } })
      for (const { id } of payments) await bringForward(id, waiting)
    },

    /** How far this process's clock is ahead of the database's, which all processes share. */
    async clockLeadMs(): Promise<number> {
      const [row] = await db.prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
      return clock.now().getTime() - (row?.now.getTime() ?? 0)
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
    return new Date(clock.now().getTime() + leaseMs)
  }

  /** The payment is looked at now, if it still is as described. */
  async function bringForward(id: string, still: Prisma.PaymentWhereInput): Promise<void> {
    await db.transaction(async (tx) => {
      const now = clock.now()
      const { count } = await tx.payment.updateMany({ where: { ...still, id }, data: { nextActionAt: now } })
      if (count === 1) await setAlarm(tx, id, now)
    })
  }

  async function setAlarm(tx: Tx, paymentId: string, at: Date): Promise<void> {
    const startAfter = new Date(at.getTime() + ALARM_LAG_MS)
    await queue.enqueue(tx, 'settle-payment', { paymentId }, { startAfter })
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

  function changes(move: Move, now = clock.now()) {
    const final = isFinal(move.to)
    if (!final && !move.lookAgainAt && !move.keepLease)
      throw new RangeError(`a payment that moves to ${move.to} needs a time to look again`)
    return {
      state: move.to,
      reason: move.reason ?? null,
      bankCode: move.bankCode ?? null,
      approvalUrl: move.approvalUrl ?? null,
      ...(move.bankPaymentId ? { bankPaymentId: move.bankPaymentId } : {}),
      ...(move.to === 'SENDING' ? { lastSentAt: now, attempts: { increment: 1 } } : {}),
      nextActionAt: move.keepLease ? leaseEnd() : final ? null : (move.lookAgainAt ?? null),
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
      await setAlarm(tx, before.id, payment.nextActionAt ?? at)
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

/** Grows from the poll interval to ten minutes, after a day to an hour: asked often at first, and never forgotten. */
export function lookAgain(now: Date, since: Date, pollSeconds: number): Date {
  const elapsed = Math.max(0, now.getTime() - since.getTime())
  const longest = elapsed < DAY ? 10 * MINUTE : HOUR
  return new Date(now.getTime() + Math.min(Math.max(pollSeconds * SECOND, elapsed / 4), longest))
}
