import { fromDbDay } from '../../db.ts'
import type {
  Habit,
  HabitBreak,
  HabitCheckpoint,
  HabitVersion,
  LedgerBalance,
  User,
} from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'
import { NOTHING_SAVED, type SavingsTotals, totalsOf } from '../ledger.ts'
import { doneSince, neededFrom, standingOf } from './checkpoints.ts'
import { type Outlook, outlookOn } from './outlook.ts'
import { countedByDay, type Plan, scheduleOn, tallyOf } from './plan.ts'
import { type Place, type Progress, progressOf } from './progress.ts'
import { type Day, dayOf, daysLeft, epochDay, fromEpochDay } from './schedule.ts'
import { type StandingUntil, standingOn } from './standing.ts'
import { planOf, versionOn } from './versions.ts'
import { isCommittedOn, laterOf } from './wish.ts'

/** A habit as it stands today, with everything derived that pages show. */
export interface HabitToday {
  habit: Habit
  /** The one in force; of a habit that hasn't begun, its first; of one that has ended, its last. */
  version: HabitVersion
  /** One that takes effect on a later day than the habit's first. */
  pending: HabitVersion | null
  today: Day
  progress: Progress
  daysLeft: number
  isCompleted: boolean
  streak: number
  best: number
  /** 0 to 1. */
  strength: number
  outlook: Outlook
  /** The break that today lies in. */
  onBreak: HabitBreak | null
  /** What makes it easier waits seven days. */
  isCommitted: boolean
  totals: SavingsTotals
}

/** The rows that one habit is worked out from. */
export interface HabitRows {
  habit: Habit
  /** Newest first. */
  versions: HabitVersion[]
  /** Its own, and those of all habits. */
  breaks: HabitBreak[]
  checkpoint: HabitCheckpoint | undefined
}

/** With what follows from them alone. */
interface Reading extends HabitRows {
  plan: Plan
  since: StandingUntil
}

/** Reads habits as they stand today: a fixed number of queries, however many and however old they are. */
export function createHabitReading({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return async function asOfToday(user: User, habits: readonly Habit[]): Promise<HabitToday[]> {
    if (habits.length === 0) return []
    const localToday = dayOf(clock.now(), user.timezone, user.dayStartHour)
    const ids = habits.map((habit) => habit.id)
    const [readings, balances] = await Promise.all([
      readingsOf(user, habits, ids),
      db.prisma.ledgerBalance.findMany({ where: { userId: user.id, habitId: { in: ids } } }),
    ])
    const done = await doneSince(
      db.prisma,
      readings.map(({ habit, plan, since }) => ({
        habitId: habit.id,
        from: earlier(neededFrom(plan, since), fromPlaces(plan, localToday)),
      })),
    )
    const doneOf = Map.groupBy(done, (row) => row.habitId)
    const balancesOf = Map.groupBy(balances, (row) => row.habitId)
    return readings.flatMap((reading) => {
      const { id } = reading.habit
      const today = asToday(reading, localToday, doneOf.get(id) ?? [], balancesOf.get(id) ?? [])
      return today ? [today] : []
    })
  }

  async function readingsOf(user: User, habits: readonly Habit[], ids: string[]): Promise<Reading[]> {
    const habitId = { in: ids }
    const [versions, breaks, checkpoints] = await Promise.all([
      db.prisma.habitVersion.findMany({ where: { habitId }, orderBy: { number: 'desc' } }),
      db.prisma.habitBreak.findMany({ where: { userId: user.id, OR: [{ habitId }, { habitId: null }] } }),
      db.prisma.habitCheckpoint.findMany({ where: { habitId } }),
    ])
    const versionsOf = Map.groupBy(versions, (row) => row.habitId)
    const breaksOf = Map.groupBy(breaks, (row) => row.habitId)
    const checkpointOf = new Map(checkpoints.map((row) => [row.habitId, row]))
    return habits.map((habit) => {
      const own = versionsOf.get(habit.id) ?? []
      const breaks = [...(breaksOf.get(habit.id) ?? []), ...(breaksOf.get(null) ?? [])]
      return readingOf({ habit, versions: own, breaks, checkpoint: checkpointOf.get(habit.id) }, user)
    })
  }
}

/**
 * The same out of rows that have been read already.
 * @param done live check-offs, at least those after the checkpoint and those that count for the period of today.
 */
export function habitToday(
  rows: HabitRows,
  done: readonly Place[],
  balances: readonly Balance[],
  user: User,
  today: Day,
): HabitToday | null {
  return asToday(readingOf(rows, user), today, done, balances)
}

export type Balance = Pick<LedgerBalance, 'bucket' | 'currency'> & { balanceMinor: bigint | number }

function readingOf(rows: HabitRows, user: User): Reading {
  const plan = planOf(rows.habit, rows.versions, rows.breaks, user)
  return { ...rows, plan, since: standingOf(rows.checkpoint, user.weekStart) }
}

function asToday(
  { habit, versions, breaks, plan, since }: Reading,
  today: Day,
  done: readonly Place[],
  balances: readonly Balance[],
): HabitToday | null {
  // Before the first day and after the last there are terms all the same: those of that day.
  const day = laterOf(plan.endDay !== null && plan.endDay < today ? plan.endDay : today, plan.startDay)
  const version = versionOn(versions, day)
  if (!version) return null
  const newest = versions[0]
  const tally = tallyOf(countedByDay(done))
  const shown = progressOf(plan, day, done)
  const progress = today < plan.startDay ? notYet(shown) : today > day ? over(shown) : shown
  const standing = standingOn(plan, tally, epochDay(today), since)
  const ofCurrency = balances.filter(({ currency }) => currency === version.currency)
  return {
    habit,
    version,
    pending: newest && newest !== version && fromDbDay(newest.effectiveFrom) > day ? newest : null,
    today,
    progress,
    daysLeft: daysLeft(progress.period, day),
    isCompleted: progress.next.kind === 'period-complete',
    streak: standing.streak,
    best: standing.best,
    strength: standing.strength,
    outlook: outlookOn(plan, tally, epochDay(today)),
    onBreak: breaks.find(({ startDay, endDay }) => isIn(startDay, endDay, today)) ?? null,
    isCommitted: isCommittedOn(habit, today),
    totals: ofCurrency.length > 0 ? totalsOf(ofCurrency) : NOTHING_SAVED,
  }
}

function notYet(progress: Progress): Progress {
  return { ...progress, doneToday: 0, next: { kind: 'not-started' } }
}

function over(progress: Progress): Progress {
  return { ...progress, doneToday: 0, next: { kind: 'ended' } }
}

function isIn(startDay: Date, endDay: Date | null, day: Day): boolean {
  return fromDbDay(startDay) <= day && (endDay === null || day <= fromDbDay(endDay))
}

/** The first day whose check-offs can count for the period of today, or of the habit's last day. */
function fromPlaces(plan: Plan, today: Day): Day {
  const day = plan.endDay !== null && plan.endDay < today ? plan.endDay : today
  return fromEpochDay(epochDay(day) - (scheduleOn(plan, day)?.interval ?? 0))
}

/** @param a null for the earliest of all. */
function earlier(a: Day | null, b: Day): Day | null {
  return a === null || a < b ? a : b
}
