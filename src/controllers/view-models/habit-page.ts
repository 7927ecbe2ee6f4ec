import { formatDay, formatMoney, formatShare, formatWeekday } from '../../format.ts'
import type { HabitNote } from '../../generated/client.ts'
import type { OpenDay, RecentCheckOff } from '../../models/check-off.ts'
import { halfLifeOf } from '../../models/habit/standing.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import { daysLeftLabel, habitCard, riskLabel, scheduleLabel, streakNoun } from './habit-card.ts'
import { historyRow } from './habit-history.ts'

/** One habit's page: what it is, where its money stands, what was checked off and what may have been forgotten. */
export function habitPage(
  today: HabitToday,
  checkOffs: readonly RecentCheckOff[],
  openDays: readonly OpenDay[],
  notes: readonly HabitNote[],
) {
  const { habit, version, totals } = today
  const { id } = habit
  return {
    habit: habitCard(today),
    archived: habit.archivedOn !== null,
    editPath: paths.habitEdit(habit.id),
    deletePath: paths.habitDelete(habit.id),
    facts: factsOf(today),
    strength: {
      text: formatShare(today.strength),
      formula: formulaOf(today),
    },
    pending: pendingLabel(today),
    skipPath: today.progress.next.kind === 'open' ? paths.habitSkip(id) : null,
    breaksPath: paths.habitBreaks(id),
    orderPath: paths.habitsOrder,
    archivePath: paths.habitArchive(id),
    restorePath: paths.habitRestore(id),
    notesPath: paths.habitNotes(id),
    lastNoteDay: today.today,
    note: { day: today.today, text: '' },
    errors: [],
    hasBegun: today.progress.next.kind !== 'not-started',
    notes: notes.map(({ day, text }) => ({ dayLabel: formatDay(day), text })),
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

function factsOf(today: HabitToday) {
  const { habit, version, outlook, streak, best } = today
  const risk = riskLabel(today)
  const inStreak = (count: number) => `${count} ${streakNoun(version, count)}`
  return [
    ...(version.kind === 'TIMES'
      ? [{ term: 'This period', text: today.isCompleted ? 'Complete' : daysLeftLabel(today) }]
      : []),
    ...(risk ? [{ term: 'How it stands', text: risk }] : []),
    ...(outlook.nextDay && outlook.nextDay !== today.today
      ? [{ term: 'Next time', text: formatDay(outlook.nextDay) }]
      : []),
    { term: 'In a row', text: inStreak(streak) },
    { term: 'Best', text: inStreak(best) },
    { term: 'Strength', text: formatShare(today.strength) },
    ...(version.freezesPerMonth > 0
      ? [{ term: 'Missed times forgiven a month', text: String(version.freezesPerMonth) }]
      : []),
    { term: 'Since', text: formatDay(habit.startDate) },
    ...(habit.endDate ? [{ term: 'Last day', text: formatDay(habit.endDate) }] : []),
    ...(today.isCommitted ? [{ term: 'Commitment', text: commitmentLabel(today) }] : []),
  ]
}

function commitmentLabel({ habit }: HabitToday): string {
  if (!habit.committedUntil) return 'What is easier waits seven days'
  return `What is easier waits seven days, until ${formatDay(habit.committedUntil)}`
}

/** How the strength is worked out, for who wants to do it again. */
function formulaOf({ version }: HabitToday): string {
  const days = Math.round(halfLifeOf(version))
  return `Each day moves it towards what was done of what was asked, from 0 to 100 %: new = old × k + done × (1 − k), where k = 0.5 to the power of 1 / ${days}. So it would halve in ${days} days of nothing. ${days} is 7 plus 7 for each day between two times. Breaks and days without anything due leave it as it is.`
}

function pendingLabel({ pending }: HabitToday): string | null {
  if (!pending) return null
  const amount = formatMoney(pending.amountMinor, pending.currency)
  return `From ${formatDay(pending.effectiveFrom)}: ${scheduleLabel(pending)}, ${amount}`
}
