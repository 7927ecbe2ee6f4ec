import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, randomInt } from 'node:crypto'

/** 256 random bits for links and the bank's state parameter. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Tokens are random, so a plain digest is enough to make a stolen table useless. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** An account number has too little entropy for a plain hash; the key is kept outside the database. */
export function hashAccountNumber(iban: string, key: Buffer): string {
  return createHmac('sha256', key).update(iban).digest('hex')
}

// No I, L, O, U: nobody misreads a reference on a bank statement.
const REFERENCE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 12 characters (60 bits), the most that Swedish payment messages hold. */
export function randomReference(): string {
  return Array.from({ length: 12 }, () => REFERENCE_ALPHABET[randomInt(REFERENCE_ALPHABET.length)]).join('')
}

/** AES-256-GCM under the newest of several versioned keys: version (1 byte), nonce (12), tag (16), ciphertext. */
export interface Sealer {
  /** @param context what the secret belongs to; opening it for anything else fails. */
  seal(plain: string, context: string): Uint8Array<ArrayBuffer>
  /** @throws when a byte was changed, the key is gone, or the context differs. */
  open(sealed: Uint8Array, context: string): string
}

export function createSealer(keys: ReadonlyMap<number, Buffer>): Sealer {
  const newest = Math.max(...keys.keys())
  const keyOf = (version: number): Buffer => {
    const key = keys.get(version)
    if (!key) throw new Error(`no key of version ${version} to open this with`)
    return key
  }
  return {
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
