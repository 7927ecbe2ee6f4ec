/** State survives restarts, orderly and not; and the emulator as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import {
  CALLBACK,
  call,
  customerOf,
  EVERYDAY,
  exchange,
  type Json,
  optionsWith,
  order,
  PREFIX,
  SAVINGS,
  stateFile,
} from './support.ts'

test('accounts, payments, tokens and the clock are there after a restart, and money has moved once', async () => {
  const options = optionsWith({ stateFile: stateFile(), settleDelayMs: 1_000 })
  const before = await startSandbox(options)
  const customer = await customerOf(before, 'v4')
  const { body } = await customer.send('POST', '/payments/domestic', order('20.00'))
  const id = body.response._id
  await customer.send('PUT', `/payments/domestic/${id}/confirm`)
  before.control.advanceClock(1_500)
  expect(before.control.payments()[0]?.status).toBe('Confirmed')
  const accounts = before.control.accounts()
  await before.close()

  const after = await startSandbox(options)
  onTestFinished(() => after.close())
  expect(after.control.accounts()).toEqual(accounts)
  expect(after.control.now()).toEqual(new Date('2026-11-20T10:00:01.500Z'))
  after.control.advanceClock(500)
  const headers = {
    'X-IBM-Client-Id': 'app-1',
    'X-IBM-Client-Secret': 'app-secret',
    Signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX',
    Authorization: `Bearer ${customer.tokens.access_token}`,
  }
  const shown = await call(after, 'GET', `${PREFIX.v4}/payments/domestic/${id}`, { headers })
  expect(shown.body.response.payment_status).toBe('Paid')
  expect(after.control.account(SAVINGS).bookedMinor).toBe(102_000)
  expect(after.control.imbalance()).toEqual({ DKK: 0, SEK: 0, NOK: 0, EUR: 0 })
  const { refresh_token } = customer.tokens
  expect((await exchange(after, 'v4', { grant_type: 'refresh_token', refresh_token })).status).toBe(200)
})

test('a reset empties the state file too', async () => {
  const options = optionsWith({ stateFile: stateFile() })
  const before = await startSandbox(options)
  const customer = await customerOf(before, 'v4')
  await customer.send('POST', '/payments/domestic', order('20.00'))
  before.control.advanceClock(60_000)
  before.control.reset()
  const fresh = before.control.accounts()
  await before.close()
  const after = await startSandbox(options)
  onTestFinished(() => after.close())
  expect(after.control.payments()).toEqual([])
  expect(after.control.accounts()).toEqual(fresh)
  expect(after.control.now()).toEqual(new Date('2026-11-20T10:00:00Z'))
})

test('a state file is not seeded twice, and what was deleted stays away', async () => {
  const options = optionsWith({ stateFile: stateFile() })
  for (const expected of [true, false]) {
    const sandbox = await startSandbox(options)
    const customer = await customerOf(sandbox, 'v4')
    await customer.send('POST', `/accounts/${EVERYDAY}/transactions`, {
      amount: 1,
      currency: 'DKK',
      status: 'billed',
    })
    expect(sandbox.control.account(EVERYDAY).bookedMinor === 2_500_100).toBe(expected)
    await sandbox.close()
  }
})

test('what fails leaves nothing half done', async () => {
  const sandbox = await startSandbox(optionsWith({ stateFile: stateFile() }))
  onTestFinished(() => sandbox.close())
  const customer = await customerOf(sandbox, 'v4')
  const { body } = await customer.send('POST', '/payments/domestic', order('1.00'))
  const wrong = { payments_ids: [body.response._id], redirect_url: 'https://evil.example/' }
  expect((await customer.send('PUT', '/payments/domestic/confirm', wrong)).status).toBe(400)
  expect(sandbox.control.payments()[0]?.status).toBe('PendingConfirmation')
})

test('thousands of payments stay fast', async () => {
  const sandbox = await startSandbox(optionsWith({ stateFile: stateFile(), settleDelayMs: 1_000 }))
  onTestFinished(() => sandbox.close())
  const customer = await customerOf(sandbox, 'v4')
  const create = async () => {
    const { body } = await customer.send('POST', '/payments/domestic', order('0.01'))
    await customer.send('PUT', `/payments/domestic/${body.response._id}/confirm`)
  }
  for (let batch = 0; batch < 20; batch += 1) await Promise.all(Array.from({ length: 50 }, create))
  sandbox.control.advanceClock(10_000)
  expect(sandbox.control.payments().every(({ status }) => status === 'Paid')).toBe(true)
  expect(sandbox.control.account(SAVINGS).bookedMinor).toBe(101_000)
}, 30_000)

describe('as a process', () => {
  const environment = (file: string, change: Record<string, string> = {}) => ({
    PATH: process.env.PATH ?? '',
    SANDBOX_PORT: '0',
    SANDBOX_STATE_FILE: file,
    NORDEA_CLIENT_ID: 'app-1',
    NORDEA_CLIENT_SECRET: 'app-secret',
    SANDBOX_REDIRECT_URIS: CALLBACK,
    SANDBOX_CONSENT: 'straight-back',
    SANDBOX_SETTLE_DELAY_MS: '0',
    ...change,
  })

  function start(env: Record<string, string>, ipc = false): ChildProcess {
    const main = join(import.meta.dirname, '../../src/sandbox/main.ts')
    const child = spawn(process.execPath, [main], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc' as const] : [])],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  /** What the calls of these tests need of a sandbox, for one in another process. */
  async function ready(child: ChildProcess): Promise<Sandbox> {
    for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
      const url = /^sandbox listening on (http:\S+)$/.exec(line)?.[1]
      if (url) return { url } as Sandbox
    }
    throw new Error('it never said that it listens')
  }

  async function exitOf(child: ChildProcess): Promise<unknown> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode
    const [code, signal] = await once(child, 'exit')
    return code ?? signal
  }

  test('what was answered survives kill -9', async () => {
    const file = stateFile()
    const first = start(environment(file))
    const customer = await customerOf(await ready(first), 'v4')
    const answered: string[] = []
    const orderUntilKilled = async () => {
      for (;;) {
        const { body } = await customer.send('POST', '/payments/domestic', order('1.00'))
        const id: string = body.response._id
        const { status } = await customer.send('PUT', `/payments/domestic/${id}/confirm`)
        if (status === 200) answered.push(id)
        if (answered.length >= 20) first.kill('SIGKILL')
      }
    }
    await Promise.allSettled(Array.from({ length: 5 }, orderUntilKilled))
    await exitOf(first)

    const second = await ready(start(environment(file)))
    const state = await call(second, 'GET', '/__emulator/state')
    const paid = state.body.payments.filter((payment: Json) => payment.status === 'Paid')
    expect(paid.map((payment: Json) => payment.id)).toEqual(expect.arrayContaining(answered))
    const everyday = state.body.accounts.find((account: Json) => account.bban === EVERYDAY)
    expect(everyday.bookedMinor).toBe(2_500_000 - 100 * paid.length)
    expect(state.body.imbalance).toEqual({ DKK: 0, SEK: 0, NOK: 0, EUR: 0 })
  }, 20_000)

  test('SIGTERM ends it with 0, and nothing is said on stderr', async () => {
    const child = start(environment(stateFile()))
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    await ready(child)
    child.kill('SIGTERM')
    expect(await exitOf(child)).toBe(0)
    expect(said).toBe('')
  }, 20_000)

  test('it goes when its parent goes', async () => {
    const child = start(environment(stateFile()), true)
    await ready(child)
    child.disconnect()
    expect(await exitOf(child)).toBe(0)
  }, 20_000)

  test('every setting that is missing or wrong is named', async () => {
    const child = start(environment(stateFile(), { NORDEA_CLIENT_SECRET: '', SANDBOX_APPROVAL: 'sometimes' }))
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    expect(await exitOf(child)).toBe(1)
    expect(said).toMatch(/NORDEA_CLIENT_SECRET is missing.*SANDBOX_APPROVAL/)
  }, 20_000)
})
