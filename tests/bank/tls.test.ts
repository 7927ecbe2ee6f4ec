/** No order over a connection whose other end hasn't proven to be the bank. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { selfSigned } from './support/certificates.ts'
import { bankAt, enveloped, order, saver, type TestBank, wirePayment } from './support/fixtures.ts'

const DAY_MS = 86_400_000
const [lastYear, yesterday, nextYear] = [-365, -1, 365].map(
  (days) => new Date(Date.now() + days * DAY_MS),
) as [Date, Date, Date]
const good = selfSigned('localhost', lastYear, nextYear)
const expired = selfSigned('localhost', lastYear, yesterday)
const wrongName = selfSigned('somebody-else.example', lastYear, nextYear)
const untrusted = selfSigned('localhost', lastYear, nextYear)

const usual = getCACertificates('default')
const verification = process.env.NODE_TLS_REJECT_UNAUTHORIZED
let server: Server
let bank: TestBank
let requests = 0

beforeAll(() => setDefaultCACertificates([good.cert, expired.cert, wrongName.cert]))
afterAll(() => setDefaultCACertificates(usual))
afterEach(async () => {
  if (verification === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = verification
  await bank.close()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
})

async function bankWith(options: TlsOptions): Promise<TestBank> {
  requests = 0
  server = createServer(options, (_req, res) => {
    requests += 1
    res.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify(enveloped(wirePayment())))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  bank = bankAt(`https://localhost:${(server.address() as AddressInfo).port}`, {
    allowPlainHttp: false,
  })
  return bank
}

it.each(['TLSv1.2', 'TLSv1.3'] as const)('orders from a bank that proves itself over %s', async (version) => {
  await bankWith({ ...good, minVersion: version, maxVersion: version })
  expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
})

it.each([
  ['whose certificate nobody vouches for', untrusted, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['whose certificate has expired', expired, 'CERT_HAS_EXPIRED'],
  ['whose certificate names another host', wrongName, 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('sends nothing to a bank %s, and logs why', async (_what, certificate, code) => {
  await bankWith(certificate)
  expect(await bank.initiate(order, saver)).toEqual({
    kind: 'not-sent',
    because: 'connection',
    retryAfterSeconds: null,
  })
  expect(requests).toBe(0)
  expect(bank.log[0]?.remark).toBe(`connection ${code}, nothing was sent`)
})

it('sends nothing over TLS 1.1', async () => {
  await bankWith({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'not-sent', because: 'connection' })
  expect(requests).toBe(0)
})

it('verifies even where the environment says not to', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  await bankWith(untrusted)
  expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'not-sent', because: 'connection' })
  expect(requests).toBe(0)
})
