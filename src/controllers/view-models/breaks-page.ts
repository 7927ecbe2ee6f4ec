import { formatDay } from '../../format.ts'
import type { Habit, HabitBreak } from '../../generated/client.ts'
import type { Day } from '../../models/habit/schedule.ts'
import { paths } from '../../paths.ts'

const KINDS = {
  PAUSE: 'Pause',
  SICK: 'Illness',
  VACATION: 'Holiday',
  SKIP: 'Skipped',
  ARCHIVED: 'In the archive',
} as const

/** Days on which nothing is due, of one habit or of all. @param habit null for all. */
export function breaksPage(
  habit: Pick<Habit, 'id' | 'name'> | null,
  breaks: readonly HabitBreak[],
  today: Day,
) {
  return {
    heading: habit ? `Breaks of ${habit.name}` : 'Breaks of all habits',
    crumb: habit
      ? { href: paths.habit(habit.id), label: 'Back to the habit' }
      : { href: paths.habitsOrder, label: 'Your habits' },
    action: habit ? paths.habitBreaks(habit.id) : paths.habitsBreaks,
    allPath: habit ? paths.habitsBreaks : null,
    kinds: [
      { value: 'PAUSE', label: 'Pause', hint: 'From today or later.' },
      { value: 'VACATION', label: 'Holiday', hint: 'From today or later.' },
      { value: 'SICK', label: 'Illness', hint: 'Also for days that have passed, up to 31 back.' },
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
    kind: KINDS[kind],
    endPath: isOver ? null : paths.breakEnd(id),
    endLabel: begins ? 'Take away' : 'End today',
  }
}

function daysLabel(startDay: Date, endDay: Date | null): string {
  if (endDay === null) return `From ${formatDay(startDay)}`
  const [from, until] = [formatDay(startDay), formatDay(endDay)]
  return from === until ? from : `${from} to ${until}`
}

function dayText(day: Date): string {
  return day.toISOString().slice(0, 10)
}
