import { randomUUID } from 'node:crypto'
import { SECOND } from '../../clock.ts'
import { randomReference, uuidv7 } from '../../crypto.ts'
import { Prisma, type Statements, type Tx } from '../../db.ts'
import type { CheckOff, Payment } from '../../generated/client.ts'
import type { Currency, PaymentKind } from '../../generated/enums.ts'
import { type AuditEntry, audit, auditLine } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { book } from '../ledger.ts'
import { eventLine, PAYMENT_COLUMNS } from './lines.ts'
import type { Moves } from './moves.ts'
import type { PaymentReason } from './reasons.ts'
import { endedWithoutMoney, isUnsent } from './states.ts'

/** Between which of a saver's accounts, and how much in minor units. */
export interface Order {
  userId: string
  debtorAccountId: string
  creditorAccountId: string
  amountMinor: number
  currency: Currency
}

interface Schedule {
  kind?: PaymentKind
  batchDueAt?: Date
}

/** `no-money`: the payment has ended without moving any; `too-late`: the order is at the bank, or may be. */
export type TakenBack = 'taken-back' | 'no-money' | 'too-late'

type Audited = Pick<Payment, 'id' | 'userId' | 'kind' | 'amountMinor' | 'currency' | 'reference' | 'dueAt'>

/** The bank is told where the saver is; where an admin is says nothing about that. */
function placeOf({ kind, ip }: Actor): string | null {
  return kind === 'admin' ? null : ip
}

/** What happens to a payment before it is sent; always in the caller's transaction, with the check-off it belongs to. */
export function createPledges({ clock, rules }: Pick<ModelContext, 'clock' | 'rules'>, moves: Moves) {
  return {
    /** A new payment; it goes out once it is due, by default when the undo window is over. */
    async schedule(tx: Statements, order: Order, by: Actor, how: Schedule = {}): Promise<Payment> {
      const [payment] = await tx.$queryRaw<Payment[]>`
        WITH ${schedulingParts(order, by, how).steps} SELECT ${PAYMENT_COLUMNS} FROM made`
      if (!payment) throw new Error('a payment was not made')
      return payment
    },

    schedulingParts,

    /**
     * Puts an amount into the saver's batch that goes out at that time, if there is one with room for it.
     * @param capMinor what one payment may be at most.
     * @returns null when a payment of its own is needed.
     */
    async joinBatch(
      tx: Statements,
      order: Order,
      batch: { dueAt: Date; capMinor: number },
      by: Actor,
    ): Promise<Payment | null> {
      const now = clock.now()
      const [open] = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM "Payment"
        WHERE "userId" = ${order.userId}::uuid AND "isBatch" AND kind = 'SAVING' AND state = 'SCHEDULED'
          AND "debtorAccountId" = ${order.debtorAccountId}::uuid AND "creditorAccountId" = ${order.creditorAccountId}::uuid
          AND currency = ${order.currency}::"Currency" AND "dueAt" = ${batch.dueAt} AND "dueAt" > ${now}
          AND "amountMinor" + ${order.amountMinor} <= ${batch.capMinor}
        ORDER BY id LIMIT 1 FOR UPDATE`
      if (!open) return null
      const [payment] = await tx.$queryRaw<Payment[]>`
        UPDATE "Payment" SET "amountMinor" = "amountMinor" + ${order.amountMinor}, "askedFromIp" = ${by.ip}, "askedOn" = ${now}
        WHERE id = ${open.id}::uuid AND "userId" = ${order.userId}::uuid RETURNING ${PAYMENT_COLUMNS}`
      if (!payment) throw new Error(`payment ${open.id} was locked, and is gone`)
      await audit(tx, auditEntry('payment.batch-joined', payment, by))
      return payment
    },

    /**
     * Takes a recorded check-off out of its payment: the last one cancels it, another one makes it smaller. Locks the
     * payment, so that it can't be sent meanwhile.
     */
    async takeBack(tx: Tx, checkOff: CheckOff, by: Actor): Promise<TakenBack> {
      await tx.$queryRaw`SELECT id FROM "Payment" WHERE id = ${checkOff.paymentId}::uuid FOR UPDATE`
      const payment = await tx.payment.findFirstOrThrow({
        where: { id: checkOff.paymentId ?? '', userId: checkOff.userId },
      })
      if (endedWithoutMoney(payment.state)) return 'no-money'
      if (!isUnsent(payment.state)) return 'too-late'
      if (payment.amountMinor === checkOff.amountMinor) {
        await moves.make(tx, payment, { to: 'CANCELLED', reason: 'undone-by-saver' }, by)
        return 'taken-back'
      }
      const smaller = await tx.payment.update({
        where: { id: payment.id },
        data: { amountMinor: { decrement: checkOff.amountMinor } },
      })
      const { id: checkOffId, habitId, amountMinor } = checkOff
      const { userId, id: paymentId, currency } = payment
      const move = { userId, paymentId, currency, from: 'PLEDGED', to: 'OPEN', at: clock.now() } as const
      await book(tx, move, [{ habitId, checkOffId, amountMinor }])
      await audit(tx, auditEntry('payment.batch-left', smaller, by))
      return 'taken-back'
    },

    /**
     * Cancels whatever of a saver's hasn't been sent, whichever way its money would go. Check-offs stay as they are, so that
     * each can be tried again. Locks the payments, so that none is sent meanwhile.
     */
    async callOffUnsent(tx: Tx, userId: string, reason: PaymentReason, by: Actor): Promise<void> {
      const unsent = await tx.$queryRaw<Payment[]>`
        SELECT ${PAYMENT_COLUMNS} FROM "Payment"
        WHERE "userId" = ${userId}::uuid AND state IN ('SCHEDULED', 'BLOCKED') ORDER BY id FOR UPDATE`
      for (const payment of unsent) await moves.make(tx, payment, { to: 'CANCELLED', reason }, by)
    },

    /** Cancels a payment that brings money back, while it isn't sent: that money stays saved. @returns null if there is none. */
    async callOff(tx: Tx, userId: string, id: string, by: Actor): Promise<TakenBack | null> {
      await tx.$queryRaw`SELECT id FROM "Payment" WHERE id = ${id}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`
      const payment = await tx.payment.findFirst({ where: { id, userId, kind: 'REVERSAL' } })
      if (!payment) return null
      if (endedWithoutMoney(payment.state)) return 'no-money'
      if (!isUnsent(payment.state)) return 'too-late'
      await moves.make(tx, payment, { to: 'CANCELLED', reason: 'undone-by-saver' }, by)
      return 'taken-back'
    },

    /** An admin calls off what isn't sent yet; its check-offs stay, and their saver can have them paid again. */
    async cancelUnsent(tx: Tx, id: string, by: Actor): Promise<TakenBack | null> {
      await tx.$queryRaw`SELECT id FROM "Payment" WHERE id = ${id}::uuid FOR UPDATE`
      const payment = await tx.payment.findUnique({ where: { id } })
      if (!payment) return null
      if (endedWithoutMoney(payment.state)) return 'no-money'
      if (!isUnsent(payment.state)) return 'too-late'
      await moves.make(tx, payment, { to: 'CANCELLED', reason: 'cancelled-by-us' }, by)
      return 'taken-back'
    },
  }

  /** The same as parts of a larger statement's WITH, in which `made` is the payment's row. */
  function schedulingParts(order: Order, by: Actor, how: Schedule = {}): { id: string; steps: Prisma.Sql } {
    const now = clock.now()
    const dueAt = how.batchDueAt ?? new Date(now.getTime() + rules.undoWindowSeconds * SECOND)
    const id = uuidv7()
    const reference = randomReference()
    const kind = how.kind ?? 'SAVING'
    const { userId, debtorAccountId, creditorAccountId, amountMinor, currency } = order
    const event = { paymentId: id, from: null, to: 'SCHEDULED', at: now } as const
    const entry = auditEntry('payment.scheduled', { ...order, id, reference, kind, dueAt }, by)
    const steps = Prisma.sql`
      made AS (
        INSERT INTO "Payment" (id, "userId", kind, "externalId", reference, "debtorAccountId", "creditorAccountId",
          "amountMinor", currency, "isBatch", "askedFromIp", "askedOn", "dueAt", "nextActionAt", "createdOn")
        VALUES (${id}::uuid, ${userId}::uuid, ${kind}::"PaymentKind", ${randomUUID()}::uuid, ${reference},
          ${debtorAccountId}::uuid, ${creditorAccountId}::uuid, ${amountMinor}, ${currency}::"Currency",
          ${how.batchDueAt !== undefined}, ${placeOf(by)}, ${now}, ${dueAt}, ${dueAt}, ${now})
        RETURNING ${PAYMENT_COLUMNS}
      ), event AS (${eventLine(event)}), audited AS (${auditLine(entry)})`
    return { id, steps }
  }

  function auditEntry(action: string, payment: Audited, by: Actor): AuditEntry {
    const { kind, amountMinor, currency, reference, dueAt } = payment
    return {
      action,
      by,
      at: clock.now(),
      subjectId: payment.userId,
      object: { kind: 'payment', id: payment.id },
      detail: { kind, amountMinor, currency, reference, dueAt: dueAt.toISOString() },
    }
  }
}
