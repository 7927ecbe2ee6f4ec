import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  digestOf,
  normalisedForm,
  readSigningKey,
  signatureHeader,
  signingString,
} from '../../src/bank/nordea/signature.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const exchange = {
  method: 'POST',
  target: '/personal/v5/authorize/token',
  host: 'api.nordeaopenbanking.com',
  date: 'Tue, 24 Oct 2023 09:46:09 GMT',
  content: {
    type: 'application/x-www-form-urlencoded',
    digest: 'sha-256=rhBMJ9FvokyyIlyV8hU4wy+J/3qs57AUVjP2/heSCSk=',
  },
}

describe('request signing', () => {
  it.each([
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
  ])('digests %j', (content, digest) => {
    expect(digestOf(content)).toBe(`sha-256=${digest}`)
  })

  it('takes the digest of a form over sorted names and plain values', () => {
    const form = {
      redirect_uri: 'https://example.com/callback',
      grant_type: 'authorization_code',
      code: 'abc123',
    }
    expect(normalisedForm(form)).toBe(
      'code=abc123&grant_type=authorization_code&redirect_uri=https://example.com/callback',
    )
  })

  it('signs target, host, date, content type and digest, in that order', () => {
    expect(signingString(exchange)).toBe(
      [
        '(request-target): post /personal/v5/authorize/token',
        'x-nordea-originating-host: api.nordeaopenbanking.com',
        'x-nordea-originating-date: Tue, 24 Oct 2023 09:46:09 GMT',
        'content-type: application/x-www-form-urlencoded',
        'digest: sha-256=rhBMJ9FvokyyIlyV8hU4wy+J/3qs57AUVjP2/heSCSk=',
      ].join('\n'),
    )
  })

  it('signs three lines where there is no body, with the query in the first', () => {
    const { content: _none, ...parts } = exchange
    const lines = signingString({
      ...parts,
      method: 'GET',
      target: '/personal/v5/accounts?continuation_key=2',
    }).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toBe('(request-target): get /personal/v5/accounts?continuation_key=2')
  })

  it('writes a header whose signature the public key verifies', () => {
    const header = signatureHeader(readSigningKey('client-id-1', pem), exchange)
    const [, names, signature] =
      /^keyId="client-id-1",algorithm="rsa-sha256",headers="([^"]+)",signature="([^"]+)"$/.exec(header) ?? []
    expect(names).toBe(
      '(request-target) x-nordea-originating-host x-nordea-originating-date content-type digest',
    )
    const verified = verify(
      'sha256',
      Buffer.from(signingString(exchange)),
      createPublicKey(keys.privateKey),
      Buffer.from(String(signature), 'base64'),
    )
    expect(verified).toBe(true)
  })

  it('refuses keys that are too short or not RSA', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    for (const key of [short, curve]) {
      const text = key.export({ type: 'pkcs8', format: 'pem' }).toString()
      expect(() => readSigningKey('client-id-1', text)).toThrow('2048')
    }
  })
})
