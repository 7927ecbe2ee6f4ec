import { formatDay, formatMoney, listed, plural, times, weekdayName } from '../../format.ts'
import type { HabitVersion } from '../../generated/client.ts'
import type { BreakKind } from '../../generated/enums.ts'
import { timesPerDay, weekdaysIn } from '../../models/habit/schedule.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'

export interface HabitCard {
  name: string
  href: string
  amountLabel: string
  everyLabel: string
  doneLabel: string
  progress: { done: number; total: number; label: string }
  streakLabel: string | null
  /** That today is the last chance, or until when nothing is lost. */
  riskLabel: string | null
  tags: string[]
  isPinned: boolean
  /** One of today's habits; the others have nothing to be done today. */
  isDue: boolean
  /** Beside `doneLabel`. */
  doneIcon: 'check' | 'clock' | 'pause'
  action: { href: string; label: string; hidden: { name: string; value: string }[] } | null
  doneToday: boolean
}

export function habitCard(today: HabitToday): HabitCard {
  const { habit, version, progress, streak } = today
  const { next } = progress
  return {
    name: habit.name,
    href: paths.habit(habit.id),
    amountLabel: formatMoney(version.amountMinor, version.currency),
    everyLabel: scheduleLabel(version),
    doneLabel: doneLabel(today),
    progress: {
      done: progress.doneInPeriod,
      total: version.frequency,
      label: `${progress.doneInPeriod} of ${version.frequency} ${periodLabel(version)}`,
    },
    streakLabel: streak > 1 ? `${streak} ${streakNoun(version, streak)} in a row` : null,
    riskLabel: riskLabel(today),
    tags: habit.tags,
    isPinned: habit.isPinned,
    isDue: isDue(today),
    doneIcon: isDue(today) ? 'check' : next.kind === 'on-break' ? 'pause' : 'clock',
    action:
      next.kind === 'open' && !habit.archivedOn
        ? {
            href: paths.checkOff(habit.id),
            label: 'Check off',
            hidden: [
              { name: 'day', value: today.today },
              { name: 'slot', value: String(next.slot) },
              { name: 'version', value: String(version.number) },
            ],
          }
        : null,
    doneToday: progress.doneToday > 0 && progress.doneToday >= timesPerDay(version),
  }
}

/** Whether it is one of today's habits at all: not on a break, before its start, after its end, or on another weekday. */
export function isDue({ habit, progress }: HabitToday): boolean {
  const { kind } = progress.next
  return !habit.archivedOn && ['open', 'enough-today', 'period-complete'].includes(kind)
}

/** Null where today is like every other day, or nothing is in danger. */
export function riskLabel({ version, outlook }: HabitToday): string | null {
  if (outlook.isAtRisk && version.interval > 1) return 'At risk: it has to be today'
  return outlook.safeUntil === null ? null : `Safe until ${formatDay(outlook.safeUntil)}`
}

function doneLabel(today: HabitToday): string {
  const { habit, version, progress, outlook } = today
  if (habit.archivedOn) return 'Put away'
  switch (progress.next.kind) {
    case 'not-started':
      return `Begins ${formatDay(habit.startDate)}`
    case 'ended':
      return 'Ended'
    case 'on-break':
      return breakLabel(today)
    case 'not-today':
      return outlook.nextDay ? `Not today. Next: ${formatDay(outlook.nextDay)}` : 'Not today'
    case 'period-complete':
      return completeLabel(version)
    default:
      return 'Done for today'
  }
}

export const BREAK_WORDS: Record<BreakKind, string> = {
  PAUSE: 'Paused',
  SICK: 'Ill',
  VACATION: 'On holiday',
  SKIP: 'Skipped',
  ARCHIVED: 'Put away',
}

function breakLabel({ onBreak }: HabitToday): string {
  if (!onBreak) return 'Break'
  const words = BREAK_WORDS[onBreak.kind]
  if (onBreak.kind === 'SKIP') return 'Skipped today'
  return onBreak.endDay ? `${words} until ${formatDay(onBreak.endDay)}` : words
}

type Asked = Pick<HabitVersion, 'kind' | 'frequency' | 'interval' | 'weekdays'>

export function scheduleLabel({ kind, frequency, interval, weekdays }: Asked): string {
  if (kind === 'ROLLING') return `${times(frequency)} in any ${interval} days`
  return kind === 'WEEKDAYS' ? weekdaysLabel(weekdays) : everyLabel(frequency, interval)
}

function weekdaysLabel(weekdays: number): string {
  if (weekdays === 31) return 'Monday to Friday'
  if (weekdays === 127) return 'every day'
  return listed(weekdaysIn(weekdays).map(weekdayName))
}

export function everyLabel(frequency: number, interval: number): string {
  if (interval === 1) return frequency === 1 ? 'every day' : `${times(frequency)} a day`
  if (interval === 7) return `${times(frequency)} a week`
  return `${times(frequency)} every ${interval} days`
}

function periodLabel({ kind, interval }: Asked): string {
  if (kind === 'ROLLING') return `in the last ${interval} days`
  if (interval === 1) return 'today'
  return interval === 7 ? 'this week' : `in these ${interval} days`
}

function completeLabel({ kind, interval }: Asked): string {
  if (kind === 'ROLLING') return `Enough in these ${interval} days`
  if (interval === 1) return 'Done for today'
  return interval === 7 ? 'Done for this week' : 'Done for this time'
}

/** What a streak is counted in. */
export function streakNoun({ kind, interval }: Pick<Asked, 'kind' | 'interval'>, count: number): string {
  if (kind === 'WEEKDAYS') return count === 1 ? 'time' : 'times'
  return intervalNoun(kind === 'ROLLING' ? 1 : interval, count)
}

export function intervalNoun(interval: number, count: number): string {
  if (interval === 1) return count === 1 ? 'day' : 'days'
  if (interval === 7) return count === 1 ? 'week' : 'weeks'
  return count === 1 ? 'time' : 'times'
}

export function daysLeftLabel(today: HabitToday): string {
  return today.daysLeft === 1 ? 'today is the last day' : `${plural(today.daysLeft, 'day')} left`
}
