import bcrypt from 'bcrypt'
import { describe, expect, test } from 'vitest'
import {
  hashPassword,
  isWeakerThan,
  PASSWORD_MAX,
  PASSWORD_MIN,
  passwordProblem,
  verifyPassword,
} from '../../src/models/password.ts'

const PEPPER = 'a pepper for these tests only, long enough'
const COST = 4

describe('which passwords are taken', () => {
  test.each([
    'Quiet-otter-39-lakes',
    'tV7#qLp2!x',
    'Blåbærgrød-17!',
    'violin harbour candle mosquito',
    'снег-Тропинка-42',
  ])('%j is', async (password) => {
    expect(await passwordProblem(password, ['Ida Berg', 'ida@example.com'])).toBeNull()
  })

  test('nine characters are too few, however mixed, and ten are enough', async () => {
    expect(PASSWORD_MIN).toBe(10)
    expect(await passwordProblem('tV7#qLp2!', [])).toBe('Use at least 10 characters.')
    expect(await passwordProblem('tV7#qLp2!x', [])).toBeNull()
  })

  test.each([
    ['TV7#QLP2!X', 'Add a lower-case letter,'],
    ['tv7#qlp2!x', 'Add an upper-case letter,'],
    ['tVe#qLpz!x', 'Add a digit,'],
    ['tV7rqLp2kx', 'Add a special sign,'],
    ['tvzrqlpfkx', 'Add an upper-case letter, a digit and a special sign,'],
    ['8264017395', 'Add a lower-case letter, an upper-case letter and a special sign,'],
  ])('a short password names every kind of character it lacks: %j', async (password, words) => {
    expect(await passwordProblem(password, [])).toBe(
      `${words} or use a passphrase of at least 15 characters.`,
    )
  })

  test('fourteen characters still need a mixture, fifteen do not', async () => {
    expect(await passwordProblem('violinmosquito', [])).toMatch(/^Add /)
    expect(await passwordProblem('violinmosquitos', [])).toBeNull()
  })

  test.each([
    'Password1!',
    'P@ssw0rd123!',
    'Qwerty123456!',
    '111111111111111111',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    '               ',
    '1234567890123456789',
    'passwordpassword',
    'sparvanasparvana',
    'Sparvana1!',
  ])('%j fulfils the form but is easy to guess', async (password) => {
    expect(await passwordProblem(password, [])).toMatch(/^This password is easy to guess\. \S/)
  })

  test('a password made of the saver’s own name or address is easy to guess for whoever knows them', async () => {
    const about = ['Ingeborg Vestergaard', 'ingeborg.vestergaard@fjordmail.example']
    for (const password of ['IngeborgVestergaard', 'Vestergaard-1!', 'vestergaardfjordmail']) {
      expect(await passwordProblem(password, about), password).toMatch(/easy to guess/)
    }
    expect(await passwordProblem('IngeborgVestergaard', [])).toBeNull()
  })

  test('128 characters are taken and 129 are not, so that nobody makes us judge a book', async () => {
    const long = 'violin harbour candle mosquito '.repeat(5)
    expect(PASSWORD_MAX).toBe(128)
    expect(await passwordProblem(long.slice(0, 128), [])).toBeNull()
    expect(await passwordProblem(long.slice(0, 129), [])).toBe('Use at most 128 characters.')
    expect(await passwordProblem('x'.repeat(1_000_000), [])).toBe('Use at most 128 characters.')
  })
})

describe('how passwords are kept', () => {
  test('scheme and cost stand in the hash itself', async () => {
    expect(await hashPassword('Quiet-otter-39-lakes', PEPPER, 5)).toMatch(/^\$2b\$05\$[./A-Za-z0-9]{53}$/)
  })

  test('two people with one password have different hashes', async () => {
    const [one, other] = await Promise.all([hashed('Quiet-otter-39-lakes'), hashed('Quiet-otter-39-lakes')])
    expect(one).not.toBe(other)
    expect(await verify('Quiet-otter-39-lakes', one)).toBe(true)
    expect(await verify('Quiet-otter-39-lakes', other)).toBe(true)
  })

  test('the password is found in the hash only with the pepper', async () => {
    const hash = await hashed('Quiet-otter-39-lakes')
    expect(await verifyPassword('Quiet-otter-39-lakes', hash, 'another pepper', COST)).toBe(false)
    expect(await bcrypt.compare('Quiet-otter-39-lakes', hash)).toBe(false)
  })

  test('two passwords that are the same in their first 72 bytes do not open each other', async () => {
    const start = 'a'.repeat(72)
    expect(await verify(`${start}one`, await hashed(`${start}other`))).toBe(false)
    expect(await verify(`${start}one`, await hashed(`${start}one`))).toBe(true)
  })

  test('what comes after a NUL byte counts', async () => {
    expect(await verify('before\u0000one', await hashed('before\u0000other'))).toBe(false)
    expect(await verify('before', await hashed('before\u0000other'))).toBe(false)
  })

  test('a letter with its accent is the same password however the keyboard sent it', async () => {
    const [composed, decomposed] = ['Blåbærgrød-é'.normalize('NFC'), 'Blåbærgrød-é'.normalize('NFD')]
    expect(composed).not.toBe(decomposed)
    expect(await verify(decomposed, await hashed(composed))).toBe(true)
    expect(await verify(composed, await hashed(decomposed))).toBe(true)
  })

  test.each([
    ['Quiet-otter-39-lakes', 'quiet-otter-39-lakes'],
    ['Quiet-otter-39-lakes', 'Quiet-otter-39-lakes '],
    ['Quiet-otter-39-lakes', 'Quiet-otter-39-lake'],
    ['Quiet-otter-39-lakes', ''],
    ['grød', 'grod'],
  ])('%j is not opened by %j', async (password, attempt) => {
    expect(await verify(attempt, await hashed(password))).toBe(false)
  })

  test('an address nobody has verifies nothing, not even the words the decoy was made of', async () => {
    expect(await verifyPassword('nobody has this password', null, PEPPER, COST)).toBe(false)
    expect(await verifyPassword('', null, PEPPER, COST)).toBe(false)
  })

  test('a hash made at a lower cost is weak, at the same or a higher one it is not', async () => {
    const hash = await hashPassword('Quiet-otter-39-lakes', PEPPER, 5)
    expect([4, 5, 6].map((cost) => isWeakerThan(hash, cost))).toEqual([false, false, true])
  })
})

function hashed(password: string): Promise<string> {
  return hashPassword(password, PEPPER, COST)
}

function verify(password: string, hash: string): Promise<boolean> {
  return verifyPassword(password, hash, PEPPER, COST)
}
