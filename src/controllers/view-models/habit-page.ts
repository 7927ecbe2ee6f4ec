import { formatDay, formatMoney, formatShare, formatWeekday } from '../../format.ts'
import type { HabitNote } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { OpenDay, RecentCheckOff } from '../../models/check-off.ts'
import { halfLifeOf } from '../../models/habit/standing.ts'
import type { HabitToday } from '../../models/habit.ts'
import { paths } from '../../paths.ts'
import { daysLeftLabel, habitCard, riskLabel, scheduleLabel, streakLength } from './habit-card.ts'
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
      { label: t('Saved'), text: formatMoney(totals.savedMinor, version.currency), tone: 'arrived' as const },
      {
        label: t('On its way'),
        text: formatMoney(totals.onItsWayMinor, version.currency),
        tone: 'waiting' as const,
      },
      {
        label: t('Pledged'),
        text: formatMoney(totals.pledgedMinor, version.currency),
        tone: 'plain' as const,
      },
    ],
    backfillPath: paths.backfill(habit.id),
    openDays: openDays.map(openDay),
    history: checkOffs.map(historyRow),
  }
}

function openDay({ day, slot, version, amountMinor, currency }: OpenDay) {
  const amount = formatMoney(amountMinor, currency)
  const label = formatWeekday(day)
  return {
    day,
    slot: String(slot),
    version: String(version),
    label,
    saveLabel: t('Save {amount}', { amount }),
    saveName: t('Save {amount} for {day}', { amount, day: label }),
  }
}

function factsOf(today: HabitToday) {
  const { habit, version, outlook, streak, best } = today
  const risk = riskLabel(today)
  return [
    ...(version.kind === 'TIMES'
      ? [{ term: t('This period'), text: today.isCompleted ? t('Complete') : daysLeftLabel(today) }]
      : []),
    ...(risk ? [{ term: t('How it stands'), text: risk }] : []),
    ...(outlook.nextDay && outlook.nextDay !== today.today
      ? [{ term: t('Next time'), text: formatDay(outlook.nextDay) }]
      : []),
    { term: t('In a row'), text: streakLength(version, streak) },
    { term: t('Best'), text: streakLength(version, best) },
    { term: t('Strength'), text: formatShare(today.strength) },
    ...(version.freezesPerMonth > 0
      ? [{ term: t('Missed times forgiven a month'), text: String(version.freezesPerMonth) }]
      : []),
    { term: t('Since'), text: formatDay(habit.startDate) },
    ...(habit.endDate ? [{ term: t('Last day'), text: formatDay(habit.endDate) }] : []),
    ...(today.isCommitted ? [{ term: t('Commitment'), text: commitmentLabel(today) }] : []),
  ]
}

function commitmentLabel({ habit }: HabitToday): string {
  if (!habit.committedUntil) return t('What is easier waits seven days')
  return t('What is easier waits seven days, until {day}', { day: formatDay(habit.committedUntil) })
}

/** How the strength is worked out, for who wants to do it again. */
function formulaOf({ version }: HabitToday): string {
  const days = Math.round(halfLifeOf(version))
  return t(
    'Each day moves it towards what was done of what was asked, from 0 to 100 %: new = old × k + done × (1 − k), where k = 0.5 to the power of 1 / {days}. So it would halve in {days} days of nothing. {days} is 7 plus 7 for each day between two times. Breaks and days without anything due leave it as it is.',
    { days },
  )
}

function pendingLabel({ pending }: HabitToday): string | null {
  if (!pending) return null
  const amount = formatMoney(pending.amountMinor, pending.currency)
  const day = formatDay(pending.effectiveFrom)
  return t('From {day}: {schedule}, {amount}', { day, schedule: scheduleLabel(pending), amount })
}
