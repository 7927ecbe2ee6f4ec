import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Plan, tallyOf } from '../../src/models/habit/plan.ts'
import { type Day, epochDay, fromEpochDay, type Schedule } from '../../src/models/habit/schedule.ts'
import { standingOn } from '../../src/models/habit/standing.ts'
import { firstDayOfYear, yearOf } from '../../src/models/habit/year.ts'

const TODAY = '2026-06-17'

const DAILY: Schedule = {
  kind: 'TIMES',
  frequency: 1,
  interval: 1,
  weekdays: 0,
  freezesPerMonth: 0,
  effectiveFrom: '2026-01-10',
  countedFrom: '2026-01-10',
} as Schedule

function planWith(over: Partial<Plan> = {}, schedule: Partial<Schedule> = {}): Plan {
  const versions = [{ ...DAILY, ...schedule }]
  return { versions, startDay: '2026-01-10', endDay: null, breaks: [], weekStart: 1, ...over }
}

function stateOn(day: Day, plan: Plan, doneOn: Record<Day, number> = {}) {
  return yearOf(plan, new Map(Object.entries(doneOn)), TODAY).days.find((one) => one.day === day)?.state
}

describe('the days of a year', () => {
  test('are those of twelve calendar months, up to the end of this one', () => {
    const { days } = yearOf(planWith(), new Map(), TODAY)
    expect([days[0]?.day, days.at(-1)?.day, days.length]).toEqual(['2025-07-01', '2026-06-30', 365])
  })

  test('know a leap day', () => {
    const { days } = yearOf(planWith(), new Map(), '2028-03-05')
    expect(days.map(({ day }) => day)).toContain('2028-02-29')
    expect(days).toHaveLength(366)
  })

  test('before the first, after the last and after today are outside', () => {
    const plan = planWith({ endDay: '2026-06-10' })
    expect(stateOn('2026-01-09', plan)).toBe('outside')
    expect(stateOn('2026-01-10', plan)).toBe('empty')
    expect(stateOn('2026-06-10', plan)).toBe('empty')
    expect(stateOn('2026-06-11', plan)).toBe('outside')
    expect(stateOn('2026-06-18', planWith())).toBe('outside')
  })

  test('are full once what a day asks for is done, and partly full before', () => {
    const thrice = planWith({}, { frequency: 3 })
    expect(stateOn('2026-06-16', thrice, { '2026-06-16': 2 })).toBe('some')
    expect(stateOn('2026-06-16', thrice, { '2026-06-16': 3 })).toBe('full')
    expect(stateOn('2026-06-16', planWith({}, { frequency: 3, interval: 7 }), { '2026-06-16': 1 })).toBe(
      'full',
    )
  })

  test('of a break are skipped, unless something was done', () => {
    const plan = planWith({ breaks: [{ start: '2026-05-01', end: '2026-05-03' }] })
    expect(stateOn('2026-05-02', plan)).toBe('skipped')
    expect(stateOn('2026-05-02', plan, { '2026-05-02': 1 })).toBe('full')
    expect(stateOn('2026-05-04', plan)).toBe('empty')
  })
})

describe('the strengths of a year', () => {
  test('are one a week, as far as the habit goes back, and at most 52', () => {
    expect(yearOf(planWith(), new Map(), TODAY).strengths).toHaveLength(23)
    const old = planWith(
      { startDay: '2020-01-01' },
      { effectiveFrom: '2020-01-01', countedFrom: '2020-01-01' },
    )
    expect(yearOf(old, new Map(), TODAY).strengths).toHaveLength(52)
  })

  test('hardly differ from those of who has read everything, however old the habit', () => {
    const start = '2016-01-04'
    const old = planWith({ startDay: start }, { interval: 7, effectiveFrom: start, countedFrom: start })
    const all = Array.from({ length: 500 }, (_, at) => fromEpochDay(epochDay(start) + 7 * at))
    const recent = all.filter((day) => day >= firstDayOfYear(old, TODAY))
    expect(recent.length).toBeLessThan(200)
    const { strengths } = yearOf(old, new Map(recent.map((day) => [day, 1])), TODAY)
    const exact = standingOn(old, tallyOf(new Map(all.map((day) => [day, 1]))), epochDay(TODAY)).strength
    expect(Math.abs((strengths.at(-1)?.strength ?? 0) - exact)).toBeLessThan(0.001)
  })

  test('grow while it is kept and fall while it is not', () => {
    const kept = Array.from(
      { length: 60 },
      (_, at) => [fromEpochDay(epochDay('2026-01-10') + at), 1] as const,
    )
    const values = yearOf(planWith(), new Map(kept), TODAY).strengths.map(({ strength }) => strength)
    const highest = values.indexOf(Math.max(...values))
    expect(values.slice(0, highest + 1)).toEqual(values.slice(0, highest + 1).toSorted((a, b) => a - b))
    expect(values.slice(highest)).toEqual(values.slice(highest).toSorted((a, b) => b - a))
    expect(values[highest]).toBeGreaterThan(0.9)
  })

  test('end with the strength that the page tells, and lie between nothing and all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 158 }), { maxLength: 120 }),
        fc.constantFrom(1, 3, 7),
        (days, interval) => {
          const doneOn = new Map(days.map((at) => [fromEpochDay(epochDay('2026-01-10') + at), 1]))
          const plan = planWith({}, { interval })
          const { strengths } = yearOf(plan, doneOn, TODAY)
          expect(strengths.at(-1)?.strength).toBeCloseTo(
            standingOn(plan, tallyOf(doneOn), epochDay(TODAY)).strength,
            12,
          )
          for (const { day, strength } of strengths) expect(strength, day).toBeGreaterThanOrEqual(0)
          for (const { day, strength } of strengths) expect(strength, day).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
