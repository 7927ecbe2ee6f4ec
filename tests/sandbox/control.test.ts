/** The control plane: looking into the emulator and steering it, in the same process and over HTTP. */

import { EventEmitter } from 'node:events'
import type { Request, Response } from 'express'
import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { REQUESTS_KEPT, RequestLog } from '../../src/sandbox/request-log.ts'
import {
  CREATE_ORDER,
  call,
  confirmOrder,
  createOrder,
  customerOf,
  EVERYDAY,
  ordered,
  SAVINGS,
  sandboxWith,
} from './support.ts'

const control = (sandbox: Sandbox, method: string, path: string, body?: unknown) =>
  call(sandbox, method, `/__emulator${path}`, { body })

test('moves the clock forward only', async () => {
  const sandbox = await sandboxWith()
  const moved = await control(sandbox, 'POST', '/clock', { advanceMs: 60_000 })
  expect(moved.body).toEqual({ now: '2026-11-20T10:01:00.000Z' })
  expect((await control(sandbox, 'POST', '/clock', { advanceMs: -1 })).status).toBe(422)
  expect((await control(sandbox, 'POST', '/clock', { advanceTo: '2026-11-20T09:00:00Z' })).status).toBe(422)
  const jumped = await control(sandbox, 'POST', '/clock', { advanceTo: '2026-12-01T00:00:00Z' })
  expect(jumped.body).toEqual({ now: '2026-12-01T00:00:00.000Z' })
})

test('shows and changes settings, and refuses unknown ones', async () => {
  const sandbox = await sandboxWith()
  const change = { approval: { aboveMinor: 100 }, settleDelayMs: 5 }
  const changed = await control(sandbox, 'POST', '/settings', change)
  expect(changed.body).toMatchObject(change)
  expect((await control(sandbox, 'GET', '/settings')).body).toEqual(changed.body)
  expect((await control(sandbox, 'POST', '/settings', { colour: 'red' })).status).toBe(422)
})

test('shows the state and the requests', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  await confirmOrder(customer, await ordered(customer))
  sandbox.control.addFault({ route: 'GET *', kind: 'rate-limit' })
  await customer.get('/accounts')
  const { body } = await control(sandbox, 'GET', '/state')
  expect(body).toMatchObject({
    payments: [{ status: 'Paid', amountMinor: 100 }],
    strikes: { 'rate-limit': 1, status: 0 },
    rateLimited: 1,
  })
  const { requests } = (await control(sandbox, 'GET', '/requests')).body
  expect(requests.map((one: { method: string; status: number }) => `${one.method} ${one.status}`)).toEqual([
    'GET 302',
    'POST 200',
    'POST 201',
    'PUT 200',
    'GET 429',
  ])
})

test('is not steered by another page in the browser', async () => {
  const sandbox = await sandboxWith()
  const headers = { Origin: 'https://evil.example' }
  expect((await call(sandbox, 'POST', '/__emulator/reset', { headers })).status).toBe(403)
})

test('is not there unless it is exposed', async () => {
  const sandbox = await sandboxWith({ exposeControl: false })
  expect((await control(sandbox, 'GET', '/state')).status).toBe(404)
})

describe('a reset', () => {
  test('leaves nothing of what was', async () => {
    const sandbox = await sandboxWith()
    const untouched = sandbox.control.accounts()
    const customer = await customerOf(sandbox, 'v4')
    await confirmOrder(customer, await ordered(customer))
    sandbox.control.addFault({ route: CREATE_ORDER, kind: 'status', count: null })
    await createOrder(customer)
    sandbox.control.advanceClock(86_400_000)

    const { body } = await control(sandbox, 'POST', '/reset')
    expect(body).toMatchObject({ payments: [], transactions: 0, faults: [], now: '2026-11-20T10:00:00.000Z' })
    expect(sandbox.control.accounts()).toEqual(untouched)
    expect(sandbox.control.transactions(SAVINGS)).toEqual([])
    expect(sandbox.control.requests()).toEqual([])
    expect((await customer.get('/accounts')).status).toBe(401)
    expect(sandbox.control.imbalance()).toEqual({ DKK: 0, SEK: 0, NOK: 0, EUR: 0 })
  })

  test('starts the second’s calls anew', async () => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, 'v4')
    sandbox.control.changeSettings({ rateLimitPerSecond: 1 })
    expect((await customer.get('/accounts')).status).toBe(429)
    sandbox.control.reset()
    expect((await customer.get('/accounts')).status).toBe(401)
  })

  test('can be had over and over, and orders work the same after each', async () => {
    const sandbox = await sandboxWith()
    for (let round = 0; round < 20; round += 1) {
      const customer = await customerOf(sandbox, 'v4')
      await confirmOrder(customer, await ordered(customer))
      expect(sandbox.control.payments()).toMatchObject([{ status: 'Paid' }])
      expect(sandbox.control.account(EVERYDAY).bookedMinor).toBe(2_499_900)
      sandbox.control.reset()
    }
  })
})

test('of more requests than are kept, the latest are there', () => {
  const log = new RequestLog()
  const note = log.middleware(() => new Date('2026-11-20T10:00:00Z'))
  const ask = (path: string) => {
    const answer = Object.assign(new EventEmitter(), { statusCode: 429, locals: {} })
    note({ method: 'GET', path } as Request, answer as unknown as Response, () => undefined)
    answer.emit('finish')
  }
  const asked = REQUESTS_KEPT * 2 + 5
  for (let nth = 1; nth <= asked; nth += 1) {
    ask(`/${nth}`)
    if (nth === REQUESTS_KEPT + 5) expect(log.list()[0]?.path).toBe('/6')
  }
  expect(log.list()).toHaveLength(REQUESTS_KEPT)
  expect([log.list()[0]?.path, log.list().at(-1)?.path]).toEqual([`/${REQUESTS_KEPT + 6}`, `/${asked}`])
  expect(log.rateLimited).toBe(asked)
})
