import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { batchDueAt, startOfDay, windowsAt } from '../../src/models/payment/windows.ts'

/** Among them those whose clocks jump by two hours, by half an hour, at midnight and at a quarter to. */
const ZONES = [
  'Antarctica/Troll',
  'Pacific/Chatham',
  'Europe/Copenhagen',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Atlantic/Azores',
  'UTC',
]
const COPENHAGEN = { timezone: 'Europe/Copenhagen', dayStartHour: 0 }

function windowsText(now: string, calendar: { timezone: string; dayStartHour: number }) {
  const { dayStart, nextDayStart, monthStart, nextMonthStart } = windowsAt(new Date(now), calendar)
  return [dayStart, nextDayStart, monthStart, nextMonthStart].map((each) => each.toISOString())
}

describe('the start of a day', () => {
  test.each([
    ['2026-06-17', 'Europe/Copenhagen', 0, '2026-06-16T22:00:00.000Z'],
    ['2026-06-17', 'Europe/Copenhagen', 4, '2026-06-17T02:00:00.000Z'],
    ['2026-01-17', 'Europe/Copenhagen', 0, '2026-01-16T23:00:00.000Z'],
    ['2026-06-17', 'Asia/Kathmandu', 0, '2026-06-16T18:15:00.000Z'],
    ['2026-06-17', 'Pacific/Kiritimati', 0, '2026-06-16T10:00:00.000Z'],
    // The clocks jump from 02:00 to 03:00: a day that would begin at 02:00 begins at the first instant after it.
    ['2026-03-29', 'Europe/Copenhagen', 2, '2026-03-29T01:00:00.000Z'],
    // 02:00 comes twice: the first one counts.
    ['2026-10-25', 'Europe/Copenhagen', 2, '2026-10-25T00:00:00.000Z'],
    // Where clocks jump at midnight the day begins at 01:00.
    ['2026-04-24', 'Africa/Cairo', 0, '2026-04-23T22:00:00.000Z'],
  ])('%s in %s, from %i o’clock, is at %s', (day, timezone, dayStartHour, at) => {
    expect(startOfDay(day, { timezone, dayStartHour }).toISOString()).toBe(at)
  })
})

describe('the day and the month that limits count over', () => {
  test('are the saver’s own', () => {
    expect(windowsText('2026-06-17T10:00:00.000Z', COPENHAGEN)).toEqual([
      '2026-06-16T22:00:00.000Z',
      '2026-06-17T22:00:00.000Z',
      '2026-05-31T22:00:00.000Z',
      '2026-06-30T22:00:00.000Z',
    ])
  })

  test('begin at the hour at which the saver’s day does', () => {
    const late = { ...COPENHAGEN, dayStartHour: 4 }
    expect(windowsText('2026-07-01T01:59:59.999Z', late)).toEqual([
      '2026-06-30T02:00:00.000Z',
      '2026-07-01T02:00:00.000Z',
      '2026-06-01T02:00:00.000Z',
      '2026-07-01T02:00:00.000Z',
    ])
    expect(windowsText('2026-07-01T02:00:00.000Z', late)[2]).toBe('2026-07-01T02:00:00.000Z')
  })

  test.each([
    ['2026-12-31T22:59:59.999Z', '2026-11-30T23:00:00.000Z', '2026-12-31T23:00:00.000Z'],
    ['2026-12-31T23:00:00.000Z', '2026-12-31T23:00:00.000Z', '2027-01-31T23:00:00.000Z'],
    ['2028-02-29T12:00:00.000Z', '2028-01-31T23:00:00.000Z', '2028-02-29T23:00:00.000Z'],
    ['2026-01-31T12:00:00.000Z', '2025-12-31T23:00:00.000Z', '2026-01-31T23:00:00.000Z'],
    // March begins in winter time and ends in summer time.
    ['2026-03-30T12:00:00.000Z', '2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z'],
  ])('at %s the month is from %s to %s', (now, from, to) => {
    expect(windowsText(now, COPENHAGEN).slice(2)).toEqual([from, to])
  })

  test.each([
    ['2026-03-29T12:00:00.000Z', 23],
    ['2026-10-25T12:00:00.000Z', 25],
    ['2026-06-17T12:00:00.000Z', 24],
  ])('the day around %s has %i hours', (now, hours) => {
    const { dayStart, nextDayStart } = windowsAt(new Date(now), COPENHAGEN)
    expect((nextDayStart.getTime() - dayStart.getTime()) / 3_600_000).toBe(hours)
  })
})

describe('when a batch goes out', () => {
  const monday = { ...COPENHAGEN, weekStart: 1 }

  test.each([
    ['DAILY', '2026-06-17T10:00:00.000Z', 1, '2026-06-17T22:00:00.000Z'],
    ['DAILY', '2026-06-16T22:00:00.000Z', 1, '2026-06-17T22:00:00.000Z'],
    ['WEEKLY', '2026-06-17T10:00:00.000Z', 1, '2026-06-21T22:00:00.000Z'],
    ['WEEKLY', '2026-06-21T21:59:59.999Z', 1, '2026-06-21T22:00:00.000Z'],
    ['WEEKLY', '2026-06-21T22:00:00.000Z', 1, '2026-06-28T22:00:00.000Z'],
    ['WEEKLY', '2026-06-17T10:00:00.000Z', 7, '2026-06-20T22:00:00.000Z'],
    ['WEEKLY', '2026-06-17T10:00:00.000Z', 3, '2026-06-23T22:00:00.000Z'],
    ['WEEKLY', '2026-06-17T10:00:00.000Z', 4, '2026-06-17T22:00:00.000Z'],
    // Over the change of the clocks.
    ['WEEKLY', '2026-03-27T10:00:00.000Z', 1, '2026-03-29T22:00:00.000Z'],
  ] as const)('%s at %s with weeks from day %i: %s', (cadence, now, weekStart, at) => {
    expect(batchDueAt(cadence, new Date(now), { ...monday, weekStart }).toISOString()).toBe(at)
  })
})

describe('always', () => {
  const moment = fc.record({
    now: fc.date({
      min: new Date('2020-01-01T00:00:00.000Z'),
      max: new Date('2040-01-01T00:00:00.000Z'),
      noInvalidDate: true,
    }),
    calendar: fc.record({
      timezone: fc.constantFrom(...ZONES),
      dayStartHour: fc.integer({ min: 0, max: 12 }),
      weekStart: fc.integer({ min: 1, max: 7 }),
    }),
  })

  test('now lies in its day, the day in its month, and the next ones begin later', () => {
    fc.assert(
      fc.property(moment, ({ now, calendar }) => {
        const { dayStart, nextDayStart, monthStart, nextMonthStart } = windowsAt(now, calendar)
        const inOrder = [monthStart, dayStart, now].map(Number)
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
        expect(nextDayStart.getTime()).toBeGreaterThan(now.getTime())
        expect(nextMonthStart.getTime()).toBeGreaterThanOrEqual(nextDayStart.getTime())
      }),
      { numRuns: 2_000 },
    )
  })

  test('a window’s first instant is in it and its last is not: days follow each other without a gap', () => {
    fc.assert(
      fc.property(moment, ({ now, calendar }) => {
        const { dayStart, nextDayStart, nextMonthStart } = windowsAt(now, calendar)
        expect(windowsAt(dayStart, calendar).dayStart).toEqual(dayStart)
        expect(windowsAt(nextDayStart, calendar).dayStart).toEqual(nextDayStart)
        expect(windowsAt(new Date(nextDayStart.getTime() - 1), calendar).dayStart).toEqual(dayStart)
        expect(windowsAt(nextMonthStart, calendar).monthStart).toEqual(nextMonthStart)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a batch goes out later than now, as a day of the saver’s begins, within a week', () => {
    fc.assert(
      fc.property(
        moment,
        fc.constantFrom('DAILY' as const, 'WEEKLY' as const),
        ({ now, calendar }, cadence) => {
          const at = batchDueAt(cadence, now, calendar)
          expect(at.getTime()).toBeGreaterThan(now.getTime())
          expect(windowsAt(at, calendar).dayStart).toEqual(at)
          const days = cadence === 'DAILY' ? 1 : 7
          expect(at.getTime() - now.getTime()).toBeLessThan((days + 1) * 86_400_000)
          if (cadence === 'WEEKLY') {
            const day = new Date(`${dayOf(at, calendar.timezone, calendar.dayStartHour)}T00:00:00.000Z`)
            expect(day.getUTCDay() || 7).toBe(calendar.weekStart)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
