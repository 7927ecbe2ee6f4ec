/** Request signatures as v4 and v5 ask for them: draft-cavage HTTP signatures with RSA and SHA-256, and a body digest. */

import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { refusal } from './errors.ts'

/** The sandbox accepts this in place of a signature. */
export const SIGNATURE_BYPASS = 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX'

export interface SignedRequest {
  method: string
  /** Path with prefix and query, as sent. */
  target: string
  header(name: string): string | undefined
  body: Buffer
}

/** How far a client's clock may run ahead of ours. */
const AHEAD_MS = 60_000

const ALWAYS_SIGNED = ['(request-target)', 'x-nordea-originating-host', 'x-nordea-originating-date']
const SIGNED_WITH_BODY = ['content-type', 'digest']

/**
 * @param clientId the caller's id, which the key must be named after.
 * @throws ApiError 401 error.signature.invalid, error.digest.invalid or error.date.invalid.
 */
export function checkSignature(
  request: SignedRequest,
  clientId: string,
  keys: ReadonlyMap<string, KeyObject>,
  now: Date,
  bypassAllowed: boolean,
): void {
  const header = request.header('signature')
  if (header === SIGNATURE_BYPASS && bypassAllowed) return
  const parts = parse(header)
  if (parts.keyId !== clientId) throw badSignature('The key is not named after the client of this call.')
  if (parts.algorithm !== 'rsa-sha256') throw badSignature('Only the algorithm rsa-sha256 is accepted.')
  const key = keys.get(parts.keyId)
  if (!key) throw badSignature('No public key is registered under this name.')
  const missing = required(request).filter((name) => !parts.names.includes(name))
  if (missing.length > 0) throw badSignature(`Not signed: ${missing.join(', ')}.`)
  const text = signingString(request, parts.names)
  if (!verify('RSA-SHA256', Buffer.from(text), key, parts.signature)) {
    throw badSignature('The signature does not match the request.')
  }
  checkDate(request.header('x-nordea-originating-date'), now)
  if (carriesBody(request))
    checkDigest(request.header('digest'), request.body, request.header('content-type') ?? '')
}

/** The text a signature is made over: one line for each name, no newline at the end. */
export function signingString(request: SignedRequest, names: readonly string[]): string {
  const lines = names.map((name) => {
    if (name === '(request-target)') return `${name}: ${request.method.toLowerCase()} ${request.target}`
    const value = request.header(name)
    if (value === undefined) throw badSignature(`The header ${name} is signed but not there.`)
    return `${name}: ${value}`
  })
  return lines.join('\n')
}

/** Base64 of the body's hash. */
export function digestOf(body: Buffer | string, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return createHash(algorithm).update(body).digest('base64')
}

/** What the digest of a form is taken over: fields in alphabetical order, values not percent-encoded. */
export function normalisedForm(body: string): string {
  const fields = [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`)
  return fields.sort().join('&')
}

function checkDigest(header: string | undefined, body: Buffer, contentType: string): void {
  const match = /^(sha-256|sha-512)=(.+)$/i.exec(header ?? '')
  if (!match) throw refusal(401, 'error.digest.invalid', 'The Digest header is missing or unreadable.')
  const [, label = '', claimed = ''] = match
  const algorithm = label.toLowerCase() === 'sha-512' ? 'sha512' : 'sha256'
  const accepted = [digestOf(body, algorithm)]
  if (contentType.includes('x-www-form-urlencoded')) {
    accepted.push(digestOf(normalisedForm(body.toString('utf8')), algorithm))
  }
  if (!accepted.some((digest) => sameText(digest, claimed))) {
    throw refusal(401, 'error.digest.invalid', 'The digest does not match the body.')
  }
}

/** Old dates pass: the emulator's clock may have been moved far ahead of the client's. */
function checkDate(header: string | undefined, now: Date): void {
  const date = Date.parse(header ?? '')
  if (Number.isNaN(date) || date > now.getTime() + AHEAD_MS) {
    throw refusal(401, 'error.date.invalid', 'The originating date is unreadable or lies in the future.')
  }
}

interface SignatureParts {
  keyId: string
  algorithm: string
  names: string[]
  signature: Buffer
}

function parse(header: string | undefined): SignatureParts {
  if (!header) throw badSignature('The Signature header is missing.')
  const fields = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
  const [keyId, names, signature] = [fields.get('keyId'), fields.get('headers'), fields.get('signature')]
  if (!keyId || !names || !signature) throw badSignature('The Signature header is unreadable.')
  return {
    keyId,
    algorithm: fields.get('algorithm') ?? '',
    names: names.toLowerCase().split(/\s+/),
    signature: Buffer.from(signature, 'base64'),
  }
}

function required(request: SignedRequest): string[] {
  return carriesBody(request) ? [...ALWAYS_SIGNED, ...SIGNED_WITH_BODY] : ALWAYS_SIGNED
}

function carriesBody({ method, body }: SignedRequest): boolean {
  return ['POST', 'PUT', 'PATCH'].includes(method.toUpperCase()) && body.length > 0
}

function badSignature(description: string) {
  return refusal(401, 'error.signature.invalid', description)
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
