/** A bank that hangs, breaks off, floods and lies: what moves money must know whether it may have moved. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BankError, type BankTroubleKind, type OrderOutcome } from '../../src/bank/index.ts'
import {
  bankAt,
  enveloped,
  failures,
  findOrder,
  IMPATIENT,
  order,
  saver,
  type TestBank,
  wirePayment,
} from './support/fixtures.ts'
import { json, type Script, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

let server: ScriptedBank
let bank: TestBank

beforeEach(async () => {
  server = await startScriptedBank()
  bank = bankAt(server.url)
})

afterEach(async () => {
  await server.close()
  await bank.close()
})

async function beImpatient(): Promise<void> {
  await bank.close()
  bank = bankAt(server.url, { timeouts: IMPATIENT })
}

const confirm = { bankPaymentIds: ['payment-1'], country: 'DK', returnState: 'state-1' } as const
const unknown = (because: BankTroubleKind): OrderOutcome => ({
  kind: 'unknown',
  because,
  retryAfterSeconds: null,
})

const TROUBLE: [what: string, script: Script, because: BankTroubleKind][] = [
  ['never answers', () => {}, 'timeout'],
  [
    'stops in the middle of its answer',
    (_call, res) => {
      res.writeHead(201, { 'Content-Type': 'application/json' })
      res.write('{"response":{')
    },
    'timeout',
  ],
  ['breaks the connection after reading', (_call, _res, req) => req.socket.resetAndDestroy(), 'connection'],
  [
    'promises more than it sends',
    (_call, res, req) => {
      res.writeHead(201, { 'Content-Length': '1000' })
      res.write('{"half":', () => req.socket.end())
    },
    'connection',
  ],
  [
    'answers with half of its JSON',
    (_call, res) => json(res, 201, '{"response":{"_id":"payment-1",'),
    'unreadable',
  ],
  ['answers with a page of HTML', (_call, res) => json(res, 200, '<html>Welcome</html>'), 'unreadable'],
  ['answers with nothing', (_call, res) => json(res, 204, ''), 'unreadable'],
  ['answers with an empty success', (_call, res) => json(res, 201, {}), 'unreadable'],
  ['redirects', (_call, res) => json(res, 307, '', { Location: 'https://elsewhere.example/' }), 'unreadable'],
  ['answers without end', (_call, res) => flood(res, 201), 'unreadable'],
  ['fails', (_call, res) => json(res, 500, failures('error.internal')), 'server-error'],
  [
    'answers through a broken gateway',
    (_call, res) => json(res, 502, '<html>Bad gateway</html>'),
    'server-error',
  ],
]

describe.each(TROUBLE)('when the bank %s', (_what, script, because) => {
  beforeEach(async () => {
    server.script = script
    if (because === 'timeout') await beImpatient()
  })

  it('nobody knows whether it took a new order, and it was asked once', async () => {
    expect(await bank.initiate(order, saver)).toEqual(unknown(because))
    expect(server.calls).toHaveLength(1)
    expect(bank.log).toMatchObject([{ api: 'payments.initiate', outcome: because }])
  })

  it('nobody knows whether it took the confirmation, and it was asked once', async () => {
    expect(await bank.confirm(confirm, saver)).toEqual([unknown(because)])
    expect(server.calls).toHaveLength(1)
  })

  it('an order cannot be looked up, and is never called absent', async () => {
    expect(await bank.order('payment-1', 'DK', saver)).toEqual(unknown(because))
    expect(await findOrder(bank, order.externalId)).toEqual(unknown(because))
  })

  it('reading accounts fails with our own error', async () => {
    await expect(bank.listAccounts(saver)).rejects.toMatchObject({ name: 'BankError', kind: because })
  })
})

it('passes on when to come back, also where nobody knows what the bank did', async () => {
  server.script = (_call, res) => json(res, 503, '', { 'Retry-After': '30' })
  const busy = { kind: 'unknown', because: 'server-error', retryAfterSeconds: 30 }
  expect(await bank.initiate(order, saver)).toEqual(busy)
  expect(await bank.confirm(confirm, saver)).toEqual([busy])
  expect(await bank.order('payment-1', 'DK', saver)).toEqual(busy)
  expect(await bank.deleteOrder?.('payment-1', 'DK', saver)).toEqual({ ...busy, kind: 'not-sent' })
})

describe('when the bank certainly did not act', () => {
  it('because nobody listens, the order was not sent', async () => {
    await server.close()
    expect(await bank.initiate(order, saver)).toEqual({
      kind: 'not-sent',
      because: 'connection',
      retryAfterSeconds: null,
    })
    expect(await bank.confirm(confirm, saver)).toMatchObject([{ kind: 'not-sent' }])
    expect(bank.log[0]).toMatchObject({
      outcome: 'connection',
      remark: 'connection ECONNREFUSED, nothing was sent',
    })
  })

  it('because its name does not exist, the order was not sent', async () => {
    const nowhere = bankAt('http://bank.invalid')
    expect(await nowhere.initiate(order, saver)).toMatchObject({ kind: 'not-sent' })
    await nowhere.close()
  })

  it('because the client was closed, the order was not sent', async () => {
    await bank.close()
    expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'not-sent' })
    expect(server.calls).toHaveLength(0)
    bank = bankAt(server.url)
  })

  it('because the token cannot stand in a header, the order was not sent', async () => {
    const broken = { ...saver, accessToken: 'a\r\nInjected: yes' }
    expect(await bank.initiate(order, broken)).toMatchObject({ kind: 'not-sent', because: 'invalid-request' })
    expect(server.calls).toHaveLength(0)
  })

  it.each([
    [401, 'error.token.expired', 'token-expired'],
    [401, 'error.token.invalid', 'token-invalid'],
    [401, 'error.signature.invalid', 'client-refused'],
    [403, 'error.resource.denied', 'consent-denied'],
  ])('because it answered %i %s, the order was not sent', async (status, code, because) => {
    server.script = (_call, res) => json(res, status, failures(code))
    const expected = { kind: 'not-sent', because, retryAfterSeconds: null }
    expect(await bank.initiate(order, saver)).toEqual(expected)
    expect(await bank.confirm(confirm, saver)).toEqual([expected])
    expect(await bank.order('payment-1', 'DK', saver)).toEqual(expected)
  })

  it.each([
    ['30', 30],
    ['Fri, 20 Nov 2026 12:05:00 GMT', 300],
    [null, null],
  ])(
    'because of its limits, it says when to come back: Retry-After %s',
    async (header, retryAfterSeconds) => {
      server.script = (_call, res) =>
        json(
          res,
          429,
          { httpCode: '429', httpMessage: 'x', moreInformation: 'Assembly Rate Limit exceeded' },
          {
            ...(header === null ? {} : { 'Retry-After': header }),
          },
        )
      expect(await bank.initiate(order, saver)).toEqual({
        kind: 'not-sent',
        because: 'rate-limited',
        retryAfterSeconds,
      })
      expect(await findOrder(bank, order.externalId)).toMatchObject({ retryAfterSeconds })
      await expect(bank.listAccounts(saver)).rejects.toMatchObject({
        kind: 'rate-limited',
        retryAfterSeconds,
      })
    },
  )

  it('because it found fault with the order, the order is rejected', async () => {
    server.script = (_call, res) =>
      json(res, 400, failures('error.validation', { path: 'creditor.account.value' }))
    expect(await bank.initiate(order, saver)).toEqual({
      kind: 'rejected',
      reason: 'creditor-account',
      code: 'error.validation',
    })
  })

  it('because the order was impossible from the start, it is rejected without a call', async () => {
    expect(await bank.initiate({ ...order, amountMinor: 0 }, saver)).toMatchObject({
      kind: 'rejected',
      reason: 'invalid-order',
    })
    expect(server.calls).toHaveLength(0)
  })
})

describe('a connection that breaks before the bank has read anything', () => {
  let raw: Server
  const sockets = new Set<Socket>()

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => raw.close(resolve))
  })

  it('still counts as unknown, because bytes had left', async () => {
    raw = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('readable', () => socket.resetAndDestroy())
    })
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    const broken = bankAt(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`)
    expect(await broken.initiate(order, saver)).toEqual(unknown('connection'))
    await broken.close()
    expect(sockets.size).toBe(1)
  })
})

describe('with limits of twenty milliseconds', () => {
  const SHORT = { connectMs: 20, headersMs: 20, bodyMs: 20 }

  beforeEach(async () => {
    await bank.close()
    bank = bankAt(server.url, { timeouts: SHORT })
  })

  it('gives up a bank that hangs, before undici’s half-second timers would', async () => {
    server.script = () => {}
    for (let count = 0; count < 3; count += 1)
      expect(await bank.initiate(order, saver)).toEqual(unknown('timeout'))
    expect(Math.min(...bank.log.map(({ durationMs }) => durationMs))).toBeLessThan(400)
  })

  it('hears a bank that answers at once, and knows what it never heard of', async () => {
    server.script = (_call, res) => json(res, 201, enveloped(wirePayment()))
    const outcomes: OrderOutcome[] = []
    for (let count = 0; count < 20; count += 1) outcomes.push(await bank.initiate(order, saver))
    const sent = outcomes.filter(({ kind }) => kind !== 'not-sent')
    expect(outcomes.map(({ kind }) => kind)).toContain('order')
    expect(server.calls.length).toBeLessThanOrEqual(sent.length)
  })
})

it('gives up a body that drips a byte at a time', async () => {
  await beImpatient()
  let timer: NodeJS.Timeout | undefined
  server.script = (_call, res) => {
    res.writeHead(200)
    timer = setInterval(() => res.write(' '), 20)
  }
  const result = await bank.initiate(order, saver)
  clearInterval(timer)
  expect(result).toEqual(unknown('timeout'))
  expect(bank.log[0]?.durationMs).toBeLessThan(2_000)
})

it('stops reading long before sixty megabytes', async () => {
  let sent = 0
  server.script = (_call, res) =>
    flood(res, 200, (bytes) => {
      sent += bytes
    })
  await expect(bank.listAccounts(saver)).rejects.toBeInstanceOf(BankError)
  expect(sent).toBeLessThan(20_000_000)
})

it('recovers: after a broken connection the next call works', async () => {
  server.script = (_call, _res, req) => req.socket.resetAndDestroy()
  await bank.initiate(order, saver)
  server.script = (_call, res) => json(res, 201, enveloped(wirePayment()))
  expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
})

it('keeps its connections instead of opening one a call', async () => {
  const ports = new Set<number | undefined>()
  server.script = (_call, res, req) => {
    ports.add(req.socket.remotePort)
    json(res, 200, enveloped(wirePayment()))
  }
  for (let count = 0; count < 20; count += 1) await bank.order('payment-1', 'DK', saver)
  expect(ports.size).toBeLessThanOrEqual(2)
})

/** Sixty megabytes, as fast as they are read. */
function flood(res: Parameters<Script>[1], status: number, count: (bytes: number) => void = () => {}): void {
  const piece = Buffer.alloc(1_000_000, 'a')
  let left = 60
  res.writeHead(status, { 'Content-Type': 'application/json' })
  const more = (): void => {
    while (left > 0) {
      left -= 1
      count(piece.length)
      if (!res.write(piece)) return void res.once('drain', more)
    }
    res.end()
  }
  more()
}
