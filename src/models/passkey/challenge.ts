import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { MINUTE } from '../../clock.ts'

/** What a passkey is asked for. An answer to one question is none to another. */
export interface Question {
  purpose: 'sign-in' | 'confirm' | 'add'
  /** The session that asks. */
  sid: string
  /** Who is asked; null while nobody has said who they are. */
  userId: string | null
  /** A mark of what is confirmed by the answer, where it is one thing and no other: the authenticator signs it. */
  about?: string
}

/** As long as whoever is half signed in may take. */
const LIFE_MS = 5 * MINUTE
const NONCE_BYTES = 16
/** Milliseconds fit into 48 bits for the next 8 000 years. */
const EXPIRY_BYTES = 6
const MAC_BYTES = 32
const ALL_BYTES = NONCE_BYTES + EXPIRY_BYTES + MAC_BYTES

export type ChallengeVerdict =
  | { kind: 'good'; nonce: string; expiresOn: Date }
  | { kind: 'foreign' }
  | { kind: 'expired' }

/** Nothing is kept until it is answered: the challenge says by itself that it is ours, what for, and until when. */
export function createChallenges(key: string) {
  return {
    ask(question: Question, now: Date): Buffer<ArrayBuffer> {
      const said = Buffer.concat([randomBytes(NONCE_BYTES), bytesOf(now.getTime() + LIFE_MS)])
      return Buffer.concat([said, macOf(said, question)])
    },

    /** @param challenge base64url. */
    check(challenge: string, question: Question, now: Date): ChallengeVerdict {
      const bytes = Buffer.from(challenge, 'base64url')
      if (bytes.length !== ALL_BYTES) return { kind: 'foreign' }
      const said = bytes.subarray(0, NONCE_BYTES + EXPIRY_BYTES)
      if (!timingSafeEqual(bytes.subarray(said.length), macOf(said, question))) return { kind: 'foreign' }
      const expiresAt = said.readUIntBE(NONCE_BYTES, EXPIRY_BYTES)
      if (expiresAt <= now.getTime()) return { kind: 'expired' }
      const nonce = `passkey ${said.toString('base64url', 0, NONCE_BYTES)}`
      return { kind: 'good', nonce, expiresOn: new Date(expiresAt) }
    },
  }

  function macOf(said: Buffer, { purpose, sid, userId, about = '' }: Question): Buffer {
    const bound = JSON.stringify([purpose, sid, userId, about, said.toString('hex')])
    return createHmac('sha256', key).update(bound).digest()
  }
}

function bytesOf(milliseconds: number): Buffer {
  const bytes = Buffer.alloc(EXPIRY_BYTES)
  bytes.writeUIntBE(milliseconds, 0, EXPIRY_BYTES)
  return bytes
}
