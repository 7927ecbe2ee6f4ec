/** Trouble on demand, and the control plane it is asked for through. */

import { describe, expect, test, vi } from 'vitest'
import type { FaultOrder, Sandbox } from '../../src/sandbox/index.ts'
import { CREDENTIALS, type Customer, call, customerOf, EVERYDAY, order, sandboxWith } from './support.ts'

const CREATE = 'POST /personal/v4/payments/*'

async function underFault(fault: FaultOrder): Promise<{ sandbox: Sandbox; customer: Customer }> {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  sandbox.control.addFault(fault)
  return { sandbox, customer }
}

const create = (customer: Customer) => customer.send('POST', '/payments/domestic', order('1.00'))

test('status: 500 without acting, as often as asked, then all is well', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'status', status: 503, count: 2 })
  expect([(await create(customer)).status, (await create(customer)).status]).toEqual([503, 503])
  expect(sandbox.control.payments()).toEqual([])
  expect((await create(customer)).status).toBe(201)
  expect(sandbox.control.faults()).toEqual([])
})

test('drop-before: the connection breaks and nothing has happened', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'drop-before' })
  await expect(create(customer)).rejects.toThrow()
  expect(sandbox.control.payments()).toEqual([])
})

test('drop-after: the connection breaks and the order is there', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'drop-after' })
  await expect(create(customer)).rejects.toThrow()
  expect(sandbox.control.payments()).toHaveLength(1)
  expect(sandbox.control.requests().at(-1)).toMatchObject({ method: 'POST', status: 0, fault: 'drop-after' })
})

test('rate-limit: 429 in the gateway’s shape with Retry-After', async () => {
  const { customer } = await underFault({ route: CREATE, kind: 'rate-limit', retryAfterSeconds: 7 })
  const { status, headers, body } = await create(customer)
  expect([status, headers.get('retry-after'), body.httpCode]).toEqual([429, '7', '429'])
})

test('delay: the call is handled later, but handled', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'delay', delayMs: 20 })
  expect((await create(customer)).status).toBe(201)
  expect(sandbox.control.requests().at(-1)?.path).toBe('/personal/v4/payments/domestic')
})

test('delay: the order is there even if the caller gave up waiting', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'delay', delayMs: 50 })
  const impatient = fetch(`${sandbox.url}/personal/v4/payments/domestic`, {
    method: 'POST',
    headers: { ...CREDENTIALS, Authorization: `Bearer ${customer.tokens.access_token}` },
    body: JSON.stringify(order('1.00')),
    signal: AbortSignal.timeout(20),
  })
  await expect(impatient).rejects.toThrow()
  await vi.waitFor(() => expect(sandbox.control.payments()).toHaveLength(1), { timeout: 4_000 })
})

test('closing does not wait for a delay', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE, kind: 'delay', delayMs: 100_000 })
  const waiting = create(customer).catch(() => 'broken')
  while (sandbox.control.faults().length > 0) await new Promise((resolve) => setImmediate(resolve))
  await sandbox.close()
  expect(await waiting).toBe('broken')
})

test('other routes are left alone', async () => {
  const { customer } = await underFault({ route: 'GET /personal/v4/payments/domestic/:id', kind: 'status' })
  expect((await customer.get('/payments/domestic')).status).toBe(200)
  expect((await customer.get('/payments/domestic/1')).status).toBe(500)
})

test('the dice fall the same way for the same seed', async () => {
  const fault: FaultOrder = { route: '* *', kind: 'status', count: null, probability: 0.5, seed: 7 }
  const falls = async () => {
    const { customer } = await underFault(fault)
    const statuses: number[] = []
    for (let nth = 0; nth < 20; nth += 1) statuses.push((await customer.get('/accounts')).status)
    return statuses
  }
  const first = await falls()
  expect(new Set(first)).toEqual(new Set([200, 500]))
  expect(await falls()).toEqual(first)
})

describe('the control plane', () => {
  const control = (sandbox: Sandbox, method: string, path: string, body?: unknown) =>
    call(sandbox, method, `/__emulator${path}`, { body })

  test('takes, lists and clears faults, and refuses kinds it does not know', async () => {
    const sandbox = await sandboxWith()
    const added = await control(sandbox, 'POST', '/faults', { route: '* *', kind: 'status' })
    expect([added.status, added.body.count, added.body.status]).toEqual([201, 1, 500])
    expect((await control(sandbox, 'GET', '/faults')).body.faults).toHaveLength(1)
    expect((await control(sandbox, 'POST', '/faults', { route: '* *', kind: 'earthquake' })).status).toBe(422)
    expect((await control(sandbox, 'POST', '/faults', { route: 'nowhere', kind: 'status' })).status).toBe(422)
    expect((await control(sandbox, 'DELETE', `/faults/${added.body.id}`)).status).toBe(204)
    expect((await control(sandbox, 'GET', '/faults')).body.faults).toEqual([])
  })

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
    const changed = await control(sandbox, 'POST', '/settings', {
      approval: { aboveMinor: 100 },
      settleDelayMs: 5,
    })
    expect(changed.body).toMatchObject({ approval: { aboveMinor: 100 }, settleDelayMs: 5 })
    expect((await control(sandbox, 'GET', '/settings')).body).toEqual(changed.body)
    expect((await control(sandbox, 'POST', '/settings', { colour: 'red' })).status).toBe(422)
  })

  test('shows the state and the requests, and resets them', async () => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, 'v4')
    await customer.send('PUT', `/payments/domestic/${(await create(customer)).body.response._id}/confirm`)
    const { body } = await control(sandbox, 'GET', '/state')
    expect(body.payments).toMatchObject([{ status: 'Paid', amountMinor: 100 }])
    const { requests } = (await control(sandbox, 'GET', '/requests')).body
    expect(requests.map((one: { method: string; status: number }) => `${one.method} ${one.status}`)).toEqual([
      'GET 302',
      'POST 200',
      'POST 201',
      'PUT 200',
    ])
    const fresh = (await control(sandbox, 'POST', '/reset')).body
    expect(fresh.payments).toEqual([])
    expect(sandbox.control.account(EVERYDAY).bookedMinor).toBe(2_500_000)
    expect((await customer.get('/accounts')).status).toBe(401)
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
})
