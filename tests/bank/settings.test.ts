import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { bankAt } from './support/fixtures.ts'

const HTTPS = 'https://api.bank.example'

it.each([
  ['plain http that was not allowed', 'http://127.0.0.1:4010', { allowPlainHttp: false }, 'https'],
  ['another scheme', 'ftp://127.0.0.1', {}, 'https'],
  ['a query in the address', `${HTTPS}/?a=b`, {}, 'prefix only'],
  ['credentials in the address', 'https://user:word@api.bank.example', {}, 'prefix only'],
  ['skipped signatures outside the sandbox', HTTPS, { sandbox: false }, 'sandbox'],
  ['a timeout above ten seconds', HTTPS, { timeouts: { headersMs: 10_001 } }, 'timeouts.headersMs'],
  ['a timeout with a fraction', HTTPS, { timeouts: { bodyMs: 20.5 } }, 'timeouts.bodyMs'],
  ['a timeout of nothing', HTTPS, { timeouts: { connectMs: 0 } }, 'timeouts.connectMs'],
] as const)('refuses %s', (_what, baseUrl, changes, words) => {
  expect(() => bankAt(baseUrl, changes)).toThrow(words)
})

it('offers the sandbox’s own calls in the sandbox only', async () => {
  const privateKeyPem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  const signing = { kind: 'key', keyId: 'client-id-1', privateKeyPem } as const
  const real = bankAt(HTTPS, { sandbox: false, signing })
  expect(real.sandbox).toBeNull()
  await real.close()
  const sandbox = bankAt(HTTPS)
  expect(sandbox.sandbox).not.toBeNull()
  await sandbox.close()
})

it('can delete orders with the current versions only', async () => {
  const banks = [bankAt(HTTPS, { profile: 'paper' }), bankAt(HTTPS, { profile: 'current' })]
  expect(banks.map((bank) => [bank.profile, bank.deleteOrder !== null])).toEqual([
    ['paper', false],
    ['current', true],
  ])
  for (const bank of banks) await bank.close()
})
