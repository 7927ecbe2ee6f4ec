import { createPublicKey } from 'node:crypto'

/** Where a browser can be reached, and the keys that only it can read with (RFC 8291). */
export interface PushTarget {
  endpoint: string
  /** The browser's public key: a point of P-256, uncompressed, base64url. */
  p256dh: string
  /** 16 random bytes that the browser and we share, base64url. */
  auth: string
}

/** The push services of Chrome and Edge, Firefox, Safari, and Edge on Windows. Nothing else is called for a saver. */
export const KNOWN_PUSH_SERVICES: readonly string[] = [
  'https://fcm.googleapis.com',
  'https://updates.push.services.mozilla.com',
  'https://*.push.apple.com',
  'https://*.notify.windows.com',
]

const LONGEST_ENDPOINT = 1_000
const POINT_BYTES = 65
const SECRET_BYTES = 16

/**
 * What a browser says about itself, if it can be that: a key on the curve, and an address at one of these services.
 * @param services origins; "*." stands for one part of a name or several.
 */
export function readPushTarget(
  { endpoint, p256dh, auth }: PushTarget,
  services: readonly string[],
): PushTarget | null {
  const isKey = isPoint(p256dh) && bytesOf(auth)?.length === SECRET_BYTES
  return isKey && isPushAddress(endpoint, services) ? { endpoint, p256dh, auth } : null
}

/** An address of a push service, and of nobody else: whoever could name another would have us call it for them. */
export function isPushAddress(endpoint: string, services: readonly string[]): boolean {
  if (endpoint.length > LONGEST_ENDPOINT || !URL.canParse(endpoint)) return false
  const url = new URL(endpoint)
  // A name or an address that is written in another way than it is read is none that a browser would give.
  if (url.href !== endpoint || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return services.some((service) => isAt(url, service))
}

/** An origin, or one with "*." before its name. */
export function isPushService(text: string): boolean {
  const origin = text.replace('://*.', '://')
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin
  return isOrigin && /^https?:\/\/[^*]+$/.test(origin)
}

function isAt({ origin, protocol, host }: URL, service: string): boolean {
  const [scheme = '', suffix] = service.split('//*')
  if (suffix === undefined) return origin === service
  return protocol === scheme && host.endsWith(suffix) && host.length > suffix.length
}

function isPoint(text: string): boolean {
  const bytes = bytesOf(text)
  if (bytes?.length !== POINT_BYTES || bytes[0] !== 4) return false
  const [x, y] = [bytes.subarray(1, 33), bytes.subarray(33)].map((part) => part.toString('base64url'))
  try {
    createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' } })
    return true
  } catch {
    return false
  }
}

function bytesOf(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}
