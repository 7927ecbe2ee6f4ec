/** Trouble in front of the bank: the call is answered, or not, without having had any effect. */

import { describe, expect, test, vi } from 'vitest'
import { createOrderPlainly, untilGivenUp, untilStruck } from './plain-client.ts'
import { CREATE_ORDER, createOrder, customerOf, sandboxWith, underFault } from './support.ts'

describe('status', () => {
  test.each([
    [400, 'error.validation'],
    [401, 'error.token.invalid'],
    [403, 'error.resource.denied'],
    [404, 'error.resource.notfound'],
    [409, 'nordea.error.payment.update.illegal_state'],
    [418, 'error.request'],
    [500, 'error.internal'],
    [503, 'error.internal'],
  ])('%i is answered as the interface would, without acting', async (status, code) => {
    const { sandbox, customer } = await underFault({ route: CREATE_ORDER, kind: 'status', status })
    const reply = await createOrder(customer)
    expect([reply.status, reply.body.error.failures[0].code]).toEqual([status, code])
    expect(reply.body.group_header.http_code).toBe(status)
    expect(sandbox.control.payments()).toEqual([])
    expect(sandbox.control.requests().at(-1)).toMatchObject({ status, fault: 'status' })
  })

  test('504 is answered as the gateway would, where that is asked for', async () => {
    const fault = { route: CREATE_ORDER, kind: 'status', status: 504, answeredBy: 'gateway' } as const
    const { sandbox, customer } = await underFault(fault)
    const { status, body } = await createOrder(customer)
    expect(status).toBe(504)
    expect(body).toMatchObject({ httpCode: '504', httpMessage: 'Gateway Timeout' })
    expect(sandbox.control.payments()).toEqual([])
  })
})

describe('rate-limit', () => {
  test('is 429 in the gateway’s shape with Retry-After, without acting', async () => {
    const fault = { route: CREATE_ORDER, kind: 'rate-limit', retryAfterSeconds: 7 } as const
    const { sandbox, customer } = await underFault(fault)
    const { status, headers, body } = await createOrder(customer)
    expect([status, headers.get('retry-after'), body.httpCode]).toEqual([429, '7', '429'])
    expect(sandbox.control.payments()).toEqual([])
  })

  test('is counted together with calls that really were too many, until the reset', async () => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, 'v4')
    sandbox.control.changeSettings({ rateLimitPerSecond: 1 })
    sandbox.control.advanceClock(1_000)
    const statuses = [await customer.get('/accounts'), await customer.get('/accounts')]
    sandbox.control.addFault({ route: '* *', kind: 'rate-limit' })
    statuses.push(await customer.get('/accounts'))
    expect(statuses.map(({ status }) => status)).toEqual([200, 429, 429])
    sandbox.control.clearRequests()
    expect(sandbox.control.rateLimited()).toBe(2)
    sandbox.control.reset()
    expect(sandbox.control.rateLimited()).toBe(0)
  })
})

test('drop-before: the connection breaks and nothing has happened', async () => {
  const { sandbox, customer } = await underFault({ route: CREATE_ORDER, kind: 'drop-before' })
  await expect(createOrder(customer)).rejects.toThrow()
  expect(sandbox.control.payments()).toEqual([])
  expect(sandbox.control.requests().at(-1)).toMatchObject({ status: 0, fault: 'drop-before' })
})

describe('timeout-before', () => {
  test('says nothing until the caller gives up, and has done nothing then', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'timeout-before' })
    const { control } = trouble.sandbox
    const open = createOrderPlainly(trouble)
    await untilStruck(trouble.sandbox, 'timeout-before')
    expect(control.requests().at(-1)?.status).toBeNull()
    open.giveUp()
    await expect(open.head).rejects.toThrow()
    await untilGivenUp(trouble.sandbox)
    expect(control.payments()).toEqual([])
  })

  test('does not keep the emulator from closing', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'timeout-before' })
    const open = createOrderPlainly(trouble)
    await untilStruck(trouble.sandbox, 'timeout-before')
    await trouble.sandbox.close()
    await expect(open.head).rejects.toThrow('socket hang up')
  })
})

describe('delay', () => {
  test('the call is handled later, but handled', async () => {
    const { sandbox, customer } = await underFault({ route: CREATE_ORDER, kind: 'delay', delayMs: 20 })
    expect((await createOrder(customer)).status).toBe(201)
    expect(sandbox.control.requests().at(-1)).toMatchObject({ status: 201, fault: 'delay' })
  })

  test('the order is there even if the caller gave up waiting', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'delay', delayMs: 100 })
    const open = createOrderPlainly(trouble)
    await untilStruck(trouble.sandbox, 'delay')
    expect(trouble.sandbox.control.payments()).toEqual([])
    open.giveUp()
    await untilGivenUp(trouble.sandbox)
    await vi.waitFor(() => expect(trouble.sandbox.control.payments()).toHaveLength(1), { timeout: 4_000 })
  })

  test('closing does not wait for it', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'delay', delayMs: 100_000 })
    const open = createOrderPlainly(trouble)
    await untilStruck(trouble.sandbox, 'delay')
    await trouble.sandbox.close()
    await expect(open.head).rejects.toThrow('socket hang up')
  })
})
