import { z } from 'zod'
import { term } from '../../language.ts'
import type { Day, ScheduleKind } from '../../models/habit/schedule.ts'
import { type HabitWish, inDays } from '../../models/habit/wish.ts'
import { SICK_DAYS_BACK } from '../../models/habit-break.ts'
import { MAX_AMOUNT_MINOR } from '../../money.ts'
import { amountEachTime } from './amount.ts'
import { line, told, wholeNumber } from './form.ts'

const FARTHEST_DAYS = 3_650

/** More than this on one day is not a habit any more. */
const MOST_PER_DAY = 10

/** The names of the seven boxes, Monday first. */
export const WEEKDAY_FIELDS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const
const MOST_TAGS = 8
const LONGEST_TAG = 30

const times = { missing: term('How many times?'), min: 1 }
const box = z.literal('on', told('Tick it, or leave it.')).optional()
const boxes = Object.fromEntries(WEEKDAY_FIELDS.map((name) => [name, box]))
/** What was typed for a kind that wasn't chosen: without scripts it can't be taken off the page, and nobody wishes it. */
const unread = z.string().max(100).optional()
const unreadNumbers = { frequency: unread, interval: unread, rollingTimes: unread, rollingDays: unread }

const timesFields = {
  ...unreadNumbers,
  frequency: wholeNumber({ ...times, max: 100 }),
  interval: wholeNumber({ missing: term('Choose how often.'), min: 1, max: 366 }),
}
const rollingFields = {
  ...unreadNumbers,
  rollingTimes: wholeNumber({ ...times, max: 366 }),
  rollingDays: wholeNumber({ missing: term('In how many days?'), min: 2, max: 366 }),
}

/**
 * @param capMinor the saver's own cap per payment, minor units.
 * @param today the saver's day.
 * @param kind what the form says of it; a form without one is of so many times.
 */
export function habitForm(capMinor: number, today: Day, kind: unknown): z.ZodType<HabitWish> {
  const settings = settingsFields(capMinor, today)
  if (kind === 'WEEKDAYS')
    return z
      .strictObject({ ...settings, ...unreadNumbers, kind: z.literal('WEEKDAYS') })
      .refine((form) => maskOf(form) > 0, {
        ...told('Choose at least one day of the week.'),
        path: ['monday'],
      })
      .refine(endsAfterStart, ENDS_TOO_EARLY)
      .transform((form) => wishOf(form, { frequency: 1, interval: 1, weekdays: maskOf(form) }))
  if (kind === 'ROLLING')
    return z
      .strictObject({ ...settings, ...rollingFields, kind: z.literal('ROLLING') })
      .refine((form) => form.rollingTimes <= form.rollingDays, {
        ...told('It counts at most once a day, so not more often than there are days.'),
        path: ['rollingTimes'],
      })
      .refine(endsAfterStart, ENDS_TOO_EARLY)
      .transform((form) => wishOf(form, { frequency: form.rollingTimes, interval: form.rollingDays }))
  return z
    .strictObject({
      ...settings,
      ...timesFields,
      kind: z.literal('TIMES', told('Choose a kind.')).default('TIMES'),
    })
    .refine((form) => form.frequency <= MOST_PER_DAY * form.interval, {
      ...told('At most {most} times a day.', { most: MOST_PER_DAY }),
      path: ['frequency'],
    })
    .refine(endsAfterStart, ENDS_TOO_EARLY)
    .transform((form) => wishOf(form, { frequency: form.frequency, interval: form.interval }))
}

function settingsFields(capMinor: number, today: Day) {
  return {
    ...boxes,
    name: line({ missing: term('Give the habit a name.'), max: 80 }),
    amount: amountEachTime(Math.min(capMinor, MAX_AMOUNT_MINOR)),
    startDate: dayField(today, told('The first day is today or later.')).optional(),
    endDate: dayField(today, told('The last day is today or later.')).optional(),
    freezes: z.enum(['0', '1', '2', '3', '4'], told('Choose a number from 0 to 4.')).default('0'),
    tags: tagsField.default([]),
    pinned: box,
    committed: box,
  }
}

const LAST_BEFORE_FIRST = told('The last day comes after the first.')
const ENDS_TOO_EARLY = { ...LAST_BEFORE_FIRST, path: ['endDate'] }

function endsAfterStart({ startDate, endDate }: Pick<Settings, 'startDate' | 'endDate'>): boolean {
  return !startDate || !endDate || endDate >= startDate
}

interface Settings {
  name: string
  kind: ScheduleKind
  amount: number
  startDate?: Day | null | undefined
  endDate?: Day | null | undefined
  freezes: string
  tags: string[]
  pinned?: 'on' | undefined
  committed?: 'on' | undefined
}

function wishOf(form: Settings, terms: Pick<HabitWish, 'frequency' | 'interval' | 'weekdays'>): HabitWish {
  return {
    name: form.name,
    kind: form.kind,
    ...terms,
    amountMinor: form.amount,
    ...(form.startDate ? { startDate: form.startDate } : {}),
    endDate: form.endDate ?? null,
    freezesPerMonth: Number(form.freezes),
    tags: form.tags,
    isPinned: form.pinned === 'on',
    isCommitted: form.committed === 'on',
  }
}

function maskOf(form: Record<string, unknown>): number {
  return WEEKDAY_FIELDS.reduce((mask, name, index) => mask + (form[name] === 'on' ? 2 ** index : 0), 0)
}

const NO_DAY = told('Enter a day like 2026-06-17.')
const TOO_FAR = told('Choose a day within ten years.')
const dayOrNone = z.union([z.literal('').transform(() => null), z.iso.date(NO_DAY)], NO_DAY)

/** A day of the calendar at most ten years away; null where none was typed. */
function dayField(from: Day, tooEarly: ReturnType<typeof told>) {
  return dayOrNone
    .refine((day) => day === null || day >= from, tooEarly)
    .refine((day) => day === null || day <= inDays(from, FARTHEST_DAYS), TOO_FAR)
}

/** Words between commas; the same twice is once. */
const tagsField = z
  .string()
  .transform((text) => [
    ...new Set(
      text
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    ),
  ])
  .refine((tags) => tags.length <= MOST_TAGS, told('Use at most {most} tags.', { most: MOST_TAGS }))
  .refine(
    (tags) => tags.every((tag) => line({ missing: '', max: LONGEST_TAG }).safeParse(tag).success),
    told('Use at most {most} ordinary characters for a tag.', { most: LONGEST_TAG }),
  )

/** @param today the saver's day. */
export function breakForm(today: Day) {
  return z
    .strictObject({
      kind: z.enum(['PAUSE', 'SICK', 'VACATION'], told('Choose why.')),
      start: z.iso.date(NO_DAY),
      end: dayOrNone,
    })
    .refine(({ kind, start }) => start >= (kind === 'SICK' ? inDays(today, -SICK_DAYS_BACK) : today), {
      ...told('A break begins today or later; only illness up to {days} days back.', {
        days: SICK_DAYS_BACK,
      }),
      path: ['start'],
    })
    .refine(({ start, end }) => end === null || end >= start, {
      ...LAST_BEFORE_FIRST,
      path: ['end'],
    })
    .refine(({ start, end }) => (end ?? start) <= inDays(today, FARTHEST_DAYS), {
      ...TOO_FAR,
      path: ['end'],
    })
}

/** One text for a day; an empty one takes it away. @param today the saver's day. */
export function noteForm(today: Day) {
  return z.strictObject({
    day: z.iso.date(NO_DAY).refine((day) => day <= today, told('That day is yet to come.')),
    text: z.union([z.literal(''), line({ missing: '', max: 500 })]),
  })
}

const place = {
  day: z.iso.date(),
  slot: wholeNumber({ missing: '', min: 1, max: 100 }),
  version: wholeNumber({ missing: '', min: 1, max: 999_999 }),
}

/** What the page offered: which place the check-off takes, and by which version of the habit. */
export const checkOffForm = z.strictObject(place)

/** A place on a past day, and whether money moves for it. */
export const backfillForm = z
  .strictObject({ ...place, pays: z.enum(['yes', 'no']) })
  .transform(({ pays, ...form }) => ({ ...form, pays: pays === 'yes' }))
