import type { Tx } from '../db.ts'
import type { CheckOff, Payment } from '../generated/client.ts'
import { chosenIn } from './account.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { book } from './ledger.ts'
import { endedWithoutMoney } from './payment/states.ts'
import type { Payments } from './payment.ts'

export type RetryResult =
  | { kind: 'scheduled'; paymentId: string }
  /** Another payment carries its check-offs by now. */
  | { kind: 'already-scheduled'; paymentId: string }
  /** It has not ended, or it has moved its money. */
  | { kind: 'not-ended' }
  /** Nothing is left to pay: its check-offs were taken back, or it brings money back and never carried any. */
  | { kind: 'nothing-to-pay' }
  | { kind: 'no-accounts' }
  | { kind: 'currency-differs' }

export type Retries = ReturnType<typeof createRetries>

/** A second payment for check-offs whose first has ended without moving money. */
export function createRetries({ db, clock }: ModelContext, payments: Payments) {
  return {
    /** The check-offs still recorded go to a new payment, between the accounts chosen now. Once: they leave the old one. */
    async payAgain(userId: string, paymentId: string, by: Actor): Promise<RetryResult | null> {
      return db.transaction(async (tx) => {
        await tx.$queryRaw`SELECT id FROM "Payment" WHERE id = ${paymentId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`
        const ended = await tx.payment.findFirst({ where: { id: paymentId, userId } })
        if (!ended) return null
        if (!endedWithoutMoney(ended.state)) return { kind: 'not-ended' }
        const left = await tx.checkOff.findMany({
          where: { paymentId, userId, state: 'RECORDED' },
          orderBy: [{ habitId: 'asc' }, { id: 'asc' }],
        })
        if (left.length === 0) {
          const newer = await carriedOnIn(tx, ended)
          return newer ? { kind: 'already-scheduled', paymentId: newer } : { kind: 'nothing-to-pay' }
        }
        const sides = await chosenIn(tx, userId)
        if (!sides) return { kind: 'no-accounts' }
        if (sides.debtor.currency !== ended.currency) return { kind: 'currency-differs' }
        const order = {
          userId,
          debtorAccountId: sides.debtor.id,
          creditorAccountId: sides.creditor.id,
          amountMinor: left.reduce((sum, checkOff) => sum + checkOff.amountMinor, 0),
          currency: ended.currency,
        }
        const payment = await payments.schedule(tx, order, by)
        await handOver(tx, left, payment)
        await audit(tx, {
          action: 'payment.scheduled-again',
          by,
          at: clock.now(),
          subjectId: userId,
          object: { kind: 'payment', id: payment.id },
          detail: { insteadOf: ended.id, amountMinor: order.amountMinor, currency: order.currency },
        })
        return { kind: 'scheduled', paymentId: payment.id }
      })
    },

    /** @returns the payment that now carries what this one did; null if it still does, or nothing was left of it. */
    async carriedOnBy(payment: Pick<Payment, 'id' | 'userId' | 'kind'>): Promise<string | null> {
      return carriedOnIn(db.prisma, payment)
    },
  }

  /** The old payment gave the amounts back when it ended; the new one is pledged them. */
  async function handOver(
    tx: Tx,
    left: readonly CheckOff[],
    { id, userId, currency }: Payment,
  ): Promise<void> {
    await tx.checkOff.updateMany({
      where: { id: { in: left.map((checkOff) => checkOff.id) }, userId },
      data: { paymentId: id },
    })
    const move = { userId, paymentId: id, currency, from: 'OPEN', to: 'PLEDGED', at: clock.now() } as const
    await book(
      tx,
      move,
      left.map(({ id: checkOffId, habitId, amountMinor }) => ({ checkOffId, habitId, amountMinor })),
    )
  }
}

/** The ledger remembers which check-offs a payment once carried. */
async function carriedOnIn(
  tx: Pick<Tx, 'checkOff'>,
  { id, userId, kind }: Pick<Payment, 'id' | 'userId' | 'kind'>,
): Promise<string | null> {
  if (kind !== 'SAVING') return null
  const moved = await tx.checkOff.findFirst({
    where: { userId, ledgerLines: { some: { paymentId: id } }, paymentId: { not: id } },
    orderBy: { id: 'asc' },
  })
  return moved?.paymentId ?? null
}
