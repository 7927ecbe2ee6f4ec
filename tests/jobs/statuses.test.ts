/** Whatever the bank says about an order, wherever the payment stands: a move of the table, or none. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BankOrder, OrderStatus } from '../../src/bank/index.ts'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import type { PaymentState } from '../../src/models/payment/states.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newLinkedSaver, type Person } from '../support/people.ts'
import {
  type Bench,
  callsSeen,
  expectBooksRight,
  ordersOf,
  paymentOf,
  pledge,
  pledgeOf,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

type Said = OrderStatus['kind'] | 'awaiting-approval with a link'
type State = 'CONFIRMING' | 'AWAITING_APPROVAL' | 'ACCEPTED' | 'UNKNOWN'

const LEADS_TO: Record<State, Record<Said, PaymentState>> = {
  CONFIRMING: {
    'awaiting-confirmation': 'INITIATED',
    'awaiting-approval': 'CONFIRMING',
    'awaiting-approval with a link': 'AWAITING_APPROVAL',
    'on-hold': 'AWAITING_APPROVAL',
    accepted: 'ACCEPTED',
    paid: 'PAID',
    rejected: 'REJECTED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
    'not-understood': 'CONFIRMING',
  },
  AWAITING_APPROVAL: {
    'awaiting-confirmation': 'INITIATED',
    'awaiting-approval': 'AWAITING_APPROVAL',
    'awaiting-approval with a link': 'AWAITING_APPROVAL',
    'on-hold': 'AWAITING_APPROVAL',
    accepted: 'ACCEPTED',
    paid: 'PAID',
    rejected: 'REJECTED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
    'not-understood': 'AWAITING_APPROVAL',
  },
  ACCEPTED: {
    'awaiting-confirmation': 'ACCEPTED',
    'awaiting-approval': 'ACCEPTED',
    'awaiting-approval with a link': 'AWAITING_APPROVAL',
    'on-hold': 'AWAITING_APPROVAL',
    accepted: 'ACCEPTED',
    paid: 'PAID',
    rejected: 'REJECTED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
    'not-understood': 'ACCEPTED',
  },
  UNKNOWN: {
    'awaiting-confirmation': 'INITIATED',
    'awaiting-approval': 'CONFIRMING',
    'awaiting-approval with a link': 'AWAITING_APPROVAL',
    'on-hold': 'AWAITING_APPROVAL',
    accepted: 'ACCEPTED',
    paid: 'PAID',
    rejected: 'REJECTED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
    'not-understood': 'UNKNOWN',
  },
}

/** What the bank answers to our word so that the payment stands there. */
const BROUGHT_BY: Record<State, Said | null> = {
  CONFIRMING: 'awaiting-approval',
  AWAITING_APPROVAL: 'awaiting-approval with a link',
  ACCEPTED: 'accepted',
  UNKNOWN: null,
}

describe('with a bank that says anything', () => {
  let app: TestApp
  let saver: Person
  const clock = new ManualClock(new Date())
  const bench = () => ({ app, clock, opening: new Map() }) satisfies Bench

  beforeAll(async () => {
    app = await startTestApp({ clock })
    saver = await newLinkedSaver(app)
  })
  afterAll(() => app.close())

  const cases = Object.entries(LEADS_TO).flatMap(([state, leads]) =>
    Object.entries(leads).map(([said, to]) => [state, said, to] as [State, Said, PaymentState]),
  )

  test.each(cases)('%s and the bank says %s: %s', async (state, said, to) => {
    const pledged = await pledgeOf({ app }, saver)
    const bankPaymentId = randomUUID()
    let words: Said | null = BROUGHT_BY[state]
    let confirmations = 0
    const settle = worker(
      { app },
      {
        bank: {
          initiate: async () => ({ kind: 'order', order: orderOf(bankPaymentId, 'awaiting-confirmation') }),
          confirm: async () => {
            confirmations += 1
            return words === null
              ? [{ kind: 'unknown', because: 'timeout', retryAfterSeconds: null }]
              : [{ kind: 'order', order: orderOf(bankPaymentId, words) }]
          },
          order: async () => ({ kind: 'order', order: orderOf(bankPaymentId, words ?? 'not-understood') }),
        },
      },
    )
    await settleUntil(bench(), pledged, state, settle)
    words = said
    confirmations = 0
    await toNextAction(bench(), pledged)
    await settle(pledged)
    const payment = await paymentOf({ app }, pledged)
    expect({ said, state: payment.state }).toEqual({ said, state: to })
    expect(confirmations, 'our word in one run').toBeLessThanOrEqual(1)
    if (payment.nextActionAt) expect(payment.nextActionAt > clock.now()).toBe(true)
    expect(payment.leaseOwner).toBeNull()
  })

  test('afterwards every book tells the same story', () => expectBooksRight({ app }))
})

describe('a bank that holds an order and wants our word a second time', () => {
  const bench = useBench({ sandbox: { settleDelayMs: MINUTE } })

  test('gets it, and the payment arrives', async () => {
    bench.app.sandbox.control.setSettleDelay(MINUTE)
    const pledged = await pledge(bench)
    const { order } = bench.app.deps.bank
    const holding = worker(bench, {
      bank: {
        confirm: async ({ bankPaymentIds: [id = ''], country }, context) => {
          await confirmWithScenario(id, context.accessToken, 'PaymentOnHold2CCYes')
          return [await order(id, country, context)]
        },
      },
    })
    await settleUntil(bench, pledged, 'CONFIRMING', holding)
    bench.clock.advance(MINUTE)
    expect(await settleUntil(bench, pledged, 'AWAITING_APPROVAL')).toMatchObject({ reason: 'bank-on-hold' })
    bench.clock.advance(2 * MINUTE)
    bench.app.sandbox.control.clearRequests()
    await settleUntil(bench, pledged, 'PAID')
    expect(callsSeen(bench).filter((call) => call === 'confirm')).toHaveLength(1)
    expect(ordersOf(bench, pledged)).toHaveLength(1)
    expect(await statesOf(bench, pledged)).toContain('UNKNOWN')
  })

  async function confirmWithScenario(id: string, token: string, scenario: string): Promise<void> {
    const { environment, sandbox } = bench.app
    const reply = await fetch(`${sandbox.url}/personal/v4/payments/domestic/${id}/confirm`, {
      method: 'PUT',
      headers: {
        Authorization: `Bearer ${token}`,
        Signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX',
        'X-IBM-Client-Id': environment.NORDEA_CLIENT_ID ?? '',
        'X-IBM-Client-Secret': environment.NORDEA_CLIENT_SECRET ?? '',
        'X-Response-Scenarios': scenario,
      },
    })
    expect(reply.status).toBe(200)
  }
})

function orderOf(bankPaymentId: string, said: Said): BankOrder {
  const order = {
    bankPaymentId,
    externalId: null,
    amountMinor: 2500,
    currency: 'DKK',
    debtorNumber: null,
    creditorNumber: null,
  } as const
  switch (said) {
    case 'awaiting-approval with a link':
      return { ...order, status: { kind: 'awaiting-approval' }, approvalUrl: 'http://bank.example/sign/1' }
    case 'rejected':
      return { ...order, status: { kind: 'rejected', reason: 'refused-by-bank', code: 'MS03' } }
    case 'expired':
      return { ...order, status: { kind: 'expired', reason: 'approval-timeout' } }
    case 'not-understood':
      return { ...order, status: { kind: 'not-understood', status: 'Hovering' } }
    default:
      return { ...order, status: { kind: said } }
  }
}
