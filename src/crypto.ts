import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  randomInt,
  randomUUID,
} from 'node:crypto'
import { crc32 } from 'node:zlib'

/** 256 random bits for links and the bank's state parameter. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url')
}

let lastInstant = 0
let countInInstant = 0

/**
 * An id that sorts by when it was made (RFC 9562, version 7). The 12 bits after the millisecond count up within it, so that of
 * two made by one process the later one is the greater.
 */
export function uuidv7(): string {
  const now = Date.now()
  if (now > lastInstant) {
    lastInstant = now
    // Half of the room stays free to count in.
    countInInstant = randomInt(0x800)
  } else if (countInInstant === 0xfff) {
    lastInstant += 1
    countInInstant = 0
  } else {
    countInInstant += 1
  }
  const time = lastInstant.toString(16).padStart(12, '0')
  const count = countInInstant.toString(16).padStart(3, '0')
  const [, , , variant, rest] = randomUUID().split('-')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}-${rest}`
}

/** Tokens are random, so a plain digest is enough to make a stolen table useless. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** A key of its own for one purpose, made of a secret that has another. */
export function keyFor(purpose: string, secret: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url')
}

/** An account number has too little entropy for a plain hash; the key is kept outside the database. */
export function hashAccountNumber(iban: string, key: Buffer): string {
  return createHmac('sha256', key).update(iban).digest('hex')
}

// No I, L, O, U: nobody misreads a reference on a bank statement, or a code on paper.
const READABLE = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 12 characters (60 bits), the most that Swedish payment messages hold. */
export function randomReference(): string {
  return randomReadable(12)
}

/** Digits and capital letters to be read and typed by people; 5 bits each. */
export function randomReadable(length: number): string {
  return Array.from({ length }, () => READABLE[randomInt(READABLE.length)]).join('')
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const TOKEN_PREFIX = 'spv_'
/** 214 bits. */
const SECRET_LENGTH = 36
const CHECK_LENGTH = 6
const API_TOKEN = new RegExp(`^${TOKEN_PREFIX}[0-9A-Za-z]{${SECRET_LENGTH + CHECK_LENGTH}}$`)

/**
 * What a program shows: a word that searches for lost secrets can look for, random letters, and their CRC-32, so that
 * something that only looks like one is told apart without asking anybody.
 */
export function randomApiToken(): string {
  const secret = Array.from({ length: SECRET_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return TOKEN_PREFIX + secret + checkOf(secret)
}

/** Whether it could be one of ours at all. */
export function isApiToken(text: string): boolean {
  if (!API_TOKEN.test(text)) return false
  const secret = text.slice(TOKEN_PREFIX.length, -CHECK_LENGTH)
  return text.endsWith(checkOf(secret))
}

function checkOf(secret: string): string {
  let rest = crc32(secret)
  let text = ''
  for (let place = 0; place < CHECK_LENGTH; place += 1) {
    text = LETTERS[rest % LETTERS.length] + text
    rest = Math.floor(rest / LETTERS.length)
  }
  return text
}

/** AES-256-GCM under the newest of several versioned keys: version (1 byte), nonce (12), tag (16), ciphertext. */
export interface Sealer {
  /** @param context what the secret belongs to; opening it for anything else fails. */
  seal(plain: string, context: string): Uint8Array<ArrayBuffer>
  /** @throws when a byte was changed, the key is gone, or the context differs. */
  open(sealed: Uint8Array, context: string): string
  /** The version of the key that seals. */
  readonly newest: number
  /** The version of the key that this was sealed with, as it says itself: only opening it proves that. */
  versionOf(sealed: Uint8Array): number
}

export function createSealer(keys: ReadonlyMap<number, Buffer>): Sealer {
  const newest = Math.max(...keys.keys())
  const keyOf = (version: number): Buffer => {
    const key = keys.get(version)
    if (!key) throw new Error(`no key of version ${version} to open this with`)
    return key
  }
  return {
    newest,
    versionOf: (sealed) => sealed[0] ?? 0,
    seal: (plain, context) => {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyOf(newest), nonce).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return new Uint8Array(Buffer.concat([Buffer.from([newest]), nonce, cipher.getAuthTag(), body]))
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(sealed)
      if (bytes.length < 29) throw new Error('this is not something we sealed')
      const decipher = createDecipheriv('aes-256-gcm', keyOf(bytes[0] as number), bytes.subarray(1, 13))
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(13, 29))
      return Buffer.concat([decipher.update(bytes.subarray(29)), decipher.final()]).toString('utf8')
    },
  }
}
