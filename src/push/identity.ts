/** How push services know that a message is ours (RFC 8292). */
import { createECDH, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { type Clock, HOUR, SECOND } from '../clock.ts'

/** Services refuse more than 24 hours. */
const LIFE_MS = 12 * HOUR

export interface PushIdentity {
  /** What browsers bind their subscriptions to: base64url. */
  publicKey: string
  /** The header that goes with a message to this address. */
  authorization(endpoint: string): string
}

/**
 * @param privateKey 32 bytes, base64url; the public half is reckoned from it, so the two can't be of different pairs.
 * @param contact whom a push service writes to when something is wrong: a mailto: address.
 * @throws when it is no private key of P-256.
 */
export function pushIdentity(privateKey: string, contact: string, clock: Clock): PushIdentity {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(Buffer.from(privateKey, 'base64url'))
  const point = pair.getPublicKey()
  const publicKey = point.toString('base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'))
  const jwk = { kty: 'EC', crv: 'P-256', d: privateKey, x: x ?? '', y: y ?? '' }
  const key = createPrivateKey({ format: 'jwk', key: jwk })
  const head = encoded({ typ: 'JWT', alg: 'ES256' })
  return {
    publicKey,
    authorization: (endpoint) => {
      const exp = Math.floor((clock.now().getTime() + LIFE_MS) / SECOND)
      const claims = `${head}.${encoded({ aud: new URL(endpoint).origin, exp, sub: contact })}`
      const signature = sign('sha256', Buffer.from(claims), { key, dsaEncoding: 'ieee-p1363' })
      return `vapid t=${claims}.${signature.toString('base64url')}, k=${publicKey}`
    },
  }
}

/** A new private key, as the settings take it. */
export function newPushKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'jwk' }).d ?? ''
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
