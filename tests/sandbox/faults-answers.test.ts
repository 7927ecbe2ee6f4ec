/** Trouble on the way back: the order is placed every time, and what the caller hears of it is seen byte by byte. */

import { describe, expect, test } from 'vitest'
import type { FaultOrder } from '../../src/sandbox/index.ts'
import {
  createOrderPlainly,
  type OpenCall,
  receive,
  refreshPlainly,
  untilGivenUp,
  untilStruck,
} from './plain-client.ts'
import {
  authorize,
  CREATE_ORDER,
  codeIn,
  createOrder,
  exchangeCode,
  ordered,
  PREFIX,
  sandboxWith,
  showOrder,
  type Trouble,
  underFault,
} from './support.ts'

const LONGEST_MS = 120_000

async function orderedUnder(fault: FaultOrder): Promise<Trouble & { open: OpenCall }> {
  const trouble = await underFault(fault)
  return { ...trouble, open: createOrderPlainly(trouble) }
}

/** The fault came up in the log and the order in the store, once. */
function expectPlaced({ sandbox: { control } }: Trouble, kind: string, status: number | null): void {
  expect(control.payments()).toMatchObject([{ status: 'PendingConfirmation', amountMinor: 100 }])
  expect(control.requests().at(-1)).toMatchObject({ method: 'POST', status, fault: kind })
}

describe('status-after', () => {
  test('the gateway answers 502 although the order is placed', async () => {
    const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'status-after' })
    const { status, headers, text } = await receive(trouble.open)
    expect([status, headers['content-length']]).toEqual([502, String(text.length)])
    expect(JSON.parse(text)).toMatchObject({ httpCode: '502', httpMessage: 'Bad Gateway' })
    expectPlaced(trouble, 'status-after', 502)
  })

  test('the interface answers 500 where that is asked for', async () => {
    const fault = { kind: 'status-after', status: 500, answeredBy: 'interface' } as const
    const trouble = await orderedUnder({ route: CREATE_ORDER, ...fault })
    const { status, text } = await receive(trouble.open)
    expect(status).toBe(500)
    expect(JSON.parse(text).error.failures).toMatchObject([{ code: 'error.internal' }])
    expectPlaced(trouble, 'status-after', 500)
  })

  test('nothing of a redirect is left', async () => {
    const sandbox = await sandboxWith()
    sandbox.control.addFault({ route: 'GET */authorize', kind: 'status-after' })
    const { status, headers } = await authorize(sandbox, 'v4')
    expect([status, headers.get('location')]).toEqual([502, null])
  })
})

test('drop-after: the connection breaks and the order is placed', async () => {
  const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'drop-after' })
  await expect(trouble.open.head).rejects.toThrow('socket hang up')
  expectPlaced(trouble, 'drop-after', 0)
})

describe('timeout-after', () => {
  test('the order is placed and the caller hears nothing until it gives up', async () => {
    const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'timeout-after' })
    await untilStruck(trouble.sandbox, 'timeout-after')
    expectPlaced(trouble, 'timeout-after', null)
    trouble.open.giveUp()
    await expect(trouble.open.head).rejects.toThrow('socket hang up')
    await untilGivenUp(trouble.sandbox)
  })

  test('does not keep the emulator from closing', async () => {
    const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'timeout-after' })
    await untilStruck(trouble.sandbox, 'timeout-after')
    await trouble.sandbox.close()
    await expect(trouble.open.head).rejects.toThrow('socket hang up')
  })
})

describe.each(['drop-after', 'timeout-after'] as const)('%s on a refresh', (kind) => {
  test('loses the new tokens although the old refresh token is used up', async () => {
    const trouble = await underFault({ route: `POST ${PREFIX.v4}/authorize/token`, kind })
    const lost = refreshPlainly(trouble)
    await untilStruck(trouble.sandbox, kind)
    lost.giveUp()
    await expect(lost.head).rejects.toThrow('socket hang up')
    const again = await receive(refreshPlainly(trouble))
    expect(again.status).toBe(401)
    expect(JSON.parse(again.text).error.failures).toMatchObject([{ code: 'error.token.invalid' }])
  })
})

describe('slow-headers', () => {
  const fault = { route: CREATE_ORDER, kind: 'slow-headers' } as const

  test('the whole answer comes later', async () => {
    const trouble = await orderedUnder({ ...fault, delayMs: 20 })
    const { status, text, complete } = await receive(trouble.open)
    expect([status, complete]).toEqual([201, true])
    expect(JSON.parse(text).response.payment_status).toBe('PendingConfirmation')
    expectPlaced(trouble, 'slow-headers', 201)
  })

  test('the order is placed before the head is sent', async () => {
    const trouble = await orderedUnder({ ...fault, delayMs: LONGEST_MS })
    await untilStruck(trouble.sandbox, 'slow-headers')
    expectPlaced(trouble, 'slow-headers', null)
    await trouble.sandbox.close()
    await expect(trouble.open.head).rejects.toThrow('socket hang up')
  })

  test('nothing is made of a caller who has given up', async () => {
    const trouble = await orderedUnder({ ...fault, delayMs: 20 })
    await untilStruck(trouble.sandbox, 'slow-headers')
    trouble.open.giveUp()
    await untilGivenUp(trouble.sandbox)
    expect((await createOrder(trouble.customer)).status).toBe(201)
  })
})

describe('slow-body', () => {
  const fault = { route: CREATE_ORDER, kind: 'slow-body' } as const

  test('the body drips in, whole in the end', async () => {
    const trouble = await orderedUnder({ ...fault, delayMs: 50 })
    const { status, headers, text, pieces, complete } = await receive(trouble.open)
    expect([status, complete]).toEqual([201, true])
    expect(headers['content-length']).toBe(String(text.length))
    expect(pieces).toBeGreaterThan(1)
    expect(JSON.parse(text).response.payment_status).toBe('PendingConfirmation')
    expectPlaced(trouble, 'slow-body', 201)
  })

  test('the head is there long before', async () => {
    const trouble = await orderedUnder({ ...fault, delayMs: LONGEST_MS })
    expect((await trouble.open.head).statusCode).toBe(201)
    expectPlaced(trouble, 'slow-body', null)
    await trouble.sandbox.close()
    expect(await receive(trouble.open)).toMatchObject({ status: 201, text: '', complete: false })
  })
})

test('malformed-json: the right status and length, and a body that is no JSON', async () => {
  const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'malformed-json' })
  const { status, headers, text, complete } = await receive(trouble.open)
  expect([status, complete, headers['content-length']]).toEqual([201, true, String(text.length)])
  expect(headers['content-type']).toContain('application/json')
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
  expect(text).toContain("'payment_status':'PendingConfirmation'")
  expectPlaced(trouble, 'malformed-json', 201)
})

test('truncated-json: the length of the whole, and half of it before the connection ends', async () => {
  const trouble = await orderedUnder({ route: CREATE_ORDER, kind: 'truncated-json' })
  const { status, headers, text, complete } = await receive(trouble.open)
  expect([status, complete]).toEqual([201, false])
  expect(text.length).toBe(Math.floor(Number(headers['content-length']) / 2))
  expect(text).toMatch(/^{"group_header"/)
  await untilGivenUp(trouble.sandbox)
  expectPlaced(trouble, 'truncated-json', 0)
})

test.each([
  { kind: 'malformed-json' },
  { kind: 'truncated-json' },
  { kind: 'slow-body', delayMs: 5 },
] as const)('$kind: an answer without a body has none to be spoilt', async (fault) => {
  const sandbox = await sandboxWith()
  sandbox.control.addFault({ route: 'GET */authorize', ...fault })
  const code = codeIn(await authorize(sandbox, 'v4'))
  expect((await exchangeCode(sandbox, 'v4', code)).status).toBe(200)
  expect(sandbox.control.strikes()[fault.kind]).toBe(1)
})

describe('duplicate-answer', () => {
  const fault = { route: CREATE_ORDER, kind: 'duplicate-answer' } as const

  test('the order is placed and answered with the very bytes of the one before', async () => {
    const trouble = await underFault({ ...fault, skip: 1 })
    const first = await receive(createOrderPlainly(trouble))
    const second = await receive(createOrderPlainly(trouble))
    expect([second.status, second.text]).toEqual([201, first.text])
    expect(trouble.sandbox.control.payments()).toHaveLength(2)
    expect(trouble.sandbox.control.requests().at(-1)?.fault).toBe('duplicate-answer')
    expect((await receive(createOrderPlainly(trouble))).text).not.toBe(first.text)
  })

  test('refusals are not repeated, nor answers of other routes', async () => {
    const { sandbox, customer } = await underFault({
      route: 'GET */payments/domestic/:id',
      kind: fault.kind,
      skip: 2,
    })
    const [first, second] = [await ordered(customer), await ordered(customer)]
    expect((await showOrder(customer, first))._id).toBe(first)
    expect((await customer.get('/payments/domestic/nobody')).status).toBe(404)
    await customer.get('/payments/domestic')
    expect((await showOrder(customer, second))._id).toBe(first)
    expect(sandbox.control.strikes()['duplicate-answer']).toBe(1)
  })

  test('with nothing to repeat the answer is right, after a reset too', async () => {
    const trouble = await orderedUnder(fault)
    const { text } = await receive(trouble.open)
    const placed = trouble.sandbox.control.payments()
    expect(JSON.parse(text).response._id).toBe(placed[0]?.id)
    trouble.sandbox.control.reset()
    trouble.sandbox.control.addFault({ route: 'GET */authorize', kind: fault.kind })
    const code = codeIn(await authorize(trouble.sandbox, 'v4'))
    expect((await exchangeCode(trouble.sandbox, 'v4', code)).status).toBe(200)
  })
})
