import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Day,
  dayOf,
  daysLeft,
  epochDay,
  fromEpochDay,
  isTimezone,
  periodOf,
  type Schedule,
  timesPerDay,
} from '../../src/models/habit/schedule.ts'

const DAY_MS = 86_400_000
const ZONES = [
  'Europe/Copenhagen',
  'Europe/Stockholm',
  'Europe/Oslo',
  'Europe/Helsinki',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Atlantic/Azores',
  'Antarctica/Troll',
  'Etc/GMT-14',
  'Etc/GMT+12',
  'UTC',
]

describe("the saver's day at an instant", () => {
  test.each([
    ['2026-06-15T21:59:59.999Z', 'Europe/Copenhagen', 0, '2026-06-15'],
    ['2026-06-15T22:00:00.000Z', 'Europe/Copenhagen', 0, '2026-06-16'],
    ['2026-06-16T01:59:59.999Z', 'Europe/Copenhagen', 4, '2026-06-15'],
    ['2026-06-16T02:00:00.000Z', 'Europe/Copenhagen', 4, '2026-06-16'],
    ['2026-06-16T09:59:59.999Z', 'Europe/Copenhagen', 12, '2026-06-15'],
    ['2026-06-16T10:00:00.000Z', 'Europe/Copenhagen', 12, '2026-06-16'],
    ['2026-12-31T22:59:59.999Z', 'Europe/Copenhagen', 0, '2026-12-31'],
    ['2026-12-31T23:00:00.000Z', 'Europe/Copenhagen', 0, '2027-01-01'],
    ['2028-02-29T12:00:00.000Z', 'UTC', 0, '2028-02-29'],
    ['2028-03-01T00:30:00.000Z', 'UTC', 1, '2028-02-29'],
    ['2026-06-15T09:59:59.999Z', 'Pacific/Kiritimati', 0, '2026-06-15'],
    ['2026-06-15T10:00:00.000Z', 'Pacific/Kiritimati', 0, '2026-06-16'],
    ['2026-06-15T11:59:59.999Z', 'Etc/GMT+12', 0, '2026-06-14'],
    ['2026-06-15T12:00:00.000Z', 'Etc/GMT+12', 0, '2026-06-15'],
    ['2026-06-15T18:14:59.999Z', 'Asia/Kathmandu', 0, '2026-06-15'],
    ['2026-06-15T18:15:00.000Z', 'Asia/Kathmandu', 0, '2026-06-16'],
  ])('%s in %s with days beginning at %i is %s', (instant, zone, startHour, day) => {
    expect(dayOf(new Date(instant), zone, startHour)).toBe(day)
  })

  test('the places farthest apart are on three different days at one instant', () => {
    const instant = new Date('2026-06-15T10:30:00.000Z')
    expect(['Etc/GMT+12', 'UTC', 'Etc/GMT-14'].map((zone) => dayOf(instant, zone, 0))).toEqual([
      '2026-06-14',
      '2026-06-15',
      '2026-06-16',
    ])
  })

  test('the night clocks go forward has its day change at the hour the wall shows, not an hour late', () => {
    // 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC, so 04:00 on the wall is 02:00 UTC.
    expect(dayOf(new Date('2026-03-29T01:59:59.999Z'), 'Europe/Copenhagen', 4)).toBe('2026-03-28')
    expect(dayOf(new Date('2026-03-29T02:00:00.000Z'), 'Europe/Copenhagen', 4)).toBe('2026-03-29')
  })

  test('a day that begins in the hour that is left out begins right after it', () => {
    expect(dayOf(new Date('2026-03-29T00:59:59.999Z'), 'Europe/Copenhagen', 2)).toBe('2026-03-28')
    expect(dayOf(new Date('2026-03-29T01:00:00.000Z'), 'Europe/Copenhagen', 2)).toBe('2026-03-29')
  })

  test('the night clocks go back has its day change at the hour the wall shows, not an hour early', () => {
    // 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC, so 04:00 on the wall is 03:00 UTC.
    expect(dayOf(new Date('2026-10-25T02:59:59.999Z'), 'Europe/Copenhagen', 4)).toBe('2026-10-24')
    expect(dayOf(new Date('2026-10-25T03:00:00.000Z'), 'Europe/Copenhagen', 4)).toBe('2026-10-25')
  })

  test('the hour that comes twice belongs to one day both times', () => {
    const twice = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']
    expect(twice.map((at) => dayOf(new Date(at), 'Europe/Copenhagen', 3))).toEqual([
      '2026-10-24',
      '2026-10-24',
    ])
    expect(twice.map((at) => dayOf(new Date(at), 'Europe/Copenhagen', 2))).toEqual([
      '2026-10-25',
      '2026-10-25',
    ])
  })

  test('where midnight itself is left out, the day begins at one o’clock', () => {
    // Cairo, 2026-04-24: 00:00 becomes 01:00.
    expect(dayOf(new Date('2026-04-23T21:59:59.999Z'), 'Africa/Cairo', 0)).toBe('2026-04-23')
    expect(dayOf(new Date('2026-04-23T22:00:00.000Z'), 'Africa/Cairo', 0)).toBe('2026-04-24')
  })

  test('a day that a place left out of its calendar is nobody’s day there', () => {
    // Samoa went from 29 to 31 December 2011.
    expect(dayOf(new Date('2011-12-30T09:59:59.999Z'), 'Pacific/Apia', 0)).toBe('2011-12-29')
    expect(dayOf(new Date('2011-12-30T10:00:00.000Z'), 'Pacific/Apia', 0)).toBe('2011-12-31')
  })

  test('it is what a wall calendar shows, less one day before the day begins, anywhere and at any time', () => {
    const instants = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2060, 0, 1) })
    const hours = fc.integer({ min: 0, max: 12 })
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES), hours, (at, zone, startHour) => {
        expect(dayOf(new Date(at), zone, startHour)).toBe(slowDayOf(at, zone, startHour))
      }),
      { numRuns: 20_000 },
    )
  })

  test('an hour around every change of clocks it is still what a wall calendar shows', () => {
    const changes = fc.constantFrom(
      '2026-03-29T01:00Z',
      '2026-10-25T01:00Z',
      '2026-03-08T07:00Z',
      '2026-11-01T06:00Z',
    )
    const away = fc.integer({ min: -6 * 3_600_000, max: 6 * 3_600_000 })
    fc.assert(
      fc.property(
        changes,
        away,
        fc.constantFrom(...ZONES),
        fc.integer({ min: 0, max: 12 }),
        (change, ms, zone, hour) => {
          const at = Date.parse(change) + ms
          expect(dayOf(new Date(at), zone, hour)).toBe(slowDayOf(at, zone, hour))
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

describe('the period that a day lies in', () => {
  test.each([
    [1, '2026-06-15', '2026-06-21'],
    [2, '2026-06-16', '2026-06-22'],
    [3, '2026-06-17', '2026-06-23'],
    [4, '2026-06-11', '2026-06-17'],
    [5, '2026-06-12', '2026-06-18'],
    [6, '2026-06-13', '2026-06-19'],
    [7, '2026-06-14', '2026-06-20'],
  ])('Wednesday 17 June in weeks that begin on day %i lies in %s to %s', (weekStart, start, end) => {
    expect(periodOf(every(7), '2026-06-17', weekStart)).toEqual({ start, end })
  })

  test('a week may begin before the habit does, because it is the week of the calendar', () => {
    const schedule = every(7, '2026-06-17')
    expect(periodOf(schedule, '2026-06-17', 1)).toEqual({ start: '2026-06-15', end: '2026-06-21' })
  })

  test.each([
    ['2026-01-01', '2026-01-01'],
    ['2026-01-03', '2026-01-01'],
    ['2026-01-04', '2026-01-04'],
    ['2026-12-31', '2026-12-30'],
  ])('every three days from New Year, %s lies in the period from %s', (day, start) => {
    expect(periodOf(every(3, '2026-01-01'), day, 1).start).toBe(start)
  })

  test('periods of a fixed length do not care for the week', () => {
    const starts = [1, 2, 3, 4, 5, 6, 7].map((weekStart) => periodOf(every(10), '2026-06-17', weekStart))
    expect(new Set(starts.map((period) => period.start)).size).toBe(1)
  })

  test('an edit that keeps the interval keeps its periods, although it takes effect in the middle of one', () => {
    const schedule = { ...every(3, '2026-06-17'), countedFrom: '2026-06-15' }
    expect(periodOf(schedule, '2026-06-17', 1)).toEqual({ start: '2026-06-15', end: '2026-06-17' })
  })

  test('a day before the schedule takes effect has no period', () => {
    expect(() => periodOf(every(3, '2026-06-15'), '2026-06-14', 1)).toThrow(RangeError)
  })

  test('it is the one found by counting off periods one after the other', () => {
    const intervals = fc.integer({ min: 1, max: 366 })
    const offsets = fc.integer({ min: 0, max: 3_000 })
    fc.assert(
      fc.property(
        intervals,
        dayNumbers(),
        offsets,
        fc.integer({ min: 1, max: 7 }),
        (interval, from, offset, weekStart) => {
          const schedule = every(interval, asDay(from))
          const start = slowPeriodStart(interval, from, from + offset, weekStart)
          expect(periodOf(schedule, asDay(from + offset), weekStart)).toEqual({
            start: asDay(start),
            end: asDay(start + interval - 1),
          })
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('all days of a period name the same one, and the next day names another', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 7, 14, 30, 366),
        dayNumbers(),
        fc.integer({ min: 0, max: 2_000 }),
        (interval, from, offset) => {
          const schedule = every(interval, asDay(from))
          const period = periodOf(schedule, asDay(from + offset), 1)
          expect(periodOf(schedule, period.end, 1)).toEqual(period)
          const next = asDay(numberOf(period.end) + 1)
          expect(periodOf(schedule, next, 1).start).toBe(next)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('days left count today and the last day', () => {
    const period = { start: '2026-06-15', end: '2026-06-21' }
    expect(daysLeft(period, '2026-06-15')).toBe(7)
    expect(daysLeft(period, '2026-06-21')).toBe(1)
    expect(daysLeft({ start: '2026-02-27', end: '2026-03-05' }, '2026-02-28')).toBe(6)
  })

  test('the day before the first of March is the 28th or the 29th of February', () => {
    expect(fromEpochDay(epochDay('2026-03-01') - 1)).toBe('2026-02-28')
    expect(fromEpochDay(epochDay('2028-03-01') - 1)).toBe('2028-02-29')
    expect(fromEpochDay(epochDay('2026-01-01') - 1)).toBe('2025-12-31')
  })
})

test.each([
  [1, 1, 1],
  [3, 1, 3],
  [3, 7, 1],
  [7, 7, 1],
  [8, 7, 2],
  [14, 7, 2],
  [15, 7, 3],
  [1, 366, 1],
])('%i times in %i days may be done %i times a day', (frequency, interval, most) => {
  expect(timesPerDay({ frequency, interval })).toBe(most)
})

describe('a time zone', () => {
  test.each(ZONES)('%s is one', (zone) => {
    expect(isTimezone(zone)).toBe(true)
  })

  test.each([
    '',
    'Europe/Nowhere',
    'Europe/',
    '/',
    '+01:00',
    '-00:00',
    'Z',
    'Copenhagen',
    '../etc/passwd',
    '[Europe/Paris]',
    '2020-01-01[Europe/Paris]',
    '2020-01-01T00:00+01:00[Europe/Paris]',
    'Europe/Copenhagen ',
    'Europe/Copenhagen\n',
  ])('%j is none', (name) => {
    expect(isTimezone(name)).toBe(false)
  })

  test('every one that is taken can also be used to show a time', () => {
    for (const zone of Intl.supportedValuesOf('timeZone').filter(isTimezone))
      expect(() => new Intl.DateTimeFormat('en-GB', { timeZone: zone })).not.toThrow()
  })
})

function every(interval: number, effectiveFrom: Day = '2026-01-01'): Schedule {
  const terms = { kind: 'TIMES' as const, frequency: 1, weekdays: 0, freezesPerMonth: 0 }
  return { ...terms, interval, effectiveFrom, countedFrom: effectiveFrom }
}

function dayNumbers() {
  return fc.integer({ min: Date.UTC(2000, 0, 1) / DAY_MS, max: Date.UTC(2050, 0, 1) / DAY_MS })
}

function asDay(number: number): Day {
  return new Date(number * DAY_MS).toISOString().slice(0, 10)
}

function numberOf(day: Day): number {
  return Date.parse(`${day}T00:00:00.000Z`) / DAY_MS
}

const calendars = new Map<string, Intl.DateTimeFormat>()

/** Reads the wall calendar as text. */
function slowDayOf(at: number, timeZone: string, startHour: number): Day {
  const calendar =
    calendars.get(timeZone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  calendars.set(timeZone, calendar)
  const [date = '', time = ''] = calendar.format(at).split(' ')
  return Number(time.slice(0, 2)) < startHour ? asDay(numberOf(date) - 1) : date
}

/** Walks: back to the week's first day, or forward from the schedule's first. */
function slowPeriodStart(interval: number, from: number, day: number, weekStart: number): number {
  if (interval === 7) {
    let start = day
    while (new Date(start * DAY_MS).getUTCDay() !== weekStart % 7) start -= 1
    return start
  }
  let start = from
  while (start + interval <= day) start += interval
  return start
}
