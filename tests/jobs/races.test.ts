/** Two workers, a worker and a saver, a worker that was asleep: every race is forced, and one of them wins. */
import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import { newHabit, newLinkedSaver, offerOf, secondBrowser } from '../support/people.ts'
import {
  callsSeen,
  onlyPledgeOf,
  ordersOf,
  type Pledge,
  paymentOf,
  pledge,
  settleUntil,
  statesOf,
  toNextAction,
  useBench,
  worker,
} from './support.ts'

const bench = useBench({ settings: { DATABASE_POOL: '12', PAYMENT_LEASE_SECONDS: '3' } })
const control = () => bench.app.sandbox.control

/** Something that waits until it is let through, and tells when somebody has come to it. */
function gate() {
  let open = () => {}
  let arrive = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const pass = () => {
    arrive()
    return opened
  }
  return { open: () => open(), reached, pass }
}

test('of eight workers that are woken for one payment, one acts', async () => {
  const pledged = await pledge(bench)
  await toNextAction(bench, pledged)
  control().clearRequests()
  await Promise.all(Array.from({ length: 8 }, () => worker(bench)(pledged)))
  expect(callsSeen(bench).filter((call) => call === 'initiate')).toHaveLength(1)
  expect(callsSeen(bench).filter((call) => call === 'confirm')).toHaveLength(1)
  await paid(pledged)
})

test.each(['listAccounts', 'initiate', 'confirm'] as const)(
  'a lease that runs out while the bank takes its time over %s leaves one order',
  async (slow) => {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    const { open, pass, reached } = gate()
    const call = bench.app.deps.bank[slow] as (...args: unknown[]) => Promise<unknown>
    const first = worker(bench, {
      // Held up for so long that not even its lease was renewed.
      payments: { hold: () => () => {} },
      bank: {
        [slow]: async (...args: unknown[]) => {
          const answer = await call(...args)
          await pass()
          return answer
        },
      },
    })(pledged)
    await reached
    bench.clock.advance(3_001)
    await worker(bench)(pledged)
    open()
    await first
    await paid(pledged)
  },
)

test('a lease is renewed while the bank takes its time, so nobody else begins', async () => {
  const pledged = await pledge(bench)
  await toNextAction(bench, pledged)
  const { open, pass, reached } = gate()
  const { initiate } = bench.app.deps.bank
  let letGo = () => {}
  const { payments } = bench.app.deps.models
  const slow = worker(bench, {
    payments: {
      hold: (claims) => {
        letGo = payments.hold(claims)
        return letGo
      },
    },
    bank: {
      initiate: async (...args) => {
        await pass()
        return initiate(...args)
      },
    },
  })(pledged)
  await reached
  bench.clock.advance(2_500)
  const before = (await paymentOf(bench, pledged)).leaseUntil
  await expect
    .poll(async () => (await paymentOf(bench, pledged)).leaseUntil?.getTime(), {
      timeout: 20_000,
      interval: 250,
    })
    .toBeGreaterThan(before?.getTime() ?? 0)
  bench.clock.advance(2_500)
  expect(await payments.claimDue(pledged.saver.user.id)).toEqual([])
  open()
  await slow
  await paid(pledged)
})

test('a worker that was stopped between writing and sending does not send when it wakes', async () => {
  const pledged = await pledge(bench)
  await toNextAction(bench, pledged)
  const { open, pass, reached } = gate()
  const { sendOff } = bench.app.deps.models.payments
  const asleep = worker(bench, {
    payments: {
      hold: () => () => {},
      sendOff: async (...args) => {
        const sent = await sendOff(...args)
        await pass()
        return sent
      },
    },
  })(pledged)
  await reached
  bench.clock.advance(10 * MINUTE)
  await worker(bench)(pledged)
  await paid(pledged)
  control().clearRequests()
  open()
  await asleep
  expect(callsSeen(bench)).toEqual([])
})

test('an undo before the order goes out wins, and nothing is sent', async () => {
  const pledged = await pledge(bench)
  await toNextAction(bench, pledged)
  const { open, pass, reached } = gate()
  const { listAccounts } = bench.app.deps.bank
  const sending = worker(bench, {
    bank: {
      listAccounts: async (context) => {
        await pass()
        return listAccounts(context)
      },
    },
  })(pledged)
  await reached
  expect(await undo(pledged)).toEqual({ kind: 'undone' })
  open()
  await sending
  expect(ordersOf(bench, pledged)).toEqual([])
  expect(await statesOf(bench, pledged)).toEqual(['SCHEDULED', 'CANCELLED'])
})

test('an undo while the order goes out comes too late, and the payment arrives', async () => {
  const pledged = await pledge(bench)
  await toNextAction(bench, pledged)
  const { open, pass, reached } = gate()
  const { initiate } = bench.app.deps.bank
  const sending = worker(bench, {
    bank: {
      initiate: async (...args) => {
        await pass()
        return initiate(...args)
      },
    },
  })(pledged)
  await reached
  expect(await undo(pledged)).toMatchObject({ kind: 'too-late' })
  open()
  await sending
  await paid(pledged)
})

test('twenty undos and four workers at once: the payment is taken back or arrives, never both', async () => {
  for (let round = 0; round < 4; round += 1) {
    const pledged = await pledge(bench)
    await toNextAction(bench, pledged)
    const workers = Array.from({ length: 4 }, () => worker(bench)(pledged))
    const undos = await Promise.all(Array.from({ length: 20 }, () => undo(pledged)))
    await Promise.all(workers)
    const undone = undos.filter((result) => result?.kind === 'undone')
    const { state } = await paymentOf(bench, pledged)
    if (state === 'CANCELLED') {
      expect(undone).toHaveLength(1)
      expect(ordersOf(bench, pledged)).toEqual([])
    } else {
      expect(undone).toHaveLength(0)
      await paid(pledged)
    }
  }
})

test('a blocked payment can be taken back, even while a worker looks whether it may go on', async () => {
  const pledged = await pledge(bench)
  await bench.app.deps.db.prisma.user.update({
    where: { id: pledged.saver.user.id },
    data: { pausedUntil: new Date(bench.clock.now().getTime() + HOUR) },
  })
  await settleUntil(bench, pledged, 'BLOCKED')
  bench.clock.advance(DAY)
  const { open, pass, reached } = gate()
  const { listAccounts } = bench.app.deps.bank
  const looking = worker(bench, {
    bank: {
      listAccounts: async (context) => {
        await pass()
        return listAccounts(context)
      },
    },
  })(pledged)
  await reached
  expect(await undo(pledged)).toEqual({ kind: 'undone' })
  open()
  await looking
  expect(ordersOf(bench, pledged)).toEqual([])
})

test('a look that the saver asks for while a worker is asking is not lost', async () => {
  control().setApproval('always')
  const pledged = await pledge(bench)
  await settleUntil(bench, pledged, 'AWAITING_APPROVAL')
  await toNextAction(bench, pledged)
  const { order } = bench.app.deps.bank
  const { payments } = bench.app.deps.models
  const settle = worker(bench, {
    bank: {
      order: async (...args) => {
        const before = await order(...args)
        const { approvalUrl } = await paymentOf(bench, pledged)
        await fetch(approvalUrl ?? '', {
          method: 'POST',
          body: new URLSearchParams({ answer: 'approve' }),
          redirect: 'manual',
        })
        const { id: userId } = pledged.saver.user
        await payments.lookNow(userId, [pledged.id], { kind: 'saver', id: userId, ip: null, requestId: null })
        return before
      },
    },
  })
  await settle(pledged)
  await worker(bench)(pledged)
  expect((await paymentOf(bench, pledged)).state).not.toBe('AWAITING_APPROVAL')
  await paid(pledged)
})

test('fifty posts of one check-off over two sessions are one check-off, one payment and one order', async () => {
  const saver = await newLinkedSaver(bench.app)
  const habitId = await newHabit(bench.app, saver, { amount: '33', frequency: 1, interval: 1 })
  const other = await secondBrowser(bench.app, saver)
  await Promise.all([saver.visitor.get('/dashboard'), other.get('/dashboard')])
  const offer = await offerOf(bench.app, saver, habitId)
  const posts = Array.from({ length: 50 }, (_, turn) => {
    const visitor = turn % 2 === 0 ? saver.visitor : other
    return visitor.postRaw(`/habits/${habitId}/checkoff`, { _csrf: visitor.token, ...offer })
  })
  const statuses = (await Promise.all(posts)).map((answer) => answer.status)
  expect(statuses.filter((status) => status >= 500)).toEqual([])
  expect(new Set(statuses)).toEqual(new Set([303]))
  const pledged = await onlyPledgeOf(bench, saver, habitId)
  await settleUntil(bench, pledged, 'PAID')
  expect(ordersOf(bench, pledged)).toHaveLength(1)
})

async function undo({ saver, checkOffId }: Pledge) {
  const by = { kind: 'saver', id: saver.user.id, ip: null, requestId: null } as const
  return bench.app.deps.models.checkOffs.undo(saver.user.id, checkOffId, by)
}

async function paid(pledged: Pledge): Promise<void> {
  if ((await paymentOf(bench, pledged)).state !== 'PAID') await settleUntil(bench, pledged, 'PAID')
}
