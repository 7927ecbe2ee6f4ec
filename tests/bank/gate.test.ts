/** The gate in front of the bank's host: asked before every call, told after it, and never in the way of an outcome. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bank, BankGate, NordeaSettings } from '../../src/bank/index.ts'
import { bankAt, enveloped, findOrder, IMPATIENT, order, saver, wirePayment } from './support/fixtures.ts'
import { json, type Script, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

type Turn = Awaited<ReturnType<BankGate['enter']>>

const GO: Turn = { kind: 'go' }
const CLOSED: Turn = { kind: 'closed', forMs: 1_500 }
const { accessToken: _token, ...anonymous } = saver
const confirm = { bankPaymentIds: ['payment-1', 'payment-2'], country: 'DK', returnState: 'state-1' } as const

let server: ScriptedBank
/** What happened, in its order: the gate's turns and reports, and the calls that reached the bank. */
let course: unknown[]
/** The turns the gate gives; the last one for ever. */
let turns: (Turn | Error)[]
let reporting: Error | null
const open: { close(): Promise<void> }[] = []

const gate: BankGate = {
  async enter() {
    const turn = turns.length > 1 ? turns.shift() : turns[0]
    course.push('enter')
    if (turn instanceof Error) throw turn
    return turn ?? GO
  },
  async report(outcome, pauseMs) {
    course.push([outcome, pauseMs])
    if (reporting) throw reporting
  },
}

function connect(changes: Partial<NordeaSettings> = {}) {
  const bank = bankAt(server.url, { gate, ...changes })
  open.push(bank)
  return bank
}

function answer(script: Script): void {
  server.script = (call, res, req) => {
    course.push(call.method)
    script(call, res, req)
  }
}

/** Runs `act` and gives the names of the warnings the process has issued by its end. */
async function warningsOf(act: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = []
  const listen = ({ name }: Error) => void names.push(name)
  process.on('warning', listen)
  await act()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  return names
}

beforeEach(async () => {
  server = await startScriptedBank()
  course = []
  turns = [GO]
  reporting = null
  answer((_call, res) => json(res, 200, enveloped({ accounts: [], payments: [] })))
})

afterEach(async () => {
  for (const bank of open.splice(0)) await bank.close()
  await server.close()
})

const READS: [name: string, act: (bank: Bank) => Promise<unknown>][] = [
  ['listing accounts', (bank) => bank.listAccounts(saver)],
  ['reading an account', (bank) => bank.account('a', saver)],
  ['reading transactions', (bank) => bank.transactions('a', { from: '2026-11-01', to: '2026-11-20' }, saver)],
  ['listing orders', (bank) => bank.listOrders('DK', saver)],
]
const LINKING: typeof READS = [
  [
    'beginning a consent',
    (bank) => bank.beginConsent({ state: 's', country: 'DK', durationMinutes: 1 }, anonymous),
  ],
  ['exchanging a code', (bank) => bank.exchangeCode('code', anonymous)],
  ['refreshing tokens', (bank) => bank.refreshTokens('refresh', anonymous)],
  ['revoking', (bank) => bank.revoke('token', anonymous)],
]
const ORDERS: typeof READS = [
  ['initiating', (bank) => bank.initiate(order, saver)],
  ['confirming', (bank) => bank.confirm(confirm, saver)],
  ['asking about an order', (bank) => bank.order('payment-1', 'DK', saver)],
  ['finding an order', (bank) => findOrder(bank, order.externalId)],
]

describe.each([...READS, ...LINKING, ...ORDERS])('%s', (_name, act) => {
  it('waits for its turn before it goes and reports afterwards, call by call', async () => {
    const bank = connect()
    await act(bank).catch(() => {})
    expect(course.length).toBeGreaterThan(0)
    expect(bank.log).toHaveLength(course.length / 3)
    for (let at = 0; at < course.length; at += 3) {
      expect(course.slice(at, at + 3)).toEqual(['enter', expect.any(String), ['answered', null]])
    }
  })

  it('sends nothing and logs nothing while the gate is closed', async () => {
    turns = [CLOSED]
    const bank = connect()
    const resting = expect.objectContaining({ retryAfterSeconds: 2 })
    const result = await act(bank).catch((error: unknown) => error)
    expect([result].flat()).toEqual([result].flat().map(() => resting))
    expect(JSON.stringify(result)).toContain('"resting"')
    expect(course).toEqual(['enter'])
    expect(bank.log).toEqual([])
  })

  it('fails before anything is sent if the gate cannot be asked', async () => {
    turns = [new Error('the gate is down')]
    const bank = connect()
    await expect(act(bank)).rejects.toThrow('the gate is down')
    expect(course).toEqual(['enter'])
    expect(bank.log).toEqual([])
  })
})

describe('a gate that is closed', () => {
  const notSent = { kind: 'not-sent', because: 'resting', retryAfterSeconds: 2 }

  it('means that no order was sent, confirmed or deleted', async () => {
    turns = [CLOSED]
    for (const bank of [connect(), connect({ profile: 'paper' })]) {
      expect(await bank.initiate(order, saver)).toEqual(notSent)
      expect(await bank.confirm(confirm, saver)).toEqual([notSent, notSent])
      if (bank.deleteOrder) expect(await bank.deleteOrder('payment-1', 'DK', saver)).toEqual(notSent)
    }
    expect(server.calls).toHaveLength(0)
  })

  it('is not asked again for the rest of the orders', async () => {
    turns = [CLOSED, GO]
    expect(await connect({ profile: 'paper' }).confirm(confirm, saver)).toEqual([notSent, notSent])
    expect(course).toEqual(['enter'])
  })

  it('leaves a list half read unknown, with the calls that went in the log', async () => {
    turns = [GO, CLOSED]
    answer((_call, res) => json(res, 200, enveloped({ payments: [wirePayment({ external_id: 'other' })] })))
    const bank = connect()
    expect(await findOrder(bank, order.externalId)).toEqual({ ...notSent, kind: 'unknown' })
    expect(bank.log).toHaveLength(1)
  })
})

describe('the gate is told', () => {
  const HANGS: Script = () => {}
  it.each<[what: string, script: Script, report: unknown]>([
    ['a good answer', (_call, res) => json(res, 201, enveloped(wirePayment())), ['answered', null]],
    ['an unreadable answer', (_call, res) => json(res, 200, '<html>'), ['answered', null]],
    ['a refusal', (_call, res) => json(res, 404, ''), ['answered', null]],
    ['a limit', (_call, res) => json(res, 429, ''), ['answered', null]],
    ['a limit with a wish', (_call, res) => json(res, 429, '', { 'Retry-After': '7' }), ['answered', 7_000]],
    [
      'the wish of one refusal',
      (_call, res) => json(res, 409, '', { 'Retry-After': '7' }),
      ['answered', null],
    ],
    ['a failure', (_call, res) => json(res, 500, '', { 'Retry-After': '7' }), ['failed', null]],
    [
      'a failure with a wish',
      (_call, res) => json(res, 503, '', { 'Retry-After': '30' }),
      ['failed', 30_000],
    ],
    ['a broken connection', (_call, _res, req) => req.socket.resetAndDestroy(), ['failed', null]],
    ['a time-out', HANGS, ['failed', null]],
  ])('of %s', async (_what, script, report) => {
    answer(script)
    await connect(script === HANGS ? { timeouts: IMPATIENT } : {}).initiate(order, saver)
    expect(course).toEqual(['enter', 'POST', report])
  })

  it('of a bank nobody can connect to', async () => {
    const bank = connect()
    await server.close()
    await bank.initiate(order, saver)
    expect(course).toEqual(['enter', ['failed', null]])
    server = await startScriptedBank()
  })

  it('nothing of a call that never went for a reason of our own', async () => {
    await connect().initiate(order, { ...saver, accessToken: 'a\r\nInjected: yes' })
    expect(course).toEqual(['enter'])
  })
})

describe('a gate that breaks', () => {
  it('does not hide what an order came to, but the process warns', async () => {
    reporting = new Error('the gate is down')
    answer((_call, res) => json(res, 201, enveloped(wirePayment())))
    const bank = connect()
    const warnings = await warningsOf(async () => {
      expect(await bank.initiate(order, saver)).toMatchObject({ kind: 'order' })
    })
    expect(warnings).toEqual(['BankGateNotTold'])
    expect(bank.log).toHaveLength(1)
  })

  it('takes reading down with it, which is in the log all the same', async () => {
    reporting = new Error('the gate is down')
    const bank = connect()
    await expect(bank.listAccounts(saver)).rejects.toThrow('the gate is down')
    expect(bank.log).toMatchObject([{ api: 'accounts.list', outcome: 'ok' }])
  })

  it('is told even where the log is what fails', async () => {
    const bank = connect({
      onCall: () => {
        throw new Error('the log is down')
      },
    })
    await expect(bank.listAccounts(saver)).rejects.toThrow('the log is down')
    expect(course).toEqual(['enter', 'GET', ['answered', null]])
  })

  it('before the first of several confirmations fails them all', async () => {
    turns = [new Error('the gate is down')]
    await expect(connect({ profile: 'paper' }).confirm(confirm, saver)).rejects.toThrow('the gate is down')
    expect(course).toEqual(['enter'])
  })

  it('between two confirmations does not take the outcome of the first along', async () => {
    turns = [GO, new Error('the gate is down')]
    answer((_call, res) => json(res, 200, enveloped(wirePayment({ payment_status: 'Confirmed' }))))
    const bank = connect({ profile: 'paper' })
    const warnings = await warningsOf(async () => {
      expect(await bank.confirm(confirm, saver)).toMatchObject([
        { kind: 'order', order: { bankPaymentId: 'payment-1', status: { kind: 'accepted' } } },
        { kind: 'unknown', because: 'connection' },
      ])
    })
    expect(warnings).toEqual(['BankCallBroken'])
    expect(server.calls).toHaveLength(1)
  })
})
