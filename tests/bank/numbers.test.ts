import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  finnishIban,
  ibanOf,
  isSameAccount,
  isValidIban,
  maskIban,
  nationalNumber,
  normaliseIban,
  paymentNumber,
} from '../../src/bank/nordea/numbers.ts'

const PAIRS = [
  ['BBAN_DK', '20301544117544', 'DK3420301544117544'],
  ['BBAN_DK', '20301544118028', 'DK6120301544118028'],
  ['BBAN_NO', '60010502570', 'NO5160010502570'],
  ['BBAN_NO', '68520561165', 'NO9568520561165'],
  ['BBAN_SE', '41351300039', 'SE8030000000041351300039'],
  ['BBAN_SE', '31412034086', 'SE1730000000031412034086'],
  ['PGNR', '4213908314', 'SE0295000099604213908314'],
] as const

describe('account numbers', () => {
  it.each(PAIRS)('turns %s %s into %s and back', (type, value, iban) => {
    expect(ibanOf({ type, value })).toBe(iban)
    expect(nationalNumber(iban)).toEqual({ type, value })
    expect(isValidIban(iban)).toBe(true)
  })

  it('reads the old Finnish form with zeros after the seventh digit for bank groups 4 and 5', () => {
    expect(finnishIban('500015-281')).toBe('FI1350001520000081')
    expect(finnishIban('50001520000081')).toBe('FI1350001520000081')
  })

  it('reads the old Finnish form with zeros after the sixth digit for the others', () => {
    expect(finnishIban('123456-785')?.slice(4)).toBe('12345600000785')
  })

  it('has no national number for Finland', () => {
    expect(nationalNumber('FI1350001520000081')).toBeNull()
  })

  it.each(['FI6593857450293470', 'FI7473834510057469'])(
    'does not enforce national check digits: %s is valid',
    (iban) => expect(isValidIban(iban)).toBe(true),
  )

  it.each([
    ['wrong check digits', 'FI2112345600000666'],
    ['too short for its country', 'DK342030154411754'],
    ['letters where the country has digits', 'DK34203015441175A4'],
    ['empty', ''],
    ['no country', '3420301544117544'],
  ])('refuses an IBAN that is %s', (_why, iban) => {
    expect(isValidIban(iban)).toBe(false)
    expect(normaliseIban(iban)).toBeNull()
  })

  it('takes an IBAN as people write it', () => {
    expect(normaliseIban(' dk34 2030 1544 1175-44 ')).toBe('DK3420301544117544')
  })

  it.each([
    ['BBAN_DK', '2030-1544117544'],
    ['BBAN_NO', '6001.05.02570'],
    ['IBAN', 'SE80 3000 0000 0413 5130 0039'],
  ])('reads %s with separators', (type, value) => {
    expect(ibanOf({ type, value })).not.toBeNull()
  })

  it('fills a short Danish account number with zeros, after the registration number', () => {
    expect(ibanOf({ type: 'BBAN_DK', value: '2030 117544' })?.slice(4)).toBe('20300000117544')
  })

  it('leaves the clearing number of Swedish personal accounts out of the IBAN', () => {
    const iban = ibanOf({ type: 'BBAN_SE', value: '33008001011234' })
    expect(iban?.slice(4)).toBe('30000000008001011234')
    expect(nationalNumber(String(iban))).toBeNull()
    expect(isSameAccount({ type: 'BBAN_SE', value: '33008001011234' }, String(iban))).toBe(true)
  })

  it.each([
    ['BGNR', '51965770'],
    ['PGNR', '228361'],
    ['BBAN_NO', '123'],
    ['BBAN_SE', '1234567890123'],
    ['BBAN_XX', '20301544117544'],
    ['constructor', '20301544117544'],
  ])('does not guess an IBAN for %s %s', (type, value) => {
    expect(ibanOf({ type, value })).toBeNull()
  })

  it('pays by the number the bank lists, if it is the country’s own and agrees with the IBAN', () => {
    const listed = [
      { type: 'IBAN', value: 'SE8030000000041351300039' },
      { type: 'BBAN_SE', value: '41351300039' },
    ]
    expect(paymentNumber('SE', listed, 'SE8030000000041351300039')).toEqual(listed[1])
    expect(
      paymentNumber('SE', [{ type: 'BBAN_SE', value: '31412034086' }], 'SE8030000000041351300039'),
    ).toEqual(listed[1])
  })

  it('pays by IBAN in Finland and where no national number can be had', () => {
    expect(paymentNumber('FI', [], 'FI1350001520000081')).toEqual({
      type: 'IBAN',
      value: 'FI1350001520000081',
    })
    expect(paymentNumber('SE', [], 'SE0295000099604213908314')).toEqual({
      type: 'IBAN',
      value: 'SE0295000099604213908314',
    })
  })

  it.each([
    ['20301544117544', 'DK3420301544117544', true],
    ['2030 1544117544', 'DK3420301544117544', true],
    ['DK34 2030 1544 1175 44', 'DK3420301544117544', true],
    ['20301544118028', 'DK3420301544117544', false],
    ['41351300039', 'SE8030000000041351300039', true],
    ['4213908314', 'SE0295000099604213908314', true],
    ['41351300039', 'SE0295000099604213908314', false],
    ['FI1350001520000081', 'FI13 5000 1520 0000 81', true],
    ['', 'DK3420301544117544', false],
    ['20301544117544', 'DK3520301544117544', false],
    ['20301544117544', '', false],
  ])('tells whether a bare %j is the account %s: %s', (number, iban, same) => {
    expect(isSameAccount(number, iban)).toBe(same)
  })

  it('shows the country and the last four characters only', () => {
    expect(maskIban('DK3420301544117544')).toBe('DK •••• 7544')
    expect(maskIban('20301544117544')).toBe('•••• 7544')
    expect(maskIban('123')).toBe('••••')
  })

  const digits = (length: number) => fc.stringMatching(new RegExp(`^[1-9]\\d{${length - 1}}$`))

  it.each([
    ['BBAN_DK', 14],
    ['BBAN_NO', 11],
    ['BBAN_SE', 11],
  ] as const)('gives every %s an IBAN that leads back to it', (type, length) => {
    fc.assert(
      fc.property(digits(length), (value) => {
        const iban = String(ibanOf({ type, value }))
        expect(isValidIban(iban)).toBe(true)
        expect(nationalNumber(iban)).toEqual({ type, value })
      }),
    )
  })

  it('notices any single wrong digit in an IBAN', () => {
    fc.assert(
      fc.property(
        digits(14),
        fc.integer({ min: 2, max: 17 }),
        fc.integer({ min: 1, max: 9 }),
        (value, at, by) => {
          const iban = String(ibanOf({ type: 'BBAN_DK', value }))
          const wrong = (Number(iban[at]) + by) % 10
          expect(isValidIban(iban.slice(0, at) + wrong + iban.slice(at + 1))).toBe(false)
        },
      ),
    )
  })

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (type, value) => {
        ibanOf({ type, value })
        nationalNumber(value)
        normaliseIban(value)
        expect(maskIban(value).length).toBeLessThan(16)
      }),
    )
  })
})
