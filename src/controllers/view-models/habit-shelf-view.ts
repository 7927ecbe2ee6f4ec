import { formatDay, formatMoney } from '../../format.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import { scheduleLabel } from './habit-card.ts'

/** Living habits with the buttons that move them; pinned ones stay before the others. */
export function orderRows(habits: readonly HabitToday[]) {
  return habits.map(({ habit, version }, index) => {
    const standsNextTo = (other: HabitToday | undefined) => other?.habit.isPinned === habit.isPinned
    return {
      name: habit.name,
      href: paths.habit(habit.id),
      everyLabel: scheduleLabel(version),
      tags: habit.tags,
      isPinned: habit.isPinned,
      movePath: paths.habitMove(habit.id),
      canMoveUp: standsNextTo(habits[index - 1]),
      canMoveDown: standsNextTo(habits[index + 1]),
    }
  })
}

/** What was put away, with what it has saved. */
export function archivedRows(habits: readonly HabitToday[]) {
  return habits.map(({ habit, version, totals }) => ({
    name: habit.name,
    href: paths.habit(habit.id),
    everyLabel: scheduleLabel(version),
    awayLabel: habit.archivedOn ? formatDay(habit.archivedOn) : '',
    savedLabel: formatMoney(totals.savedMinor, version.currency),
    restorePath: paths.habitRestore(habit.id),
  }))
}
