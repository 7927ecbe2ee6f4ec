import type { Tx } from '../db.ts'
import type { CheckOff, Payment } from '../generated/client.ts'
import { audit } from './audit.ts'
import { lockWithPayment } from './check-off/locking.ts'
import type { Actor, ModelContext } from './context.ts'
import { endedWithoutMoney } from './payment/states.ts'
import type { Payments } from './payment.ts'

export type MoveBackResult =
  | { kind: 'scheduled'; paymentId: string }
  /** It is being brought back already, or has been: by this payment. */
  | { kind: 'already-moved-back'; paymentId: string }
  /** No money of it is in the savings account. */
  | { kind: 'not-saved'; paymentId: string | null }

export type CallOffResult = 'called-off' | 'already-ended' | 'too-late'

/** A check-off whose money could be moved back, with the accounts it would move between. */
export type Returnable = NonNullable<Awaited<ReturnType<ReturnType<typeof createReversals>['find']>>>

/** Bringing saved money back, on the saver's word: a payment the other way round. */
export function createReversals({ db, clock }: ModelContext, payments: Payments) {
  return {
    async find(userId: string, checkOffId: string) {
      return db.prisma.checkOff.findFirst({
        where: { id: checkOffId, userId },
        include: {
          habit: { select: { id: true, name: true } },
          payment: { include: { debtorAccount: true, creditorAccount: true } },
          reversal: true,
        },
      })
    },

    /** The payments that bring back what this one saved, or tried to, by check-off. */
    async waysBack(userId: string, paymentId: string): Promise<Map<string, Payment>> {
      const brought = await db.prisma.checkOff.findMany({
        where: { userId, paymentId, reversalId: { not: null } },
        include: { reversal: true },
      })
      return new Map(brought.flatMap(({ id, reversal }) => (reversal ? [[id, reversal]] : [])))
    },

    /**
     * Undoes a check-off whose money has arrived and schedules the payment that brings it back. Both payments' rows and the
     * check-off's see to it that one payment at a time does so.
     */
    async moveBack(userId: string, checkOffId: string, by: Actor): Promise<MoveBackResult | null> {
      return db.transaction(async (tx) => {
        const checkOff = await lockWithPayment(tx, userId, checkOffId)
        if (!checkOff) return null
        const { id, paymentId } = checkOff
        const saving = await paymentIn(tx, userId, paymentId)
        if (saving?.state !== 'PAID') return { kind: 'not-saved', paymentId }
        const earlier = await paymentIn(tx, userId, checkOff.reversalId)
        if (earlier && !endedWithoutMoney(earlier.state))
          return { kind: 'already-moved-back', paymentId: earlier.id }
        const reversal = await payments.schedule(tx, wayBack(saving, checkOff), by, { kind: 'REVERSAL' })
        const at = clock.now()
        const undone = checkOff.state === 'UNDONE' ? {} : { state: 'UNDONE' as const, undoneAt: at }
        await tx.checkOff.update({ where: { id, userId }, data: { reversalId: reversal.id, ...undone } })
        await audit(tx, {
          action: 'check-off.moved-back',
          by,
          at,
          subjectId: userId,
          object: { kind: 'check-off', id },
          detail: { paymentId: saving.id, reversalId: reversal.id, amountMinor: checkOff.amountMinor },
        })
        return { kind: 'scheduled', paymentId: reversal.id }
      })
    },

    /** Until it is sent, moving back can be called off: the money stays saved, and the check-off undone. */
    async callOff(userId: string, paymentId: string, by: Actor): Promise<CallOffResult | null> {
      const result = await db.transaction((tx) => payments.callOff(tx, userId, paymentId, by))
      if (result === 'taken-back') return 'called-off'
      return result === 'no-money' ? 'already-ended' : result
    },
  }
}

async function paymentIn(tx: Tx, userId: string, id: string | null): Promise<Payment | null> {
  return id === null ? null : tx.payment.findUniqueOrThrow({ where: { id, userId } })
}

/** From the account it arrived in to the one it came from, whatever has been chosen since. */
function wayBack(saving: Payment, { amountMinor }: CheckOff) {
  return {
    userId: saving.userId,
    debtorAccountId: saving.creditorAccountId,
    creditorAccountId: saving.debtorAccountId,
    amountMinor,
    currency: saving.currency,
  }
}
