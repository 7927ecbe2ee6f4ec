import { timesPerDay } from '../../models/habit/schedule.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import { formatMoney, plural, times } from './format.ts'

export interface HabitCard {
  name: string
  href: string
  amountLabel: string
  everyLabel: string
  doneLabel: string
  progress: { done: number; total: number; label: string }
  streakLabel: string | null
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
    everyLabel: everyLabel(version.frequency, version.interval),
    doneLabel: doneLabel(today),
    progress: {
      done: progress.doneInPeriod,
      total: version.frequency,
      label: `${progress.doneInPeriod} of ${version.frequency} ${periodLabel(version.interval)}`,
    },
    streakLabel: streak > 1 ? `${streak} ${intervalNoun(version.interval, streak)} in a row` : null,
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
    doneToday: progress.doneToday >= timesPerDay(version),
  }
}

function doneLabel({ habit, version, progress }: HabitToday): string {
  if (habit.archivedOn) return 'Put away'
  return progress.next.kind === 'period-complete' ? completeLabel(version.interval) : 'Done for today'
}

export function everyLabel(frequency: number, interval: number): string {
  if (interval === 1) return frequency === 1 ? 'every day' : `${times(frequency)} a day`
  if (interval === 7) return `${times(frequency)} a week`
  return `${times(frequency)} every ${interval} days`
}

function periodLabel(interval: number): string {
  if (interval === 1) return 'today'
  return interval === 7 ? 'this week' : `in these ${interval} days`
}

function completeLabel(interval: number): string {
  if (interval === 1) return 'Done for today'
  return interval === 7 ? 'Done for this week' : 'Done for this time'
}

export function intervalNoun(interval: number, count: number): string {
  if (interval === 1) return count === 1 ? 'day' : 'days'
  if (interval === 7) return count === 1 ? 'week' : 'weeks'
  return count === 1 ? 'time' : 'times'
}

export function daysLeftLabel(today: HabitToday): string {
  return today.daysLeft === 1 ? 'today is the last day' : `${plural(today.daysLeft, 'day')} left`
}
