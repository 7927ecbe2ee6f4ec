import type { Tx } from '../db.ts'
import { Forbidden } from '../errors.ts'
import type { Erasure, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { createForgetting } from './erasure-forgetting.ts'
import { IN_FLIGHT, isUnsent, PaymentState } from './payment/states.ts'
import type { Payments } from './payment.ts'
import { sealedFor } from './sealing.ts'
import { endSessions } from './session.ts'

const UNSENT = Object.values(PaymentState).filter(isUnsent)

/** What keeps an account from being closed: orders at the bank, and differences that a person still has to look at. */
export interface Hindrances {
  payments: number
  differences: number
}

export type Closing =
  /** Nothing can move any more, and nobody signs in. */
  | { kind: 'closed'; erasure: Erasure }
  | ({ kind: 'waiting' } & Hindrances)
  /** Nobody has asked for it, or it has been done. */
  | { kind: 'nothing-asked' }

/** The last letter, which can be written only while somebody still knows where to. */
export interface Farewell {
  email: string
  fullName: string
  /** The language of that letter. */
  locale: string
}

export type Erasures = ReturnType<typeof createErasures>

/**
 * Forgetting a saver. Money comes first: what is not sent is taken back at once, and what the bank has is waited for, with the
 * account open, because its owner may have to approve it. Only then is the account closed, the bank told, and what
 * identifies its owner erased.
 */
export function createErasures(context: ModelContext, payments: Payments) {
  const { db, clock, queue, sealer } = context
  const forgetting = createForgetting(context)

  return {
    async open(userId: string): Promise<Erasure | null> {
      return openIn(db.prisma, userId)
    },

    async hindrances(userId: string): Promise<Hindrances> {
      return hindrancesIn(db.prisma, userId)
    },

    /** Asking twice is asking once. @throws Forbidden for an admin, whose deeds others answer for. */
    async ask(user: Pick<User, 'id' | 'role'>, by: Actor): Promise<Closing> {
      if (user.role === 'ADMIN') throw new Forbidden('Another admin has to take your rights away first.')
      return db.transaction(async (tx) => {
        const { id: userId } = user
        await hold(tx, userId)
        if (!(await openIn(tx, userId))) {
          await tx.erasure.create({ data: { userId, askedOn: clock.now() } })
          await audit(tx, { action: 'user.erasure-asked', by, at: clock.now(), subjectId: userId })
        }
        const closing = await close(tx, userId, by)
        await queue.enqueue(tx, 'erase', { userId })
        return closing
      })
    },

    /** @returns false when there is nothing to call off any more. */
    async callOff(userId: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const { count } = await tx.erasure.updateMany({
          where: { userId, calledOffOn: null, closedOn: null },
          data: { calledOffOn: clock.now() },
        })
        if (count === 0) return false
        await audit(tx, { action: 'user.erasure-called-off', by, at: clock.now(), subjectId: userId })
        return true
      })
    },

    /** Whose wish waits, the oldest first. */
    async waiting(most: number): Promise<string[]> {
      const open = await db.prisma.erasure.findMany({
        where: { calledOffOn: null, erasedOn: null },
        orderBy: { askedOn: 'asc' },
        take: most,
        select: { userId: true },
      })
      return open.map(({ userId }) => userId)
    },

    /** Looks again whether the account can be closed by now. */
    async tryToClose(userId: string, by: Actor): Promise<Closing> {
      return db.transaction(async (tx) => {
        await hold(tx, userId)
        return close(tx, userId, by)
      })
    },

    /** What the bank has to be told: the key of the consent that is to end; null when there is none. */
    async consentToEnd(userId: string): Promise<string | null> {
      const consent = await db.prisma.bankConsent.findFirst({ where: { userId, revokedAt: null } })
      if (!consent?.refreshTokenSealed) return null
      return sealer.open(consent.refreshTokenSealed, sealedFor.refreshToken(consent.id))
    },

    /**
     * Everything that identifies the owner of a closed account goes, in one transaction.
     * @param bankTold whether the bank knows that the consent is over; null where there was none.
     * @returns null when it has been done before.
     */
    async erase(userId: string, bankTold: boolean | null, by: Actor): Promise<Farewell | null> {
      return db.transaction(async (tx) => {
        const now = clock.now()
        await hold(tx, userId)
        const { count } = await tx.erasure.updateMany({
          where: { userId, calledOffOn: null, closedOn: { not: null }, erasedOn: null },
          data: { erasedOn: now, bankTold },
        })
        if (count === 0) return null
        const { email, fullName, locale } = await tx.user.findUniqueOrThrow({ where: { id: userId } })
        await forgetting.forget(tx, { id: userId, email }, bankTold, by)
        await audit(tx, {
          action: 'user.erased',
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'user', id: userId },
          detail: { bankTold },
        })
        return { email, fullName, locale }
      })
    },
  }

  /** In a transaction that holds the saver's row. */
  async function close(tx: Tx, userId: string, by: Actor): Promise<Closing> {
    const erasure = await openIn(tx, userId)
    if (!erasure) return { kind: 'nothing-asked' }
    if (erasure.closedOn) return { kind: 'closed', erasure }
    await takeBackUnsent(tx, userId, by)
    const hindrances = await hindrancesIn(tx, userId)
    if (hindrances.payments + hindrances.differences > 0) return { kind: 'waiting', ...hindrances }
    const now = clock.now()
    await tx.user.update({ where: { id: userId }, data: { status: 'CLOSED' } })
    await endSessions(tx, userId, null)
    const closed = await tx.erasure.update({ where: { id: erasure.id }, data: { closedOn: now } })
    await audit(tx, { action: 'user.closed', by, at: now, subjectId: userId })
    return { kind: 'closed', erasure: closed }
  }

  /** With the same verbs as the saver's own undoing, so that the books tell the same story. */
  async function takeBackUnsent(tx: Tx, userId: string, by: Actor): Promise<void> {
    const checkOffs = await tx.checkOff.findMany({
      where: { userId, state: 'RECORDED', payment: { state: { in: UNSENT } } },
      orderBy: [{ paymentId: 'asc' }, { id: 'asc' }],
    })
    for (const checkOff of checkOffs) {
      if ((await payments.takeBack(tx, checkOff, by)) === 'too-late') continue
      const at = clock.now()
      const object = { kind: 'check-off', id: checkOff.id }
      await tx.checkOff.update({ where: { id: checkOff.id }, data: { state: 'UNDONE', undoneAt: at } })
      await audit(tx, { action: 'check-off.undone', by, at, subjectId: userId, object })
    }
    const reversals = await tx.payment.findMany({
      where: { userId, kind: 'REVERSAL', state: { in: UNSENT } },
    })
    for (const { id } of reversals) await payments.callOff(tx, userId, id, by)
  }
}

/** Whoever is about to send, to check off or to link a bank waits for us, or we for them. */
async function hold(tx: Tx, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR UPDATE`
}

async function openIn(tx: Pick<Tx, 'erasure'>, userId: string): Promise<Erasure | null> {
  return tx.erasure.findFirst({ where: { userId, calledOffOn: null, erasedOn: null } })
}

async function hindrancesIn(
  tx: Pick<Tx, 'payment' | 'reconciliationDifference'>,
  userId: string,
): Promise<Hindrances> {
  return {
    payments: await tx.payment.count({ where: { userId, state: { in: [...IN_FLIGHT] } } }),
    differences: await tx.reconciliationDifference.count({ where: { userId, goneOn: null, holds: true } }),
  }
}
