import { formatDay, formatIsoDay, formatTime } from '../../format.ts'
import { t } from '../../language.ts'
import type { Listed } from '../../models/desk/paging.ts'
import { listAddress, placeText } from '../forms/list-forms.ts'

/** Where the pages of a list with a filter are. */
export function pagerOf(
  path: string,
  typed: Record<string, string>,
  { next }: Pick<Listed<unknown>, 'next'>,
) {
  const { before, ...filter } = typed
  return {
    newestPath: before ? listAddress(path, filter) : null,
    olderPath: next ? listAddress(path, { ...filter, before: placeText(next) }) : null,
  }
}

/** To the second, with the day below it. */
export function timeCell(at: Date, timezone: string) {
  return { text: formatTime(at, timezone), hint: dayAt(at, timezone) }
}

/** The day that an instant lies in for its reader. */
export function dayAt(at: Date, timezone: string): string {
  return formatDay(formatIsoDay(at, timezone))
}

export interface Choice {
  value: string
  label: string
  selected: boolean
}

/** A table of `term`s as it is said now. */
export function saidWords(words: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).map(([value, label]) => [value, t(label)]))
}

/** The choices of a filter; the first leaves it open. All are said already: some are names that savers gave. */
export function choices(
  all: string,
  words: Readonly<Record<string, string>>,
  chosen: string | undefined,
): Choice[] {
  const given = Object.entries(words).map(([value, label]) => ({
    value,
    label,
    selected: value === chosen,
  }))
  return [{ value: '', label: all, selected: !chosen }, ...given]
}
