/** Trouble in the bank itself: access that ends, orders that take another course, and orders shown wrongly. */

import { describe, expect, test } from 'vitest'
import {
  CONFIRM_ORDER,
  CREATE_ORDER,
  confirmOrder,
  createOrder,
  customerOf,
  EVERYDAY,
  exchange,
  type Json,
  order,
  ordered,
  PREFIX,
  type Reply,
  SAVINGS,
  sandboxWith,
  showOrder,
  type Trouble,
  underFault,
} from './support.ts'

const refusal = ({ status, body }: Reply) => [status, body.error.failures[0].code]

function refresh({ sandbox, customer }: Trouble): Promise<Reply> {
  const { refresh_token } = customer.tokens
  return exchange(sandbox, 'v4', { grant_type: 'refresh_token', refresh_token })
}

describe('token-expired', () => {
  test('the access token ends now and for good, and a refresh brings another', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'token-expired' })
    const { sandbox, customer } = trouble
    expect((await customer.get('/accounts')).status).toBe(200)
    expect(refusal(await createOrder(customer))).toEqual([401, 'error.token.expired'])
    expect(sandbox.control.requests().at(-1)).toMatchObject({ status: 401, fault: 'token-expired' })
    expect(refusal(await customer.get('/accounts'))).toEqual([401, 'error.token.expired'])
    expect(sandbox.control.payments()).toEqual([])
    expect((await refresh(trouble)).status).toBe(200)
  })

  test('leaves other customers alone', async () => {
    const { sandbox, customer } = await underFault({ route: 'GET */accounts', kind: 'token-expired' })
    const other = await customerOf(sandbox, 'v4')
    await customer.get('/accounts')
    expect((await other.get('/accounts')).status).toBe(200)
  })

  test('an unknown token stays unknown', async () => {
    const { customer } = await underFault({ route: 'GET */accounts', kind: 'token-expired' })
    const stranger = await customer.get('/accounts', { Authorization: 'Bearer nobody' })
    expect(refusal(stranger)).toEqual([401, 'error.token.invalid'])
    expect((await customer.get('/accounts')).status).toBe(200)
  })
})

describe('consent-revoked', () => {
  test('access and refresh token die with the consent', async () => {
    const trouble = await underFault({ route: CREATE_ORDER, kind: 'consent-revoked' })
    const { sandbox, customer } = trouble
    expect(refusal(await createOrder(customer))).toEqual([401, 'error.token.invalid'])
    expect(refusal(await customer.get('/accounts'))).toEqual([401, 'error.token.invalid'])
    expect(refusal(await refresh(trouble))).toEqual([401, 'error.token.invalid'])
    expect(sandbox.control.payments()).toEqual([])
    expect(sandbox.control.strikes()['consent-revoked']).toBe(1)
  })

  test('on a refresh too, where the refresh token is what is presented', async () => {
    const trouble = await underFault({ route: `POST ${PREFIX.v4}/authorize/token`, kind: 'consent-revoked' })
    expect(refusal(await refresh(trouble))).toEqual([401, 'error.token.invalid'])
    expect(refusal(await trouble.customer.get('/accounts'))).toEqual([401, 'error.token.invalid'])
  })
})

describe('course', () => {
  test.each([
    ['insufficient-funds', 'InsufficientFunds', 'AM04'],
    ['limit-exceeded', 'LimitExceeded', 'AM21'],
    ['rejected', 'Rejected', 'NARR'],
    ['rejected-late', 'Rejected', 'NARR'],
    ['on-hold', 'OnHold', undefined],
    ['on-hold-then-second-confirmation', 'PendingSecondConfirmation', undefined],
    ['approval-timeout', 'UserApprovalTimeout', undefined],
    ['approval-failed', 'UserApprovalFailed', undefined],
    ['approval-cancelled', 'UserApprovalCancelled', undefined],
  ] as const)('%s ends in %s and moves no money', async (outcome, status, code) => {
    const fault = { route: CONFIRM_ORDER, kind: 'course', outcome } as const
    const { sandbox, customer } = await underFault(fault, { settleDelayMs: 1_000 })
    const id = await ordered(customer)
    expect((await confirmOrder(customer, id)).status).toBe(200)
    sandbox.control.advanceClock(10_000)
    const shown = await showOrder(customer, id)
    expect([shown.payment_status, shown.tpp_messages?.[0]?.code]).toEqual([status, code])
    const { bookedMinor, availableMinor } = sandbox.control.account(EVERYDAY)
    expect([bookedMinor, availableMinor]).toEqual([2_500_000, 2_500_000])
    expect(sandbox.control.requests()).toContainEqual(expect.objectContaining({ fault: 'course' }))
  })

  test('on-hold-then-paid ends in Paid', async () => {
    const fault = { route: CONFIRM_ORDER, kind: 'course', outcome: 'on-hold-then-paid' } as const
    const { sandbox, customer } = await underFault(fault, { settleDelayMs: 1_000 })
    const id = await ordered(customer)
    await confirmOrder(customer, id)
    sandbox.control.advanceClock(1_000)
    expect((await showOrder(customer, id)).payment_status).toBe('OnHold')
    sandbox.control.advanceClock(2_000)
    expect((await showOrder(customer, id)).payment_status).toBe('Paid')
    expect(sandbox.control.account(SAVINGS).bookedMinor).toBe(100_100)
  })

  test('a late rejection gives back what was reserved', async () => {
    const fault = { route: CONFIRM_ORDER, kind: 'course', outcome: 'rejected-late' } as const
    const { sandbox, customer } = await underFault(fault, { settleDelayMs: 1_000 })
    await confirmOrder(customer, await ordered(customer))
    sandbox.control.advanceClock(1_000)
    expect(sandbox.control.account(EVERYDAY).availableMinor).toBe(2_499_900)
    sandbox.control.advanceClock(1_000)
    expect(sandbox.control.account(EVERYDAY).availableMinor).toBe(2_500_000)
  })

  test('holds for every order confirmed at once, in v5 too, and for that call alone', async () => {
    const sandbox = await sandboxWith()
    const customer = await customerOf(sandbox, 'v5')
    sandbox.control.addFault({ route: '* *', kind: 'course', outcome: 'rejected' })
    const create = async () => {
      const { amount, currency, ...rest } = order('1.00')
      const body = { ...rest, instructed_amount: { amount, currency } }
      const created = await customer.send('POST', '/payments/domestic-credit-transfers', body)
      return created.body.response._id
    }
    const [first, second, third] = [await create(), await create(), await create()]
    await customer.send('PUT', '/payments', { payments_ids: [first, second] })
    await customer.send('PUT', '/payments', { payments_ids: [third] })
    expect(sandbox.control.payments().map(({ status }) => status)).toEqual(['Rejected', 'Rejected', 'Paid'])
  })
})

describe('late-status', () => {
  const late = { route: 'GET */payments/*', kind: 'late-status' } as const

  test('shows the status before the present one, after the present one was seen', async () => {
    const sandbox = await sandboxWith({ settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v4')
    const id = await ordered(customer)
    await confirmOrder(customer, id)
    sandbox.control.advanceClock(2_000)
    expect((await showOrder(customer, id)).payment_status).toBe('Paid')
    sandbox.control.addFault(late)
    expect((await showOrder(customer, id)).payment_status).toBe('Confirmed')
    expect(sandbox.control.payments()).toMatchObject([{ status: 'Paid' }])
    expect(sandbox.control.requests().at(-1)).toMatchObject({ status: 200, fault: 'late-status' })
    expect((await showOrder(customer, id)).payment_status).toBe('Paid')
  })

  test('does so in a list, each order by itself', async () => {
    const sandbox = await sandboxWith({ settleDelayMs: 1_000 })
    const customer = await customerOf(sandbox, 'v4')
    const [, started] = [await ordered(customer), await ordered(customer)]
    await confirmOrder(customer, started)
    sandbox.control.advanceClock(1_000)
    sandbox.control.addFault({ ...late, route: 'GET */payments/domestic' })
    const { body } = await customer.get('/payments/domestic?desc=false')
    const statuses = body.response.payments.map((payment: Json) => payment.payment_status)
    expect(statuses).toEqual(['PendingConfirmation', 'PendingUserApproval'])
  })

  test('hides the reason of a failure that is not to be known yet', async () => {
    const { sandbox, customer } = await underFault({
      route: CONFIRM_ORDER,
      kind: 'course',
      outcome: 'insufficient-funds',
    })
    const id = await ordered(customer)
    await confirmOrder(customer, id)
    expect((await showOrder(customer, id)).tpp_messages).toHaveLength(1)
    sandbox.control.addFault(late)
    const shown = await showOrder(customer, id)
    expect([shown.payment_status, shown.tpp_messages]).toEqual(['Confirmed', undefined])
  })

  test('waits for a GET, whatever else its route fits', async () => {
    const { sandbox, customer } = await underFault({ ...late, route: '* */payments/*' })
    const id = await ordered(customer)
    expect((await confirmOrder(customer, id)).body.response.payment_status).toBe('Confirmed')
    expect(sandbox.control.faults()).toHaveLength(1)
    expect((await showOrder(customer, id)).payment_status).toBe('Confirmed')
    expect(sandbox.control.faults()).toEqual([])
  })
})

describe('wrong-amount', () => {
  test('the answer is off by a hundred minor units, and what is stored and moved is right', async () => {
    const { sandbox, customer } = await underFault({ route: CREATE_ORDER, kind: 'wrong-amount' })
    const { status, body } = await createOrder(customer, '12.50')
    expect([status, body.response.amount]).toEqual([201, '13.50'])
    expect(sandbox.control.payments()).toMatchObject([{ amountMinor: 1_250 }])
    expect((await showOrder(customer, body.response._id)).amount).toBe('12.50')
    await confirmOrder(customer, body.response._id)
    expect(sandbox.control.account(SAVINGS).bookedMinor).toBe(101_250)
  })

  test('off by as much as asked, in every order of a list', async () => {
    const { customer } = await underFault({ route: 'GET *', kind: 'wrong-amount', byMinor: -1 })
    await ordered(customer, '1.00')
    await ordered(customer, '2.00')
    const { body } = await customer.get('/payments/domestic')
    expect(body.response.payments.map((payment: Json) => payment.amount)).toEqual(['1.99', '0.99'])
  })
})
