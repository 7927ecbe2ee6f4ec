/** Signatures and digests, with a key made for the test and digests worked out elsewhere. */

import { createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { digestOf, normalisedForm, signingString } from '../../src/sandbox/signature.ts'
import { authorize, CALLBACK, CREDENTIALS, call, codeIn, sandboxWith } from './support.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const { Signature: _bypass, ...CLIENT } = CREDENTIALS
const FORM = 'application/x-www-form-urlencoded'

const signed = () => sandboxWith({ publicKeys: { 'app-1': pem }, requireSignature: true })

interface Wish {
  method?: string
  path?: string
  body?: string
  contentType?: string
  date?: string
  digest?: string
  keyId?: string
  names?: string[]
}

/** Headers of a properly signed request, but for what is wished otherwise. */
function sign({
  method = 'POST',
  path = '/personal/v5/authorize',
  body = '',
  ...wish
}: Wish): Record<string, string> {
  const contentType = wish.contentType ?? 'application/json'
  const headers: Record<string, string> = {
    ...CLIENT,
    'x-nordea-originating-host': 'api.nordeaopenbanking.com',
    'x-nordea-originating-date': wish.date ?? 'Fri, 20 Nov 2026 10:00:00 GMT',
    ...(body !== '' && { 'content-type': contentType, digest: wish.digest ?? `sha-256=${digestOf(body)}` }),
  }
  const always = ['(request-target)', 'x-nordea-originating-host', 'x-nordea-originating-date']
  const names = wish.names ?? (body === '' ? always : [...always, 'content-type', 'digest'])
  const request = { method, target: path, header: (name: string) => headers[name], body: Buffer.from(body) }
  const signature = createSign('RSA-SHA256').update(signingString(request, names)).sign(privateKey, 'base64')
  const keyId = wish.keyId ?? 'app-1'
  headers.Signature = `keyId="${keyId}", algorithm="rsa-sha256", headers="${names.join(' ')}", signature="${signature}"`
  return headers
}

const consent = JSON.stringify({
  country: 'DK',
  duration: 60,
  redirect_uri: CALLBACK,
  scope: ['ACCOUNTS_BASIC'],
  state: 's',
})

async function codeOf(sandbox: Sandbox, wish: Wish, sent = wish.body): Promise<unknown> {
  const reply = await call(sandbox, 'POST', '/personal/v5/authorize', { headers: sign(wish), body: sent })
  return reply.status === 302 ? 302 : `${reply.status} ${reply.body.error.failures[0].code}`
}

test('a properly signed request passes', async () => {
  expect(await codeOf(await signed(), { body: consent })).toBe(302)
})

describe('refused is', () => {
  test.each<[string, Wish, string]>([
    ['a key of another name', { keyId: 'app-2' }, '401 error.signature.invalid'],
    ['a signature over another path', { path: '/personal/v5/other' }, '401 error.signature.invalid'],
    ['one that leaves out the digest', { names: ['(request-target)'] }, '401 error.signature.invalid'],
    ['a date in the future', { date: 'Fri, 20 Nov 2026 10:05:00 GMT' }, '401 error.date.invalid'],
    ['an unreadable date', { date: 'soon' }, '401 error.date.invalid'],
    ['the digest of another body', { digest: `sha-256=${digestOf('x')}` }, '401 error.digest.invalid'],
  ])('%s', async (_what, wish, answer) => {
    expect(await codeOf(await signed(), { body: consent, ...wish })).toBe(answer)
  })

  test('a body changed on the way', async () => {
    expect(await codeOf(await signed(), { body: consent }, consent.replace('60', '61'))).toBe(
      '401 error.digest.invalid',
    )
  })

  test('a signature by somebody else’s key', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const publicKeys = { 'app-1': stranger.export({ type: 'spki', format: 'pem' }).toString() }
    expect(await codeOf(await sandboxWith({ publicKeys }), { body: consent })).toBe(
      '401 error.signature.invalid',
    )
  })

  test('the bypass, where signatures are required', async () => {
    const reply = await authorize(await signed(), 'v5')
    expect([reply.status, reply.body.error.failures[0].code]).toEqual([401, 'error.signature.invalid'])
  })
})

test('an old date passes, and so does SHA-512', async () => {
  const sandbox = await signed()
  expect(await codeOf(sandbox, { body: consent, date: 'Fri, 20 Nov 2026 08:37:00 GMT' })).toBe(302)
  expect(await codeOf(sandbox, { body: consent, digest: `SHA-512=${digestOf(consent, 'sha512')}` })).toBe(302)
})

test.each([
  ['the body as sent', (body: string) => body],
  ['its fields sorted and not encoded', normalisedForm],
])('the digest of a form may be taken over %s', async (_over, form) => {
  const sandbox = await signed()
  const headers = sign({ body: consent })
  const granted = await call(sandbox, 'POST', '/personal/v5/authorize', { headers, body: consent })
  const body = new URLSearchParams({
    redirect_uri: CALLBACK,
    grant_type: 'authorization_code',
    code: codeIn(granted),
  }).toString()
  const path = '/personal/v5/authorize/token'
  const digest = `SHA-256=${digestOf(form(body))}`
  const reply = await call(sandbox, 'POST', path, {
    headers: sign({ path, body, digest, contentType: FORM }),
    body,
  })
  expect(reply.status).toBe(200)
})

test.each([
  ['This is a test', 'x74e2QL7jdTUiZfGRS9dflCfvNvigIsWvPTtzkwH0U4='],
  ['', '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
  [
    'code=abc123&grant_type=authorization_code&redirect_uri=https://example.com/callback',
    'rhBMJ9FvokyyIlyV8hU4wy+J/3qs57AUVjP2/heSCSk=',
  ],
  [
    '{"payments_ids":["11111111-2222-3333-4444-555555555555"]}',
    'mzEEw+X9ep5iYRnbwegtJAzec9lc+8PzbOfUR+6zeug=',
  ],
])('the digest of %j is as worked out elsewhere', (body, digest) => {
  expect(digestOf(body)).toBe(digest)
})

test('a form is normalised by sorting its fields and taking the encoding off', () => {
  const form = 'redirect_uri=https%3A%2F%2Fexample.com%2Fcallback&grant_type=authorization_code&code=abc123'
  expect(normalisedForm(form)).toBe(
    'code=abc123&grant_type=authorization_code&redirect_uri=https://example.com/callback',
  )
})
