/** One clock for the whole bank: whatever ends, starts or counts in it does so when the control plane says, to the millisecond. */

import { expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  authorize,
  type Customer,
  call,
  codeIn,
  confirmOrder,
  createOrder,
  customerOf,
  EVERYDAY,
  exchange,
  exchangeCode,
  ordered,
  sandboxWith,
  showOrder,
} from './support.ts'

const statusOf = async (customer: Customer, id: string) => (await showOrder(customer, id)).payment_status

async function advance(sandbox: Sandbox, milliseconds: number): Promise<void> {
  const body = { advanceMs: milliseconds }
  expect((await call(sandbox, 'POST', '/__emulator/clock', { body })).status).toBe(200)
}

test('a code ends with its last second', async () => {
  const sandbox = await sandboxWith({ codeSeconds: 30 })
  const [used, late] = [codeIn(await authorize(sandbox, 'v4')), codeIn(await authorize(sandbox, 'v4'))]
  await advance(sandbox, 29_999)
  expect((await exchangeCode(sandbox, 'v4', used)).status).toBe(200)
  await advance(sandbox, 1)
  expect((await exchangeCode(sandbox, 'v4', late)).status).toBe(400)
})

test('an access token ends with its last second, and the next lasts as long', async () => {
  const sandbox = await sandboxWith({ accessTokenSeconds: 60 })
  const customer = await customerOf(sandbox, 'v4')
  await advance(sandbox, 59_999)
  expect((await customer.get('/accounts')).status).toBe(200)
  await advance(sandbox, 1)
  expect((await customer.get('/accounts')).status).toBe(401)
  const { refresh_token } = customer.tokens
  const { body } = await exchange(sandbox, 'v4', { grant_type: 'refresh_token', refresh_token })
  const headers = { Authorization: `Bearer ${body.access_token}` }
  await advance(sandbox, 59_999)
  expect((await customer.get('/accounts', headers)).status).toBe(200)
  await advance(sandbox, 1)
  expect((await customer.get('/accounts', headers)).status).toBe(401)
})

test('a consent ends with its last minute, refresh token and all', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4', { duration: 2 })
  const { refresh_token } = customer.tokens
  const refresh = (token: string) =>
    exchange(sandbox, 'v4', { grant_type: 'refresh_token', refresh_token: token })
  await advance(sandbox, 119_999)
  const { status, body } = await refresh(refresh_token)
  expect(status).toBe(200)
  await advance(sandbox, 1)
  expect((await refresh(body.refresh_token)).status).toBe(401)
})

test('an order waits for approval until its time is over', async () => {
  const sandbox = await sandboxWith({ approval: 'always', approvalSeconds: 120 })
  const customer = await customerOf(sandbox, 'v4')
  const id = await ordered(customer)
  await confirmOrder(customer, id)
  await advance(sandbox, 119_999)
  expect(await statusOf(customer, id)).toBe('PendingUserApproval')
  await advance(sandbox, 1)
  expect(await statusOf(customer, id)).toBe('UserApprovalTimeout')
})

test('a sign-in page lasts as long as an approval', async () => {
  const sandbox = await sandboxWith({ consentMode: 'pages', approvalSeconds: 120 })
  const location = (await authorize(sandbox, 'v4')).headers.get('location') ?? ''
  const open = async () => (await call(sandbox, 'GET', location.replace(sandbox.url, ''))).status
  await advance(sandbox, 119_999)
  expect(await open()).toBe(200)
  await advance(sandbox, 1)
  expect(await open()).toBe(410)
})

test('an order settles step by step, and each step counts from its own instant', async () => {
  const sandbox = await sandboxWith({ settleDelayMs: 10_000 })
  const customer = await customerOf(sandbox, 'v4')
  const id = await ordered(customer)
  await confirmOrder(customer, id)
  await advance(sandbox, 9_999)
  expect(await statusOf(customer, id)).toBe('PendingUserApproval')
  await advance(sandbox, 10_000)
  expect(await statusOf(customer, id)).toBe('Confirmed')
  await advance(sandbox, 1)
  expect(await statusOf(customer, id)).toBe('Paid')
})

test('a booking belongs to the day it happened, however late somebody looks', async () => {
  const sandbox = await sandboxWith({ settleDelayMs: 10_000 })
  const customer = await customerOf(sandbox, 'v4')
  await confirmOrder(customer, await ordered(customer))
  await advance(sandbox, 30 * 24 * 3_600_000)
  expect(sandbox.control.transactions(EVERYDAY)).toMatchObject([{ bookingDate: '2026-11-20' }])
})

test('the rate limit counts the seconds of the bank', async () => {
  const sandbox = await sandboxWith({ rateLimitPerSecond: 1 })
  const ask = async () => (await authorize(sandbox, 'v4')).status
  expect([await ask(), await ask()]).toEqual([302, 429])
  await advance(sandbox, 999)
  expect(await ask()).toBe(429)
  await advance(sandbox, 1)
  expect([await ask(), await ask()]).toEqual([302, 429])
})

test('answers, orders and the request log carry the time of the bank', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  await advance(sandbox, 90_000)
  const { headers, body } = await createOrder(customer)
  expect(headers.get('date')).toBe('Fri, 20 Nov 2026 10:01:30 GMT')
  expect(body.group_header.creation_date_time).toBe('2026-11-20T10:01:30.000Z')
  expect(body.response.entry_date_time).toBe('2026-11-20T10:01:30.000Z')
  expect(sandbox.control.requests().at(-1)?.at).toBe('2026-11-20T10:01:30.000Z')
})

test('moving to where the clock stands already changes nothing', async () => {
  const sandbox = await sandboxWith()
  await advance(sandbox, 0)
  expect(sandbox.control.now()).toEqual(new Date('2026-11-20T10:00:00Z'))
})
