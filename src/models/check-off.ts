import type { Tx } from '../db.ts'
import { toDbDay } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { Account, CheckOff, Habit, HabitVersion, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Day, dayOf, type Progress, periodOf, progressOf, type Schedule } from './habit/schedule.ts'
import { placeOf, scheduleOf, versionOn } from './habit/versions.ts'
import { book } from './ledger.ts'
import type { Payments } from './payment.ts'

export type CheckOffResult =
  | { kind: 'recorded'; checkOff: CheckOff; paymentId: string }
  /** The same slot was taken before: the first result stands, nothing was added. */
  | { kind: 'already-recorded'; checkOff: CheckOff }
  | { kind: 'day-changed' }
  | { kind: 'enough-today' }
  | { kind: 'period-complete' }
  | { kind: 'archived' }
  | { kind: 'no-accounts' }
  | { kind: 'currency-differs' }

export type UndoResult =
  | { kind: 'undone' }
  | { kind: 'already-undone' }
  | { kind: 'too-late'; paymentId: string }

/** What the page offered: a repeat names the same place and so can't become a second check-off. */
export interface Offer {
  day: Day
  slot: number
}

export type CheckOffs = ReturnType<typeof createCheckOffs>

export function createCheckOffs({ db, clock }: ModelContext, payments: Payments) {
  return {
    /**
     * Records a completed habit together with its payment, ledger entry, audit line and job, or none of them.
     * The place (period, slot) comes from the page, and a unique index decides who gets it.
     */
    async record(user: User, habitId: string, offer: Offer, by: Actor): Promise<CheckOffResult> {
      const at = clock.now()
      try {
        return await db.transaction((tx) => recordIn(tx, user, habitId, offer, at, by))
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        // Another request took the place between our look and our insert: its row is the answer to both.
        return db.transaction((tx) => recordIn(tx, user, habitId, offer, at, by))
      }
    },

    /** Before its payment goes out, a check-off is taken back as if it had never been; afterwards the money has moved. */
    async undo(userId: string, checkOffId: string, by: Actor): Promise<UndoResult | null> {
      return db.transaction(async (tx) => {
        const checkOff = await tx.checkOff.findFirst({ where: { id: checkOffId, userId } })
        if (!checkOff?.paymentId) return null
        if (checkOff.state === 'UNDONE') return { kind: 'already-undone' }
        if (!(await payments.cancelUnsent(tx, checkOff.paymentId, by))) return undoTooLate(tx, checkOff)
        const at = clock.now()
        await tx.checkOff.update({ where: { id: checkOff.id }, data: { state: 'UNDONE', undoneAt: at } })
        await audit(tx, {
          action: 'check-off.undone',
          by,
          at,
          subjectId: userId,
          object: { kind: 'check-off', id: checkOff.id },
        })
        return { kind: 'undone' }
      })
    },

    async recentOf(
      userId: string,
      habitId: string,
      most: number,
    ): Promise<(CheckOff & { payment: { id: string; state: string } | null })[]> {
      return db.prisma.checkOff.findMany({
        where: { userId, habitId },
        orderBy: { at: 'desc' },
        take: most,
        include: { payment: { select: { id: true, state: true } } },
      })
    },
  }

  async function recordIn(
    tx: Tx,
    user: User,
    habitId: string,
    offer: Offer,
    at: Date,
    by: Actor,
  ): Promise<CheckOffResult> {
    const habit = await tx.habit.findFirstOrThrow({
      where: { id: habitId, userId: user.id },
      include: { versions: { orderBy: { number: 'desc' } } },
    })
    if (habit.archivedOn) return { kind: 'archived' }
    const today = dayOf(at, user.timezone, user.dayStartHour)
    const version = versionOn(habit.versions, today)
    if (offer.day !== today || !version) return { kind: 'day-changed' }

    const schedule = scheduleOf(version, habit.versions)
    const progress = await progressIn(tx, habit.id, schedule, today, user.weekStart)
    const earlier = await slotHolder(tx, habit.id, progress, offer.slot)
    if (earlier) return { kind: 'already-recorded', checkOff: earlier }
    if (progress.next.kind !== 'open') return progress.next
    // An invented slot is no offer of ours; the page shows what is really open.
    if (progress.next.slot !== offer.slot) return { kind: 'day-changed' }

    const sides = await chosenAccounts(tx, user.id)
    if (!sides) return { kind: 'no-accounts' }
    if (sides.debtor.currency !== version.currency) return { kind: 'currency-differs' }
    return insert(tx, user, habit, version, today, progress, progress.next, sides, at, by)
  }

  async function insert(
    tx: Tx,
    user: User,
    habit: Habit,
    version: HabitVersion,
    today: Day,
    progress: Progress,
    place: { slot: number; daySlot: number },
    sides: { debtor: Account; creditor: Account },
    at: Date,
    by: Actor,
  ): Promise<CheckOffResult> {
    const { amountMinor, currency } = version
    const payment = await payments.schedule(
      tx,
      {
        userId: user.id,
        debtorAccountId: sides.debtor.id,
        creditorAccountId: sides.creditor.id,
        amountMinor,
        currency,
      },
      by,
    )
    const checkOff = await tx.checkOff.create({
      data: {
        userId: user.id,
        habitId: habit.id,
        habitVersionId: version.id,
        paymentId: payment.id,
        day: toDbDay(today),
        at,
        timezone: user.timezone,
        dayStartHour: user.dayStartHour,
        period: toDbDay(progress.period.start),
        slot: place.slot,
        daySlot: place.daySlot,
        amountMinor,
        currency,
      },
    })
    await book(tx, {
      userId: user.id,
      habitId: habit.id,
      paymentId: payment.id,
      checkOffId: checkOff.id,
      currency,
      amountMinor,
      from: 'OPEN',
      to: 'PLEDGED',
      at,
    })
    await audit(tx, {
      action: 'check-off.recorded',
      by,
      at,
      subjectId: user.id,
      object: { kind: 'check-off', id: checkOff.id },
      detail: {
        habitId: habit.id,
        day: today,
        period: progress.period.start,
        slot: place.slot,
        amountMinor,
        currency,
      },
    })
    return { kind: 'recorded', checkOff, paymentId: payment.id }
  }

  async function undoTooLate(tx: Tx, checkOff: CheckOff): Promise<UndoResult> {
    const fresh = await tx.checkOff.findUniqueOrThrow({ where: { id: checkOff.id } })
    if (fresh.state === 'UNDONE') return { kind: 'already-undone' }
    return { kind: 'too-late', paymentId: checkOff.paymentId as string }
  }
}

async function progressIn(
  tx: Tx,
  habitId: string,
  schedule: Schedule,
  today: Day,
  weekStart: number,
): Promise<Progress> {
  const period = periodOf(schedule, today, weekStart)
  const live = await tx.checkOff.findMany({
    where: {
      habitId,
      state: 'RECORDED',
      OR: [
        { period: toDbDay(period.start) },
        { day: { gte: toDbDay(period.start), lte: toDbDay(period.end) } },
      ],
    },
    select: { slot: true, daySlot: true, day: true, period: true },
  })
  return progressOf(schedule, period, today, live.map(placeOf))
}

async function slotHolder(
  tx: Tx,
  habitId: string,
  progress: Progress,
  slot: number,
): Promise<CheckOff | null> {
  return tx.checkOff.findFirst({
    where: { habitId, state: 'RECORDED', period: toDbDay(progress.period.start), slot },
  })
}

async function chosenAccounts(
  tx: Tx,
  userId: string,
): Promise<{ debtor: Account; creditor: Account } | null> {
  const accounts = await tx.account.findMany({
    where: { userId, OR: [{ isDebitor: true }, { isCreditor: true }] },
  })
  const debtor = accounts.find((account) => account.isDebitor)
  const creditor = accounts.find((account) => account.isCreditor)
  return debtor && creditor ? { debtor, creditor } : null
}
