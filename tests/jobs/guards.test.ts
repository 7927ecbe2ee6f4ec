/** What keeps payments from going out holds however many workers, savers and requests come at the same moment. */
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { Payment } from '../../src/generated/client.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/models/limits.ts'
import { IN_FLIGHT } from '../../src/models/payment/states.ts'
import type { Claim } from '../../src/models/payment.ts'
import { newHabit, newLinkedSaver, offerOf, type Person, secondBrowser } from '../support/people.ts'
import type { Visitor } from '../support/visitor.ts'
import {
  answerApproval,
  type Bench,
  CONFIRM,
  callsSeen,
  onlyPledgeOf,
  ordersOf,
  type Pledge,
  paymentOf,
  pledge,
  pledgeOf,
  type Replace,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

const bench = useBench({ settings: { DATABASE_POOL: '24' } })
const narrow = useBench({ settings: { DATABASE_POOL: '24', EXPOSURE_LIMIT: '100' } })
const counted = useBench({ settings: { UNATTENDED_READS_PER_DAY: '2' } })
const usual = useBench({ settings: { UNATTENDED_READS_PER_DAY: '' } })
const control = () => bench.app.sandbox.control

const bySaver = ({ user }: Person) => ({ kind: 'saver', id: user.id, ip: null, requestId: null }) as const
const statesIn = (payments: readonly Payment[]) => payments.map(({ state }) => state)
const isUnderWay = ({ state }: Payment) =>
  state === 'PAID' || (IN_FLIGHT as readonly string[]).includes(state)

/** As tightened a moment ago. */
async function limitTo({ app }: Bench, saver: Person, limits: Partial<Limits>): Promise<void> {
  await app.deps.models.limits.change(saver.user.id, { ...DEFAULT_LIMITS, ...limits }, bySaver(saver))
}

async function pledges(on: Bench, saver: Person, count: number): Promise<Pledge[]> {
  const all: Pledge[] = []
  for (let index = 0; index < count; index += 1) all.push(await pledgeOf(on, saver))
  return all
}

/** What is due of one saver is dealt out to several workers, and all of them begin at the same moment. */
async function settleAtOnce(on: Bench, saver: Person, workers: number, replace: Replace = {}): Promise<void> {
  const claims = await on.app.deps.models.payments.claimDue(saver.user.id)
  const hands = Array.from({ length: workers }, (): Claim[] => [])
  for (const [index, claim] of claims.entries()) hands[index % workers]?.push(claim)
  await Promise.all(
    hands.map((hand) =>
      worker(on, { ...replace, payments: { ...replace.payments, claimDue: async () => hand } })({ saver }),
    ),
  )
}

const all = (on: Bench, some: readonly Pledge[]) => Promise.all(some.map((each) => paymentOf(on, each)))

describe('a cap for a day', () => {
  test('lets three more of ten through beside the one sent before, whichever of four workers has them, and four a day from then on', async () => {
    const saver = await newLinkedSaver(bench.app)
    await limitTo(bench, saver, { capPerDayMinor: 12_499 })
    // One of today’s is at the bank already.
    await settleUntil(bench, await pledgeOf(bench, saver), 'PAID')
    const ten = await pledges(bench, saver, 10)
    await toNextAction(bench, ten.at(-1) as Pledge)
    await settleAtOnce(bench, saver, 4)
    const today = await all(bench, ten)
    expect(today.filter(isUnderWay)).toHaveLength(3)
    const held = today.filter(({ state }) => state === 'BLOCKED')
    expect(held.map(({ reason }) => reason)).toEqual(Array(7).fill('cap-per-day'))
    const [next] = new Set(held.map(({ nextActionAt }) => nextActionAt?.getTime()))
    expect((next ?? 0) - bench.clock.now().getTime()).toBeLessThanOrEqual(25 * HOUR)
    bench.clock.advance((next ?? 0) - SECOND - bench.clock.now().getTime())
    await settleAtOnce(bench, saver, 4)
    expect((await all(bench, ten)).filter(isUnderWay)).toHaveLength(3)
    bench.clock.advance(SECOND)
    await settleAtOnce(bench, saver, 4)
    expect((await all(bench, ten)).filter(isUnderWay)).toHaveLength(7)
    const orders = await Promise.all(ten.map((each) => ordersOf(bench, each).length))
    expect(orders.filter((count) => count === 1)).toHaveLength(7)
    bench.clock.advance(DAY)
    await settleAtOnce(bench, saver, 4)
    expect((await all(bench, ten)).filter(isUnderWay)).toHaveLength(10)
  })

  test('lets exactly as many through as it is, oldest first, with one worker as with four', async () => {
    for (const workers of [1, 4]) {
      const saver = await newLinkedSaver(bench.app)
      await limitTo(bench, saver, { capPerDayMinor: 10_000 })
      const ten = await pledges(bench, saver, 10)
      await toNextAction(bench, ten.at(-1) as Pledge)
      await settleAtOnce(bench, saver, workers)
      const payments = await all(bench, ten)
      expect(payments.filter(isUnderWay)).toHaveLength(4)
      if (workers === 1) expect(statesIn(payments.slice(4))).toEqual(Array(6).fill('BLOCKED'))
    }
  })
})

describe('the limit on what all savers have under way', () => {
  test('is never exceeded by ten savers at once, and lets the others on as the money arrives', async () => {
    const { control } = narrow.app.sandbox
    control.setSettleDelay(10 * MINUTE)
    const ten: Pledge[] = []
    for (let index = 0; index < 10; index += 1) ten.push(await pledge(narrow))
    for (const each of ten) await toNextAction(narrow, each)
    const underWayMinor = () =>
      control
        .payments()
        .filter(({ status }) => status !== 'Paid')
        .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
    const sentAfter: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(ten.map((each) => worker(narrow)(each)))
      expect(underWayMinor()).toBeLessThanOrEqual(10_000)
      sentAfter.push(control.payments().length)
      const waiting = (await all(narrow, ten)).filter(({ state }) => state === 'BLOCKED')
      expect(new Set(waiting.map(({ reason }) => reason))).toEqual(
        new Set(waiting.length > 0 ? ['exposure-limit'] : []),
      )
      // The money arrives, and only when that has been seen is there room for more.
      narrow.clock.advance(HOUR)
      for (const each of ten) if (isUnderWay(await paymentOf(narrow, each))) await worker(narrow)(each)
      for (const each of ten) if (isUnderWay(await paymentOf(narrow, each))) await worker(narrow)(each)
    }
    expect(sentAfter).toEqual([4, 8, 10])
  })
})

describe('what is to stay in the account', () => {
  const withBalance = (availableMinor: () => number | null): Replace => ({
    bank: {
      listAccounts: async (context) =>
        (await bench.app.deps.bank.listAccounts(context)).map((account) => ({
          ...account,
          availableMinor: availableMinor(),
        })),
    },
  })

  test.each([1, 3])(
    'counts with the balance of this moment and with what is on its way already, with %d at work',
    async (workers) => {
      // The bank holds nothing back yet for what it has just been told.
      control().setApproval('always')
      const saver = await newLinkedSaver(bench.app)
      await limitTo(bench, saver, { floorMinor: 4_000 })
      const three = await pledges(bench, saver, 3)
      await toNextAction(bench, three.at(-1) as Pledge)
      let availableMinor = 10_000
      await settleAtOnce(
        bench,
        saver,
        workers,
        withBalance(() => availableMinor),
      )
      const payments = await all(bench, three)
      expect(payments.filter(isUnderWay)).toHaveLength(2)
      const last = payments.find(({ state }) => state === 'BLOCKED')
      expect(last).toMatchObject({ reason: 'below-floor' })
      const left = three.find(({ id }) => id === last?.id) as Pledge
      for (const { approvalUrl } of new Map(payments.map((each) => [each.approvalUrl, each])).values())
        if (approvalUrl) await answerApproval(approvalUrl, 'approve')
      for (const each of three) if (each !== left) await settleUntil(bench, each, 'PAID')
      availableMinor = 6_499
      await toNextAction(bench, left)
      await worker(
        bench,
        withBalance(() => availableMinor),
      )(left)
      expect((await paymentOf(bench, left)).state).toBe('BLOCKED')
      availableMinor = 6_500
      await toNextAction(bench, left)
      await worker(
        bench,
        withBalance(() => availableMinor),
      )(left)
      expect((await paymentOf(bench, left)).state).toBe('AWAITING_APPROVAL')
    },
  )

  test('needs a balance: where the bank shows none, nothing goes out', async () => {
    const saver = await newLinkedSaver(bench.app)
    await limitTo(bench, saver, { floorMinor: 1 })
    const pledged = await pledgeOf(bench, saver)
    const settle = worker(
      bench,
      withBalance(() => null),
    )
    expect(await settleUntil(bench, pledged, 'BLOCKED', settle)).toMatchObject({ reason: 'balance-unknown' })
    expect(ordersOf(bench, pledged)).toEqual([])
    const free = await pledge(bench)
    await settleUntil(bench, free, 'PAID', settle)
    await settleUntil(bench, pledged, 'PAID')
  })
})

describe('while all payments are stopped', () => {
  const by = { kind: 'admin', id: null, ip: null, requestId: null } as const
  const stops = () => bench.app.deps.models.stops

  test('nothing is sent, nothing confirmed, and what the bank is carrying out is followed', async () => {
    control().setSettleDelay(MINUTE)
    const followed = await pledge(bench)
    await settleUntil(bench, followed, 'ACCEPTED')
    const initiated = await pledge(bench)
    const unsent = await pledge(bench)
    control().addFault({ kind: 'rate-limit', route: CONFIRM, retryAfterSeconds: 20 })
    await settleUntil(bench, initiated, 'INITIATED')
    await stops().start('a rehearsal', by)
    control().clearRequests()
    await settleUntil(bench, unsent, 'BLOCKED')
    await toNextAction(bench, initiated)
    await worker(bench)(initiated)
    expect(callsSeen(bench)).toEqual([])
    expect(await paymentOf(bench, initiated)).toMatchObject({
      state: 'INITIATED',
      reason: 'payments-stopped',
    })
    await settleUntil(bench, followed, 'PAID')
    expect(new Set(callsSeen(bench))).toEqual(new Set(['show order']))
    bench.clock.advance(DAY / 4)
    for (const each of [unsent, initiated]) await worker(bench)(each)
    expect(ordersOf(bench, unsent)).toEqual([])
    expect(ordersOf(bench, initiated)).toMatchObject([{ status: 'PendingConfirmation' }])
    await stops().end(by)
    for (const each of [unsent, initiated]) await settleUntil(bench, each, 'PAID')
  })

  test('a stop that begins between the last look and the move to send keeps the order from going out', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    const { payments } = bench.app.deps.models
    control().clearRequests()
    await worker(bench, {
      payments: {
        // Its look saw no stop; one began before it could write that it sends.
        sendOff: async (claim, _availableMinor, worker) => {
          await stops().start('between look and move', by)
          const sent = await payments.move(claim, { to: 'SENDING', keepLease: true }, worker)
          return { kind: 'sending', claim: sent }
        },
      },
    })(pledged)
    expect(callsSeen(bench)).toEqual(['list accounts'])
    expect(await statesOf(bench, pledged)).toEqual(['SCHEDULED'])
    expect(await settleUntil(bench, pledged, 'BLOCKED')).toMatchObject({ reason: 'payments-stopped' })
    await stops().end(by)
    await settleUntil(bench, pledged, 'PAID')
  })

  test('a stop that begins before our word is given keeps it from being given', async () => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    const { heldBack } = bench.app.deps.models.payments
    await worker(bench, {
      payments: {
        heldBack: async (userId) => {
          const reason = await heldBack(userId)
          await stops().start('between look and word', by)
          return reason
        },
      },
    })(pledged)
    expect(ordersOf(bench, pledged)).toMatchObject([{ status: 'PendingConfirmation' }])
    await toNextAction(bench, pledged)
    await worker(bench)(pledged)
    expect(await paymentOf(bench, pledged)).toMatchObject({ state: 'INITIATED', reason: 'payments-stopped' })
    await stops().end(by)
    await settleUntil(bench, pledged, 'PAID')
    expect(ordersOf(bench, pledged)).toHaveLength(1)
  })
})

describe('the reads that the bank allows while the saver is away', () => {
  /** A payment whose saver asked for it long ago. */
  async function away(on: Bench, saver: Person): Promise<Pledge> {
    const pledged = await pledgeOf(on, saver)
    on.clock.advance(11 * MINUTE)
    return pledged
  }

  test('are not exceeded: the payment waits until the next one is allowed, and not longer', async () => {
    const saver = await newLinkedSaver(counted.app)
    const first = await away(counted, saver)
    const firstReadAt = counted.clock.now().getTime()
    await settleUntil(counted, first, 'PAID')
    await settleUntil(counted, await away(counted, saver), 'PAID')
    const third = await away(counted, saver)
    counted.app.sandbox.control.clearRequests()
    await worker(counted)(third)
    expect(callsSeen(counted)).toEqual([])
    const waits = await paymentOf(counted, third)
    expect(waits).toMatchObject({ state: 'BLOCKED', reason: 'reads-used-up' })
    expect(waits.nextActionAt?.getTime()).toBe(firstReadAt + DAY)
    await toNextAction(counted, third)
    await worker(counted)(third)
    expect(callsSeen(counted)[0]).not.toBe(undefined)
    await settleUntil(counted, third, 'PAID')
  })

  test('are not spent while the saver is here, which the bank is told; one who comes back lets it go on', async () => {
    const saver = await newLinkedSaver(counted.app)
    for (let time = 0; time < 2; time += 1) await settleUntil(counted, await away(counted, saver), 'PAID')
    const { bankCalls } = counted.app.deps.models
    expect(await bankCalls.unattendedReads(saver.user.id)).toMatchObject({ left: 0 })
    const here = await pledgeOf(counted, saver)
    await settleUntil(counted, here, 'PAID')
    const reads = await counted.app.deps.db.prisma.bankCall.findMany({
      where: { onBehalfOfId: saver.user.id, api: 'accounts.list', actor: 'worker' },
      orderBy: { at: 'asc' },
    })
    expect(reads.map(({ attended }) => attended)).toEqual([false, false, true])
    const waits = await away(counted, saver)
    await settleUntil(counted, waits, 'BLOCKED')
    await saver.visitor.post(`/payments/${waits.id}/try-now`)
    await worker(counted)(waits)
    expect(await paymentOf(counted, waits)).not.toMatchObject({ state: 'BLOCKED' })
    await settleUntil(counted, waits, 'PAID')
  })

  test('are four a day where nothing else is set, spent once for all that is due together', async () => {
    const saver = await newLinkedSaver(usual.app)
    for (let time = 0; time < 4; time += 1) {
      const two = await pledges(usual, saver, 2)
      usual.clock.advance(11 * MINUTE)
      for (const each of two) await settleUntil(usual, each, 'PAID')
    }
    const fifth = await away(usual, saver)
    expect(await settleUntil(usual, fifth, 'BLOCKED')).toMatchObject({ reason: 'reads-used-up' })
    await settleUntil(usual, fifth, 'PAID')
  })
})

test('two hundred posts of one check-off over two sessions are one order, and everybody is told so', async () => {
  const saver = await newLinkedSaver(bench.app)
  const habitId = await newHabit(bench.app, saver, { amount: '33', frequency: 1, interval: 1 })
  const other = await secondBrowser(bench.app, saver)
  await Promise.all([saver.visitor.get('/dashboard'), other.get('/dashboard')])
  const offer = await offerOf(bench.app, saver, habitId)
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, turn) => {
      const visitor = turn % 2 === 0 ? saver.visitor : other
      return visitor.postRaw(`/habits/${habitId}/checkoff`, { _csrf: visitor.token, ...offer })
    }),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
  expect(new Set(answers.map(({ headers }) => headers.location))).toEqual(new Set(['/dashboard']))
  const pledged = await onlyPledgeOf(bench, saver, habitId)

  const said = [await flashesOf(saver.visitor), await flashesOf(other)]
  const [done = [], already] = said.toSorted((a, b) => b.length - a.length)
  expect(already).toEqual(['Run was checked off already. It counts once.'])
  expect(done.toSorted()).toEqual([
    'Run was checked off already. It counts once.',
    expect.stringContaining(': done.'),
  ])
  for (const visitor of [saver.visitor, other]) expect(await flashesOf(visitor)).toEqual([])
  await settleUntil(bench, pledged, 'PAID')
  expect(ordersOf(bench, pledged)).toHaveLength(1)
})

/** What the next page says, each sentence by itself. */
async function flashesOf(visitor: Visitor): Promise<string[]> {
  const { text } = await visitor.get('/dashboard')
  return [...text.matchAll(/<div class="flash flash--[\s\S]*?<p>([\s\S]*?)<\/p>/g)].map(
    ([, said = '']) => said,
  )
}
