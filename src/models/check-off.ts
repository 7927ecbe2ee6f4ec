import { fromDbDay, type Statements, toDbDay } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { CheckOff, User } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import { audit } from './audit.ts'
import { lockWithPayment } from './check-off/locking.ts'
import {
  type DayOfHabit,
  daysBack,
  daysOf,
  firstDayBack,
  holderOf,
  lookAt,
  notBack,
  type Seen,
} from './check-off/places.ts'
import { createRecording } from './check-off/recording.ts'
import type { Actor, ModelContext } from './context.ts'
import { advanceCheckpoint, isWorthAdvancing } from './habit/checkpoints.ts'
import type { Closed } from './habit/progress.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import type { PaymentState } from './payment/states.ts'
import type { Payments } from './payment.ts'

type TakeResult =
  | { kind: 'recorded'; checkOff: CheckOff; paymentId: string | null }
  /** The same slot was taken for the same day before: the first result stands, nothing was added. */
  | { kind: 'already-recorded'; checkOff: CheckOff }
  /** The place that was offered belongs to another day by now, or never was free. */
  | { kind: 'place-taken' }
  /** The habit pays something else by now than the page has said. */
  | { kind: 'terms-changed' }
  /** The day has no place: why. */
  | { kind: Exclude<Closed, 'enough-today'> }
  | { kind: 'archived' }
  | { kind: 'no-accounts' }
  | { kind: 'currency-differs' }

export type CheckOffResult = TakeResult | { kind: 'day-changed' } | { kind: 'enough-today' }

export type BackfillResult =
  | TakeResult
  | { kind: 'too-old' }
  | { kind: 'before-start' }
  | { kind: 'in-future' }
  | { kind: 'enough-that-day' }

export type UndoResult =
  | { kind: 'undone' }
  | { kind: 'already-undone' }
  | { kind: 'too-late'; paymentId: string }
  /** It was undone after its money had arrived: this payment brings that back. */
  | { kind: 'moved-back'; paymentId: string }

/** What the page offered: a repeat names the same place and so can't become a second check-off. */
export interface Offer {
  day: Day
  slot: number
  /** By which version of the habit: what was shown is what is paid. Left out where nobody has been shown anything. */
  version?: number
}

/** A past day on which a check-off could still be made up for, and the terms of that day. */
export interface OpenDay extends Required<Offer> {
  amountMinor: number
  currency: Currency
}

export interface CheckOffPage {
  habitId?: string | undefined
  /** First and last day that are wanted. */
  from?: Day | undefined
  until?: Day | undefined
  /** The id of the last one already shown. */
  before?: string | undefined
  size: number
}

type PaymentMark = { id: string; state: PaymentState } | null
export type RecentCheckOff = CheckOff & { payment: PaymentMark; reversal: PaymentMark }

export function createCheckOffs(context: ModelContext, payments: Payments) {
  const { db, clock } = context
  const recording = createRecording(context, payments)

  return {
    /**
     * Records a completed habit together with its payment, ledger entry and audit line, or none of them.
     * The place (period, slot) comes from the page, and a unique index decides who gets it.
     */
    async record(user: User, habitId: string, offer: Offer, by: Actor): Promise<CheckOffResult> {
      return takenOnce(async (tx) => {
        const now = todayOf(user)
        const seen = await lookAt(tx, user, habitId, now)
        if (seen.habit.archivedOn) return { kind: 'archived' }
        const [today] = daysOf(seen, [now], user)
        if (offer.day !== today?.day) return { kind: 'day-changed' }
        return takeIn(tx, user, seen, today, offer, { isBackfill: false, pays: true }, by)
      })
    },

    /** Records what was forgotten on one of the last days: the same places, by the terms of that day. */
    async backfill(
      user: User,
      habitId: string,
      offer: Offer & { pays: boolean },
      by: Actor,
    ): Promise<BackfillResult> {
      return takenOnce(async (tx) => {
        const today = todayOf(user)
        // Not from the day that is asked for, which may be as long ago as anybody likes.
        const seen = await lookAt(tx, user, habitId, firstDayBack(today))
        if (seen.habit.archivedOn) return { kind: 'archived' }
        const refusal = notBack(seen.habit, offer.day, today)
        if (refusal) return { kind: refusal }
        const [day] = daysOf(seen, [offer.day], user)
        if (!day) return { kind: 'before-start' }
        const result = await takeIn(tx, user, seen, day, offer, { isBackfill: true, pays: offer.pays }, by)
        return result.kind === 'enough-today' ? { kind: 'enough-that-day' } : result
      })
    },

    /** The last days that still have an open place, the latest first. */
    async openDays(user: User, habitId: string): Promise<OpenDay[]> {
      const today = todayOf(user)
      const seen = await lookAt(db.prisma, user, habitId, firstDayBack(today))
      if (seen.habit.archivedOn) return []
      const days = daysOf(seen, daysBack(seen.habit, today), user)
      return days.flatMap(({ day, version, progress: { next } }) =>
        next.kind === 'open'
          ? [
              {
                day,
                slot: next.slot,
                version: version.number,
                amountMinor: version.amountMinor,
                currency: version.currency,
              },
            ]
          : [],
      )
    },

    /**
     * The exact inverse of recording, for as long as no money has moved or can: afterwards it is moved back by a payment of
     * its own.
     */
    async undo(userId: string, checkOffId: string, by: Actor): Promise<UndoResult | null> {
      return db.transaction(async (tx) => {
        const checkOff = await lockWithPayment(tx, userId, checkOffId)
        if (!checkOff) return null
        const { id, paymentId, reversalId } = checkOff
        if (reversalId) return { kind: 'moved-back', paymentId: reversalId }
        if (checkOff.state === 'UNDONE') return { kind: 'already-undone' }
        if (paymentId && (await payments.takeBack(tx, checkOff, by)) === 'too-late')
          return { kind: 'too-late', paymentId }
        const at = clock.now()
        await tx.checkOff.update({ where: { id, userId }, data: { state: 'UNDONE', undoneAt: at } })
        const object = { kind: 'check-off', id }
        await audit(tx, { action: 'check-off.undone', by, at, subjectId: userId, object })
        return { kind: 'undone' }
      })
    },

    /** The newest first. */
    async listOwned(
      userId: string,
      { habitId, from, until, before, size }: CheckOffPage,
    ): Promise<CheckOff[]> {
      const day = { ...(from ? { gte: toDbDay(from) } : {}), ...(until ? { lte: toDbDay(until) } : {}) }
      return db.prisma.checkOff.findMany({
        where: { userId, day, ...(habitId ? { habitId } : {}), ...(before ? { id: { lt: before } } : {}) },
        orderBy: { id: 'desc' },
        take: size,
      })
    },

    async recentOf(userId: string, habitId: string, most: number): Promise<RecentCheckOff[]> {
      const mark = { select: { id: true, state: true } }
      return db.prisma.checkOff.findMany({
        where: { userId, habitId },
        orderBy: { at: 'desc' },
        take: most,
        include: { payment: mark, reversal: mark },
      })
    },
  }

  function todayOf(user: User): Day {
    return dayOf(clock.now(), user.timezone, user.dayStartHour)
  }

  async function takenOnce<T>(attempt: (tx: Statements) => Promise<T>): Promise<T> {
    try {
      return await db.transactionByHand(attempt)
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error
      // Another request took the place between our look and our insert: its row is the answer to both.
      return db.transactionByHand(attempt)
    }
  }

  async function takeIn(
    tx: Statements,
    user: User,
    { habit, sides: chosen, checkpoint }: Seen,
    day: DayOfHabit,
    offer: Offer,
    how: { isBackfill: boolean; pays: boolean },
    by: Actor,
  ): Promise<TakeResult | { kind: 'enough-today' }> {
    const { version, progress } = day
    if (progress.next.kind !== 'open' || progress.next.slot !== offer.slot) {
      const earlier = await holderOf(tx, habit.id, progress.period, offer.slot)
      if (earlier && day.day === fromDbDay(earlier.day))
        return { kind: 'already-recorded', checkOff: earlier }
      // An invented slot is no offer of ours; the page shows what is really open.
      return progress.next.kind === 'open' ? { kind: 'place-taken' } : progress.next
    }

    if (offer.version !== undefined && offer.version !== version.number) return { kind: 'terms-changed' }
    const sides = how.pays ? chosen : null
    if (how.pays && !sides) return { kind: 'no-accounts' }
    if (sides && sides.debtor.currency !== version.currency) return { kind: 'currency-differs' }
    const taking = { ...day, habitId: habit.id, place: progress.next, isBackfill: how.isBackfill, sides }
    const checkOff = await recording.take(tx, user, taking, by)
    const now = clock.now()
    if (isWorthAdvancing(user, habit, checkpoint, now)) await advanceCheckpoint(tx, user, habit, now)
    return { kind: 'recorded', checkOff, paymentId: checkOff.paymentId }
  }
}
