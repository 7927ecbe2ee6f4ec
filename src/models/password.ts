import { createHmac } from 'node:crypto'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'
import bcrypt from 'bcrypt'

const guesser = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
  translations: english.translations,
})

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
  if (password.length < PASSWORD_MIN) return `Use at least ${PASSWORD_MIN} characters.`
  if (password.length > PASSWORD_MAX) return `Use at most ${PASSWORD_MAX} characters.`
  const missing = password.length < PASSPHRASE_MIN ? missingKinds(password) : []
  if (missing.length > 0)
    return `Add ${listOf(missing)}, or use a passphrase of at least ${PASSPHRASE_MIN} characters.`
  const judged = await guesser.checkAsync(password.slice(0, 100), [
    ...about.flatMap(wordsOf),
    'sparvana',
    'nordea',
  ])
  if (judged.score >= LEAST_SCORE) return null
  return `This password is easy to guess. ${judged.feedback.warning ?? 'Use words or characters nobody would expect.'}`
}

function missingKinds(password: string): string[] {
  const kinds: [RegExp, string][] = [
    [/\p{Ll}/u, 'a lower-case letter'],
    [/\p{Lu}/u, 'an upper-case letter'],
    [/\p{Nd}/u, 'a digit'],
    [/[^\p{L}\p{N}]/u, 'a special sign'],
  ]
  return kinds.filter(([pattern]) => !pattern.test(password)).map(([, name]) => name)
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

function wordsOf(text: string): string[] {
  return [text, ...text.split(/[^\p{L}\p{N}]+/u)].filter((word) => word.length > 2)
}

/** bcrypt reads 72 bytes and stops at NUL; a keyed digest in base64 is 44 characters without either trouble. */
function peppered(password: string, pepper: string): string {
  return createHmac('sha256', pepper).update(password.normalize('NFC')).digest('base64')
}

export async function hashPassword(password: string, pepper: string, cost: number): Promise<string> {
  return bcrypt.hash(peppered(password, pepper), cost)
}

/** Takes the same time whether or not there is a hash to compare with. */
export async function verifyPassword(
  password: string,
  hash: string | null,
  pepper: string,
  cost: number,
): Promise<boolean> {
  const matches = await bcrypt.compare(peppered(password, pepper), hash ?? (await decoyHash(cost)))
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
