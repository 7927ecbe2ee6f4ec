/**
 * Request signing as the bank asks for it: draft-cavage-http-signatures-10 with rsa-sha256 over a fixed list of headers.
 * Pure functions; the transport decides nothing about them.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'

/** The bank's sandbox takes this instead of a signature; production never does. */
export const SANDBOX_SIGNATURE = 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX'

export interface SigningKey {
  /** The application's client id: the bank compares the two. */
  keyId: string
  privateKey: KeyObject
}

export interface SignedParts {
  method: string
  /** Path with every prefix and the query, exactly as it goes on the wire. */
  target: string
  /** The bank's public host name, not the socket's. */
  host: string
  /** RFC 7231 date in GMT. */
  date: string
  /** Absent where there is no body. */
  content?: { type: string; digest: string }
}

const MIN_MODULUS_BITS = 2048

/** @throws Error if the PEM isn't an RSA key of at least 2048 bits. */
export function readSigningKey(keyId: string, privateKeyPem: string): SigningKey {
  const privateKey = createPrivateKey(privateKeyPem)
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (privateKey.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_BITS) {
    throw new Error(`the signing key must be RSA with at least ${MIN_MODULUS_BITS} bits`)
  }
  return { keyId, privateKey }
}

/** The Digest header for these exact bytes. */
export function digestOf(content: string): string {
  return `sha-256=${createHash('sha256').update(content, 'utf8').digest('base64')}`
}

/** What the digest of a form is taken over: names in alphabetical order, values as they are before encoding. */
export function normalisedForm(fields: Readonly<Record<string, string>>): string {
  return Object.keys(fields)
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&')
}

export function signingString(parts: SignedParts): string {
  return signedHeaders(parts)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

export function signatureHeader(key: SigningKey, parts: SignedParts): string {
  const names = signedHeaders(parts).map(([name]) => name)
  const signature = sign('sha256', Buffer.from(signingString(parts)), key.privateKey).toString('base64')
  return `keyId="${key.keyId}",algorithm="rsa-sha256",headers="${names.join(' ')}",signature="${signature}"`
}

function signedHeaders(parts: SignedParts): [name: string, value: string][] {
  const content: [string, string][] = parts.content
    ? [
        ['content-type', parts.content.type],
        ['digest', parts.content.digest],
      ]
    : []
  return [
    ['(request-target)', `${parts.method.toLowerCase()} ${parts.target}`],
    ['x-nordea-originating-host', parts.host],
    ['x-nordea-originating-date', parts.date],
    ...content,
  ]
}
