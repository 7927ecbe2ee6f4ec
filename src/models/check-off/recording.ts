import { SECOND } from '../../clock.ts'
import { type Tx, toDbDay } from '../../db.ts'
import type { CheckOff, Payment, User } from '../../generated/client.ts'
import type { ChosenAccounts } from '../account.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { book } from '../ledger.ts'
import { limitsAt } from '../limits.ts'
import type { Order } from '../payment/pledges.ts'
import { batchDueAt } from '../payment/windows.ts'
import type { Payments } from '../payment.ts'
import { holdSaver } from './locking.ts'
import type { DayOfHabit } from './places.ts'

/** A place that is free, and what is to happen with it. */
export interface Taking extends DayOfHabit {
  habitId: string
  place: { slot: number; daySlot: number }
  isBackfill: boolean
  /** Null where it only counts and pays nothing. */
  sides: ChosenAccounts | null
}

/** How a check-off is written: together with its payment, ledger entry and audit line, in the caller's transaction. */
export function createRecording({ clock, rules }: Pick<ModelContext, 'clock' | 'rules'>, payments: Payments) {
  return {
    /** @throws AlreadyExists when somebody else has taken the place in the meantime. */
    async take(tx: Tx, user: User, taking: Taking, by: Actor): Promise<CheckOff> {
      const at = clock.now()
      const { habitId, sides } = taking
      const { amountMinor, currency } = taking.version
      const payment = sides && (await paymentFor(tx, user, taking, sides, by))
      const checkOff = await tx.checkOff.create({ data: rowOf(user, taking, payment, at) })
      if (payment) {
        const move = {
          userId: user.id,
          paymentId: payment.id,
          currency,
          from: 'OPEN',
          to: 'PLEDGED',
          at,
        } as const
        await book(tx, move, [{ habitId, checkOffId: checkOff.id, amountMinor }])
      }
      await audit(tx, {
        action: taking.isBackfill ? 'check-off.backfilled' : 'check-off.recorded',
        by,
        at,
        subjectId: user.id,
        object: { kind: 'check-off', id: checkOff.id },
        detail: {
          habitId,
          day: taking.day,
          period: taking.progress.period.start,
          slot: taking.place.slot,
          amountMinor,
          currency,
          recordOnly: payment === null,
          paymentId: payment?.id ?? null,
        },
      })
      return checkOff
    },
  }

  /** A payment of its own, or a part of the one that goes out at the end of the saver's day or week. */
  async function paymentFor(
    tx: Tx,
    user: User,
    { version }: Taking,
    { debtor, creditor }: ChosenAccounts,
    by: Actor,
  ): Promise<Payment> {
    const order: Order = {
      userId: user.id,
      debtorAccountId: debtor.id,
      creditorAccountId: creditor.id,
      amountMinor: version.amountMinor,
      currency: version.currency,
    }
    if (user.cadence === 'AT_ONCE') return payments.schedule(tx, order, by)
    const now = clock.now()
    // Who comes so late that the undo window would be cut short goes with the next batch.
    const windowEnd = new Date(now.getTime() + rules.undoWindowSeconds * SECOND)
    const dueAt = batchDueAt(user.cadence, windowEnd, user)
    await holdSaver(tx, user.id)
    const { capPerPaymentMinor } = await limitsAt(tx, user.id, now)
    const joined = await payments.joinBatch(tx, order, { dueAt, capMinor: capPerPaymentMinor }, by)
    return joined ?? payments.schedule(tx, order, by, { batchDueAt: dueAt })
  }
}

function rowOf(user: User, taking: Taking, payment: Payment | null, at: Date) {
  const { habitId, day, version, progress, place, isBackfill } = taking
  return {
    userId: user.id,
    habitId,
    habitVersionId: version.id,
    paymentId: payment?.id ?? null,
    recordOnly: payment === null,
    isBackfill,
    day: toDbDay(day),
    at,
    timezone: user.timezone,
    dayStartHour: user.dayStartHour,
    period: toDbDay(progress.period.start),
    slot: place.slot,
    daySlot: place.daySlot,
    amountMinor: version.amountMinor,
    currency: version.currency,
  }
}
