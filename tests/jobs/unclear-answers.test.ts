/** Answers that get lost, time-outs, and workers that die: the bank is asked before anything is sent again. */
import { describe, expect, test } from 'vitest'
import { createNordea } from '../../src/bank/index.ts'
import { DAY, MINUTE, SECOND } from '../../src/clock.ts'
import {
  CONFIRM,
  callsSeen,
  Killed,
  killedAfterCall,
  killedAfterWriting,
  LIST_ORDERS,
  ordersOf,
  type Pledge,
  POST_ORDER,
  paymentOf,
  pledge,
  type Replace,
  SHOW_ORDER,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

const bench = useBench()
const control = () => bench.app.sandbox.control

test('when the answer to an order is lost, the order is found by our own id and carried through', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'drop-after', route: POST_ORDER })
  await settleUntil(bench, pledged, 'UNKNOWN')
  expect(ordersOf(bench, pledged)).toHaveLength(1)
  expect(await settleUntil(bench, pledged, 'PAID')).toMatchObject({ attempts: 1 })
})

test.each([
  ['the connection breaks before the bank has read it', { kind: 'drop-before' }],
  ['the bank answers 500 without having acted', { kind: 'status', status: 500 }],
  ['a gateway answers 503', { kind: 'status', status: 503 }],
] as const)('an order is sent again, once, after the waiting time when %s', async (_what, fault) => {
  const pledged = await pledge(bench)
  control().addFault({ ...fault, route: POST_ORDER })
  const { lastSentAt } = await settleUntil(bench, pledged, 'UNKNOWN')
  control().clearRequests()
  await toNextAction(bench, pledged)
  await worker(bench)(pledged)
  expect(callsSeen(bench)).not.toContain('initiate')
  const waiting = await paymentOf(bench, pledged)
  expect(waiting.state).toBe('UNKNOWN')
  expect((waiting.nextActionAt?.getTime() ?? 0) - (lastSentAt?.getTime() ?? 0)).toBe(120 * SECOND)
  control().clearRequests()
  await settleUntil(bench, pledged, 'PAID')
  const seen = callsSeen(bench)
  expect(seen.filter((call) => call === 'initiate')).toHaveLength(1)
  expect(seen.indexOf('list orders')).toBeLessThan(seen.indexOf('initiate'))
})

test('an order that turns up at the bank only while we wait is taken, not repeated', async () => {
  const pledged = await pledge(bench)
  const { initiate } = bench.app.deps.bank
  let arrive = async () => {}
  const settle = worker(bench, {
    bank: {
      initiate: async (...args) => {
        arrive = async () => void (await initiate(...args))
        return { kind: 'unknown', because: 'timeout', retryAfterSeconds: null }
      },
    },
  })
  await settleUntil(bench, pledged, 'UNKNOWN', settle)
  await toNextAction(bench, pledged)
  await settle(pledged)
  await arrive()
  await settleUntil(bench, pledged, 'PAID', settle)
})

test('a bank that takes longer than we wait has still got one order', async () => {
  const { deps, sandbox, environment } = bench.app
  const impatient = createNordea({
    baseUrl: sandbox.url,
    profile: 'current',
    clientId: environment.NORDEA_CLIENT_ID ?? '',
    clientSecret: environment.NORDEA_CLIENT_SECRET ?? '',
    redirectUri: environment.NORDEA_REDIRECT_URI ?? '',
    paymentReturnUri: `${bench.app.baseUrl}/payments/return`,
    signing: { kind: 'skip-in-sandbox' },
    sandbox: true,
    browserOrigins: [sandbox.url],
    allowPlainHttp: true,
    timeouts: { headersMs: 200 },
    clock: bench.clock,
    onCall: (entry) => deps.models.bankCalls.record(entry),
  })
  const settle = worker(bench, { bank: impatient })
  const pledged = await pledge(bench)
  control().addFault({ kind: 'delay', route: POST_ORDER, delayMs: 2_500 })
  await settleUntil(bench, pledged, 'UNKNOWN', settle)
  expect(ordersOf(bench, pledged)).toHaveLength(0)
  await expect.poll(() => ordersOf(bench, pledged).length, { timeout: 10_000 }).toBe(1)
  await settleUntil(bench, pledged, 'PAID', settle)
  await impatient.close()
})

test.each([
  ['is lost', { kind: 'drop-after' }],
  ['never comes because the connection broke first', { kind: 'drop-before' }],
  ['is 500', { kind: 'status', status: 500 }],
] as const)(
  'when the answer to our confirmation %s, the status of the order decides',
  async (_what, fault) => {
    const pledged = await pledge(bench)
    control().addFault({ ...fault, route: CONFIRM })
    await settleUntil(bench, pledged, 'UNKNOWN')
    control().clearRequests()
    await settleUntil(bench, pledged, 'PAID')
    expect(callsSeen(bench)[0]).toBe('show order')
    expect(callsSeen(bench)).not.toContain('initiate')
  },
)

test('a limit on calls at the confirmation is obeyed, and the word is given once', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'rate-limit', route: CONFIRM, retryAfterSeconds: 90 })
  const told = await settleUntil(bench, pledged, 'INITIATED')
  expect((told.nextActionAt?.getTime() ?? 0) - bench.clock.now().getTime()).toBe(90 * SECOND)
  control().clearRequests()
  await settleUntil(bench, pledged, 'PAID')
  expect(callsSeen(bench).filter((call) => call === 'confirm')).toHaveLength(1)
})

test.each([
  ['the list of orders', LIST_ORDERS],
  ['the order', SHOW_ORDER],
])('trouble while asking for %s changes nothing but the time of the next look', async (_what, route) => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'drop-after', route: route === LIST_ORDERS ? POST_ORDER : CONFIRM })
  await settleUntil(bench, pledged, 'UNKNOWN')
  for (const kind of ['drop-before', 'status', 'rate-limit'] as const) {
    control().addFault({ kind, route })
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'UNKNOWN', leaseOwner: null })
  }
  await settleUntil(bench, pledged, 'PAID')
})

test('a bank that keeps our id from us is not given the order again', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'drop-after', route: POST_ORDER })
  await settleUntil(bench, pledged, 'UNKNOWN')
  const settle = worker(bench, {
    bank: {
      findOrders: async (ids) =>
        new Map(ids.map((id) => [id, { kind: 'unknown', because: 'unreadable', retryAfterSeconds: null }])),
    },
  })
  for (let look = 0; look < 20; look += 1) {
    await toNextAction(bench, pledged)
    await settle(pledged)
  }
  expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'UNKNOWN', attempts: 1 })
  await settleUntil(bench, pledged, 'PAID')
})

test('a bank that never answers an order clearly gets it less and less often, not every two minutes', async () => {
  const pledged = await pledge(bench)
  const settle = worker(bench, {
    bank: { initiate: async () => ({ kind: 'unknown', because: 'server-error', retryAfterSeconds: null }) },
  })
  const begun = bench.clock.now().getTime()
  while (bench.clock.now().getTime() - begun < DAY) {
    await toNextAction(bench, pledged)
    await settle(pledged)
  }
  expect((await paymentOf(bench, pledged)).attempts).toBeLessThan(32)
  await settleUntil(bench, pledged, 'PAID', worker(bench), 3)
})

test('an order of another amount is never confirmed', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'drop-after', route: POST_ORDER })
  await settleUntil(bench, pledged, 'UNKNOWN')
  const { findOrders } = bench.app.deps.bank
  const settle = worker(bench, {
    bank: {
      findOrders: async (...args) => {
        const found = await findOrders(...args)
        return new Map(
          [...found].map(([id, lookUp]) => [
            id,
            lookUp.kind === 'found'
              ? { ...lookUp, order: { ...lookUp.order, amountMinor: 250_000 } }
              : lookUp,
          ]),
        )
      },
    },
  })
  control().clearRequests()
  for (let look = 0; look < 3; look += 1) {
    await toNextAction(bench, pledged)
    await settle(pledged)
  }
  expect(callsSeen(bench)).not.toContain('confirm')
  expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'UNKNOWN', bankPaymentId: null })
})

test('an order that changes its amount after our word is no success', async () => {
  control().setSettleDelay(MINUTE)
  const pledged = await pledge(bench)
  await settleUntil(bench, pledged, 'ACCEPTED')
  const { order } = bench.app.deps.bank
  const settle = worker(bench, {
    bank: {
      order: async (...args) => {
        const outcome = await order(...args)
        return outcome.kind === 'order'
          ? { kind: 'order', order: { ...outcome.order, amountMinor: 1 } }
          : outcome
      },
    },
  })
  expect(await settleUntil(bench, pledged, 'UNKNOWN', settle)).toMatchObject({ reason: 'not-understood' })
  await settleUntil(bench, pledged, 'PAID')
})

test('an order that is nowhere to be found is not sent while the saver’s pause lasts', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'drop-before', route: POST_ORDER })
  await settleUntil(bench, pledged, 'UNKNOWN')
  const pausedUntil = new Date(bench.clock.now().getTime() + DAY)
  await bench.app.deps.db.prisma.user.update({
    where: { id: pledged.saver.user.id },
    data: { pausedUntil },
  })
  let waiting = await paymentOf(bench, pledged)
  for (let look = 0; look < 4 && waiting.reason !== 'savings-paused'; look += 1) {
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    waiting = await paymentOf(bench, pledged)
  }
  expect(ordersOf(bench, pledged)).toEqual([])
  expect(waiting).toMatchObject({ state: 'UNKNOWN', reason: 'savings-paused', nextActionAt: pausedUntil })
  await settleUntil(bench, pledged, 'PAID')
})

describe('a worker that is killed', () => {
  const beforeAnything = (): Replace => ({
    bank: { listAccounts: () => Promise.reject(new Killed()) },
  })
  const inTheMiddle = (name: 'initiate' | 'confirm'): Replace => ({
    bank: { [name]: () => Promise.reject(new Killed()) },
  })

  test.each<[string, () => Replace, string | null]>([
    ['when it has just claimed the payment', beforeAnything, null],
    ['when it has written that it sends', () => killedAfterWriting(bench, 'SENDING'), 'list orders'],
    ['while the order is on its way', () => inTheMiddle('initiate'), 'list orders'],
    [
      'when the bank has the order and the answer is not written',
      () => killedAfterCall(bench, 'initiate'),
      'list orders',
    ],
    ['when it has written that the bank has the order', () => killedAfterWriting(bench, 'INITIATED'), null],
    ['when it has written that it confirms', () => killedAfterWriting(bench, 'CONFIRMING'), 'show order'],
    ['while the confirmation is on its way', () => inTheMiddle('confirm'), 'show order'],
    [
      'when the bank has our word and the answer is not written',
      () => killedAfterCall(bench, 'confirm'),
      'show order',
    ],
  ])('%s leaves a payment that arrives once', async (_when, killed, asksFirst) => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    await expect(worker(bench, killed())(pledged)).rejects.toThrow(Killed)

    control().clearRequests()
    await worker(bench)(pledged)
    expect(callsSeen(bench), 'nobody touches it while the lease lasts').toEqual([])
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    if (asksFirst) expect(callsSeen(bench)[0]).toBe(asksFirst)
    await settleUntilPaid(pledged)
  })

  test('leaves a payment that is due again when its lease is over', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    await expect(worker(bench, killedAfterWriting(bench, 'SENDING'))(pledged)).rejects.toThrow(Killed)
    expect(await bench.app.deps.models.payments.dueSavers(10)).not.toContain(pledged.saver.user.id)
    await toNextAction(bench, pledged)
    expect(await bench.app.deps.models.payments.dueSavers(10)).toContain(pledged.saver.user.id)
    await settleUntilPaid(pledged)
  })

  test('after the waiting time finds that the order was never sent, and sends it once', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    await expect(worker(bench, killedAfterWriting(bench, 'SENDING'))(pledged)).rejects.toThrow(Killed)
    bench.clock.advance(DAY)
    control().clearRequests()
    await worker(bench)(pledged)
    const seen = [...new Set(callsSeen(bench))]
    expect(seen.slice(0, 4)).toEqual(['refresh', 'list orders', 'list accounts', 'initiate'])
    await settleUntilPaid(pledged)
    expect(await statesOf(bench, pledged)).toEqual(
      expect.arrayContaining(['SENDING', 'UNKNOWN', 'SENDING', 'INITIATED']),
    )
  })
})

describe('without its audit trail', () => {
  test('no payment is sent', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    control().clearRequests()
    await withoutAuditTrail(() => expect(worker(bench)(pledged)).rejects.toThrow())
    expect(callsSeen(bench)).not.toContain('initiate')
    await settleUntilPaid(pledged)
  })

  test('an order that went out just before is found again', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    const { initiate } = bench.app.deps.bank
    const settle = worker(bench, {
      bank: {
        initiate: async (...args) => {
          const outcome = await initiate(...args)
          await rename('AuditEvent', 'Gone')
          return outcome
        },
      },
    })
    await expect(settle(pledged)).rejects.toThrow()
    await rename('Gone', 'AuditEvent')
    expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'SENDING' })
    await settleUntilPaid(pledged)
  })

  async function withoutAuditTrail(act: () => Promise<void>): Promise<void> {
    await rename('AuditEvent', 'Gone')
    await act().finally(() => rename('Gone', 'AuditEvent'))
  }

  async function rename(from: string, to: string): Promise<void> {
    await bench.app.asOwner(`ALTER TABLE "${from}" RENAME TO "${to}"`)
  }
})

async function settleUntilPaid(pledged: Pledge): Promise<void> {
  if ((await paymentOf(bench, pledged)).state !== 'PAID') await settleUntil(bench, pledged, 'PAID')
}
