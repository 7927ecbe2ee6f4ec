/** A process that was stopped must not send when it wakes: by then somebody else may have taken its work over. */
import { channel } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openTransport, type Transport, type WireRequest } from '../../src/bank/nordea/transport.ts'
import { bankAt, enveloped, order, PATIENT, saver, type TestBank, wirePayment } from './support/fixtures.ts'
import { json, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

const LATE = { kind: 'not-sent', because: 'timeout', retryAfterSeconds: null }
const request: WireRequest = { method: 'POST', target: '/', headers: {}, body: '{}' }
/** Undici says so in the very moment it is connected, just before it writes. */
const connected = channel('undici:client:connected')
const connecting = channel('undici:client:beforeConnect')
const now = performance.now.bind(performance)

let server: ScriptedBank
let transport: Transport
let whenConnected: () => void
let connections: number
let aheadMs: number

const listenConnected = () => whenConnected()
const listenConnecting = () => {
  connections += 1
}

beforeEach(async () => {
  whenConnected = () => {}
  connections = 0
  aheadMs = 0
  connected.subscribe(listenConnected)
  connecting.subscribe(listenConnecting)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs)
  server = await startScriptedBank()
  transport = openTransport(server.url, PATIENT)
})

afterEach(async () => {
  vi.restoreAllMocks()
  connected.unsubscribe(listenConnected)
  connecting.unsubscribe(listenConnecting)
  await transport.close()
  await server.close()
})

/** What the bank has heard once a later call has come and gone, so that nothing can still be on its way. */
async function heard(): Promise<string[]> {
  whenConnected = () => {}
  expect((await transport.send({ ...request, target: '/after' })).status).toBe(200)
  return server.calls.map(({ target }) => target)
}

describe('the transport', () => {
  it('writes nothing if the process stood still while connecting until the time was over', async () => {
    const sendBefore = now() + 100
    whenConnected = () => standStillUntil(sendBefore)
    const sending = transport.send({ ...request, sendBefore })
    await expect(sending).rejects.toMatchObject({ failure: 'too-late', written: false, status: null })
    expect(connections).toBe(1)
    expect(await heard()).toEqual(['/after'])
  })

  it('writes nothing once its own deadline has passed, though no timer has fired yet', async () => {
    whenConnected = () => {
      aheadMs = PATIENT.connectMs + PATIENT.headersMs + PATIENT.bodyMs
    }
    const sending = transport.send(request)
    await expect(sending).rejects.toMatchObject({ failure: 'too-late', written: false })
    expect(await heard()).toEqual(['/after'])
  })

  it('does not even connect when it is too late from the start', async () => {
    for (const sendBefore of [now() - 1, Number.NaN]) {
      await expect(transport.send({ ...request, sendBefore })).rejects.toMatchObject({
        failure: 'too-late',
        written: false,
      })
    }
    expect(connections).toBe(0)
  })

  it('waits for the answer however late it is, once the request is written in time', async () => {
    server.script = (_call, res) => {
      aheadMs = 5_000
      json(res, 200, {})
    }
    expect((await transport.send({ ...request, sendBefore: now() + 4_000 })).status).toBe(200)
  })
})

describe('an act with a time to be sent in', () => {
  const confirm = { bankPaymentIds: ['payment-1', 'payment-2'], country: 'DK', returnState: 's' } as const
  const hurried = { ...saver, sendWithinMs: 4_000 }
  const open: TestBank[] = []
  const connect = (...args: [changes?: Parameters<typeof bankAt>[1]]) => {
    const bank = bankAt(server.url, ...args)
    open.push(bank)
    return bank
  }

  beforeEach(() => {
    server.script = (_call, res) => json(res, 200, enveloped(wirePayment()))
  })

  afterEach(async () => {
    for (const bank of open.splice(0)) await bank.close()
  })

  it('goes while there is time', async () => {
    expect(await connect().initiate(order, hurried)).toMatchObject({ kind: 'order' })
  })

  it.each([0, -1, Number.NaN])('is not sent with %d ms left, nor logged', async (sendWithinMs) => {
    for (const bank of [connect(), connect({ profile: 'paper' })]) {
      expect(await bank.initiate(order, { ...saver, sendWithinMs })).toEqual(LATE)
      expect(await bank.confirm(confirm, { ...saver, sendWithinMs })).toEqual([LATE, LATE])
      expect(bank.log).toEqual([])
    }
    expect(server.calls).toHaveLength(0)
  })

  it('is not sent by a process that stood still while connecting', async () => {
    whenConnected = () => standStillUntil(now() + 100)
    const bank = connect()
    expect(await bank.initiate(order, { ...saver, sendWithinMs: 100 })).toEqual(LATE)
    expect(bank.log).toEqual([])
    expect(server.calls).toHaveLength(0)
    expect(await bank.initiate(order, hurried)).toMatchObject({ kind: 'order' })
  })

  it('spends its time at the gate too, and the gate hears nothing of it', async () => {
    const report = vi.fn(async () => {})
    const enter = async () => {
      aheadMs += 4_001
      return { kind: 'go' } as const
    }
    expect(await connect({ gate: { enter, report } }).initiate(order, hurried)).toEqual(LATE)
    expect(report).not.toHaveBeenCalled()
    expect(server.calls).toHaveLength(0)
  })

  it('has one time for all its confirmations', async () => {
    server.script = (_call, res) => {
      aheadMs += 4_001
      json(res, 200, enveloped(wirePayment()))
    }
    expect(await connect({ profile: 'paper' }).confirm(confirm, hurried)).toMatchObject([
      { kind: 'order', order: { bankPaymentId: 'payment-1' } },
      LATE,
    ])
    expect(server.calls).toHaveLength(1)
  })

  it('has one time for looking and deleting', async () => {
    server.script = (_call, res) => {
      aheadMs += 4_001
      json(res, 200, enveloped(wirePayment()))
    }
    expect(await connect().deleteOrder?.('payment-1', 'DK', hurried)).toEqual(LATE)
    expect(server.calls.map(({ method }) => method)).toEqual(['GET'])
  })

  it('does not hurry calls that only read', async () => {
    const bank = connect()
    expect(await bank.order('payment-1', 'DK', { ...saver, sendWithinMs: 0 })).toMatchObject({
      kind: 'order',
    })
  })
})

/** As a stopped process does: no timer fires, no event is seen. */
function standStillUntil(then: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, then - now()) + 5)
}
