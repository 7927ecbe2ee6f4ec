import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromDecimal, isCurrency, MAX_AMOUNT_MINOR, readAmount, toDecimal } from '../../src/money.ts'

const MOST = Number.MAX_SAFE_INTEGER

describe('an amount as a person types it', () => {
  test.each([
    ['25', 2_500],
    ['12,50', 1_250],
    ['12.50', 1_250],
    ['12.5', 1_250],
    ['0,01', 1],
    ['0.1', 10],
    ['007', 700],
    ['1,00', 100],
    ['10000', MAX_AMOUNT_MINOR],
    ['10000,00', MAX_AMOUNT_MINOR],
    ['9999.99', 999_999],
  ])('%s is read as %i minor units', (text, minor) => {
    expect(readAmount(text)).toEqual({ kind: 'amount', minor })
  })

  test.each([
    ['', 'missing'],
    ['0', 'not-positive'],
    ['0,00', 'not-positive'],
    ['000', 'not-positive'],
    ['-1', 'not-positive'],
    ['-0', 'not-positive'],
    ['-0.01', 'not-positive'],
    ['−25', 'not-positive'],
    ['10000.01', 'too-large'],
    ['10001', 'too-large'],
    ['999999999999999', 'too-large'],
    ['999999999999999.99', 'too-large'],
    ['1000000000000000', 'not-a-number'],
    ['12,345', 'too-many-decimals'],
    ['12.345', 'too-many-decimals'],
    ['12.500', 'too-many-decimals'],
    ['0.001', 'too-many-decimals'],
    ['1.000,00', 'not-a-number'],
    ['1,000.00', 'not-a-number'],
    ['1 000', 'not-a-number'],
    ['1\u00a0000', 'not-a-number'],
    ["1'000", 'not-a-number'],
    ['1_000', 'not-a-number'],
    ['+5', 'not-a-number'],
    ['5-', 'not-a-number'],
    ['--5', 'not-a-number'],
    ['1e3', 'not-a-number'],
    ['1E3', 'not-a-number'],
    ['0x10', 'not-a-number'],
    ['0b1', 'not-a-number'],
    ['NaN', 'not-a-number'],
    ['Infinity', 'not-a-number'],
    ['-Infinity', 'not-a-number'],
    ['25 kr', 'not-a-number'],
    ['kr 25', 'not-a-number'],
    ['€5', 'not-a-number'],
    [' 25', 'not-a-number'],
    ['25 ', 'not-a-number'],
    ['25\n', 'not-a-number'],
    ['\t25', 'not-a-number'],
    ['25\u0000', 'not-a-number'],
    ['.50', 'not-a-number'],
    [',5', 'not-a-number'],
    ['12.', 'not-a-number'],
    ['12,', 'not-a-number'],
    ['.', 'not-a-number'],
    ['1..2', 'not-a-number'],
    ['1,2,3', 'not-a-number'],
    ['٢٥', 'not-a-number'],
    ['２５', 'not-a-number'],
    ['½', 'not-a-number'],
    ['²', 'not-a-number'],
    ['ten', 'not-a-number'],
    ['null', 'not-a-number'],
    ['[object Object]', 'not-a-number'],
  ])('%j is refused: %s', (text, because) => {
    expect(readAmount(text)).toEqual({ kind: 'refused', because })
  })

  test('an amount with three decimals is refused, because it could mean two amounts', () => {
    expect(readAmount('1.234').kind).toBe('refused')
    expect(readAmount('1,234').kind).toBe('refused')
  })

  test("the saver's own cap is the last amount that is taken", () => {
    expect(readAmount('50', 5_000)).toEqual({ kind: 'amount', minor: 5_000 })
    expect(readAmount('50.01', 5_000)).toEqual({ kind: 'refused', because: 'too-large' })
  })

  test('whatever is typed is either refused or a whole amount within the bounds', () => {
    const typed = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+]?\d{0,20}[.,]?\d{0,4}$/),
      fc.double().map(String),
      fc.integer().map(String),
    )
    fc.assert(
      fc.property(typed, (text) => {
        const reading = readAmount(text)
        if (reading.kind === 'refused') return
        expect(Number.isSafeInteger(reading.minor)).toBe(true)
        expect(reading.minor).toBeGreaterThan(0)
        expect(reading.minor).toBeLessThanOrEqual(MAX_AMOUNT_MINOR)
        expect(BigInt(reading.minor)).toBe(slowMinor(text))
      }),
      { numRuns: 20_000 },
    )
  })

  test('every amount that can be saved is read back from both ways of writing it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_AMOUNT_MINOR }), (minor) => {
        const written = toDecimal(minor)
        expect(readAmount(written)).toEqual({ kind: 'amount', minor })
        expect(readAmount(written.replace('.', ','))).toEqual({ kind: 'amount', minor })
      }),
      { numRuns: 5_000 },
    )
  })
})

describe("the bank's decimals", () => {
  test.each([
    [1_250, '12.50'],
    [0, '0.00'],
    [1, '0.01'],
    [10, '0.10'],
    [100, '1.00'],
    [-1, '-0.01'],
    [-455, '-4.55'],
    [123_456_789, '1234567.89'],
    [MOST, '90071992547409.91'],
  ])('%i is written as %s', (minor, decimal) => {
    expect(toDecimal(minor)).toBe(decimal)
  })

  test('minus nothing is written as nothing', () => {
    expect(toDecimal(-0)).toBe('0.00')
    expect(Object.is(fromDecimal('-0.00'), 0)).toBe(true)
  })

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, MOST + 1, -(MOST + 1)])(
    '%d is no number of minor units, so it is never written',
    (value) => {
      expect(() => toDecimal(value)).toThrow(RangeError)
    },
  )

  test.each([
    ['507.03', 50_703],
    ['-4.55', -455],
    ['12', 1_200],
    ['12.5', 1_250],
    ['12.500', 1_250],
    ['12.5000000', 1_250],
    ['0', 0],
    ['0.00', 0],
    ['9999999999999.99', 999_999_999_999_999],
    [507.03, 50_703],
    [-4.55, -455],
    [12, 1_200],
    [0.1, 10],
    [1.1, 110],
    [-0, 0],
    [8.2, 820],
    [1_234_567.89, 123_456_789],
  ])('%j is %i minor units', (value, minor) => {
    expect(fromDecimal(value)).toBe(minor)
  })

  test.each([
    '',
    ' ',
    ' 12',
    '12 ',
    '12\n',
    '12.',
    '.5',
    '12.505',
    '12.005',
    '1,5',
    '1.000,00',
    '1 000',
    '+1',
    '--1',
    '−1',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    'null',
    '12345678901234',
    0.1 + 0.2,
    0.005,
    1e-7,
    1e13,
    1e21,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ])('%j is refused instead of rounded', (value) => {
    expect(() => fromDecimal(value)).toThrow(RangeError)
  })

  test('a refusal shows no more than the beginning of what was sent', () => {
    expect(() => fromDecimal('x'.repeat(10_000))).toThrow(/^not a decimal amount: x{40}$/)
  })

  test('every amount comes back from its decimal form', () => {
    const minor = fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
    fc.assert(
      fc.property(minor, (amount) => {
        expect(fromDecimal(toDecimal(amount))).toBe(amount)
      }),
      { numRuns: 20_000 },
    )
  })

  test('every amount comes back from a JSON number, because nothing is multiplied in floating point', () => {
    const minor = fc.integer({ min: -99_999_999_999_99, max: 99_999_999_999_99 })
    fc.assert(
      fc.property(minor, (amount) => {
        expect(fromDecimal(JSON.parse(toDecimal(amount)) as number)).toBe(amount)
      }),
      { numRuns: 20_000 },
    )
  })
})

test('only the four currencies are known, in the bank’s own spelling', () => {
  expect(['DKK', 'SEK', 'NOK', 'EUR'].every(isCurrency)).toBe(true)
  expect(['dkk', 'USD', '', 'constructor', 'DKK '].some(isCurrency)).toBe(false)
})

/** Digit by digit, in whole numbers. */
function slowMinor(text: string): bigint {
  const [whole = '', decimals = ''] = text.split(/[.,]/)
  return BigInt(whole) * 100n + BigInt(decimals.padEnd(2, '0'))
}
