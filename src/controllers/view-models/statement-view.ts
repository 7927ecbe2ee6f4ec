import { formatDay, formatIsoDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { StatementRow, StatementSums } from '../../models/statement.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { placeWritten, type StatementWish } from '../forms/statement-forms.ts'
import { choices } from './list-page.ts'
import { toneOf, wordsOf } from './payment-words.ts'

const kindWords = () => ({ SAVING: t('Saved for a check-off'), REVERSAL: t('Moved back') })
const stateWords = () => ({
  pledged: t('Not sent yet'),
  'on-its-way': t('On its way'),
  arrived: t('Arrived'),
  nothing: t('Came to nothing'),
})

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
    { kind: 'field', name: 'from', label: t('First day'), type: 'date', value: typed.from },
    { kind: 'field', name: 'until', label: t('Last day'), type: 'date', value: typed.until },
    {
      kind: 'select',
      name: 'habit',
      label: t('Habit'),
      options: choices(t('All habits'), names, typed.habit),
    },
    {
      kind: 'select',
      name: 'kind',
      label: t('Kind'),
      options: choices(t('There and back'), kindWords(), typed.kind),
    },
    {
      kind: 'select',
      name: 'state',
      label: t('State'),
      options: choices(t('Every state'), stateWords(), typed.state),
    },
  ]
}

/** The same filter, for the form that asks for a file. */
export function fileFields(typed: Record<string, string>): { name: string; value: string }[] {
  return ['from', 'until', 'habit', 'kind', 'state'].map((name) => ({ name, value: typed[name] ?? '' }))
}

export function periodText({ from, until }: Pick<StatementWish, 'from' | 'until'>): string {
  if (from && until) return t('{from} to {until}', { from: formatDay(from), until: formatDay(until) })
  if (from) return t('Since {day}', { day: formatDay(from) })
  return until ? t('Until {day}', { day: formatDay(until) }) : t('From the beginning until now')
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
    ...(hasPeriod ? [stat(t('In savings at the start'), sums.openingMinor)] : []),
    stat(t('Saved'), sums.savedMinor, sums.savedMinor > 0 ? 'arrived' : 'plain'),
    stat(t('Moved back'), sums.movedBackMinor),
    stat(hasPeriod ? t('In savings at the end') : t('In savings now'), sums.closingMinor),
    stat(t('Pledged'), sums.pledgedMinor, 'waiting', t('not sent yet')),
    stat(t('On its way'), sums.onItsWayMinor, 'waiting'),
    ...(sums.returningMinor > 0
      ? [stat(t('On its way back'), sums.returningMinor, 'waiting', t('still in savings'))]
      : []),
  ]
}

function tableRow(row: StatementRow, timezone: string) {
  const { label, tone } = wordsOf(row)
  return {
    cells: [
      { text: formatDay(formatIsoDay(row.at, timezone)) },
      {
        text: row.habitName,
        href: paths.payment(row.paymentId),
        hint: t('for {day}', { day: formatDay(row.day) }),
      },
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
