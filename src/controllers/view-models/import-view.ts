import { formatCount, formatDay, formatInstant, formatMoney, weekdayName } from '../../format.ts'
import { LANGUAGE_NAMES, t, term } from '../../language.ts'
import { countBeside, type PlannedBeside } from '../../models/import/beside.ts'
import { CARRIED, type GoalColumns, STAYS, type WhyLeft } from '../../models/import/columns.ts'
import { asksForAmount, type Plan, type PlannedHabit } from '../../models/import/planning.ts'
import type { Refusal, RowRefusal, TextRefusal } from '../../models/import/shape.ts'
import type { Draft, ReadResult } from '../../models/import.ts'
import type { Currency } from '../../money.ts'
import { everyLabel } from './habit-card.ts'

/** Of our own export the script that fills the field takes these tables and columns only; the rest never leaves the computer. */
export const NEEDED_BY_SCRIPT: Record<string, string[]> = Object.fromEntries(
  Object.entries(CARRIED).map(([table, schema]) => [table, Object.keys(schema.shape)]),
)

const FORMAT_WORDS: Record<Plan['format'], string> = {
  loop: 'Loop Habit Tracker',
  statement: term('A Sparvana statement (CSV)'),
  export: term('A copy of Sparvana data (JSON)'),
}

const TEXT_WORDS: Record<TextRefusal, string> = {
  empty: term('There is nothing in it.'),
  'too-long': term('This is more than five million characters. Import it in parts.'),
  'too-many-rows': term('This is more than 20,000 rows. Import it in parts.'),
  'unknown-format': term(
    'We don’t know this kind of text. It must begin with the line that names its columns, just as it was exported.',
  ),
  'one-habit-of-loop': term(
    'This is Loop’s list of a single habit, which doesn’t say which one. Take Checkmarks.csv from the top of Loop’s archive.',
  ),
  'scores-of-loop': term('These are Loop’s scores. Take Checkmarks.csv instead.'),
  broken: term('The text breaks off, or a quote in it is never closed.'),
  'not-our-export': term('This is not a copy that was downloaded from Sparvana.'),
}

const ROW_WORDS: Record<RowRefusal, string> = {
  'not-readable': term('A value is missing, or isn’t what it should be.'),
  'wrong-number-of-fields': term(
    'It has another number of fields than the first line. In Loop’s files a comma in a habit’s name does that: rename it in Loop, and export again.',
  ),
  'no-day': term('A day looks like 2026-06-17.'),
  'in-future': term('The day lies in the future.'),
  'unknown-value': term('We don’t know this value.'),
  'no-name': term('The habit’s name is missing, too long, or has unusual characters.'),
  'no-schedule': term('The habit doesn’t say how often, or in a way we can’t take.'),
  'no-amount': term('The amount or its currency can’t be read.'),
  'counts-amounts': term('The habit counts amounts. Only habits that are done or not can be imported.'),
  twice: term('The same stands in the text before.'),
  'unknown-habit': term('It belongs to a habit, or to terms of one, that can’t be imported.'),
  'before-start': term('Your habit of this name began later.'),
  'put-away': term(
    'Your habit of this name has been put away, or has a break on that day, or is over by then.',
  ),
  enough: term('By the habit’s schedule it had been done often enough by then.'),
  'too-many-habits': term('You would have more than 200 habits.'),
  'too-many-breaks': term('There would be more breaks than there can be.'),
  'too-many-goals': term('You would have more than 30 goals.'),
  'unknown-goal': term('It belongs to a goal that can’t be imported, or that has been put away.'),
  'saves-elsewhere': term('Your habit saves for another goal.'),
}

/** What of a copy stays behind, and why; the columns and tables of each stand in models/import/columns.ts. */
const STAYS_WORDS: Record<WhyLeft, string> = {
  money: term(
    'Payments, the books, and what goals held or have used: money stays where it moved. Goals begin empty here and fill with what you save from now on.',
  ),
  guards: term(
    'Limits, pauses, how often payments go, and when you are asked first: they guard this account, and only its settings change them.',
  ),
  bank: term('The link to the bank, and its accounts: only you can give that anew, at the bank.'),
  access: term(
    'Name, address, sign-in, passkeys, codes, browsers, devices and tokens: they open the account that they were made in.',
  ),
  history: term('The account’s own history, and reminders that were sent: they tell of what happened there.'),
  'worked-out': term('Streaks, strengths, and when the next reminder goes out: they are worked out anew.'),
  'given-anew': term('Internal numbers: everything that is imported gets its own.'),
}

export function textRefusal(result: Extract<ReadResult, { kind: 'refused' | 'nothing-in-it' }>): string {
  if (result.kind === 'nothing-in-it') return t('There are no habits and no check-offs in it.')
  const words = t(TEXT_WORDS[result.because])
  return result.line === null ? words : t('Line {line}: {words}', { line: result.line, words })
}

export function previewPage(
  { id, plan, expiresOn }: Draft,
  viewer: { user: { timezone: string }; currency: Currency | null },
) {
  // A draft that an older version has written knows of habits only.
  const beside = plan.beside ?? null
  const sum = (count: (habit: PlannedHabit) => number) =>
    plan.habits.reduce((total, habit) => total + count(habit), 0)
  return {
    draft: id,
    formatText: t(FORMAT_WORDS[plan.format]),
    isExport: plan.format === 'export',
    until: formatInstant(expiresOn, viewer.user.timezone),
    stats: [
      { label: t('New habits'), text: formatCount(plan.habits.filter(({ made }) => made !== null).length) },
      {
        label: t('Check-offs'),
        text: formatCount(sum(({ checkOffs }) => checkOffs.length)),
        hint: t('recorded only'),
      },
      ...besideStats(beside),
      {
        label: t('There already'),
        text: formatCount(sum(({ duplicates }) => duplicates) + (beside?.duplicates ?? 0)),
        hint: t('left as they are'),
      },
      {
        label: t('Left out'),
        text: formatCount(plan.refused.count),
        tone: plan.refused.count > 0 ? 'attention' : 'plain',
      },
    ],
    settings: settingsText(plan),
    language: languageText(plan),
    reminders: beside?.wish ? remindersText(beside.wish) : null,
    breaksOfAll: breaksOfAllText(beside),
    rows: plan.habits.map(habitRow),
    goals: (beside?.goals ?? []).map((goal) => goalRow(goal, viewer.user.timezone)),
    stays: plan.format === 'export' ? STAYS.map((why) => t(STAYS_WORDS[why])) : [],
    refused: plan.refused.first.map(refusedRow),
    refusedMore: Math.max(0, plan.refused.count - plan.refused.first.length),
    asksForAmount: asksForAmount(plan),
    currency: viewer.currency,
    isEmpty:
      plan.habits.length === 0 && plan.settings === null && (beside === null || countBeside(beside) === 0),
  }
}

function habitRow({ name, made, versions, checkOffs, duplicates }: PlannedHabit) {
  const terms = versions.at(-1)
  const days = checkOffs.map(({ day }) => day).sort()
  const [first, last] = [days[0], days.at(-1)]
  return {
    cells: [
      { text: name, ...(made?.archivedOn ? { hint: t('archived') } : {}) },
      made
        ? { badge: { text: t('New'), tone: 'done' }, ...(terms ? { hint: termsText(terms) } : {}) }
        : { badge: { text: t('You have it'), tone: 'plain' } },
      {
        text: formatCount(checkOffs.length),
        ...(first && last
          ? { hint: t('{from} to {until}', { from: formatDay(first), until: formatDay(last) }) }
          : {}),
      },
      { text: formatCount(duplicates) },
    ],
  }
}

function termsText({ frequency, interval, amountMinor, currency }: PlannedHabit['versions'][number]): string {
  const often = everyLabel(frequency, interval)
  return amountMinor === null || currency === null
    ? often
    : t('{often}, {amount} each time', { often, amount: formatMoney(amountMinor, currency) })
}

function settingsText({ settings }: Plan): string | null {
  if (!settings) return null
  const hour = `${String(settings.dayStartHour).padStart(2, '0')}:00`
  return t('Your days will be counted in {timezone} and begin at {hour}; your weeks begin on {weekday}.', {
    timezone: settings.timezone.replaceAll('_', ' '),
    hour,
    weekday: weekdayName(settings.weekStart),
  })
}

function languageText({ settings }: Plan): string | null {
  if (!settings?.locale) return null
  return t('Your pages and letters will be in this language: {language}.', {
    language: LANGUAGE_NAMES[settings.locale],
  })
}

function remindersText({ byMail, mostPerDay, digestWeekday }: NonNullable<PlannedBeside['wish']>): string {
  const most = t('{count, plural, one {At most # reminder a day.} other {At most # reminders a day.}}', {
    count: mostPerDay,
  })
  const mail = byMail
    ? t('Reminders of habits will come by mail.')
    : t('Reminders of habits will not come by mail.')
  const digest =
    digestWeekday === null
      ? t('There will be no letter about the week.')
      : t('A letter about the week will come once a week.')
  return [mail, most, digest].join(' ')
}

/** A break of all habits counts for those that the saver has, too. */
function breaksOfAllText(beside: PlannedBeside | null): string | null {
  const count = beside?.breaks.filter(({ habitId }) => habitId === null).length ?? 0
  if (count === 0) return null
  return t(
    '{count, plural, one {# break is for all habits, also for those that you have here.} other {# breaks are for all habits, also for those that you have here.}}',
    { count },
  )
}

function besideStats(beside: PlannedBeside | null) {
  if (!beside) return []
  return [
    { label: t('Goals'), text: formatCount(beside.goals.length), hint: t('without money') },
    { label: t('Breaks'), text: formatCount(beside.breaks.length) },
    { label: t('Notes'), text: formatCount(beside.notes.length) },
    { label: t('Reminders'), text: formatCount(beside.times.length) },
  ]
}

function goalRow(
  { name, targetMinor, currency, byDay, reachedOn, archivedOn }: GoalColumns,
  timezone: string,
) {
  return {
    cells: [
      { text: name, ...(archivedOn ? { hint: t('put away') } : {}) },
      { text: formatMoney(targetMinor, currency), ...(byDay ? { hint: formatDay(byDay) } : {}) },
      { text: reachedOn ? formatInstant(new Date(reachedOn), timezone) : '–' },
    ],
  }
}

function refusedRow({ table, line, because }: Refusal) {
  const where = table === null ? t('Line {line}', { line }) : t('{table}, row {line}', { table, line })
  return { cells: [{ text: where }, { text: t(ROW_WORDS[because]) }] }
}
