import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createSealer,
  digestOf,
  hashAccountNumber,
  randomReference,
  randomToken,
  uuidv7,
} from '../../src/crypto.ts'

const IBAN = 'DK3420301544117544'

describe('a sealed secret', () => {
  const sealer = createSealer(new Map([[1, randomBytes(32)]]))

  test('comes back as it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        expect(sealer.open(sealer.seal(plain, context), context)).toBe(plain)
      }),
      { numRuns: 500 },
    )
  })

  test('shows nothing of itself, and never looks the same twice', () => {
    const [one, other] = [sealer.seal('refresh-me', 'a'), sealer.seal('refresh-me', 'a')]
    expect(Buffer.from(one).toString('latin1')).not.toContain('refresh-me')
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(false)
  })

  test('does not open after any one of its bytes was changed', () => {
    const sealed = sealer.seal('refresh-me', 'access-token:1')
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => sealer.open(changed, 'access-token:1'), `byte ${at}`).toThrow()
    }
  })

  test('does not open when it was cut anywhere, or made longer', () => {
    const sealed = sealer.seal('refresh-me', 'c')
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => sealer.open(sealed.slice(0, length), 'c'), `${length} bytes`).toThrow()
    expect(() => sealer.open(Uint8Array.from([...sealed, 0]), 'c')).toThrow()
  })

  test('does not open in the place of another secret', () => {
    const sealed = sealer.seal('refresh-me', 'refresh-token:1')
    expect(() => sealer.open(sealed, 'refresh-token:2')).toThrow()
    expect(() => sealer.open(sealed, 'access-token:1')).toThrow()
    expect(() => sealer.open(sealed, '')).toThrow()
  })

  test('does not open under another key of the same version', () => {
    const stranger = createSealer(new Map([[1, randomBytes(32)]]))
    expect(() => stranger.open(sealer.seal('refresh-me', 'c'), 'c')).toThrow()
  })
})

describe('a new key', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const before = createSealer(new Map([[1, first]]))
  const after = createSealer(
    new Map([
      [2, second],
      [1, first],
    ]),
  )

  test('seals what is sealed from now on, while the old one still opens what it sealed', () => {
    expect(after.open(before.seal('old', 'c'), 'c')).toBe('old')
    const sealed = after.seal('new', 'c')
    expect(sealed[0]).toBe(2)
    expect(after.open(sealed, 'c')).toBe('new')
    expect(() => before.open(sealed, 'c')).toThrow(/no key of version 2/)
  })

  test('does not open what a key sealed that is gone', () => {
    const without = createSealer(new Map([[2, second]]))
    expect(() => without.open(before.seal('old', 'c'), 'c')).toThrow(/no key of version 1/)
  })

  test('is the one with the highest number, in whatever order they are written', () => {
    const sealer = createSealer(
      new Map([
        [1, first],
        [255, second],
        [7, randomBytes(32)],
      ]),
    )
    expect(sealer.seal('x', 'c')[0]).toBe(255)
  })

  test('there has to be one before anything can be sealed', () => {
    expect(() => createSealer(new Map()).seal('x', 'c')).toThrow()
  })
})

describe('an account number', () => {
  const key = randomBytes(32)

  test('has one hash under one key, of 64 hexadecimal digits', () => {
    expect(hashAccountNumber(IBAN, key)).toMatch(/^[0-9a-f]{64}$/)
    expect(hashAccountNumber(IBAN, key)).toBe(hashAccountNumber(IBAN, key))
  })

  test('has another hash under another key, and its neighbour another under the same', () => {
    expect(hashAccountNumber(IBAN, randomBytes(32))).not.toBe(hashAccountNumber(IBAN, key))
    expect(hashAccountNumber('DK3420301544117545', key)).not.toBe(hashAccountNumber(IBAN, key))
  })

  test('is not found by hashing it without the key', () => {
    const plain = createHash('sha256').update(IBAN).digest('hex')
    expect(hashAccountNumber(IBAN, key)).not.toBe(plain)
  })
})

test('a reference has 12 characters that nobody misreads on a statement', () => {
  const references = Array.from({ length: 5_000 }, randomReference)
  for (const reference of references) expect(reference).toMatch(/^[0-9A-HJKMNP-TV-Z]{12}$/)
  expect(new Set(references).size).toBe(references.length)
  expect(new Set(references.join('')).size).toBe(32)
})

test('a token carries 256 bits, fits into an address as it is, and is kept only as its digest', () => {
  const tokens = Array.from({ length: 1_000 }, randomToken)
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/)
  expect(new Set(tokens).size).toBe(tokens.length)
  expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('ids of one process sort by when they were made, however many a millisecond sees', () => {
  const ids = Array.from({ length: 20_000 }, uuidv7)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const [last = ''] = ids.slice(-1)
  expect(Math.abs(Number.parseInt(last.replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(5_000)
})
