/** Names and secrets the bank makes up. */

import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'

export function uuid(): string {
  return randomUUID()
}

/** Opaque and long, 240 characters: the real ones are longer still, so clients must allow for length. */
export function newToken(): string {
  return randomBytes(180).toString('base64url')
}

export function newCode(): string {
  return randomBytes(32).toString('hex')
}

/** Unguessable: whoever knows it may sign in or approve under it. */
export function newPageId(): string {
  return randomBytes(18).toString('base64url')
}

export function oneTimeCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0')
}

/** `X-Global-Transaction-ID`: 24 hex digits. */
export function newTransactionId(): string {
  return randomBytes(12).toString('hex')
}

/** 11 characters, as v3 answers carried in 2019. */
export function shortMessageId(): string {
  return randomBytes(9).toString('base64url').slice(0, 11)
}

/** 32 hex digits, as later answers carry. */
export function longMessageId(): string {
  return randomBytes(16).toString('hex')
}

/** The unreadable account id of v5: the same for the same account after a reset, so that clients may keep it. */
export function opaqueAccountId(id: string): string {
  return createHash('sha256').update(`account ${id}`).digest('base64url')
}
