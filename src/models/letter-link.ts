import { createHmac, timingSafeEqual } from 'node:crypto'

/** Letters that come by themselves, each of which can be ended by the link in it. */
export const LETTER_KINDS = ['reminders', 'digest'] as const
export type LetterKind = (typeof LETTER_KINDS)[number]

const ID_BYTES = 16
const MAC_BYTES = 32

/**
 * The secret part of a link that ends one kind of letter to one saver, and can do nothing else. It is signed and not stored:
 * letters lie around for years, and their links have to work as long as the key does.
 */
export function letterToken(userId: string, kind: LetterKind, key: string): string {
  const whose = Buffer.concat([
    Buffer.from(userId.replaceAll('-', ''), 'hex'),
    Buffer.from([LETTER_KINDS.indexOf(kind)]),
  ])
  return Buffer.concat([whose, macOf(whose, key)]).toString('base64url')
}

/** @returns null for what we have not signed. */
export function readLetterToken(token: string, key: string): { userId: string; kind: LetterKind } | null {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== ID_BYTES + 1 + MAC_BYTES || bytes.toString('base64url') !== token) return null
  const whose = bytes.subarray(0, ID_BYTES + 1)
  if (!timingSafeEqual(macOf(whose, key), bytes.subarray(ID_BYTES + 1))) return null
  const kind = LETTER_KINDS[whose[ID_BYTES] ?? -1]
  const hex = whose.subarray(0, ID_BYTES).toString('hex')
  const userId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return kind ? { userId, kind } : null
}

function macOf(whose: Buffer, key: string): Buffer {
  return createHmac('sha256', key).update(whose).digest()
}
