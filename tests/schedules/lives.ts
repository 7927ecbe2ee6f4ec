import fc from 'fast-check'
import { toDbDay } from '../../src/db.ts'
import type { Plan } from '../../src/models/habit/plan.ts'
import type { Place } from '../../src/models/habit/progress.ts'
import { type Day, dayOf } from '../../src/models/habit/schedule.ts'
import { planOf } from '../../src/models/habit/versions.ts'
import { daysFrom, type SlowLife, type SlowVersion, slowDay } from './reference.ts'

/** A habit's life as it was lived: check-offs are instants in zones, and what they count for is worked out from those. */
export interface Life {
  versions: SlowVersion[]
  start: Day
  end: Day | null
  breaks: { start: Day; end: Day | null }[]
  weekStart: number
  today: Day
  /** Made up for, or long ago: only the day is known. */
  doneOn: Day[]
  /** Where the saver was, when, and at what hour their days began. */
  doneAt: { instant: number; zone: string; dayStartHour: number }[]
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FIRST_START = '2023-07-01'
const STARTS = 1_900
const LONGEST_LIFE_DAYS = 130

const ZONES = [
  'Europe/Copenhagen',
  'Europe/Helsinki',
  'Africa/Cairo',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'UTC',
]

/** Lives begin in the days around these more often than elsewhere: leap days, and nights on which clocks change. */
const SPECIAL_DAYS = ['2024-02-20', '2028-02-15', '2026-03-20', '2026-10-15', '2025-12-20']

const version = fc
  .oneof(
    fc.record({
      kind: fc.constant('TIMES' as const),
      interval: fc.constantFrom(1, 1, 2, 3, 7, 7, 10, 30),
      frequency: fc.integer({ min: 1, max: 8 }),
    }),
    fc.record({
      kind: fc.constant('WEEKDAYS' as const),
      interval: fc.constant(1),
      frequency: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({
      kind: fc.constant('ROLLING' as const),
      interval: fc.constantFrom(2, 3, 5, 7, 7, 30),
      frequency: fc.constantFrom(1, 2, 3, 3, 5, 7),
    }),
  )
  .chain((terms) =>
    fc.record({
      terms: fc.constant(terms),
      weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
      freezes: fc.constantFrom(0, 0, 1, 2, 4),
      edit: fc.constantFrom('new', 'other-frequency', 'other-frequency', 'back' as const),
      // Most edits take effect on the day they are written; some wait, and may be overtaken by later ones.
      after: fc.oneof(fc.constantFrom(0, 5, 6, 12, 20, 40), fc.integer({ min: 0, max: LONGEST_LIFE_DAYS })),
    }),
  )

type VersionSeed = typeof version extends fc.Arbitrary<infer T> ? T : never

export const lives: fc.Arbitrary<Life> = fc
  .record({
    special: seldom(fc.constantFrom(...SPECIAL_DAYS)),
    startOffset: fc.integer({ min: 0, max: STARTS }),
    age: fc.oneof(fc.integer({ min: -3, max: 25 }), fc.integer({ min: 20, max: LONGEST_LIFE_DAYS })),
    end: seldom(
      fc.oneof(fc.integer({ min: 0, max: LONGEST_LIFE_DAYS + 10 }), fc.integer({ min: 0, max: 25 })),
    ),
    versions: fc.array(version, { minLength: 1, maxLength: 4 }),
    breaks: fc.array(
      fc.record({
        from: fc.integer({ min: -5, max: LONGEST_LIFE_DAYS + 5 }),
        days: fc.option(fc.integer({ min: 1, max: 20 }), { freq: 8 }),
      }),
      { maxLength: 3 },
    ),
    weekStart: fc.integer({ min: 1, max: 7 }),
    diligence: fc.constantFrom(0.05, 0.15, 0.3, 0.5, 0.8, 0.95),
    isTodayOver: fc.boolean(),
    luck: fc.noBias(fc.integer()),
    doneAt: fc.array(
      fc.record({
        away: fc.integer({ min: 0, max: LONGEST_LIFE_DAYS * DAY_MS }),
        zone: fc.constantFrom(...ZONES),
        dayStartHour: fc.integer({ min: 0, max: 12 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map((seeds) => {
    const start = daysFrom(
      seeds.special ?? FIRST_START,
      seeds.special ? seeds.startOffset % 20 : seeds.startOffset,
    )
    const today = daysFrom(start, seeds.age)
    return {
      start,
      today,
      end: seeds.end === null ? null : daysFrom(start, seeds.end),
      weekStart: seeds.weekStart,
      versions: versionsOf(seeds.versions, start, seeds.age),
      breaks: seeds.breaks.map(({ from, days }) => ({
        start: daysFrom(start, from),
        end: days === null ? null : daysFrom(start, from + days - 1),
      })),
      doneOn: doneDays(
        start,
        seeds.isTodayOver ? seeds.age : seeds.age - 1,
        seeds.diligence,
        dice(seeds.luck),
      ),
      doneAt: seeds.doneAt.map(({ away, ...where }) => ({
        ...where,
        instant: Date.parse(`${start}T12:00:00Z`) + (away % (Math.max(1, seeds.age - 2) * DAY_MS)),
      })),
    }
  })
  .map((life) => ({ ...life, doneAt: life.today > daysFrom(life.start, 3) ? life.doneAt : [] }))

/** Edits are of everything, of how often alone, or take the one before back on the day it takes effect. */
function versionsOf(seeds: readonly VersionSeed[], start: Day, age: number): SlowVersion[] {
  const versions: SlowVersion[] = []
  for (const { terms, weekdays, freezes, after, edit } of seeds) {
    const [previous, older] = [versions.at(-1), versions.at(-2)]
    const fresh = {
      ...terms,
      weekdays: terms.kind === 'WEEKDAYS' ? weekdays : [],
      freezes,
      from: previous ? daysFrom(start, after % (age + 8)) : daysFrom(start, -(after % 3)),
    }
    if (edit === 'back' && previous && older) versions.push({ ...older, from: previous.from })
    else if (edit === 'other-frequency' && previous)
      versions.push(within({ ...previous, frequency: terms.frequency, from: fresh.from }))
    else versions.push(within(fresh))
  }
  return versions
}

function within(version: SlowVersion): SlowVersion {
  const most = version.kind === 'ROLLING' ? version.interval : 10 * version.interval
  return { ...version, frequency: Math.min(version.frequency, most) }
}

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
}

function doneDays(start: Day, age: number, diligence: number, luck: () => number): Day[] {
  const days = Array.from({ length: Math.max(0, age + 1) }, (_, index) => daysFrom(start, index))
  return days.flatMap((day) => {
    if (luck() >= diligence) return []
    return luck() < 0.15 ? [day, day] : [day]
  })
}

/** The life as the reference reads it. */
export function slowLifeOf(life: Life): SlowLife {
  const days = [
    ...life.doneOn,
    ...life.doneAt.map(({ instant, zone, dayStartHour }) => slowDay(instant, zone, dayStartHour)),
  ]
  const { versions, start, end, breaks, weekStart, today } = life
  return { versions, start, end, breaks, weekStart, today, done: countOf(days) }
}

/** The life as the app reads it: out of rows. */
export function planOfLife({ start, end, versions, breaks, weekStart }: Life): Plan {
  const rows = versions.map((each, index) => ({
    number: index + 1,
    effectiveFrom: toDbDay(each.from),
    kind: each.kind,
    frequency: each.frequency,
    interval: each.interval,
    weekdays: each.weekdays.reduce((mask, weekday) => mask + 2 ** (weekday - 1), 0),
    freezesPerMonth: each.freezes,
  }))
  const pauses = breaks.map((each) => ({
    startDay: toDbDay(each.start),
    endDay: each.end === null ? null : toDbDay(each.end),
  }))
  const habit = { startDate: toDbDay(start), endDate: end === null ? null : toDbDay(end), archivedOn: null }
  return planOf(habit, rows, pauses, { timezone: 'UTC', dayStartHour: 0, weekStart })
}

export function doneByDayOf(life: Life): Map<Day, number> {
  const days = [
    ...life.doneOn,
    ...life.doneAt.map(({ instant, zone, dayStartHour }) => dayOf(new Date(instant), zone, dayStartHour)),
  ]
  return new Map(Object.entries(countOf(days)))
}

export function placesOf(doneByDay: ReadonlyMap<Day, number>): Place[] {
  return [...doneByDay].flatMap(([day, count]) =>
    Array.from({ length: count }, (_, index) => ({ period: day, day, slot: index + 1, daySlot: index + 1 })),
  )
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32): doubles out of fast-check crowd around 0. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function countOf(days: readonly Day[]): Record<Day, number> {
  const counts: Record<Day, number> = {}
  for (const day of days) counts[day] = (counts[day] ?? 0) + 1
  return counts
}
