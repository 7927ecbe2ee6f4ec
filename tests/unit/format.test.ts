import { describe, expect, test } from 'vitest'
import { everyLabel } from '../../src/controllers/view-models/habit-card.ts'
import { REASON_WORDS, reasonWords } from '../../src/controllers/view-models/payment-view.ts'
import { formatDay, formatInstant, formatMoney, formatTime, formatWeekday, times } from '../../src/format.ts'

const THIN = '\u202f'
const NO_BREAK = '\u00a0'

describe('money on a page', () => {
  test.each([
    [1, 'DKK', `0.01${NO_BREAK}kr`],
    [1_250, 'DKK', `12.50${NO_BREAK}kr`],
    [2_500, 'SEK', `25.00${NO_BREAK}kr`],
    [99_999, 'NOK', `999.99${NO_BREAK}kr`],
    [100_000, 'EUR', `1${THIN}000.00${NO_BREAK}€`],
    [12_345_678, 'EUR', `123${THIN}456.78${NO_BREAK}€`],
    [123_456_789, 'DKK', `1${THIN}234${THIN}567.89${NO_BREAK}kr`],
    [0, 'DKK', `0.00${NO_BREAK}kr`],
    [-455, 'DKK', `-4.55${NO_BREAK}kr`],
    [-12_345_678, 'DKK', `-123${THIN}456.78${NO_BREAK}kr`],
    [123_456_789n, 'DKK', `1${THIN}234${THIN}567.89${NO_BREAK}kr`],
  ] as const)('%s minor units of %s', (minor, currency, shown) => {
    expect(formatMoney(minor, currency)).toBe(shown)
  })

  test('never breaks over two lines', () => {
    expect(formatMoney(123_456_789, 'DKK')).not.toMatch(/[ \n]/)
  })

  test('is not shown at all where it would be rounded', () => {
    expect(() => formatMoney(0.5, 'DKK')).toThrow(RangeError)
    expect(() => formatMoney(2n ** 60n + 1n, 'DKK')).toThrow(RangeError)
  })
})

describe('days and times on a page', () => {
  test('a day is that day, whatever zone the server is in', () => {
    expect(formatDay('2026-06-15')).toBe('15 Jun 2026')
    expect(formatDay(new Date('2026-06-15T00:00:00.000Z'))).toBe('15 Jun 2026')
    expect(formatWeekday('2026-06-15')).toBe('Monday 15 June')
    expect(formatWeekday('2028-02-29')).toBe('Tuesday 29 February')
  })

  test('an instant is shown on the saver’s own wall clock', () => {
    const instant = new Date('2026-06-15T22:30:05.000Z')
    expect(formatInstant(instant, 'Europe/Copenhagen')).toBe('16 Jun 2026, 00:30')
    expect(formatInstant(instant, 'America/New_York')).toBe('15 Jun 2026, 18:30')
    expect(formatTime(instant, 'Europe/Copenhagen')).toBe('00:30:05')
  })

  test('the hour that comes twice is shown as the wall shows it both times', () => {
    const shown = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'].map((at) =>
      formatInstant(new Date(at), 'Europe/Copenhagen'),
    )
    expect(shown).toEqual(['25 Oct 2026, 02:30', '25 Oct 2026, 02:30'])
  })
})

describe('small words', () => {
  test.each([
    [1, 1, 'every day'],
    [2, 1, 'twice a day'],
    [3, 1, '3 times a day'],
    [1, 7, 'once a week'],
    [3, 7, '3 times a week'],
    [1, 10, 'once every 10 days'],
    [2, 366, 'twice every 366 days'],
  ])('%i times in %i days is %s', (frequency, interval, words) => {
    expect(everyLabel(frequency, interval)).toBe(words)
  })

  test('one is told from many', () => {
    expect([times(1), times(2), times(3)]).toEqual(['once', 'twice', '3 times'])
  })

  test('a reason has a whole sentence, and an unknown one has none instead of a code', () => {
    for (const words of Object.values(REASON_WORDS)) expect(words).toMatch(/^[A-Z].*\.$/)
    expect(reasonWords('insufficient-funds')).toBe('There was not enough money in the account.')
    expect(reasonWords('no-such-reason')).toBeNull()
    expect(reasonWords(null)).toBeNull()
  })
})
