import { formatDay, formatMoney, listed, weekdayName } from '../../format.ts'
import type { HabitVersion } from '../../generated/client.ts'
import { t } from '../../language.ts'
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
      label: progressLabel(version, progress.doneInPeriod),
    },
    streakLabel: streak > 1 ? streakLabel(version, streak) : null,
    riskLabel: riskLabel(today),
    tags: habit.tags,
    isPinned: habit.isPinned,
    isDue: isDue(today),
    doneIcon: isDue(today) ? 'check' : next.kind === 'on-break' ? 'pause' : 'clock',
    action:
      next.kind === 'open' && !habit.archivedOn
        ? {
            href: paths.checkOff(habit.id),
            label: t('Check off'),
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
  if (outlook.isAtRisk && version.interval > 1) return t('At risk: it has to be today')
  return outlook.safeUntil === null ? null : t('Safe until {day}', { day: formatDay(outlook.safeUntil) })
}

function doneLabel(today: HabitToday): string {
  const { habit, version, progress, outlook } = today
  if (habit.archivedOn) return t('In the archive')
  switch (progress.next.kind) {
    case 'not-started':
      return t('Begins {day}', { day: formatDay(habit.startDate) })
    case 'ended':
      return t('It has ended')
    case 'on-break':
      return breakLabel(today)
    case 'not-today':
      return outlook.nextDay
        ? t('Not today. Next: {day}', { day: formatDay(outlook.nextDay) })
        : t('Not today')
    case 'period-complete':
      return completeLabel(version)
    default:
      return t('Done for today')
  }
}

function breakLabel({ onBreak }: HabitToday): string {
  if (!onBreak) return t('Break')
  const { kind, endDay } = onBreak
  if (kind === 'SKIP') return t('Skipped today')
  if (endDay)
    return t(
      '{kind, select, SICK {Ill until {day}} VACATION {On holiday until {day}} ARCHIVED {In the archive until {day}} other {Paused until {day}}}',
      { kind, day: formatDay(endDay) },
    )
  return t('{kind, select, SICK {Ill} VACATION {On holiday} ARCHIVED {In the archive} other {Paused}}', {
    kind,
  })
}

type Asked = Pick<HabitVersion, 'kind' | 'frequency' | 'interval' | 'weekdays'>

export function scheduleLabel({ kind, frequency, interval, weekdays }: Asked): string {
  if (kind === 'ROLLING')
    return t('{count, plural, =1 {once} =2 {twice} other {# times}} in any {days} days', {
      count: frequency,
      days: interval,
    })
  return kind === 'WEEKDAYS' ? weekdaysLabel(weekdays) : everyLabel(frequency, interval)
}

function weekdaysLabel(weekdays: number): string {
  if (weekdays === 31) return t('Monday to Friday')
  if (weekdays === 127) return t('every day')
  return listed(weekdaysIn(weekdays).map(weekdayName))
}

export function everyLabel(frequency: number, interval: number): string {
  if (interval === 1 && frequency === 1) return t('every day')
  if (interval === 1)
    return t('{count, plural, =1 {once} =2 {twice} other {# times}} a day', { count: frequency })
  if (interval === 7)
    return t('{count, plural, =1 {once} =2 {twice} other {# times}} a week', { count: frequency })
  return t('{count, plural, =1 {once} =2 {twice} other {# times}} every {days} days', {
    count: frequency,
    days: interval,
  })
}

/** @param done in the period, of what it asks for. */
function progressLabel({ kind, frequency: total, interval: days }: Asked, done: number): string {
  if (kind === 'ROLLING') return t('{done} of {total} in the last {days} days', { done, total, days })
  if (days === 1) return t('{done} of {total} today', { done, total })
  if (days === 7) return t('{done} of {total} this week', { done, total })
  return t('{done} of {total} in these {days} days', { done, total, days })
}

function completeLabel({ kind, interval }: Asked): string {
  if (kind === 'ROLLING') return t('Enough in these {days} days', { days: interval })
  if (interval === 1) return t('Done for today')
  return interval === 7 ? t('Done for this week') : t('Done for this time')
}

type Counted = Pick<Asked, 'kind' | 'interval'>

function streakLabel(asked: Counted, count: number): string {
  switch (unitOf(asked)) {
    case 'day':
      return t('{count, plural, one {# day in a row} other {# days in a row}}', { count })
    case 'week':
      return t('{count, plural, one {# week in a row} other {# weeks in a row}}', { count })
    case 'time':
      return t('{count, plural, one {# time in a row} other {# times in a row}}', { count })
  }
}

/** How long a streak is, in what it is counted in. */
export function streakLength(asked: Counted, count: number): string {
  switch (unitOf(asked)) {
    case 'day':
      return t('{count, plural, one {# day} other {# days}}', { count })
    case 'week':
      return t('{count, plural, one {# week} other {# weeks}}', { count })
    case 'time':
      return t('{count, plural, one {# time} other {# times}}', { count })
  }
}

function unitOf({ kind, interval }: Counted): 'day' | 'week' | 'time' {
  if (kind === 'WEEKDAYS') return 'time'
  if (kind === 'ROLLING' || interval === 1) return 'day'
  return interval === 7 ? 'week' : 'time'
}

export function daysLeftLabel({ daysLeft }: HabitToday): string {
  if (daysLeft === 1) return t('today is the last day')
  return t('{count, plural, one {# day left} other {# days left}}', { count: daysLeft })
}
