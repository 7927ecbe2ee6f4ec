import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Plan, tallyOf } from '../../src/models/habit/plan.ts'
import { type Place, progressOf } from '../../src/models/habit/progress.ts'
import { type Day, epochDay, type Schedule } from '../../src/models/habit/schedule.ts'
import { standingOn } from '../../src/models/habit/standing.ts'

const DAY_MS = 86_400_000
const PERIOD = { start: '2026-06-15', end: '2026-06-21' }
const TODAY = '2026-06-17'
const EARLIER = '2026-06-15'

/** Check-offs by their places; the last of them, as many as there are places of the day, are of today. */
function progress(terms: Schedule, taken: { slots: readonly number[]; daySlots: readonly number[] }) {
  const before = taken.slots.length - taken.daySlots.length
  const live = taken.slots.map((slot, index): Place => {
    const daySlot = taken.daySlots[index - before]
    const day = daySlot === undefined ? EARLIER : TODAY
    return { period: PERIOD.start, day, slot, daySlot: daySlot ?? 1 }
  })
  return progressOf(planWith([terms]), TODAY, live)
}

describe('progress in a period', () => {
  test('the first place is offered while nothing is done', () => {
    expect(progress(schedule(3, 7), { slots: [], daySlots: [] })).toEqual({
      period: PERIOD,
      doneInPeriod: 0,
      doneToday: 0,
      next: { kind: 'open', slot: 1, daySlot: 1 },
    })
  })

  test('three times a week done once today is enough for today', () => {
    expect(progress(schedule(3, 7), { slots: [1], daySlots: [1] }).next).toEqual({
      kind: 'enough-today',
    })
  })

  test('three times a week done once yesterday offers the second place', () => {
    expect(progress(schedule(3, 7), { slots: [1], daySlots: [] }).next).toEqual({
      kind: 'open',
      slot: 2,
      daySlot: 1,
    })
  })

  test('a place that was given back is offered again before the next one', () => {
    expect(progress(schedule(3, 7), { slots: [1, 3], daySlots: [] }).next).toMatchObject({
      slot: 2,
    })
  })

  test('twice a day is offered twice', () => {
    expect(progress(schedule(2, 1), { slots: [1], daySlots: [1] }).next).toEqual({
      kind: 'open',
      slot: 2,
      daySlot: 2,
    })
    expect(progress(schedule(2, 1), { slots: [1, 2], daySlots: [1, 2] }).next).toEqual({
      kind: 'period-complete',
    })
  })

  test('a complete period says so even where the day would allow more', () => {
    expect(progress(schedule(1, 7), { slots: [1], daySlots: [] }).next).toEqual({
      kind: 'period-complete',
    })
  })

  test('after the habit was made rarer, more than enough is complete', () => {
    expect(progress(schedule(1, 7), { slots: [1, 2, 3], daySlots: [] })).toMatchObject({
      doneInPeriod: 3,
      next: { kind: 'period-complete' },
    })
  })

  test('taking every offer completes a period in exactly its number of times, never above the limit of a day', () => {
    const schedules = fc
      .integer({ min: 1, max: 14 })
      .chain((interval) => fc.tuple(fc.integer({ min: 1, max: 10 * interval }), fc.constant(interval)))
    fc.assert(
      fc.property(schedules, ([frequency, interval]) => {
        const first = interval === 7 ? '2026-06-15' : '2026-01-01'
        const plan = planWith([schedule(frequency, interval, first)])
        const live: Place[] = []
        for (let ahead = 0; ahead < interval; ahead += 1) {
          const day = asDay(epochDay(first) + ahead)
          for (;;) {
            const { next } = progressOf(plan, day, live)
            if (next.kind !== 'open') break
            live.push({ period: first, day, slot: next.slot, daySlot: next.daySlot })
          }
          const onDay = live.filter((place) => place.day === day)
          expect(onDay.length).toBeLessThanOrEqual(Math.ceil(frequency / interval))
        }
        expect(live.map(({ slot }) => slot)).toEqual(
          Array.from({ length: frequency }, (_, index) => index + 1),
        )
        expect(progressOf(plan, first, live).next.kind).toBe('period-complete')
      }),
      { numRuns: 1_000 },
    )
  })
})

test('what was done in a week stays done when the week begins on another day from now on', () => {
  const doneOnSunday = { period: '2026-06-08', day: '2026-06-14', slot: 1, daySlot: 1 }
  const progressIn = (terms: Schedule) => progressOf(planWith([terms], 7), TODAY, [doneOnSunday])
  expect(progressIn(schedule(1, 7)).period).toEqual({ start: '2026-06-14', end: '2026-06-20' })
  expect(progressIn(schedule(1, 7)).next.kind).toBe('period-complete')
  expect(progressIn(schedule(2, 7)).next).toMatchObject({
    kind: 'open',
    slot: 2,
  })
})

describe('a streak', () => {
  const daily = schedule(1, 1, '2026-06-01')
  const weekly = schedule(2, 7, '2026-06-01')

  test('is nothing before the first check-off', () => {
    expect(currentStreak([daily], new Map(), '2026-06-10', 1)).toBe(0)
  })

  test('counts today once today is done', () => {
    expect(currentStreak([daily], done('2026-06-09', '2026-06-10'), '2026-06-10', 1)).toBe(2)
  })

  test('is not broken by today before today is over', () => {
    expect(currentStreak([daily], done('2026-06-08', '2026-06-09'), '2026-06-10', 1)).toBe(2)
  })

  test('is broken by a day that is over', () => {
    expect(currentStreak([daily], done('2026-06-07', '2026-06-08'), '2026-06-10', 1)).toBe(0)
    expect(currentStreak([daily], done('2026-06-07', '2026-06-08', '2026-06-10'), '2026-06-10', 1)).toBe(1)
  })

  test('begins with the habit, whatever lies before it', () => {
    expect(currentStreak([daily], done('2026-05-31', '2026-06-01', '2026-06-02'), '2026-06-02', 1)).toBe(2)
  })

  test('a week counts only with all its times', () => {
    const weeks = new Map([
      ['2026-06-01', 2],
      ['2026-06-08', 1],
      ['2026-06-15', 2],
    ])
    expect(currentStreak([weekly], weeks, '2026-06-17', 1)).toBe(1)
    expect(currentStreak([weekly], weeks.set('2026-06-08', 2), '2026-06-17', 1)).toBe(3)
  })

  test('more than enough in a week counts once', () => {
    expect(currentStreak([weekly], new Map([['2026-06-08', 9]]), '2026-06-10', 1)).toBe(1)
  })

  test('each week is judged by what was asked of it, not by what is asked now', () => {
    const versions = [schedule(3, 7, '2026-06-15'), schedule(1, 7, '2026-06-01')]
    const weeks = new Map([
      ['2026-06-01', 1],
      ['2026-06-08', 1],
      ['2026-06-15', 3],
    ])
    expect(currentStreak(versions, weeks, '2026-06-17', 1)).toBe(3)
    expect(currentStreak(versions, weeks.set('2026-06-15', 2), '2026-06-17', 1)).toBe(2)
  })

  test('from days to weeks it goes on', () => {
    const versions = [schedule(1, 7, '2026-06-08'), schedule(1, 1, '2026-06-05')]
    const periods = done('2026-06-05', '2026-06-06', '2026-06-07', '2026-06-08')
    expect(currentStreak(versions, periods, '2026-06-14', 1)).toBe(4)
  })

  test('a period that an edit cut short does not break it, because it was never over', () => {
    const versions = [schedule(1, 3, '2026-06-17'), schedule(1, 7, '2026-06-01')]
    expect(currentStreak(versions, done('2026-06-01', '2026-06-08'), '2026-06-17', 1)).toBe(2)
    expect(
      currentStreak(versions, done('2026-06-01', '2026-06-08', '2026-06-15', '2026-06-17'), '2026-06-17', 1),
    ).toBe(4)
  })

  test('a period that was over before an edit still breaks it', () => {
    const versions = [schedule(1, 3, '2026-06-15'), schedule(1, 7, '2026-06-01')]
    expect(currentStreak(versions, done('2026-06-01', '2026-06-15'), '2026-06-15', 1)).toBe(1)
  })

  test('an edit that keeps the interval keeps its periods', () => {
    const versions = [
      { ...schedule(1, 3, '2026-06-05'), countedFrom: '2026-06-01' },
      schedule(1, 3, '2026-06-01'),
    ]
    expect(currentStreak(versions, done('2026-06-01', '2026-06-04', '2026-06-07'), '2026-06-07', 1)).toBe(3)
  })

  test('it is the number of complete periods at the end of a list of all of them', () => {
    const habits = fc.record({
      interval: fc.constantFrom(1, 2, 3, 7, 10, 30),
      frequency: fc.integer({ min: 1, max: 4 }),
      weekStart: fc.integer({ min: 1, max: 7 }),
      age: fc.integer({ min: 0, max: 200 }),
      counts: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 201, maxLength: 201 }),
      luck: fc.boolean(),
    })
    fc.assert(
      fc.property(habits, ({ interval, frequency, weekStart, age, counts, luck }) => {
        const first = Date.UTC(2026, 0, 1) / DAY_MS
        const today = first + age
        const start =
          interval === 7 ? first - ((new Date(first * DAY_MS).getUTCDay() - weekStart + 14) % 7) : first
        const starts: number[] = []
        for (let at = start; at <= today; at += interval) starts.push(at)
        const byPeriod = new Map(
          starts.map((at, index) => [
            asDay(at),
            luck ? frequency + (index % 7 === 3 ? -1 : 1) : (counts[index] ?? 0),
          ]),
        )
        const complete = starts.map((at) => (byPeriod.get(asDay(at)) ?? 0) >= frequency)
        const terms = schedule(frequency, interval, asDay(first))
        expect(currentStreak([terms], byPeriod, asDay(today), weekStart)).toBe(slowStreak(complete))
      }),
      { numRuns: 5_000 },
    )
  })
})

function currentStreak(
  versions: readonly Schedule[],
  doneByDay: ReadonlyMap<Day, number>,
  today: Day,
  weekStart: number,
): number {
  return standingOn(planWith(versions, weekStart), tallyOf(doneByDay), epochDay(today)).streak
}

function planWith(versions: readonly Schedule[], weekStart = 1): Plan {
  const startDay = versions.at(-1)?.effectiveFrom ?? '2026-01-01'
  return { versions, startDay, endDay: null, breaks: [], weekStart }
}

function slowStreak(complete: readonly boolean[]): number {
  const over = complete.slice(0, -1)
  const unbroken = over.length - 1 - over.lastIndexOf(false)
  return unbroken + (complete.at(-1) ? 1 : 0)
}

function schedule(frequency: number, interval: number, effectiveFrom: Day = '2026-01-01'): Schedule {
  const terms = { kind: 'TIMES' as const, weekdays: 0, freezesPerMonth: 0 }
  return { ...terms, frequency, interval, effectiveFrom, countedFrom: effectiveFrom }
}

function done(...periods: Day[]): Map<Day, number> {
  return new Map(periods.map((period) => [period, 1]))
}

function asDay(number: number): Day {
  return new Date(number * DAY_MS).toISOString().slice(0, 10)
}
