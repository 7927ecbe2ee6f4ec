import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CsvBroken, csvLine, csvRecords, unguarded } from '../../src/models/csv.ts'

const fieldsOf = (text: string, separator: ',' | ';' = ',') =>
  [...csvRecords(text, separator)].map(({ fields }) => fields)

describe('a line', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+45 12', "'+45 12"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['＝1', "'＝1"],
    ["'=1", "''=1"],
    ["'tis", "'tis"],
    ['a,b', '"a,b"'],
    ['a;b', '"a;b"'],
    ['say "x"', '"say ""x"""'],
  ])('%j is written as %j', (text, written) => {
    expect(csvLine([text])).toBe(`${written}\r\n`)
  })

  test('a figure of ours keeps its minus', () => {
    expect(csvLine([{ exactly: '-12.50' }])).toBe('-12.50\r\n')
  })

  test('comes back as it was, whatever stands in it', () => {
    const text = fc.string({ unit: fc.constantFrom(...'=\'+-@\t\r\n",;a é＝'.split('')) })
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (fields) => {
        fc.pre(fields.length > 1 || fields[0] !== '')
        expect(fieldsOf(csvLine(fields)).map((record) => record.map(unguarded))).toEqual([fields])
      }),
    )
  })
})

describe('reading', () => {
  test('takes any line’s end, passes over empty lines, and knows where each record begins', () => {
    const text = 'a,b\r\n\r\n"two\nlines",c\nd,\re,"f"'
    expect([...csvRecords(text, ',')]).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 3, fields: ['two\nlines', 'c'] },
      { line: 5, fields: ['d', ''] },
      { line: 6, fields: ['e', 'f'] },
    ])
  })

  test('takes semicolons where they are asked for', () => {
    expect(fieldsOf('a;"b;c";1,5\n', ';')).toEqual([['a', 'b;c', '1,5']])
  })

  test.each([
    ['a\n"never closed', 2],
    ['a\nb\n"x"y,z', 3],
    ['"a""', 1],
  ])('%j breaks off at its line', (text, line) => {
    expect(() => fieldsOf(text)).toThrow(new CsvBroken(line))
  })
})
