/** What the client makes of the bank's answers about orders, and what it sends; the bank's part is scripted. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  bankAt,
  enveloped,
  failures,
  findOrder,
  order,
  PAYMENT_RETURN_URI,
  saver,
  type TestBank,
  wirePayment,
} from './support/fixtures.ts'
import { json, type ScriptedBank, startScriptedBank } from './support/scripted-bank.ts'

let server: ScriptedBank
let bank: TestBank
let paper: TestBank

beforeEach(async () => {
  server = await startScriptedBank()
  bank = bankAt(server.url)
  paper = bankAt(server.url, { profile: 'paper' })
})

afterEach(async () => {
  await bank.close()
  await paper.close()
  await server.close()
})

const UNREADABLE = { kind: 'unknown', because: 'unreadable', retryAfterSeconds: null }
const SIGNING = [{ rel: 'signing', href: 'https://sign.bank.example/1' }]

describe('initiating', () => {
  it('is taken with 200, 201 or 202', async () => {
    for (const status of [200, 201, 202]) {
      server.script = (_call, res) => json(res, status, enveloped(wirePayment()))
      expect(await bank.initiate(order, saver)).toMatchObject({
        kind: 'order',
        order: { bankPaymentId: 'payment-1' },
      })
    }
  })

  it.each([
    ['another amount', { amount: '250.00' }, 'amount'],
    ['another currency', { currency: 'EUR' }, 'currency'],
    ['another external id', { external_id: 'somebody-elses' }, 'external_id'],
    ['no external id', { external_id: undefined }, 'external_id'],
    [
      'another creditor',
      { creditor: { account: { _type: 'BBAN_DK', value: '23001544527165' } } },
      'creditor',
    ],
    ['another debtor', { debtor: { account: { _type: 'IBAN', value: 'DK6120301544118028' } } }, 'debtor'],
  ])('is unknown, loudly, if the answer names %s', async (_what, changes, field) => {
    server.script = (_call, res) => json(res, 201, enveloped(wirePayment(changes)))
    expect(await bank.initiate(order, saver)).toEqual(UNREADABLE)
    expect(bank.log[0]).toMatchObject({
      outcome: 'unreadable',
      status: 201,
      remark: `THE ANSWER IS NOT THE ORDER WE SENT: ${field}`,
    })
  })

  it('accepts the same accounts written another way, or left out', async () => {
    const creditor = { account: { _type: 'IBAN', value: 'DK61 2030 1544 1180 28' } }
    for (const changes of [{ creditor }, { creditor: undefined, debtor: null }]) {
      server.script = (_call, res) => json(res, 201, enveloped(wirePayment(changes)))
      expect((await bank.initiate(order, saver)).kind).toBe('order')
    }
  })

  it('goes to SEPA from Finland and to the domestic scheme elsewhere', async () => {
    const finnish = {
      ...order,
      currency: 'EUR' as const,
      debtor: {
        iban: 'FI7473834510057469',
        number: { type: 'IBAN', value: 'FI7473834510057469' },
        country: 'FI' as const,
      },
      creditor: {
        iban: 'FI6593857450293470',
        number: { type: 'IBAN', value: 'FI6593857450293470' },
        country: 'FI' as const,
        name: 'Holiday account',
      },
    }
    for (const one of [bank, paper]) for (const wanted of [order, finnish]) await one.initiate(wanted, saver)
    expect(server.calls.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /personal/v4/payments/domestic',
      'POST /personal/v4/payments/sepa',
      'POST /v3/payments/domestic',
      'POST /v3/payments/sepa',
    ])
  })
})

describe('confirming with the current versions', () => {
  const confirm = (...bankPaymentIds: string[]) =>
    bank.confirm({ bankPaymentIds, country: 'DK', returnState: 'state-1' }, saver)

  it('takes several orders in one call and answers for each, in their order', async () => {
    server.script = (_call, res) =>
      json(res, 202, {
        ...(enveloped({
          payments: [
            wirePayment({ _id: 'b', payment_status: 'PendingUserApproval' }),
            wirePayment({ _id: 'a', payment_status: 'Confirmed' }),
          ],
        }) as object),
        errors: [{ payment_id: 'c', error: 'nordea.error.payment.confirm.conflict' }],
        _links: SIGNING,
      })
    const outcomes = await confirm('a', 'b', 'c', 'd')
    expect(outcomes).toMatchObject([
      { kind: 'order', order: { bankPaymentId: 'a', status: { kind: 'accepted' } } },
      { kind: 'order', order: { bankPaymentId: 'b', approvalUrl: 'https://sign.bank.example/1' } },
      { kind: 'conflict', code: 'nordea.error.payment.confirm.conflict' },
      { kind: 'unknown', because: 'unreadable' },
    ])
    expect(JSON.parse(server.calls[0]?.body ?? '')).toEqual({
      payments_ids: ['a', 'b', 'c', 'd'],
      redirect_url: PAYMENT_RETURN_URI,
      state: 'state-1',
    })
  })

  it('is a conflict with the bank’s code on 409', async () => {
    server.script = (_call, res) => json(res, 409, failures('nordea.error.payment.update.illegal_state'))
    expect(await confirm('a', 'b')).toEqual([
      { kind: 'conflict', code: 'nordea.error.payment.update.illegal_state' },
      { kind: 'conflict', code: 'nordea.error.payment.update.illegal_state' },
    ])
  })

  it.each([
    'http://evil.example/sign',
    'javascript:alert(1)',
    '/relative',
    'https://user:word@sign.bank.example/',
  ])('is unknown if the saver would be sent to %s', async (href) => {
    server.script = (_call, res) =>
      json(res, 200, {
        ...(enveloped({ payments: [wirePayment()] }) as object),
        _links: [{ rel: 'signing', href }],
      })
    expect(await confirm('payment-1')).toEqual([UNREADABLE])
  })

  it('may send the saver to the bank’s own plain-http page where plain http is allowed', async () => {
    const href = `${server.url}/bank/sign/1`
    server.script = (_call, res) =>
      json(res, 200, enveloped({ payments: [wirePayment({ _links: [{ rel: 'signing', href }] })] }))
    expect(await confirm('payment-1')).toMatchObject([{ kind: 'order', order: { approvalUrl: href } }])
  })

  it('asks nothing for no orders', async () => {
    expect(await confirm()).toEqual([])
    expect(server.calls).toHaveLength(0)
  })
})

describe('confirming with version 3', () => {
  const confirm = (...bankPaymentIds: string[]) =>
    paper.confirm({ bankPaymentIds, country: 'DK', returnState: 'state-1' }, saver)

  it('takes one call an order, without a body, ids percent-encoded', async () => {
    server.script = (call, res) => {
      const id = decodeURIComponent(call.target.split('/')[4] ?? '')
      json(res, 200, enveloped(wirePayment({ _id: id, payment_status: 'PendingUserApproval' })))
    }
    expect(await confirm('a', 'b/../c?d')).toMatchObject([{ kind: 'order' }, { kind: 'order' }])
    expect(server.calls.map(({ target, body }) => [target, body])).toEqual([
      ['/v3/payments/domestic/a/confirm', ''],
      ['/v3/payments/domestic/b%2F..%2Fc%3Fd/confirm', ''],
    ])
  })

  it('goes on after an unclear answer, and stops once it is turned away', async () => {
    server.script = (_call, res) => {
      if (server.calls.length === 1) json(res, 500, '')
      else json(res, 401, failures('error.token.expired'))
    }
    expect(await confirm('a', 'b', 'c')).toMatchObject([
      { kind: 'unknown', because: 'server-error' },
      { kind: 'not-sent', because: 'token-expired' },
      { kind: 'not-sent', because: 'token-expired' },
    ])
    expect(server.calls).toHaveLength(2)
  })

  it('is unknown if the answer is about another order', async () => {
    server.script = (_call, res) => json(res, 200, enveloped(wirePayment({ _id: 'other' })))
    expect(await confirm('a')).toEqual([UNREADABLE])
  })
})

describe('finding an order by our own id', () => {
  const find = () => findOrder(bank, order.externalId)
  const pages = (...contents: Record<string, unknown>[][]) => {
    server.script = (call, res) => {
      const page = Number(new URL(call.target, server.url).searchParams.get('page'))
      json(res, 200, enveloped({ payments: contents[page] ?? [] }))
    }
  }
  const foreign = (id: string) => wirePayment({ _id: id, external_id: `other-${id}` })

  it('reads on until the page after the last', async () => {
    pages([foreign('1'), foreign('2')], [foreign('3'), wirePayment({ _id: 'mine' })])
    expect(await find()).toMatchObject({ kind: 'found', order: { bankPaymentId: 'mine' } })
    expect(server.calls).toHaveLength(3)
  })

  it('says absent only after the whole list', async () => {
    pages([foreign('1')], [foreign('2')])
    expect(await find()).toEqual({ kind: 'absent' })
    expect(server.calls).toHaveLength(3)
  })

  it('wants the whole id, exactly', async () => {
    pages([
      wirePayment({ external_id: `${order.externalId} ` }),
      wirePayment({ _id: '2', external_id: order.externalId.toUpperCase() }),
    ])
    expect(await find()).toEqual({ kind: 'absent' })
  })

  it('does not say absent while an order hides its external id', async () => {
    pages([foreign('1'), wirePayment({ _id: '2', external_id: undefined })])
    expect(await find()).toMatchObject({ kind: 'unknown', because: 'unreadable' })
  })

  it('does not say absent when a later page fails', async () => {
    server.script = (_call, res) =>
      server.calls.length === 1 ? json(res, 200, enveloped({ payments: [foreign('1')] })) : json(res, 500, '')
    expect(await find()).toMatchObject({ kind: 'unknown', because: 'server-error' })
  })

  it('understands a bank that ignores the page number', async () => {
    server.script = (_call, res) => json(res, 200, enveloped({ payments: [foreign('1')] }))
    expect(await find()).toEqual({ kind: 'absent' })
    expect(server.calls).toHaveLength(3)
  })

  it('does not take a page that repeats for the whole list while the bank says there is more', async () => {
    const more = { message_pagination: { continuation_key: 'more' } }
    server.script = (_call, res) => json(res, 200, enveloped({ payments: [foreign('1')] }, more))
    expect(await find()).toMatchObject({ kind: 'unknown', because: 'unreadable' })
  })

  it('gives up on a list without end', async () => {
    server.script = (_call, res) =>
      json(res, 200, enveloped({ payments: [foreign(`n${server.calls.length}`)] }))
    expect(await find()).toMatchObject({ kind: 'unknown', because: 'unreadable' })
    expect(server.calls.length).toBeLessThanOrEqual(100)
  })

  it.each([
    [['Rejected', 'Paid', 'PendingConfirmation'], 'paid'],
    [['PendingConfirmation', 'Confirmed'], 'accepted'],
    [['PendingConfirmation', 'Teleported'], 'not-understood'],
    [['Cancelled', 'PendingConfirmation'], 'awaiting-confirmation'],
  ])('answers for %j with the one that has come furthest, and names the others', async (statuses, kind) => {
    pages(statuses.map((payment_status, index) => wirePayment({ _id: `p${index}`, payment_status })))
    const found = await find()
    expect(found).toMatchObject({ kind: 'found', order: { status: { kind } } })
    expect(found.kind === 'found' && found.others).toHaveLength(statuses.length - 1)
  })

  it('reads the list once for all ids, and answers for each as if it were alone', async () => {
    pages(
      [foreign('1'), wirePayment({ _id: 'mine', payment_status: 'Paid' })],
      [wirePayment({ _id: 'twin' }), foreign('2')],
    )
    const found = await bank.findOrders([order.externalId, 'other-2', 'never-sent'], 'DK', saver)
    expect(Object.fromEntries(found)).toMatchObject({
      [order.externalId]: {
        kind: 'found',
        order: { bankPaymentId: 'mine' },
        others: [{ bankPaymentId: 'twin' }],
      },
      'other-2': { kind: 'found', order: { bankPaymentId: '2' } },
      'never-sent': { kind: 'absent' },
    })
    expect(found.size).toBe(3)
    expect(server.calls).toHaveLength(3)
  })

  it('finds what it can see while an order hides its external id', async () => {
    pages([foreign('1'), wirePayment({ _id: '2', external_id: undefined })])
    const found = await bank.findOrders(['other-1', 'never-sent'], 'DK', saver)
    expect(found.get('other-1')).toMatchObject({ kind: 'found' })
    expect(found.get('never-sent')).toEqual(UNREADABLE)
  })

  it('knows of none once a page fails, not even of those already seen', async () => {
    server.script = (_call, res) =>
      server.calls.length === 1 ? json(res, 200, enveloped({ payments: [foreign('1')] })) : json(res, 500, '')
    const found = await bank.findOrders(['other-1', 'never-sent'], 'DK', saver)
    expect([...found.values()].map(({ kind }) => kind)).toEqual(['unknown', 'unknown'])
  })

  it('asks nothing for no ids', async () => {
    expect(await bank.findOrders([], 'DK', saver)).toEqual(new Map())
    expect(server.calls).toHaveLength(0)
  })

  it('lists all orders, each once, even when the list moves while it is read', async () => {
    pages([foreign('1'), foreign('2')], [foreign('2'), foreign('3')])
    expect((await bank.listOrders('DK', saver)).map(({ bankPaymentId }) => bankPaymentId)).toEqual([
      '1',
      '2',
      '3',
    ])
  })
})

describe('deleting', () => {
  it('answers with the order, cancelled', async () => {
    server.script = (call, res) =>
      json(res, 200, call.method === 'GET' ? enveloped(wirePayment()) : enveloped({ _id: 'payment-1' }))
    expect(await bank.deleteOrder?.('payment-1', 'DK', saver)).toMatchObject({
      kind: 'order',
      order: { bankPaymentId: 'payment-1', amountMinor: 2_500, status: { kind: 'cancelled' } },
    })
  })

  it('is not sent while the order cannot be seen', async () => {
    server.script = (_call, res) => json(res, 500, '')
    expect(await bank.deleteOrder?.('payment-1', 'DK', saver)).toMatchObject({
      kind: 'not-sent',
      because: 'server-error',
    })
    expect(server.calls).toHaveLength(1)
  })
})

it('never takes an answer for our order unless it repeats it, and never calls a possible act undone', async () => {
  const status = fc.constantFrom(
    200,
    201,
    202,
    204,
    301,
    307,
    400,
    401,
    403,
    404,
    408,
    409,
    418,
    429,
    500,
    503,
  )
  const field = fc.constantFrom(
    '_id',
    'amount',
    'currency',
    'external_id',
    'creditor',
    'debtor',
    'payment_status',
  )
  const answer = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string(),
    fc
      .tuple(field, fc.jsonValue())
      .map(([name, value]) => JSON.stringify(enveloped(wirePayment({ [name]: value })))),
  )
  await fc.assert(
    fc.asyncProperty(status, answer, async (code, body) => {
      server.script = (_call, res) => json(res, code, body)
      const outcome = await bank.initiate(order, saver)
      const mayHaveActed = code < 400 || code === 408 || code >= 500
      if (outcome.kind === 'order') {
        expect(outcome.order).toMatchObject({
          externalId: order.externalId,
          amountMinor: 2_500,
          currency: 'DKK',
        })
        expect([200, 201, 202]).toContain(code)
      } else if (mayHaveActed) expect(outcome.kind).toBe('unknown')
      else expect(['not-sent', 'rejected', 'conflict']).toContain(outcome.kind)
    }),
    { numRuns: 300 },
  )
})
