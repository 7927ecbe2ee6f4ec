import { createHmac } from 'node:crypto'
import bcrypt from 'bcrypt'
import { listed } from '../format.ts'
import { t, term } from '../language.ts'
import { createGuesser } from './password/guesser.ts'

/** Why zxcvbn thinks so, by its names. */
const WARNINGS: Record<string, string> = {
  straightRow: term('Straight rows of keys on your keyboard are easy to guess.'),
  keyPattern: term('Short keyboard patterns are easy to guess.'),
  simpleRepeat: term('Repeated characters like "aaa" are easy to guess.'),
  extendedRepeat: term('Repeated character patterns like "abcabcabc" are easy to guess.'),
  sequences: term('Common character sequences like "abc" are easy to guess.'),
  recentYears: term('Recent years are easy to guess.'),
  dates: term('Dates are easy to guess.'),
  topTen: term('This is a heavily used password.'),
  topHundred: term('This is a frequently used password.'),
  common: term('This is a commonly used password.'),
  similarToCommon: term('This is similar to a commonly used password.'),
  wordByItself: term('Single words are easy to guess.'),
  namesByThemselves: term('Single names or surnames are easy to guess.'),
  commonNames: term('Common names and surnames are easy to guess.'),
  userInputs: term('There should not be any personal or page related data.'),
  pwned: term('Your password was exposed by a data breach on the Internet.'),
}

const guesser = createGuesser()

export const PASSWORD_MIN = 10
export const PASSWORD_MAX = 128
/** From this length on a passphrase needs no mixture of characters. */
const PASSPHRASE_MIN = 15
/** zxcvbn's "safely unguessable" begins at 3 of 4. */
const LEAST_SCORE = 3

/**
 * Why a password is refused, in the words shown at the field; null when it is good.
 * @param about the saver's own words (name, address), which make bad passwords.
 */
export async function passwordProblem(password: string, about: readonly string[]): Promise<string | null> {
  if (password.length < PASSWORD_MIN) return t('Use at least {least} characters.', { least: PASSWORD_MIN })
  if (password.length > PASSWORD_MAX) return t('Use at most {most} characters.', { most: PASSWORD_MAX })
  const missing = password.length < PASSPHRASE_MIN ? missingKinds(password) : []
  if (missing.length > 0)
    return t('Add {missing}, or use a passphrase of at least {least} characters.', {
      missing: listed(missing),
      least: PASSPHRASE_MIN,
    })
  const { score, warning } = await guesser.judge({
    password: password.slice(0, 100),
    about: [...about.flatMap(wordsOf), 'sparvana', 'nordea'],
  })
  if (score >= LEAST_SCORE) return null
  const known = WARNINGS[warning ?? '']
  const why = known ? t(known) : t('Use words or characters nobody would expect.')
  return `${t('This password is easy to guess.')} ${why}`
}

function missingKinds(password: string): string[] {
  const kinds: [RegExp, string][] = [
    [/\p{Ll}/u, t('a lower-case letter')],
    [/\p{Lu}/u, t('an upper-case letter')],
    [/\p{Nd}/u, t('a digit')],
    [/[^\p{L}\p{N}]/u, t('a special sign')],
  ]
  return kinds.filter(([pattern]) => !pattern.test(password)).map(([, name]) => name)
}

function wordsOf(text: string): string[] {
  return [text, ...text.split(/[^\p{L}\p{N}]+/u)].filter((word) => word.length > 2)
}

/** bcrypt reads 72 bytes and stops at NUL; a keyed digest in base64 is 44 characters without either trouble. */
function peppered(password: string, pepper: string): string {
  return createHmac('sha256', pepper).update(password.normalize('NFC')).digest('base64')
}

/**
 * Hashing takes a quarter of a second of a thread, and there are four, which pack answers and read files, too. Two are enough
 * to keep two cores busy, and leave two for everybody who isn't signing in.
 */
const MOST_AT_ONCE = 2
let hashing = 0
const waiting: (() => void)[] = []

/** The queue is as long as there are requests let in at once. */
async function inTurn<T>(hash: () => Promise<T>): Promise<T> {
  if (hashing >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else hashing += 1
  try {
    return await hash()
  } finally {
    // Whoever waits takes over the place, so that nobody slips in between.
    const next = waiting.shift()
    if (next) next()
    else hashing -= 1
  }
}

export async function hashPassword(password: string, pepper: string, cost: number): Promise<string> {
  return inTurn(() => bcrypt.hash(peppered(password, pepper), cost))
}

/** Takes the same time whether or not there is a hash to compare with. */
export async function verifyPassword(
  password: string,
  hash: string | null,
  pepper: string,
  cost: number,
): Promise<boolean> {
  const against = hash ?? (await decoyHash(cost))
  const matches = await inTurn(() => bcrypt.compare(peppered(password, pepper), against))
  return hash !== null && matches
}

export function isWeakerThan(hash: string, cost: number): boolean {
  return bcrypt.getRounds(hash) < cost
}

const decoys = new Map<number, Promise<string>>()

function decoyHash(cost: number): Promise<string> {
  const made = decoys.get(cost) ?? bcrypt.hash('nobody has this password', cost)
  decoys.set(cost, made)
  return made
}
