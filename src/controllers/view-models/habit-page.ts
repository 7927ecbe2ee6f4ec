import type { OpenDay, RecentCheckOff } from '../../models/check-off.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import { formatDay, formatMoney, formatWeekday } from './format.ts'
import { daysLeftLabel, habitCard, intervalNoun } from './habit-card.ts'
import { historyRow } from './habit-history.ts'

/** One habit's page: what it is, where its money stands, what was checked off and what may have been forgotten. */
export function habitPage(
  today: HabitToday,
  checkOffs: readonly RecentCheckOff[],
  openDays: readonly OpenDay[],
) {
  const { habit, version, totals } = today
  return {
    habit: habitCard(today),
    archived: habit.archivedOn !== null,
    editPath: paths.habitEdit(habit.id),
    deletePath: paths.habitDelete(habit.id),
    facts: [
      { term: 'This period', text: today.isCompleted ? 'Complete' : daysLeftLabel(today) },
      { term: 'Since', text: formatDay(habit.startDate) },
      { term: 'In a row', text: `${today.streak} ${intervalNoun(version.interval, today.streak)}` },
    ],
    stats: [
      { label: 'Saved', text: formatMoney(totals.savedMinor, version.currency), tone: 'arrived' as const },
      {
        label: 'On its way',
        text: formatMoney(totals.onItsWayMinor, version.currency),
        tone: 'waiting' as const,
      },
      { label: 'Pledged', text: formatMoney(totals.pledgedMinor, version.currency), tone: 'plain' as const },
    ],
    backfillPath: paths.backfill(habit.id),
    openDays: openDays.map((open) => ({
      day: open.day,
      slot: String(open.slot),
      version: String(open.version),
      label: formatWeekday(open.day),
      saveLabel: `Save ${formatMoney(open.amountMinor, open.currency)}`,
    })),
    history: checkOffs.map(historyRow),
  }
}
