import { formatDay, weekdayName } from '../../format.ts'
import { t, term } from '../../language.ts'
import type { HabitToday } from '../../models/habit.ts'
import { toDecimal } from '../../money.ts'
import { paths } from '../../paths.ts'
import { WEEKDAY_FIELDS } from '../forms/habit-forms.ts'
import { scheduleLabel } from './habit-card.ts'

/** What the fields of the form say, as if it had been typed. */
export type TypedHabit = Record<string, string>

interface Starter extends TypedHabit {
  name: string
}

const WEEKDAYS_ONLY = { monday: 'on', tuesday: 'on', wednesday: 'on', thursday: 'on', friday: 'on' }

/** Small things that many people want to do, to begin with; the amount is for the saver to say. */
const STARTERS: Record<string, Starter> = {
  walk: { name: term('Walk for half an hour'), kind: 'TIMES', frequency: '1', interval: '1' },
  run: { name: term('Go for a run'), kind: 'ROLLING', rollingTimes: '3', rollingDays: '7' },
  read: { name: term('Read ten pages'), kind: 'TIMES', frequency: '1', interval: '1' },
  lunch: { name: term('Bring lunch to work'), kind: 'WEEKDAYS', ...WEEKDAYS_ONLY },
  strength: { name: term('Strength training'), kind: 'TIMES', frequency: '2', interval: '7' },
  parents: { name: term('Call my parents'), kind: 'TIMES', frequency: '1', interval: '7' },
  plants: { name: term('Water the plants'), kind: 'TIMES', frequency: '1', interval: '3' },
  phone: { name: term('No phone in bed'), kind: 'TIMES', frequency: '1', interval: '1' },
}

const EMPTY: TypedHabit = { kind: 'TIMES', frequency: '1', interval: '1', freezes: '0' }

export function starterLinks() {
  return Object.entries(STARTERS).map(([key, { name }]) => ({
    href: `${paths.habitNew}?starter=${key}`,
    label: t(name),
  }))
}

/** @param key what stands in the address; an empty form where it names none of ours. */
export function newForm(key: unknown): TypedHabit {
  const starter = typeof key === 'string' && Object.hasOwn(STARTERS, key) ? STARTERS[key] : null
  return { ...EMPTY, ...(starter && { ...starter, name: t(starter.name) }) }
}

/** The form of a habit as it is, or will be: what waits to take effect is what was asked for last. */
export function formOf({ habit, version, pending, today, isCommitted }: HabitToday): TypedHabit {
  const terms = pending ?? version
  const isRolling = terms.kind === 'ROLLING'
  return {
    name: habit.name,
    kind: terms.kind,
    ...(isRolling
      ? { rollingTimes: String(terms.frequency), rollingDays: String(terms.interval) }
      : { frequency: String(terms.frequency), interval: String(terms.interval) }),
    ...Object.fromEntries(
      WEEKDAY_FIELDS.flatMap((name, at) => (terms.weekdays & (1 << at) ? [[name, 'on']] : [])),
    ),
    amount: toDecimal(terms.amountMinor),
    freezes: String(terms.freezesPerMonth),
    ...(isNotBegun(habit, today) ? { startDate: dayText(habit.startDate) } : {}),
    endDate: habit.endDate ? dayText(habit.endDate) : '',
    tags: habit.tags.join(', '),
    ...(habit.isPinned ? { pinned: 'on' } : {}),
    ...(isCommitted && !habit.committedUntil ? { committed: 'on' } : {}),
  }
}

/** What the page with the form needs beside what was typed. */
export function formProps(form: TypedHabit, hasStart: boolean) {
  const kind = form.kind ?? 'TIMES'
  return {
    form,
    kinds: KINDS.map(({ value, label, hint }) => ({
      value,
      label: t(label),
      hint: t(hint),
      checked: value === kind,
    })),
    weekdays: WEEKDAY_FIELDS.map((name, at) => ({
      name,
      label: weekdayName(at + 1),
      checked: form[name] === 'on',
    })),
    freezes: ['0', '1', '2', '3', '4'].map((value) => ({
      value,
      label: t(FREEZES[value] ?? value),
      selected: value === (form.freezes ?? '0'),
    })),
    hasStart,
  }
}

const KINDS = [
  {
    value: 'TIMES',
    label: term('So many times'),
    hint: term('Every day, a number of times a week, or every few days.'),
  },
  {
    value: 'WEEKDAYS',
    label: term('On chosen days of the week'),
    hint: term('Nothing is due on the other days.'),
  },
  {
    value: 'ROLLING',
    label: term('In any days in a row'),
    hint: term('Weeks don’t matter: only how often it was done lately. At most once a day.'),
  },
]

const FREEZES: Record<string, string> = {
  '0': term('None of them'),
  '1': term('One a month'),
  '2': term('Two a month'),
  '3': term('Three a month'),
  '4': term('Four a month'),
}

export function isNotBegun(habit: HabitToday['habit'], today: string): boolean {
  return dayText(habit.startDate) > today
}

/** For who has asked for something easier: what it will be, and when. */
export function pendingNotice({ pending }: HabitToday) {
  if (!pending) return null
  return {
    kind: 'info' as const,
    title: t('From {day}: {schedule}', {
      day: formatDay(pending.effectiveFrom),
      schedule: scheduleLabel(pending),
    }),
    text: t('Until then the habit stays as it is. What you enter below takes the place of this change.'),
    action: null,
  }
}

function dayText(day: Date): string {
  return day.toISOString().slice(0, 10)
}
