import { fromDbDay, toDbDay } from '../../db.ts'
import type { Habit, HabitVersion } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import { type Day, epochDay, fromEpochDay, type ScheduleKind } from './schedule.ts'

/** What a saver wants of a habit. What is left out of it stays as it was, or is as it usually is. */
export interface HabitWish {
  name: string
  frequency: number
  interval: number
  amountMinor: number
  kind?: ScheduleKind
  /** Of WEEKDAYS: the sum of 1 for Monday, 2 for Tuesday, 4 for Wednesday and so on. */
  weekdays?: number
  /** 0 to 4. */
  freezesPerMonth?: number
  /** Not before today; a habit that has begun keeps its first day. */
  startDate?: Day
  /** The last day, today or later. */
  endDate?: Day | null
  /** At most 8, of 1 to 30 characters. */
  tags?: string[]
  isPinned?: boolean
  /** What makes it easier waits seven days. */
  isCommitted?: boolean
}

/** A committed habit is made easier only so many days after its owner has asked for it. */
export const COMMITTED_DAYS = 7

export type Terms = Pick<
  HabitVersion,
  'kind' | 'frequency' | 'interval' | 'weekdays' | 'freezesPerMonth' | 'amountMinor' | 'currency'
>

export function termsOf(wish: HabitWish, currency: Currency): Terms {
  return {
    kind: wish.kind ?? 'TIMES',
    frequency: wish.frequency,
    interval: wish.interval,
    weekdays: wish.weekdays ?? 0,
    freezesPerMonth: wish.freezesPerMonth ?? 0,
    amountMinor: wish.amountMinor,
    currency,
  }
}

export function sameTerms(version: Terms, terms: Terms): boolean {
  return (Object.keys(terms) as (keyof Terms)[]).every((key) => version[key] === terms[key])
}

/** Whether anything of it asks for less than before. Amounts of two currencies can't be compared; another kind asks for another thing. */
export function isEasier(now: Terms, wanted: Terms): boolean {
  if (wanted.kind !== now.kind) return true
  if (wanted.currency === now.currency && wanted.amountMinor < now.amountMinor) return true
  const leavesDaysOut = (now.weekdays & ~wanted.weekdays) !== 0
  return (
    wanted.freezesPerMonth > now.freezesPerMonth ||
    wanted.frequency < now.frequency ||
    wanted.interval > now.interval ||
    leavesDaysOut
  )
}

export function isCommittedOn(habit: Pick<Habit, 'isCommitted' | 'committedUntil'>, today: Day): boolean {
  return habit.isCommitted && (habit.committedUntil === null || today < fromDbDay(habit.committedUntil))
}

/** The columns of a new habit, beside its name. */
export function settingsOf(wish: HabitWish, today: Day) {
  const startDay = laterOf(wish.startDate ?? today, today)
  return {
    startDate: toDbDay(startDay),
    endDate: wish.endDate ? toDbDay(laterOf(wish.endDate, startDay)) : null,
    tags: wish.tags ?? [],
    isPinned: wish.isPinned ?? false,
    isCommitted: wish.isCommitted ?? false,
  }
}

/** The columns of an edited one. What would end it, or its commitment, sooner than it may waits as long as it has to. */
export function changedSettings(
  habit: Pick<Habit, 'startDate' | 'endDate' | 'isCommitted' | 'committedUntil'>,
  wish: HabitWish,
  today: Day,
) {
  const hasBegun = fromDbDay(habit.startDate) <= today
  const startDay =
    wish.startDate === undefined || hasBegun ? fromDbDay(habit.startDate) : laterOf(wish.startDate, today)
  const endDate = wish.endDate === undefined ? habit.endDate && fromDbDay(habit.endDate) : wish.endDate
  return {
    startDate: toDbDay(startDay),
    endDate: endDate === null ? null : toDbDay(laterOf(endDateOf(habit, endDate, today), startDay)),
    ...(wish.tags !== undefined ? { tags: wish.tags } : {}),
    ...(wish.isPinned !== undefined ? { isPinned: wish.isPinned } : {}),
    ...(wish.isCommitted !== undefined ? commitmentOf(habit, wish.isCommitted, today) : {}),
  }
}

function endDateOf(habit: Parameters<typeof changedSettings>[0], wanted: Day, today: Day): Day {
  const isSooner = habit.endDate === null || wanted < fromDbDay(habit.endDate)
  const earliest = isSooner && isCommittedOn(habit, today) ? inDays(today, COMMITTED_DAYS) : today
  return laterOf(wanted, earliest)
}

function commitmentOf(habit: Pick<Habit, 'isCommitted' | 'committedUntil'>, wanted: boolean, today: Day) {
  if (wanted) return { isCommitted: true, committedUntil: null }
  if (!isCommittedOn(habit, today)) return { isCommitted: false, committedUntil: null }
  const until = habit.committedUntil ?? toDbDay(inDays(today, COMMITTED_DAYS))
  return { isCommitted: true, committedUntil: until }
}

export function inDays(day: Day, days: number): Day {
  return fromEpochDay(epochDay(day) + days)
}

export function laterOf(a: Day, b: Day): Day {
  return a > b ? a : b
}
