import { formatDay, formatInstant, formatMoney } from '../../format.ts'
import type { StatementRow, StatementSums } from '../../models/statement.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { placeWritten, type StatementWish } from '../forms/statement-forms.ts'
import { choices } from './list-page.ts'
import { toneOf, wordsOf } from './payment-words.ts'

const KIND_WORDS = { SAVING: 'Saved for a check-off', REVERSAL: 'Moved back' }
const STATE_WORDS = {
  pledged: 'Not sent yet',
  'on-its-way': 'On its way',
  arrived: 'Arrived',
  nothing: 'Came to nothing',
}

export interface StatementShown {
  rows: StatementRow[]
  next: Parameters<typeof placeWritten>[0] | null
  sums: StatementSums[]
  typed: Record<string, string>
  isFirst: boolean
}

export function statementPage(shown: StatementShown, { timezone }: { timezone: string }) {
  const { before, ...filter } = shown.typed
  const hasPeriod = Boolean(filter.from || filter.until)
  return {
    rows: shown.rows.map((row) => tableRow(row, timezone)),
    sums: shown.sums.map((sums) => ({ currency: sums.currency, stats: statsOf(sums, hasPeriod) })),
    isNarrowed: Object.values(filter).some(Boolean),
    period: periodText({ from: filter.from || null, until: filter.until || null }),
    olderPath: shown.next
      ? listAddress(paths.statement, { ...filter, before: placeWritten(shown.next) })
      : null,
    newestPath: shown.isFirst ? null : listAddress(paths.statement, filter),
  }
}

export function filterFields(typed: Record<string, string>, habits: readonly { id: string; name: string }[]) {
  const names = Object.fromEntries(habits.map(({ id, name }) => [id, name]))
  return [
    { kind: 'field', name: 'from', label: 'From', type: 'date', value: typed.from },
    { kind: 'field', name: 'until', label: 'Until', type: 'date', value: typed.until },
    {
      kind: 'select',
      name: 'habit',
      label: 'Habit',
      options: choices('All habits', names, typed.habit),
    },
    {
      kind: 'select',
      name: 'kind',
      label: 'Kind',
      options: choices('There and back', KIND_WORDS, typed.kind),
    },
    {
      kind: 'select',
      name: 'state',
      label: 'State',
      options: choices('Every state', STATE_WORDS, typed.state),
    },
  ]
}

/** The same filter, for the form that asks for a file. */
export function fileFields(typed: Record<string, string>): { name: string; value: string }[] {
  return ['from', 'until', 'habit', 'kind', 'state'].map((name) => ({ name, value: typed[name] ?? '' }))
}

export function periodText({ from, until }: Pick<StatementWish, 'from' | 'until'>): string {
  if (from && until) return `${formatDay(from)} to ${formatDay(until)}`
  if (from) return `Since ${formatDay(from)}`
  return until ? `Until ${formatDay(until)}` : 'From the beginning until now'
}

/** What the figures of a period are called, in the order in which they add up. */
export function statsOf(sums: StatementSums, hasPeriod: boolean) {
  const stat = (label: string, minor: number, tone = 'plain', hint?: string) => ({
    label,
    text: formatMoney(minor, sums.currency),
    tone,
    ...(hint ? { hint } : {}),
  })
  return [
    ...(hasPeriod ? [stat('In savings at the start', sums.openingMinor)] : []),
    stat('Saved', sums.savedMinor, sums.savedMinor > 0 ? 'arrived' : 'plain'),
    stat('Moved back', sums.movedBackMinor),
    stat(hasPeriod ? 'In savings at the end' : 'In savings now', sums.closingMinor),
    stat('Pledged', sums.pledgedMinor, 'waiting', 'not sent yet'),
    stat('On its way', sums.onItsWayMinor, 'waiting'),
    ...(sums.returningMinor > 0
      ? [stat('On its way back', sums.returningMinor, 'waiting', 'still in savings')]
      : []),
  ]
}

function tableRow(row: StatementRow, timezone: string) {
  const { label, tone } = wordsOf(row)
  return {
    cells: [
      { text: formatInstant(row.at, timezone).split(',')[0] },
      { text: row.habitName, href: paths.payment(row.paymentId), hint: `for ${formatDay(row.day)}` },
      { badge: { text: label, tone } },
      { text: row.reference },
      { money: { text: formatMoney(signed(row), row.currency), tone: toneOf(row) } },
    ],
  }
}

/** What goes out of the savings has a minus. */
export function signed({ kind, amountMinor }: Pick<StatementRow, 'kind' | 'amountMinor'>): number {
  return kind === 'REVERSAL' ? -amountMinor : amountMinor
}
