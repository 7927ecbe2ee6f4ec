import { formatDay } from '../../format.ts'
import type { Habit, HabitBreak } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import type { Day } from '../../models/habit/schedule.ts'
import { paths } from '../../paths.ts'

const KINDS = {
  PAUSE: term('Pause'),
  SICK: term('Illness'),
  VACATION: term('Holiday'),
  SKIP: term('Skipped'),
  ARCHIVED: term('In the archive'),
} as const

export function breaksTitle(habit: Pick<Habit, 'name'> | null): string {
  return habit ? t('Breaks of {name}', { name: habit.name }) : t('Breaks of all habits')
}

/** Days on which nothing is due, of one habit or of all. @param habit null for all. */
export function breaksPage(
  habit: Pick<Habit, 'id' | 'name'> | null,
  breaks: readonly HabitBreak[],
  today: Day,
) {
  return {
    heading: breaksTitle(habit),
    crumb: habit
      ? { href: paths.habit(habit.id), label: t('Back to the habit') }
      : { href: paths.habitsOrder, label: t('Your habits') },
    action: habit ? paths.habitBreaks(habit.id) : paths.habitsBreaks,
    allPath: habit ? paths.habitsBreaks : null,
    kinds: [
      { value: 'PAUSE', label: t('Pause'), hint: t('From today or later.') },
      { value: 'VACATION', label: t('Holiday'), hint: t('From today or later.') },
      { value: 'SICK', label: t('Illness'), hint: t('Also for days that have passed, up to 31 back.') },
    ],
    rows: breaks.map((each) => rowOf(each, today)),
  }
}

function rowOf({ id, kind, startDay, endDay }: HabitBreak, today: Day) {
  const label = daysLabel(startDay, endDay)
  const isOver = endDay !== null && dayText(endDay) < today
  const begins = dayText(startDay) >= today
  return {
    label,
    kind: t(KINDS[kind]),
    endPath: isOver ? null : paths.breakEnd(id),
    endLabel: begins ? t('Take away') : t('End today'),
  }
}

function daysLabel(startDay: Date, endDay: Date | null): string {
  if (endDay === null) return t('From {day}', { day: formatDay(startDay) })
  const [from, until] = [formatDay(startDay), formatDay(endDay)]
  return from === until ? from : t('{from} to {until}', { from, until })
}

function dayText(day: Date): string {
  return day.toISOString().slice(0, 10)
}
