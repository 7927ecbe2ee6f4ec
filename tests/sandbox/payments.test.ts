/** The way of a payment in every version, from the order to the money on the other account. */

import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  type Customer,
  customerOf,
  EVERYDAY,
  type Json,
  order,
  type Reply,
  SAVINGS,
  sandboxWith,
  type Version,
} from './support.ts'

interface Way {
  version: Version
  create: string
  /** Where one is shown, and several are confirmed. */
  list: string
  confirm(customer: Customer, id: string): Promise<Reply>
}

const confirmMany = (path: string) => (customer: Customer, id: string) =>
  customer.send('PUT', path, { payments_ids: [id] })

const ways: Record<string, Way> = {
  'v3 domestic': {
    version: 'v3',
    create: '/payments/domestic',
    list: '/payments/domestic',
    confirm: (customer, id) => customer.send('PUT', `/payments/domestic/${id}/confirm`),
  },
  'v4 domestic': {
    version: 'v4',
    create: '/payments/domestic',
    list: '/payments/domestic',
    confirm: confirmMany('/payments/domestic/confirm'),
  },
  'v4 domestic, one by one': {
    version: 'v4',
    create: '/payments/domestic',
    list: '/payments/domestic',
    confirm: (customer, id) => customer.send('PUT', `/payments/domestic/${id}/confirm`),
  },
  'v5 confirmed at /confirm': {
    version: 'v5',
    create: '/payments/domestic-credit-transfers',
    list: '/payments',
    confirm: confirmMany('/payments/confirm'),
  },
  'v5 confirmed at the list': {
    version: 'v5',
    create: '/payments/domestic-credit-transfers',
    list: '/payments',
    confirm: confirmMany('/payments'),
  },
}

function orderFor(version: Version, amount: string): Json {
  const { amount: flat, currency, ...rest } = order(amount)
  return version === 'v5'
    ? { instructed_amount: { amount: flat, currency }, ...rest }
    : { amount: flat, currency, ...rest }
}

function balances(sandbox: Sandbox, number: string) {
  const { bookedMinor, availableMinor } = sandbox.control.account(number)
  return [bookedMinor, availableMinor]
}

async function ordered(
  customer: Customer,
  amount: string,
  extra: Record<string, unknown> = {},
): Promise<string> {
  const { body } = await customer.send('POST', '/payments/domestic', order(amount, extra))
  return body.response._id
}

const statusOf = async (customer: Customer, id: string, list = '/payments/domestic') =>
  (await customer.get(`${list}/${id}`)).body.response.payment_status

describe.each(Object.entries(ways))('%s', (_name, { version, create, list, confirm }) => {
  test('an order is confirmed, reserved and paid, each a delay after the one before, and moves its amount once', async () => {
    const sandbox = await sandboxWith({ settleDelayMs: 10_000 })
    const customer = await customerOf(sandbox, version)

    const created = await customer.send('POST', create, orderFor(version, '12.50'))
    expect(created.status).toBe(201)
    expect(created.body.response).toMatchObject({
      payment_status: 'PendingConfirmation',
      external_id: 'order-1',
    })
    const id = created.body.response._id

    expect((await confirm(customer, id)).status).toBe(200)
    expect(await statusOf(customer, id, list)).toBe('PendingUserApproval')
    expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_500_000])

    sandbox.control.advanceClock(10_000)
    expect(await statusOf(customer, id, list)).toBe('Confirmed')
    expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_498_750])

    sandbox.control.advanceClock(10_000)
    expect(await statusOf(customer, id, list)).toBe('Paid')
    expect(await statusOf(customer, id, list)).toBe('Paid')
    expect(balances(sandbox, EVERYDAY)).toEqual([2_498_750, 2_498_750])
    expect(balances(sandbox, SAVINGS)).toEqual([101_250, 101_250])
    expect(sandbox.control.transactions()).toHaveLength(2)
  })

  test('the list shows it', async () => {
    const customer = await customerOf(await sandboxWith(), version)
    const created = await customer.send('POST', create, orderFor(version, '1.00'))
    const { body } = await customer.get(list)
    expect(body.response.payments.map((payment: Json) => payment._id)).toEqual([created.body.response._id])
  })
})

test('with no delay confirming shows Confirmed, and the next look shows Paid', async () => {
  const customer = await customerOf(await sandboxWith(), 'v3')
  const id = await ordered(customer, '5.00')
  const { body } = await customer.send('PUT', `/payments/domestic/${id}/confirm`)
  expect(body.response.payment_status).toBe('Confirmed')
  expect(await statusOf(customer, id)).toBe('Paid')
})

test('both sides get a transaction with the message and the reference', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  await customer.send('PUT', `/payments/domestic/${await ordered(customer, '5.00')}/confirm`)
  const [debit] = sandbox.control.transactions(EVERYDAY)
  const [credit] = sandbox.control.transactions(SAVINGS)
  const texts = { message: 'Ref 123', reference: 'RF18539007547034' }
  expect(debit).toMatchObject({ amountMinor: -500, texts: { ...texts, own_message: 'Saved' } })
  expect(credit).toMatchObject({ amountMinor: 500, texts })
})

test('an amount may come as a number', async () => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  const { body } = await customer.send('POST', '/payments/domestic', order(1230.45))
  expect(body.response.amount).toBe('1230.45')
})

test('a payment without funds ends as InsufficientFunds with AM04 when it is executed', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  const id = await ordered(customer, '99999.00')
  await customer.send('PUT', `/payments/domestic/${id}/confirm`)
  const { body } = await customer.get(`/payments/domestic/${id}`)
  expect(body.response.payment_status).toBe('InsufficientFunds')
  expect(body.response.tpp_messages).toMatchObject([{ category: 'ERROR', code: 'AM04' }])
  expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_500_000])
})

test('money to an account elsewhere leaves the bank', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v3')
  const account = { _type: 'IBAN', value: 'FI1350001520000081' }
  const id = await ordered(customer, '10.00', { creditor: { account, name: 'Elsewhere' } })
  await customer.send('PUT', `/payments/domestic/${id}/confirm`)
  expect(await statusOf(customer, id)).toBe('Paid')
  expect(sandbox.control.transactions()).toHaveLength(1)
  expect(sandbox.control.imbalance()).toEqual({ DKK: 0, SEK: 0, NOK: 0, EUR: 0 })
})

test('money to an account of another currency is rejected with AC03, and nothing moves', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  const account = { _type: 'IBAN', value: sandbox.control.account('41351300039').iban }
  const id = await ordered(customer, '10.00', { creditor: { account, name: 'Sweden' } })
  await customer.send('PUT', `/payments/domestic/${id}/confirm`)
  const { body } = await customer.get(`/payments/domestic/${id}`)
  expect(body.response).toMatchObject({ payment_status: 'Rejected', tpp_messages: [{ code: 'AC03' }] })
  expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_500_000])
})

test('the same external id twice is two orders', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4')
  expect(await ordered(customer, '1.00')).not.toBe(await ordered(customer, '1.00'))
  expect(sandbox.control.payments()).toHaveLength(2)
})

describe('confirming', () => {
  test('twice while it is under way is a conflict, and after it is paid an illegal state', async () => {
    const sandbox = await sandboxWith({ settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v3')
    const id = await ordered(customer, '1.00')
    await customer.send('PUT', `/payments/domestic/${id}/confirm`)
    const again = await customer.send('PUT', `/payments/domestic/${id}/confirm`)
    expect([again.status, again.body.error.failures[0].code]).toEqual([
      409,
      'nordea.error.payment.confirm.conflict',
    ])
    sandbox.control.advanceClock(5_000)
    const late = await customer.send('PUT', `/payments/domestic/${id}/confirm`)
    expect([late.status, late.body.error.failures[0].code]).toEqual([
      409,
      'nordea.error.payment.update.illegal_state',
    ])
  })

  test('several at once confirms what it can and names the rest', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    const id = await ordered(customer, '1.00')
    const { status, body } = await customer.send('PUT', '/payments/domestic/confirm', {
      payments_ids: [id, 'nobody'],
    })
    expect(status).toBe(200)
    expect(body.response.payments).toHaveLength(1)
    expect(body.errors).toMatchObject([{ payment_id: 'nobody', error: 'error.resource.notfound' }])
  })

  test.each([
    ['PaymentSigningExpires', 'UserApprovalTimeout'],
    ['PaymentMissingFunds', 'InsufficientFunds'],
    ['PaymentOnHold', 'OnHold'],
    ['PaymentOnHold2CCYes', 'PendingSecondConfirmation'],
    ['PaymentOnHold2CCNo', 'Paid'],
  ])('under the scenario %s ends in %s', async (scenario, status) => {
    const sandbox = await sandboxWith({ settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v3')
    const id = await ordered(customer, '1.00')
    await customer.send('PUT', `/payments/domestic/${id}/confirm`, undefined, {
      'X-Response-Scenarios': scenario,
    })
    sandbox.control.advanceClock(10_000)
    expect(await statusOf(customer, id)).toBe(status)
    const [booked, available] = balances(sandbox, EVERYDAY)
    expect(available).toBe(booked)
  })
})

describe('deleting', () => {
  test('a confirmed payment is cancelled and what was reserved is free again', async () => {
    const sandbox = await sandboxWith({ settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v4')
    const id = await ordered(customer, '100.00')
    await customer.send('PUT', `/payments/domestic/${id}/confirm`)
    sandbox.control.advanceClock(1_000)
    expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_490_000])
    const { status, body } = await customer.send('DELETE', `/payments/domestic/${id}`)
    expect([status, body.response]).toEqual([200, { _id: id }])
    sandbox.control.advanceClock(60_000)
    expect(await statusOf(customer, id)).toBe('Cancelled')
    expect(balances(sandbox, EVERYDAY)).toEqual([2_500_000, 2_500_000])
  })

  test('comes too late for a paid one', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4')
    const id = await ordered(customer, '1.00')
    await customer.send('PUT', `/payments/domestic/${id}/confirm`)
    const { status } = await customer.send('DELETE', `/payments/domestic/${id}`)
    expect(status).toBe(409)
  })

  test.each([
    ['v4', '/payments/domestic', '/payments/domestic'],
    ['v5', '/payments', '/payments/domestic-credit-transfers'],
  ] as const)('%s takes several in a body', async (version, path, create) => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, version)
    const { body } = await customer.send('POST', create, orderFor(version, '1.00'))
    const payments = [{ payment_id: body.response._id }]
    expect((await customer.send('DELETE', path, { payments })).status).toBe(200)
    expect(sandbox.control.payments()[0]?.status).toBe('Cancelled')
  })

  test('is not known to v3', async () => {
    const customer = await customerOf(await sandboxWith(), 'v3')
    expect(
      (await customer.send('DELETE', `/payments/domestic/${await ordered(customer, '1.00')}`)).status,
    ).toBe(405)
  })
})

describe('the list', () => {
  test('comes forty a page, newest first, or by amount', async () => {
    const customer = await customerOf(await sandboxWith(), 'v3')
    for (let index = 1; index <= 45; index += 1) await ordered(customer, `${index}.00`)
    const amounts = async (query: string) =>
      (await customer.get(`/payments/domestic${query}`)).body.response.payments.map((one: Json) => one.amount)
    expect(await amounts('')).toHaveLength(40)
    expect(await amounts('?page=1')).toEqual(['5.00', '4.00', '3.00', '2.00', '1.00'])
    expect((await amounts('?parameter=amount&desc=false')).slice(0, 2)).toEqual(['1.00', '2.00'])
    expect(await amounts('?page=2')).toEqual([])
  })
})

describe('an order is refused', () => {
  const wrong: [string, Record<string, unknown>, string, string][] = [
    ['without an amount', { amount: undefined }, 'amount', 'NotNull'],
    ['of nothing', { amount: '0.00' }, 'amount', 'Size'],
    ['with three decimals', { amount: '1.005' }, 'amount', 'Pattern'],
    ['of more than Denmark allows', { amount: '10000000.00' }, 'amount', 'Size'],
    ['in another currency', { currency: 'SEK' }, 'currency', 'Pattern'],
    [
      'to a number that is no IBAN',
      { creditor: { account: { _type: 'IBAN', value: 'FI2112345600000666' } } },
      'creditor.account.value',
      'Pattern',
    ],
    [
      'with a message too long for Denmark',
      { creditor: { account: { _type: 'BBAN_DK', value: SAVINGS }, message: 'x'.repeat(41) } },
      'creditor.message',
      'Size',
    ],
    [
      'to its own account',
      { creditor: { account: { _type: 'BBAN_DK', value: EVERYDAY } } },
      'creditor.account.value',
      'Pattern',
    ],
  ]

  test.each(wrong)('%s', async (_why, change, path, type) => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, 'v4')
    const { status, body } = await customer.send('POST', '/payments/domestic', order('1.00', change))
    expect(status).toBe(400)
    expect(body.error.failures).toMatchObject([{ code: 'error.validation', path, type }])
    expect(sandbox.control.payments()).toEqual([])
  })

  test('from an account the consent does not cover, unless access control is skipped', async () => {
    const customer = await customerOf(await sandboxWith(), 'v4', { accounts: [SAVINGS] })
    const refused = await customer.send('POST', '/payments/domestic', order('1.00'))
    expect([refused.status, refused.body.error.failures[0].code]).toEqual([403, 'error.resource.denied'])
    const skip = { 'X-Response-Scenarios': 'AuthorizationSkipAccessControl' }
    expect((await customer.send('POST', '/payments/domestic', order('1.00'), skip)).status).toBe(201)
  })
})

test('a token sees no payment of another country', async () => {
  const sandbox = await sandboxWith()
  const danish = await customerOf(sandbox, 'v4')
  const id = await ordered(danish, '1.00')
  const norwegian = await customerOf(sandbox, 'v4', { country: 'NO' })
  expect((await norwegian.get(`/payments/domestic/${id}`)).status).toBe(404)
  expect((await norwegian.get('/payments/domestic')).body.response.payments).toEqual([])
})

test('a Finnish payment is a SEPA payment', async () => {
  const sandbox = await sandboxWith()
  const finnish = await customerOf(sandbox, 'v4', { country: 'FI' })
  const sepa = {
    amount: '3.20',
    currency: 'EUR',
    debtor: { account: { _type: 'IBAN', value: 'FI7473834510057469' } },
    creditor: { account: { _type: 'IBAN', value: 'FI6593857450293470' }, name: 'Me', message: 'Saved' },
  }
  expect((await finnish.send('POST', '/payments/domestic', sepa)).status).toBe(400)
  const { body } = await finnish.send('POST', '/payments/sepa', sepa)
  await finnish.send('PUT', '/payments/sepa/confirm', { payments_ids: [body.response._id] })
  expect(sandbox.control.account('FI6593857450293470').bookedMinor).toBe(20_320)
})

test('v5 executes on the day asked for, not before', async () => {
  const sandbox = await sandboxWith({ accessTokenSeconds: 7 * 24 * 3_600 })
  const customer = await customerOf(sandbox, 'v5')
  const body = { ...orderFor('v5', '1.00'), requested_execution_date: '2026-11-22' }
  const created = await customer.send('POST', '/payments/domestic-credit-transfers', body)
  const id = created.body.response._id
  await customer.send('PUT', '/payments', { payments_ids: [id] })
  expect(await statusOf(customer, id, '/payments')).toBe('Confirmed')
  sandbox.control.advanceClock(2 * 24 * 3_600_000)
  expect(await statusOf(customer, id, '/payments')).toBe('Paid')
  expect(sandbox.control.transactions(SAVINGS)[0]?.bookingDate).toBe('2026-11-22')
})
