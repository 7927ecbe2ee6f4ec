/** Accounts, their transactions page by page, and the sandbox's own way of making them. */

import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { bbanFromIban, ibanFromBban, isIban } from '../../src/sandbox/numbers.ts'
import {
  type Customer,
  customerOf,
  EVERYDAY,
  type Json,
  SAVINGS,
  sandboxWith,
  type Version,
} from './support.ts'

/** The id by which the version names the everyday account. */
async function everydayId(customer: Customer): Promise<string> {
  const { body } = await customer.get('/accounts')
  return encodeURIComponent(body.response.accounts[0]._id)
}

async function addFunds(customer: Customer, amount: string, extra: object = {}): Promise<number> {
  const body = { amount, currency: 'DKK', status: 'billed', ...extra }
  return (await customer.send('POST', `/accounts/${await everydayId(customer)}/transactions`, body)).status
}

const versions: Version[] = ['v3', 'v4', 'v5']

describe.each(versions)('%s', (version) => {
  test('the list and the detail tell the same, in decimal strings', async () => {
    const customer = await customerOf(await sandboxWith(), version)
    const [listed] = (await customer.get('/accounts')).body.response.accounts
    expect(listed).toMatchObject({
      account_name: 'Everyday account',
      booked_balance: '25000.00',
      currency: 'DKK',
    })
    expect(listed.account_numbers).toEqual([
      { _type: 'BBAN_DK', value: EVERYDAY },
      { _type: 'IBAN', value: 'DK3420301544117544' },
    ])
    expect(listed._links[0].href).toBe(`/${version}/accounts/${listed._id}`)
    const { body } = await customer.get(`/accounts/${listed._id}`)
    expect(body.response).toEqual(listed)
  })

  test('transactions come forty a page until the key is absent, newest first, none twice', async () => {
    const customer = await customerOf(await sandboxWith(), version)
    for (let index = 1; index <= 85; index += 1) await addFunds(customer, `${index}.00`)
    const id = await everydayId(customer)
    const name = version === 'v3' ? 'continuationKey' : 'continuation_key'
    const amounts: string[] = []
    const sizes: number[] = []
    let query = ''
    do {
      const { body } = await customer.get(`/accounts/${id}/transactions${query}`)
      sizes.push(body.response.transactions.length)
      amounts.push(...body.response.transactions.map((one: Json) => one.amount))
      const key = body.group_header.message_pagination?.continuation_key
      expect(body.response.continuation_key).toBe(version === 'v3' ? key : undefined)
      query = key === undefined ? '' : `?${name}=${key}`
    } while (query !== '')
    expect(sizes).toEqual([40, 40, 5])
    expect(amounts).toEqual(Array.from({ length: 85 }, (_, index) => `${85 - index}.00`))
  })

  test('an account is made, funded and removed', async () => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, version)
    const created = await customer.send('POST', '/accounts', wallet())
    expect(created.status).toBe(201)
    const id = encodeURIComponent(created.body.response._id)
    const body = { amount: '10.00', currency: 'DKK', status: 'billed', message: 'Welcome' }
    const funded = await customer.send('POST', `/accounts/${id}/transactions`, body)
    expect([funded.status, funded.body]).toEqual([201, ''])
    expect((await customer.get(`/accounts/${id}`)).body.response.booked_balance).toBe('1010.00')
    const removed = await customer.send('DELETE', `/accounts/${id}`)
    expect([removed.status, removed.body]).toEqual([204, ''])
    expect((await customer.get(`/accounts/${id}`)).status).toBe(404)
    expect(sandbox.control.imbalance().DKK).toBe(0)
  })
})

function wallet(change: object = {}): Json {
  return {
    country: 'DK',
    account_numbers: [{ _type: 'BBAN_DK', value: '20301544000001' }],
    currency: 'DKK',
    account_name: 'Wallet',
    product: 'Account',
    account_type: 'Savings',
    available_balance: '1000.00',
    booked_balance: 1000,
    status: 'OPEN',
    ...change,
  }
}

test('v3 tells credits from debits, and names the counterparty account on debits alone', async () => {
  const customer = await customerOf(await sandboxWith(), 'v3')
  await addFunds(customer, '5.00', { counterparty_account: '1' })
  await addFunds(customer, '-5.00', { counterparty_account: '2' })
  const { body } = await customer.get(`/accounts/${EVERYDAY}/transactions`)
  expect(body.response.transactions).toMatchObject([
    { _type: 'DebitTransaction', amount: '-5.00', counterparty_account: '2' },
    { _type: 'CreditTransaction', amount: '5.00' },
  ])
  expect(body.response.transactions[1]).not.toHaveProperty('counterparty_account')
})

test('days from and to are both included, under each version’s own names', async () => {
  const sandbox = await sandboxWith()
  const days = ['2026-11-01', '2026-11-02', '2026-11-03']
  const v3 = await customerOf(sandbox, 'v3')
  for (const booking_date of days) await addFunds(v3, '1.00', { booking_date })
  const booked = async (customer: Customer, query: string) => {
    const { body } = await customer.get(`/accounts/${EVERYDAY}/transactions?${query}`)
    return body.response.transactions.map((one: Json) => one.booking_date)
  }
  expect(await booked(v3, 'fromDate=2026-11-02&toDate=2026-11-02')).toEqual(['2026-11-02'])
  const v4 = await customerOf(sandbox, 'v4')
  expect(await booked(v4, 'from_date=2026-11-02')).toEqual(['2026-11-03', '2026-11-02'])
  expect(await booked(v4, 'fromDate=2026-11-03')).toHaveLength(3)
})

test('history reaches back as far as the consent says', async () => {
  const sandbox = await sandboxWith()
  const customer = await customerOf(sandbox, 'v4', { max_tx_history: 3 })
  await addFunds(customer, '1.00', { booking_date: '2026-08-19' })
  await addFunds(customer, '2.00', { booking_date: '2026-08-20' })
  const { body } = await customer.get(`/accounts/${EVERYDAY}/transactions`)
  expect(body.response.transactions.map((one: Json) => one.amount)).toEqual(['2.00'])
})

test.each([
  ['an impossible day', 'from_date=2026-02-30'],
  ['a period that ends before it begins', 'from_date=2026-02-02&to_date=2026-02-01'],
  ['a key of our own making', 'continuation_key=abc'],
])('%s is refused', async (_what, query) => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  expect((await customer.get(`/accounts/${EVERYDAY}/transactions?${query}`)).status).toBe(400)
})

test('a reserved transaction moves what is available and not what is booked', async () => {
  const sandbox = await sandboxWith()
  await addFunds(await customerOf(sandbox, 'v4'), '-7.00', { status: 'reserved' })
  const { bookedMinor, availableMinor } = sandbox.control.account(EVERYDAY)
  expect([bookedMinor, availableMinor]).toEqual([2_500_000, 2_499_300])
})

test('a transaction in another currency than the account’s is refused', async () => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  expect(await addFunds(customer, '1.00', { currency: 'SEK' })).toBe(400)
})

test('the bank’s own accounts cannot be deleted', async () => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  expect((await customer.send('DELETE', `/accounts/${SAVINGS}`)).status).toBe(403)
})

test.each([
  ['a number that is taken', { account_numbers: [{ _type: 'BBAN_DK', value: EVERYDAY }] }],
  ['an IBAN that does not check', { account_numbers: [{ _type: 'IBAN', value: 'DK0020301544000001' }] }],
  ['another country than the consent’s', { country: 'NO' }],
  ['no number of the country', { account_numbers: [{ _type: 'BBAN_NO', value: '60301132843' }] }],
])('an account with %s is refused', async (_what, change) => {
  const customer = await customerOf(await sandboxWith(), 'v4')
  expect((await customer.send('POST', '/accounts', wallet(change))).status).toBe(400)
})

test('amounts can be written as numbers', async () => {
  const sandbox: Sandbox = await sandboxWith({ numbers: 'number' })
  const customer = await customerOf(sandbox, 'v3')
  const { body } = await customer.get(`/accounts/${EVERYDAY}`)
  expect(body.response.booked_balance).toBe(25_000)
})

test.each([
  ['DK', '20301544118028', 'DK6120301544118028'],
  ['DK', '20301544117544', 'DK3420301544117544'],
  ['NO', '60010502570', 'NO5160010502570'],
  ['SE', '41351300039', 'SE8030000000041351300039'],
  ['SE', '31412034086', 'SE1730000000031412034086'],
] as const)('%s %s is the IBAN %s, and back', (country, bban, iban) => {
  expect(ibanFromBban(country, bban)).toBe(iban)
  expect(bbanFromIban(iban)).toBe(bban)
  expect(isIban(iban)).toBe(true)
})

test('an account is found by either of its numbers', async () => {
  const { control } = await sandboxWith()
  expect(control.account('DK61 2030 1544 1180 28')).toEqual(control.account(SAVINGS))
})
