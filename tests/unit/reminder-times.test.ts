import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import { dayOf, epochDay } from '../../src/models/habit/schedule.ts'
import { nextDigest, nextTime } from '../../src/models/reminder/times.ts'

const clockOf = (timezone: string, dayStartHour = 0) => ({ timezone, dayStartHour })
const at = (text: string) => new Date(text)
const HALF_PAST_TWO = 150

/** Every time within so many days, one after the other. */
function timesOf(minuteOfDay: number, clock: ReturnType<typeof clockOf>, from: Date, count: number) {
  const times: { at: Date; day: string }[] = []
  let next = nextTime(minuteOfDay, clock, from)
  while (times.length < count) {
    times.push(next)
    next = nextTime(minuteOfDay, clock, next.at, next.day)
  }
  return times
}

describe('the next time of a reminder', () => {
  test('is today while it is still to come, and tomorrow after', () => {
    const clock = clockOf('Europe/Copenhagen')
    const before = nextTime(450, clock, at('2026-06-17T05:29:59Z'))
    expect([before.at.toISOString(), before.day]).toEqual(['2026-06-17T05:30:00.000Z', '2026-06-17'])
    const after = nextTime(450, clock, before.at)
    expect([after.at.toISOString(), after.day]).toEqual(['2026-06-18T05:30:00.000Z', '2026-06-18'])
  })

  test('before the hour at which the day begins belongs to the day before', () => {
    const { at: when, day } = nextTime(60, clockOf('Europe/Stockholm', 4), at('2026-06-17T12:00:00Z'))
    expect([when.toISOString(), day]).toEqual(['2026-06-17T23:00:00.000Z', '2026-06-17'])
  })

  test('in another zone is at the same time by the other clock', () => {
    const there = nextTime(450, clockOf('America/New_York'), at('2026-06-17T06:00:00Z'))
    expect(there.at.toISOString()).toBe('2026-06-17T11:30:00.000Z')
  })

  test('is never on a day that has had its own, whatever the clock says now', () => {
    const next = nextTime(450, clockOf('America/New_York'), at('2026-06-17T06:00:00Z'), '2026-06-17')
    expect(next.day).toBe('2026-06-18')
  })

  test.each([
    [0, '2026-03-29T01:30:00.000Z'],
    [2, '2026-03-29T01:30:00.000Z'],
    // Moved forward it would be in the next day of who begins it at three.
    [3, '2026-03-29T00:30:00.000Z'],
  ])('on the night without half past two comes once (day begins at %i)', (dayStartHour, expected) => {
    const times = timesOf(
      HALF_PAST_TWO,
      clockOf('Europe/Copenhagen', dayStartHour),
      at('2026-03-27T12:00:00Z'),
      4,
    )
    expect(times.map((time) => time.at.toISOString())).toContain(expected)
    expect(new Set(times.map(({ day }) => day)).size).toBe(4)
  })

  test.each([0, 2, 3])(
    'on the night with two of them comes once, at the first (day begins at %i)',
    (hour) => {
      const times = timesOf(HALF_PAST_TWO, clockOf('Europe/Copenhagen', hour), at('2026-10-23T12:00:00Z'), 4)
      const thatNight = times
        .map((time) => time.at.toISOString())
        .filter((text) => text.startsWith('2026-10-25'))
      expect(thatNight).toEqual(['2026-10-25T00:30:00.000Z'])
    },
  )

  test('leaves out a day that the calendar of a zone leaves out', () => {
    const times = timesOf(480, clockOf('Pacific/Apia'), at('2011-12-28T00:00:00Z'), 4)
    expect(times.map(({ day }) => day)).toEqual(['2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01'])
  })

  test('is in its own day, once a day and in order, in every zone and all year', () => {
    const zones = [
      'Europe/Copenhagen',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'America/Santiago',
      'Asia/Kathmandu',
      'Asia/Beirut',
      'UTC',
    ]
    const anyTime = fc.record({
      minute: fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15),
      timezone: fc.constantFrom(...zones),
      dayStartHour: fc.integer({ min: 0, max: 12 }),
      from: fc
        .integer({ min: 0, max: 3 * 365 * 24 })
        .map((hours) => new Date(Date.UTC(2024, 0, 1) + hours * HOUR)),
    })
    fc.assert(
      fc.property(anyTime, ({ minute, timezone, dayStartHour, from }) => {
        const clock = { timezone, dayStartHour }
        const times = timesOf(minute, clock, from, 3)
        for (const [index, time] of times.entries()) {
          expect(dayOf(time.at, timezone, dayStartHour)).toBe(time.day)
          const before = times[index - 1]
          if (!before) continue
          expect(epochDay(time.day) - epochDay(before.day)).toBe(1)
          expect(Math.abs(time.at.getTime() - before.at.getTime() - DAY)).toBeLessThanOrEqual(2 * HOUR)
        }
        expect(times[0]?.at.getTime()).toBeGreaterThan(from.getTime())
        expect((times[0]?.at.getTime() ?? 0) - from.getTime()).toBeLessThanOrEqual(DAY + 2 * HOUR + MINUTE)
      }),
      { numRuns: 400 },
    )
  })
})

describe('the letter about the week', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])(
    'comes at eight in the morning of weekday %i, within a week',
    (weekday) => {
      const from = at('2026-06-17T10:00:00Z')
      const next = nextDigest(weekday, clockOf('Europe/Oslo'), from)
      expect(next.at.toISOString().slice(11, 16)).toBe('06:00')
      expect(((new Date(next.day).getUTCDay() + 6) % 7) + 1).toBe(weekday)
      expect(next.at.getTime() - from.getTime()).toBeLessThanOrEqual(7 * DAY)
    },
  )

  test('waits for a day that begins later', () => {
    const next = nextDigest(1, clockOf('UTC', 11), at('2026-06-17T10:00:00Z'))
    expect(next.at.toISOString()).toBe('2026-06-22T11:00:00.000Z')
  })
})
