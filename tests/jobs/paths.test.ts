/** Every way a payment can go when the bank answers clearly. */
import { describe, expect, test } from 'vitest'
import { BankError } from '../../src/bank/index.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/models/limits.ts'
import { linkBank } from '../support/people.ts'
import {
  answerApproval,
  CONFIRM,
  callsSeen,
  LIST_ACCOUNTS,
  ordersOf,
  type Pledge,
  POST_ORDER,
  paymentOf,
  pledge,
  SHOW_ORDER,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

const bench = useBench()
const control = () => bench.app.sandbox.control
const prisma = () => bench.app.deps.db.prisma

describe.each(['paper', 'current'])('with the versions called %s', (profile) => {
  const profiled = useBench({ settings: { NORDEA_PROFILE: profile } })

  test('a pledge is sent, confirmed and paid', async () => {
    const pledged = await pledge(profiled, '12,50')
    const payment = await settleUntil(profiled, pledged, 'PAID')
    expect(payment).toMatchObject({ amountMinor: 1250, attempts: 1, leaseOwner: null })
    expect(ordersOf(profiled, pledged)).toMatchObject([{ status: 'Paid', amountMinor: 1250 }])
    expect((await statesOf(profiled, pledged)).slice(0, 4)).toEqual([
      'SCHEDULED',
      'SENDING',
      'INITIATED',
      'CONFIRMING',
    ])
  })

  test('a payment that needs approval waits with a link and goes on once it is given', async () => {
    profiled.app.sandbox.control.setApproval('always')
    const pledged = await pledge(profiled)
    const waiting = await settleUntil(profiled, pledged, 'AWAITING_APPROVAL')
    expect(waiting.approvalUrl).toContain('/bank/sign/')
    await answerApproval(waiting.approvalUrl ?? '', 'approve')
    await settleUntil(profiled, pledged, 'PAID')
  })
})

test('nothing is sent before the undo window is over', async () => {
  const pledged = await pledge(bench)
  control().clearRequests()
  bench.clock.advance(59 * SECOND)
  await worker(bench)(pledged)
  expect(callsSeen(bench)).toEqual([])
  expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'SCHEDULED', leaseOwner: null })
})

test('a bank that takes its time is asked, less and less often, until the money has arrived', async () => {
  control().setSettleDelay(4 * HOUR)
  const pledged = await pledge(bench)
  await settleUntil(bench, pledged, 'CONFIRMING')
  const pauses: number[] = []
  for (let look = 0; look < 6; look += 1) {
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    const { nextActionAt } = await paymentOf(bench, pledged)
    pauses.push((nextActionAt?.getTime() ?? 0) - bench.clock.now().getTime())
  }
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
  expect(pauses[0]).toBeGreaterThanOrEqual(10 * SECOND)
  expect(pauses[0]).toBeLessThanOrEqual(11 * SECOND)
  bench.clock.advance(4 * HOUR)
  await settleUntil(bench, pledged, 'ACCEPTED')
  bench.clock.advance(4 * HOUR)
  await settleUntil(bench, pledged, 'PAID')
})

test('an approval refused at the bank ends the payment, and no money moves', async () => {
  control().setApproval('always')
  const pledged = await pledge(bench)
  const waiting = await settleUntil(bench, pledged, 'AWAITING_APPROVAL')
  await answerApproval(waiting.approvalUrl ?? '', 'refuse')
  expect(await settleUntil(bench, pledged, 'REJECTED')).toMatchObject({ reason: 'approval-cancelled' })
})

test('an approval that nobody gives expires', async () => {
  control().setApproval('always')
  const pledged = await pledge(bench)
  await settleUntil(bench, pledged, 'AWAITING_APPROVAL')
  bench.clock.advance(11 * MINUTE)
  expect(await settleUntil(bench, pledged, 'EXPIRED')).toMatchObject({ reason: 'approval-timeout' })
})

test('a payment that the account can’t cover waits, and goes on when the money is there', async () => {
  const pledged = await pledge(bench)
  let availableMinor = 2499
  const { listAccounts } = bench.app.deps.bank
  const settle = worker(bench, {
    bank: {
      listAccounts: async (context) =>
        (await listAccounts(context)).map((account) => ({ ...account, availableMinor })),
    },
  })
  expect(await settleUntil(bench, pledged, 'BLOCKED', settle)).toMatchObject({ reason: 'not-enough-money' })
  expect(ordersOf(bench, pledged)).toEqual([])
  availableMinor = 2500
  await settleUntil(bench, pledged, 'PAID', settle)
})

test('money that is gone when the bank carries out the order ends the payment and says why', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'course', route: CONFIRM, outcome: 'insufficient-funds' })
  expect(await settleUntil(bench, pledged, 'REJECTED')).toMatchObject({ reason: 'insufficient-funds' })
})

test('an account that the bank no longer shows blocks the payment until it is back', async () => {
  const pledged = await pledge(bench)
  let hidden = true
  const { listAccounts } = bench.app.deps.bank
  const settle = worker(bench, {
    bank: {
      listAccounts: async (context) => {
        const accounts = await listAccounts(context)
        return hidden ? accounts.filter((account) => account.kind === 'savings') : accounts
      },
    },
  })
  expect(await settleUntil(bench, pledged, 'BLOCKED', settle)).toMatchObject({ reason: 'account-missing' })
  expect(ordersOf(bench, pledged)).toEqual([])
  hidden = false
  await settleUntil(bench, pledged, 'PAID', settle)
})

test('without a consent the payment is blocked; linking again lets it go on by itself', async () => {
  const pledged = await pledge(bench)
  await endConsent(pledged)
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'no-consent' })
  await linkBank(bench.app, pledged.saver)
  await worker(bench)(pledged)
  await settleUntil(bench, pledged, 'PAID')
})

test('linking again while a worker is just finding no consent is not forgotten', async () => {
  const pledged = await pledge(bench)
  await endConsent(pledged)
  await settleUntil(bench, pledged, 'BLOCKED')
  await toNextAction(bench, pledged)
  const { wait } = bench.app.deps.models.payments
  await worker(bench, {
    payments: {
      wait: async (...args) => {
        await linkBank(bench.app, pledged.saver)
        await wait(...args)
      },
    },
  })(pledged)
  // The job of the new link rang while the first worker still held the payment; no time has passed.
  await worker(bench)(pledged)
  expect((await paymentOf(bench, pledged)).state).not.toBe('BLOCKED')
  await settleUntil(bench, pledged, 'PAID')
})

test('linking again wakes whatever was waiting for the bank, not only what is blocked', async () => {
  control().setSettleDelay(MINUTE)
  const pledged = await pledge(bench)
  await settleUntil(bench, pledged, 'ACCEPTED')
  await endConsent(pledged)
  await toNextAction(bench, pledged)
  await worker(bench)(pledged)
  bench.clock.advance(10 * MINUTE)
  await worker(bench)(pledged)
  await linkBank(bench.app, pledged.saver)
  await worker(bench)(pledged)
  expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'PAID' })
})

test('a consent that has run out blocks the payment', async () => {
  const pledged = await pledge(bench)
  await prisma().bankConsent.updateMany({
    where: { userId: pledged.saver.user.id, revokedAt: null },
    data: { expiresAt: bench.clock.now() },
  })
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'consent-expired' })
})

test('a bank that refuses the refresh token has ended the consent, and the payment is blocked', async () => {
  const pledged = await pledge(bench)
  bench.clock.advance(2 * HOUR)
  const { refreshTokens } = bench.app.deps.bank
  const settle = worker(bench, {
    bank: { refreshTokens: (_token, context) => refreshTokens('withdrawn', context) },
  })
  expect(await settleUntil(bench, pledged, 'BLOCKED', settle)).toMatchObject({ reason: 'no-consent' })
  const consents = await bench.app.deps.models.consents.listOwned(pledged.saver.user.id)
  expect(consents).toMatchObject([{ endReason: 'refused-by-bank' }])
})

test('a refusal that arrives late ends the consent it is about, not the one that has replaced it', async () => {
  const pledged = await pledge(bench)
  bench.clock.advance(2 * HOUR)
  const begun = bench.clock.now().getTime()
  const { refreshTokens } = bench.app.deps.bank
  await worker(bench, {
    bank: {
      refreshTokens: async (_token, context) => {
        await linkBank(bench.app, pledged.saver)
        return refreshTokens('withdrawn', context)
      },
    },
  })(pledged)
  expect(await bench.app.deps.models.consents.live(pledged.saver.user.id)).not.toBeNull()
  if ((await paymentOf(bench, pledged)).state !== 'PAID') await settleUntil(bench, pledged, 'PAID')
  expect((await paymentOf(bench, pledged)).finalOn?.getTime()).toBeLessThan(begun + MINUTE)
})

test('an access token that has run out is renewed on the way', async () => {
  const pledged = await pledge(bench)
  bench.clock.advance(3 * HOUR)
  control().clearRequests()
  await settleUntil(bench, pledged, 'PAID')
  expect(callsSeen(bench)[0]).toBe('refresh')
})

test.each([LIST_ACCOUNTS, SHOW_ORDER])(
  'a token that the bank refuses before its time is renewed, at whatever call (%s)',
  async (route) => {
    control().setSettleDelay(20 * SECOND)
    const pledged = await pledge(bench)
    if (route === SHOW_ORDER) await settleUntil(bench, pledged, 'CONFIRMING')
    const refused = { kind: 'not-sent', because: 'token-invalid', retryAfterSeconds: null } as const
    await toNextAction(bench, pledged)
    await worker(bench, {
      bank: {
        listAccounts: () => Promise.reject(new BankError('token-invalid')),
        order: () => Promise.resolve(refused),
      },
    })(pledged)
    control().clearRequests()
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    expect(callsSeen(bench)[0]).toBe('refresh')
    await settleUntil(bench, pledged, 'PAID')
  },
)

test('a saver’s pause holds what is not sent yet, and it goes on when the pause ends', async () => {
  const pledged = await pledge(bench)
  await pauseUntil(pledged, new Date(bench.clock.now().getTime() + HOUR))
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'savings-paused' })
  bench.clock.advance(30 * MINUTE)
  await worker(bench)(pledged)
  expect(await statesOf(bench, pledged)).toEqual(['SCHEDULED', 'BLOCKED'])
  expect(ordersOf(bench, pledged)).toEqual([])
  bench.clock.advance(31 * MINUTE)
  await settleUntil(bench, pledged, 'PAID')
})

test('nothing is sent for a saver whose account is locked, and it goes on when the account is open again', async () => {
  const pledged = await pledge(bench)
  const { userId } = await paymentOf(bench, pledged)
  await prisma().user.update({ where: { id: userId }, data: { status: 'LOCKED' } })
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'account-locked' })
  expect(ordersOf(bench, pledged)).toEqual([])
  await prisma().user.update({ where: { id: userId }, data: { status: 'ACTIVE' } })
  await settleUntil(bench, pledged, 'PAID')
})

test('a saver’s pause is obeyed even by an order that lies at the bank unconfirmed', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'rate-limit', route: 'PUT *', retryAfterSeconds: 30 })
  await settleUntil(bench, pledged, 'INITIATED')
  await pauseUntil(pledged, new Date(bench.clock.now().getTime() + HOUR))
  await toNextAction(bench, pledged)
  control().clearRequests()
  await worker(bench)(pledged)
  expect(callsSeen(bench)).not.toContain('confirm')
  expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'INITIATED', reason: 'savings-paused' })
  bench.clock.advance(HOUR)
  await settleUntil(bench, pledged, 'PAID')
})

test('an amount above the saver’s own limit is not sent', async () => {
  const pledged = await pledge(bench)
  await limitTo(pledged, { capPerPaymentMinor: 2499 })
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'cap-per-payment' })
  expect(ordersOf(bench, pledged)).toEqual([])
})

test('a payment between accounts that are no longer the chosen ones is not sent', async () => {
  const pledged = await pledge(bench)
  const page = await pledged.saver.visitor.get('/accounts/load')
  const offered = (field: string) =>
    [...page.text.matchAll(new RegExp(`name="${field}"[^>]*?value="([0-9a-f]{64})"`, 'g'))].map(
      (m) => m[1] ?? '',
    )
  const savings = await prisma().account.findFirstOrThrow({
    where: { userId: pledged.saver.user.id, isCreditor: true },
  })
  const current = await prisma().account.findFirstOrThrow({
    where: { userId: pledged.saver.user.id, isDebitor: true },
  })
  const other = offered('debtorAccount').find(
    (hash) => hash !== current.hashedAccNo && hash !== savings.hashedAccNo,
  )
  const answer = await pledged.saver.visitor.post('/accounts/load', {
    debtorAccount: other ?? '',
    creditorAccount: savings.hashedAccNo,
  })
  expect(answer.status).toBe(303)
  expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'accounts-changed' })
  expect(ordersOf(bench, pledged)).toEqual([])
})

test('an order that the bank refuses outright is refused here, with the bank’s code', async () => {
  const pledged = await pledge(bench)
  const settle = worker(bench, {
    bank: { initiate: async () => ({ kind: 'rejected', reason: 'creditor-account', code: 'AC03' }) },
  })
  expect(await settleUntil(bench, pledged, 'REJECTED', settle)).toMatchObject({
    reason: 'creditor-account',
    bankCode: 'AC03',
  })
})

test('a refused payment frees its pledge and is never looked at again', async () => {
  const pledged = await pledge(bench)
  const settle = worker(bench, {
    bank: { initiate: async () => ({ kind: 'rejected', reason: 'refused-by-bank', code: null }) },
  })
  await settleUntil(bench, pledged, 'REJECTED', settle)
  bench.clock.advance(DAY)
  control().clearRequests()
  await worker(bench)(pledged)
  expect(callsSeen(bench)).toEqual([])
})

test('a limit on calls is obeyed: nothing is sent before the bank’s time, and then once', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'rate-limit', route: POST_ORDER, retryAfterSeconds: 300 })
  await toNextAction(bench, pledged)
  await worker(bench)(pledged)
  const told = await paymentOf(bench, pledged)
  expect(told).toMatchObject({ state: 'SCHEDULED', reason: 'bank-busy' })
  expect((told.nextActionAt?.getTime() ?? 0) - bench.clock.now().getTime()).toBe(300 * SECOND)
  await settleUntil(bench, pledged, 'PAID')
})

test('a bank that says "again in 0 seconds" is not asked again at once', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'rate-limit', route: POST_ORDER, retryAfterSeconds: 0 })
  await toNextAction(bench, pledged)
  await worker(bench)(pledged)
  const { nextActionAt } = await paymentOf(bench, pledged)
  expect((nextActionAt?.getTime() ?? 0) - bench.clock.now().getTime()).toBeGreaterThanOrEqual(10 * SECOND)
})

test('a payment that can’t be sent is tried less and less often, and its history stays short', async () => {
  const pledged = await pledge(bench)
  control().addFault({ kind: 'rate-limit', route: POST_ORDER, retryAfterSeconds: 0, count: null })
  const begun = bench.clock.now().getTime()
  let tries = 0
  while (bench.clock.now().getTime() - begun < DAY) {
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    tries += 1
  }
  expect(tries).toBeLessThan(50)
  control().clearFaults()
  await settleUntil(bench, pledged, 'PAID')
})

async function endConsent({ saver }: Pledge): Promise<void> {
  const { consents } = bench.app.deps.models
  const live = await consents.live(saver.user.id)
  const by = { kind: 'saver', id: saver.user.id, ip: null, requestId: null } as const
  await consents.revoke(saver.user.id, live?.id ?? '', by)
}

async function pauseUntil({ saver }: Pledge, until: Date): Promise<void> {
  await prisma().user.update({ where: { id: saver.user.id }, data: { pausedUntil: until } })
}

/** As tightened a moment ago. */
async function limitTo(pledged: Pledge, limits: Partial<Limits>): Promise<void> {
  const by = { kind: 'saver', id: pledged.saver.user.id, ip: null, requestId: null } as const
  await bench.app.deps.models.limits.change(pledged.saver.user.id, { ...DEFAULT_LIMITS, ...limits }, by)
}
