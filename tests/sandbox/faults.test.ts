/** Arming trouble: which calls it strikes, how often, and where that is told. What each kind does stands beside this. */

import { describe, expect, test } from 'vitest'
import type { FaultOrder } from '../../src/sandbox/index.ts'
import { call, createOrder, customerOf, sandboxWith, underFault } from './support.ts'

const ACCOUNTS: FaultOrder = { route: 'GET */accounts', kind: 'status' }

/** The statuses of so many calls, one after the other. */
async function statusesUnder(fault: FaultOrder, calls: number): Promise<number[]> {
  const { customer } = await underFault(fault)
  const statuses: number[] = []
  for (let nth = 0; nth < calls; nth += 1) statuses.push((await customer.get('/accounts')).status)
  return statuses
}

test('a fault strikes as often as asked and is then forgotten', async () => {
  const { sandbox, customer } = await underFault({ ...ACCOUNTS, count: 2 })
  expect((await customer.get('/accounts')).status).toBe(500)
  expect(sandbox.control.faults()).toMatchObject([{ kind: 'status', count: 1 }])
  expect((await customer.get('/accounts')).status).toBe(500)
  expect(sandbox.control.faults()).toEqual([])
  expect((await customer.get('/accounts')).status).toBe(200)
})

test('a fault without a count strikes until it is cleared', async () => {
  const { sandbox, customer } = await underFault({ ...ACCOUNTS, count: null })
  for (let nth = 0; nth < 5; nth += 1) expect((await customer.get('/accounts')).status).toBe(500)
  sandbox.control.clearFaults()
  expect((await customer.get('/accounts')).status).toBe(200)
})

test('as many matching calls as asked are let through first, and others do not count', async () => {
  const { sandbox, customer } = await underFault({ ...ACCOUNTS, skip: 2 })
  expect((await customer.get('/assets')).status).toBe(200)
  expect((await customer.get('/accounts')).status).toBe(200)
  expect(sandbox.control.faults()).toMatchObject([{ skip: 1, count: 1 }])
  expect((await customer.get('/accounts')).status).toBe(200)
  expect((await customer.get('/accounts')).status).toBe(500)
  expect((await customer.get('/accounts')).status).toBe(200)
})

test('other routes are left alone', async () => {
  const { customer } = await underFault({ route: 'GET /personal/v4/payments/domestic/:id', kind: 'status' })
  expect((await customer.get('/payments/domestic')).status).toBe(200)
  expect((await customer.get('/payments/domestic/1')).status).toBe(500)
})

test('the dice fall the same way for the same seed', async () => {
  const fault: FaultOrder = { ...ACCOUNTS, count: null, probability: 0.5, seed: 7 }
  const first = await statusesUnder(fault, 20)
  expect(new Set(first)).toEqual(new Set([200, 500]))
  expect(await statusesUnder(fault, 20)).toEqual(first)
})

test('calls let through first do not shift the dice', async () => {
  const fault: FaultOrder = { ...ACCOUNTS, count: null, probability: 0.5, seed: 7 }
  const dice = await statusesUnder(fault, 10)
  expect(await statusesUnder({ ...fault, skip: 3 }, 13)).toEqual([200, 200, 200, ...dice])
})

test('delays add up with one other kind, and the log names both', async () => {
  const { sandbox, customer } = await underFault({ ...ACCOUNTS, kind: 'delay', delayMs: 1 })
  sandbox.control.addFault({ ...ACCOUNTS, status: 503 })
  sandbox.control.addFault({ ...ACCOUNTS, status: 504 })
  expect((await customer.get('/accounts')).status).toBe(503)
  expect(sandbox.control.requests().at(-1)).toMatchObject({ status: 503, fault: 'delay, status' })
  expect((await customer.get('/accounts')).status).toBe(504)
})

test('strikes are counted by kind until the reset, clearing or not', async () => {
  const { sandbox, customer } = await underFault({ ...ACCOUNTS, count: 2 })
  sandbox.control.addFault({ route: 'POST *', kind: 'drop-after' })
  await customer.get('/accounts')
  await customer.get('/accounts')
  await customer.get('/accounts')
  await expect(createOrder(customer)).rejects.toThrow()
  sandbox.control.clearFaults()
  expect(sandbox.control.strikes()).toMatchObject({ status: 2, 'drop-after': 1, delay: 0 })
  const state = await call(sandbox, 'GET', '/__emulator/state')
  expect(state.body.strikes).toEqual(sandbox.control.strikes())
  sandbox.control.reset()
  expect(new Set(Object.values(sandbox.control.strikes()))).toEqual(new Set([0]))
})

describe('an order for a fault is refused with its reasons', () => {
  const wrong: [string, Record<string, unknown>, string][] = [
    ['of an unknown kind', { kind: 'earthquake' }, 'kind'],
    ['without a route', { kind: 'drop-before', route: undefined }, 'route'],
    ['with a route that names no method', { kind: 'drop-before', route: '/v3/accounts' }, 'route'],
    ['with a setting of another kind', { kind: 'drop-before', delayMs: 5 }, ''],
    ['to skip less than nothing', { kind: 'drop-before', skip: -1 }, 'skip'],
    ['to strike not at all', { kind: 'drop-before', count: 0 }, 'count'],
    ['more than certain', { kind: 'drop-before', probability: 1.5 }, 'probability'],
    ['with a status that is no error', { kind: 'status', status: 302 }, 'status'],
    ['with the caller’s mistake after acting', { kind: 'status-after', status: 404 }, 'status'],
    ['slow without saying how slow', { kind: 'slow-body' }, 'delayMs'],
    ['with an amount off by nothing', { kind: 'wrong-amount', byMinor: 0 }, 'byMinor'],
    ['with an outcome the bank does not know', { kind: 'course', outcome: 'lottery' }, 'outcome'],
    ['with a course where nothing is confirmed', { kind: 'course', route: 'GET *' }, 'route'],
    ['with late orders where none are shown', { kind: 'late-status', route: 'POST *' }, 'route'],
  ]

  test.each(wrong)('%s', async (_why, order, path) => {
    const sandbox = await sandboxWith()
    const body = { route: '* *', ...order }
    const { status, body: answer } = await call(sandbox, 'POST', '/__emulator/faults', { body })
    expect(status).toBe(422)
    const paths = answer.issues.map((issue: { path: string[] }) => issue.path.join('.'))
    expect(paths).toContain(path)
    expect(sandbox.control.faults()).toEqual([])
  })
})

test('over HTTP a fault is taken with its defaults filled in, listed and cleared', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  const body = { route: 'GET *', kind: 'status-after', skip: 1 }
  const added = await call(sandbox, 'POST', '/__emulator/faults', { body })
  expect(added.status).toBe(201)
  expect(added.body).toEqual({
    id: expect.any(String),
    ...body,
    count: 1,
    probability: 1,
    seed: 1,
    status: 502,
    answeredBy: 'gateway',
  })
  expect((await call(sandbox, 'GET', '/__emulator/faults')).body.faults).toEqual([added.body])
  expect((await call(sandbox, 'DELETE', `/__emulator/faults/${added.body.id}`)).status).toBe(204)
  expect((await call(sandbox, 'GET', '/__emulator/faults')).body.faults).toEqual([])
  await customer.get('/accounts')
  expect((await customer.get('/accounts')).status).toBe(200)
})
