/** Messages that only one browser can read (RFC 8291, in the coding of RFC 8188). */
import { createCipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto'
import type { PushTarget } from '../push-target.ts'

const CURVE = 'prime256v1'
/** One record holds it all. */
const RECORD_BYTES = 4_096
const TAG_BYTES = 16
/** So long is every message, whatever it says: its length tells nobody on the way anything. */
export const PADDED_BYTES = 1_024
const LAST_RECORD = 2

/** What is random in a message; handed in by tests that hold it against the standard's own example. */
export interface Randomness {
  sender: ECDH
  salt: Buffer
}

/**
 * @param padTo bytes; shorter messages are filled up.
 * @throws RangeError when the text is longer than a message can be.
 */
export function encrypt(
  text: string,
  { p256dh, auth }: Pick<PushTarget, 'p256dh' | 'auth'>,
  padTo = PADDED_BYTES,
  { sender, salt }: Randomness = freshly(),
): Buffer {
  const plain = Buffer.from(text)
  if (plain.length + 1 + TAG_BYTES > RECORD_BYTES) throw new RangeError('too long for a push message')
  const receiver = Buffer.from(p256dh, 'base64url')
  const ours = sender.getPublicKey()
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), receiver, ours])
  const shared = hkdf(sender.computeSecret(receiver), Buffer.from(auth, 'base64url'), about, 32)
  const key = hkdf(shared, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = hkdf(shared, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const padding = Buffer.alloc(Math.max(0, padTo - plain.length))
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  const record = Buffer.concat([plain, Buffer.from([LAST_RECORD]), padding])
  return Buffer.concat([header(salt, ours), cipher.update(record), cipher.final(), cipher.getAuthTag()])
}

function freshly(): Randomness {
  const sender = createECDH(CURVE)
  sender.generateKeys()
  return { sender, salt: randomBytes(16) }
}

function hkdf(secret: Buffer, salt: Buffer, about: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, about, length))
}

function header(salt: Buffer, ours: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(RECORD_BYTES)
  return Buffer.concat([salt, size, Buffer.from([ours.length]), ours])
}
