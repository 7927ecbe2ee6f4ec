import { DAY, HOUR, MINUTE, SECOND } from '../clock.ts'
import type { Tx } from '../db.ts'
import type { Payment, Prisma, User } from '../generated/client.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Claim, createClaims, LeaseLost } from './payment/claims.ts'
import { guardFactsIn, inFlightIn, switchesIn } from './payment/facts.ts'
import { refusalOf, switchedOff } from './payment/guards.ts'
import { PAYMENT_COLUMNS } from './payment/lines.ts'
import { createMoves, type Move } from './payment/moves.ts'
import { createPledges } from './payment/pledges.ts'
import { createReading } from './payment/reading.ts'
import type { PaymentReason } from './payment/reasons.ts'

export { type Claim, LeaseLost } from './payment/claims.ts'
export type { Move } from './payment/moves.ts'
export type {
  Named,
  PaymentInList,
  PaymentWaiting,
  PaymentWithHabits,
  PaymentWithStory,
  WaitingApproval,
} from './payment/reading.ts'
export type { PaymentReason } from './payment/reasons.ts'

export type Payments = ReturnType<typeof createPayments>

export type SendOff = { kind: 'sending'; claim: Claim } | { kind: 'refused'; reason: PaymentReason }

/** An admin has stopped all payments: nothing is sent and nothing confirmed. */
export class PaymentsStopped extends Error {
  constructor(cause: Error) {
    super('all payments are stopped', { cause })
    this.name = 'PaymentsStopped'
  }
}

/** Another order has taken the room since this one was looked at. */
class TooExposed extends Error {}

/** However often the saver's page asks for a look, the bank is asked no more often than this for one payment. */
const LOOK_AT_MOST_EVERY_MS = 5 * SECOND

export function createPayments(context: ModelContext) {
  const { db, clock, rules } = context
  const moves = createMoves(context)

  return {
    ...createClaims(context),
    ...createPledges(context, moves),
    ...createReading(context),

    /**
     * One move of the table, with its event, ledger and audit lines in the same transaction.
     * @throws LeaseLost when the payment is no longer held by this claim, in the state it was claimed in;
     *   PaymentsStopped when it would send or confirm while payments are stopped.
     */
    async move(claim: Claim, move: Move, by: Actor): Promise<Claim> {
      return unlessStopped((tx) => moves.makeHeld(tx, claim, move, by))
    },

    /**
     * The last look before an order goes out, and the move to SENDING with it. The saver's row is locked, so that their limits
     * hold however many of their orders are about to go out at once; what all savers share is looked at last, and alone.
     * @param availableMinor of the debtor account, just read; null where the bank doesn't show it.
     * @throws LeaseLost when the payment is no longer held by this claim, in the state it was claimed in.
     */
    async sendOff(claim: Claim, availableMinor: number | null, by: Actor): Promise<SendOff> {
      try {
        return await unlessStopped(async (tx): Promise<SendOff> => {
          const user = await lockUser(tx, claim.payment.userId)
          const payment = await lockHeld(tx, claim)
          const reason = refusalOf(await guardFactsIn(tx, user, payment, outside(availableMinor)))
          if (reason) return { kind: 'refused', reason }
          const scheduled =
            payment.state === 'BLOCKED'
              ? await moves.make(tx, payment, { to: 'SCHEDULED', keepLease: true }, by)
              : payment
          const sending: Move = { to: 'SENDING', keepLease: true }
          const sent = await moves.makeHeld(tx, { ...claim, payment: scheduled }, sending, by)
          await holdExposure(tx, payment.currency)
          return { kind: 'sending', claim: sent }
        })
      } catch (error) {
        if (error instanceof TooExposed) return { kind: 'refused', reason: 'exposure-limit' }
        throw error
      }
    },

    /** What the books alone would refuse now, without the balance; saves asking the bank in vain. */
    async refusedByBooks({ payment }: Claim): Promise<PaymentReason | null> {
      const user = await db.prisma.user.findUniqueOrThrow({ where: { id: payment.userId } })
      const reason = refusalOf(await guardFactsIn(db.prisma, user, payment, outside(null)))
      return reason === 'balance-unknown' ? null : reason
    },

    /** Why nothing of this saver may be sent or confirmed now, whatever its amount. */
    async heldBack(userId: string): Promise<PaymentReason | null> {
      return switchedOff({ now: clock.now(), ...(await switchesIn(db.prisma, userId)) })
    },

    /** The state stays; the payment is looked at again later, or at once if somebody asked for that in the meantime. */
    async wait(
      claim: Claim,
      lookAgainAt: Date,
      note: { reason?: PaymentReason; approvalUrl?: string } = {},
    ): Promise<void> {
      const { id, userId, state, nextActionAt: asClaimed } = claim.payment
      const count = await db.prisma.$executeRaw`
        UPDATE "Payment" SET
          "nextActionAt" = CASE WHEN "nextActionAt" IS NOT DISTINCT FROM ${asClaimed} THEN ${lookAgainAt} ELSE "nextActionAt" END,
          reason = coalesce(${note.reason ?? null}, reason),
          "approvalUrl" = coalesce(${note.approvalUrl ?? null}, "approvalUrl"),
          "leaseOwner" = NULL, "leaseUntil" = NULL
        WHERE id = ${id}::uuid AND "userId" = ${userId}::uuid AND "leaseOwner" = ${claim.owner}::uuid
          AND state = ${state}::"PaymentState"`
      if (count === 0) throw new LeaseLost(id)
    },

    /** Once for each approval page: the saver is told again that the bank waits for them. */
    async remind({ payment: { id, userId, approvalUrl } }: Claim): Promise<void> {
      await db.transaction(async (tx) => {
        const { count } = await tx.payment.updateMany({
          where: { userId, approvalUrl, state: 'AWAITING_APPROVAL', remindedOn: null },
          data: { remindedOn: clock.now() },
        })
        if (count > 0)
          await context.queue.enqueue(tx, 'send-mail', { userId, kind: 'approval-reminder', paymentId: id })
      })
    },

    /**
     * The saver is here, back from the bank: the worker asks at once instead of at its next turn. Not again within seconds,
     * because a page that follows them asks for it each time it is drawn.
     */
    async lookNow(userId: string, ids: readonly string[], by: Actor): Promise<void> {
      const now = clock.now()
      const before = new Date(now.getTime() - LOOK_AT_MOST_EVERY_MS)
      await bringForward(
        {
          id: { in: [...ids] },
          userId,
          nextActionAt: { not: null },
          state: { notIn: ['SCHEDULED', 'BLOCKED'] },
          OR: [{ askedOn: null }, { askedOn: { lte: before } }],
        },
        { askedFromIp: by.ip, askedOn: now },
      )
    },

    /**
     * The saver wants a payment that waits to be tried now, and is here while that happens.
     * @returns false when it doesn't wait.
     */
    async tryNow(userId: string, id: string, by: Actor): Promise<boolean> {
      const now = clock.now()
      const count = await bringForward(
        { id, userId, OR: [{ state: 'BLOCKED' }, { state: 'SCHEDULED', dueAt: { lte: now } }] },
        { askedFromIp: by.ip, askedOn: now },
      )
      return count === 1
    },

    /** How far this process's clock is ahead of the database's, which all processes share. */
    async clockLeadMs(): Promise<number> {
      const [row] = await db.prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
      return clock.now().getTime() - (row?.now.getTime() ?? 0)
    },
  }

  function outside(availableMinor: number | null) {
    return { now: clock.now(), availableMinor, exposureLimitMinor: rules.exposureLimitMinor }
  }

  /**
   * What all savers have under way is held to its limit by whoever comes last: the lock lasts from here to the commit, so
   * that workers wait for one another as briefly as can be.
   * @throws TooExposed, which takes back what was written.
   */
  async function holdExposure(tx: Tx, currency: Payment['currency']): Promise<void> {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('exposure ' || ${currency}))::text`
    if ((await inFlightIn(tx, currency)) > rules.exposureLimitMinor) throw new TooExposed()
  }

  /** The database refuses what a stop has overtaken between our look and our move. */
  async function unlessStopped<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await db.transaction(work)
    } catch (error) {
      throw error instanceof Error && error.message.includes('all payments are stopped')
        ? new PaymentsStopped(error)
        : error
    }
  }

  /** They are looked at now, if they still are as described. @returns how many are. */
  async function bringForward(
    still: Prisma.PaymentWhereInput,
    change: Prisma.PaymentUncheckedUpdateManyInput = {},
  ): Promise<number> {
    const { count } = await db.prisma.payment.updateMany({
      where: still,
      data: { ...change, nextActionAt: clock.now() },
    })
    return count
  }
}

type GuardedUser = Pick<User, 'id' | 'status' | 'pausedUntil' | 'timezone' | 'dayStartHour'>

async function lockUser(tx: Tx, id: string): Promise<GuardedUser> {
  const [user] = await tx.$queryRaw<GuardedUser[]>`
    SELECT id, status, "pausedUntil", timezone, "dayStartHour" FROM "User" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
  if (!user) throw new Error(`no saver ${id}`)
  return user
}

/**
 * Locks a payment for the rest of the transaction. @returns as it is now.
 * @throws LeaseLost when it is no longer held by this claim, in the state it was claimed in.
 */
async function lockHeld(tx: Tx, { payment: { id, state }, owner }: Claim): Promise<Payment> {
  const [held] = await tx.$queryRaw<Payment[]>`
    SELECT ${PAYMENT_COLUMNS} FROM "Payment"
    WHERE id = ${id}::uuid AND "leaseOwner" = ${owner}::uuid AND state = ${state}::"PaymentState"
    FOR UPDATE`
  if (!held) throw new LeaseLost(id)
  return held
}

/** Grows from the poll interval to ten minutes, after a day to an hour: asked often at first, and never forgotten. */
export function lookAgain(now: Date, since: Date, pollSeconds: number): Date {
  const elapsed = Math.max(0, now.getTime() - since.getTime())
  const longest = elapsed < DAY ? 10 * MINUTE : HOUR
  return new Date(now.getTime() + Math.min(Math.max(pollSeconds * SECOND, elapsed / 4), longest))
}
