/** No order, no token and no secret over a connection whose other end hasn't proven to be the bank. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { NordeaSettings } from '../../src/bank/index.ts'
import {
  bankAt,
  enveloped,
  order,
  saver,
  settingsFor,
  type TestBank,
  wirePayment,
} from '../bank/support/fixtures.ts'
import { authority, selfSigned, validFor } from '../support/certificates.ts'

const trusted = authority('An authority everybody trusts')
const unknown = authority('An authority nobody knows')
const good = trusted.issue('localhost')
const NOT_SENT = { kind: 'not-sent', because: 'connection', retryAfterSeconds: null } as const
const usual = getCACertificates('default')

let server: Server | TcpServer
let bank: TestBank
let requests = 0

beforeAll(() => setDefaultCACertificates([trusted.cert]))
afterAll(() => setDefaultCACertificates(usual))
afterEach(async () => {
  await bank.close()
  await new Promise((resolve) => {
    server.close(resolve)
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
})

/** A bank that takes every order, for whoever gets so far as to send one. */
async function bankWith(tls: TlsOptions, changes: Partial<NordeaSettings> = {}): Promise<TestBank> {
  requests = 0
  server = createServer(tls, (_req, res) => {
    requests += 1
    res.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify(enveloped(wirePayment())))
  })
  server.on('tlsClientError', () => {})
  return bankOn(server, changes)
}

async function bankOn(listening: Server | TcpServer, changes: Partial<NordeaSettings>): Promise<TestBank> {
  listening.listen(0, 'localhost')
  await once(listening, 'listening')
  bank = bankAt(`https://localhost:${(listening.address() as AddressInfo).port}`, {
    allowPlainHttp: false,
    ...changes,
  })
  return bank
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a bank that proves itself over %s gets the order',
  async (version) => {
    await bankWith({ ...good, minVersion: version, maxVersion: version })
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
    expect(requests).toBe(1)
    expect(bank.log).toMatchObject([{ outcome: 'ok', status: 201 }])
  },
)

const REFUSED: [who: string, tls: TlsOptions, code: string][] = [
  [
    'one that an unknown authority vouches for',
    unknown.issue('localhost'),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  ['one that vouches for itself', selfSigned('localhost'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [
    'one whose certificate ended yesterday',
    trusted.issue('localhost', validFor(-30, -1)),
    'CERT_HAS_EXPIRED',
  ],
  [
    'one whose certificate begins tomorrow',
    trusted.issue('localhost', validFor(1, 30)),
    'CERT_NOT_YET_VALID',
  ],
  ['one that is somebody else', trusted.issue('bank.example'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [
    'one whose name only begins like the bank’s',
    trusted.issue('localhost.evil.example'),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    'one that speaks TLS 1.1',
    { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  ],
]

describe.each(REFUSED)('%s', (_who, tls, code) => {
  test('gets no order, which counts as not sent', async () => {
    await bankWith(tls)
    expect(await bank.initiate(order, saver)).toEqual(NOT_SENT)
    expect(await bank.confirm({ bankPaymentIds: ['p-1'], country: 'DK', returnState: 's-1' }, saver)).toEqual(
      [NOT_SENT],
    )
    expect(requests).toBe(0)
  })

  test('gets neither the token nor the app’s secret, and the log says why without them', async () => {
    await bankWith(tls)
    await expect(bank.listAccounts(saver)).rejects.toMatchObject({ kind: 'connection' })
    await expect(bank.refreshTokens('refresh-token-of-the-saver', saver)).rejects.toMatchObject({
      kind: 'connection',
    })
    expect(requests).toBe(0)
    expect(bank.log.map(({ outcome }) => outcome)).toEqual(['connection', 'connection'])
    for (const { remark } of bank.log) expect(remark).toBe(`connection ${code}, nothing was sent`)
    const written = JSON.stringify(bank.log)
    const { clientSecret } = settingsFor('https://bank.example')
    for (const secret of [clientSecret, saver.accessToken, 'refresh-token-of-the-saver'])
      expect(written).not.toContain(secret)
  })
})

describe('whatever else the other end does', () => {
  test('a bank that answers in plain HTTP gets nothing', async () => {
    const plain = createHttpServer((_req, res) => {
      requests += 1
      res.end()
    })
    requests = 0
    server = plain
    await bankOn(plain, {})
    expect(await bank.initiate(order, saver)).toEqual(NOT_SENT)
    expect(requests).toBe(0)
  })

  test('a bank that never finishes the handshake gets nothing', async () => {
    const heard: Buffer[] = []
    server = createTcpServer((socket) => {
      socket.on('data', (chunk) => heard.push(chunk))
      socket.on('error', () => {})
    })
    await bankOn(server, { timeouts: { connectMs: 100, headersMs: 100, bodyMs: 100 } })
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'not-sent', because: 'timeout' })
    expect(Buffer.concat(heard).includes('POST')).toBe(false)
  })

  test('one that is refused is asked anew, and once it proves itself it gets the order', async () => {
    await bankWith(unknown.issue('localhost'))
    expect(await bank.initiate(order, saver)).toEqual(NOT_SENT)
    if ('setSecureContext' in server) server.setSecureContext(good)
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
    expect(requests).toBe(1)
  })
})

describe('no switch turns it off', () => {
  test('the environment can’t', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await bankWith(unknown.issue('localhost'))
    expect(await bank.initiate(order, saver)).toEqual(NOT_SENT)
    expect(requests).toBe(0)
  })

  test('a proxy out of the environment isn’t used either', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9')
    await bankWith(good)
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
  })
})
