/** Comparing while the app runs, at banks that show less, and with savers whose bank can't be asked. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { BankError } from '../../src/bank/index.ts'
import { DAY, MINUTE } from '../../src/clock.ts'
import { createReconcile } from '../../src/jobs/handlers/reconcile.ts'
import { SOMEBODY } from '../models/support.ts'
import { linkBank, newSaver } from '../support/people.ts'
import {
  equalWorld,
  openDifferences,
  ordersAltered,
  paymentOf,
  pledge,
  reconcile,
  settleAll,
  transactionsAltered,
  type World,
  withoutReferences,
} from './support.ts'

let world: World

describe.each(['current', 'paper'])('with the bank’s versions of the %s profile', (profile) => {
  beforeAll(async () => {
    world = await equalWorld({ settings: { NORDEA_PROFILE: profile } })
  }, 120_000)
  afterAll(() => world.app.close())

  test('a world in which all has gone its way is equal everywhere', async () => {
    const states = Object.entries(world.payments).map(([name, { state }]) => [name, state])
    expect(Object.fromEntries(states)).toEqual({
      paid: 'PAID',
      batched: 'PAID',
      returned: 'PAID',
      reversal: 'PAID',
      takenBack: 'CANCELLED',
      rejected: 'REJECTED',
      paidAgain: 'PAID',
      underWay: 'CONFIRMING',
      unknown: 'UNKNOWN',
      scheduled: 'SCHEDULED',
    })
    expect(await reconcile(world)).toMatchObject({
      paymentsChecked: 10,
      saversChecked: 2,
      saversSkipped: 0,
      differences: 0,
    })
    expect(await openDifferences(world)).toEqual([])
  })

  test('it is also equal where the bank shows no references', async () => {
    const bank = transactionsAltered(world, withoutReferences)
    expect(await reconcile(world, bank)).toMatchObject({ saversChecked: 2, differences: 0 })
  })
})

describe('while the app runs', () => {
  beforeAll(async () => {
    world = await equalWorld()
  }, 120_000)
  afterEach(async () => {
    world.app.sandbox.control.clearFaults()
    expect(await reconcile(world)).toMatchObject({ differences: 0 })
  })
  afterAll(() => world.app.close())

  test('each run leaves a row with what it counted', async () => {
    const { startedOn } = await reconcile(world)
    const runs = await world.app.deps.db.prisma.reconciliationRun.findMany({ where: { startedOn } })
    expect(runs[0]).toMatchObject({
      occasion: 'daily',
      finishedOn: expect.any(Date),
      paymentsChecked: 10,
      saversChecked: 2,
      saversSkipped: 0,
      differences: 0,
    })
  })

  test('a difference is told to the log by its ids, without amounts or accounts', async () => {
    const { app, payments, ida } = world
    const error = vi.fn()
    const log = Object.assign(Object.create(app.deps.log), { error })
    const bank = { ...app.deps.bank, ...ordersAltered(world, () => []) }
    await createReconcile({ ...app.deps, bank, log })({ occasion: 'daily' })
    expect(error).toHaveBeenCalledWith('the books differ', {
      differenceId: expect.any(String),
      kind: 'order-missing',
      userId: ida.id,
      paymentId: payments.paid.id,
      isNew: true,
    })
    expect(JSON.stringify(error.mock.calls)).not.toMatch(/2500|25\.00|[0-9a-f]{64}|DKK/)
  })

  test('what could not be looked at stays open, and counts as skipped', async () => {
    await reconcile(
      world,
      ordersAltered(world, (orders) =>
        orders.filter(({ externalId }) => externalId !== world.payments.paid.externalId),
      ),
    )
    const [open] = await openDifferences(world)
    expect(open).toMatchObject({ kind: 'order-missing', goneOn: null })
    const silent = async () => {
      throw new BankError('timeout')
    }
    const result = await reconcile(world, { listOrders: silent })
    expect(result).toMatchObject({ saversChecked: 0, saversSkipped: 2, differences: 0 })
    expect(result.skipped).toEqual(new Map([['bank-timeout', 2]]))
    expect(await openDifferences(world)).toEqual([open])
  })

  test('the accounts are not read when that would leave too few reads to the payments', async () => {
    const { app } = world
    const bankCalls = {
      ...app.deps.models.bankCalls,
      unattendedReads: async () => ({ allowed: 4, left: 2, nextAllowedAt: null }),
    }
    app.sandbox.control.clearRequests()
    const run = createReconcile({ ...app.deps, models: { ...app.deps.models, bankCalls } })
    const result = await run({ occasion: 'daily' })
    expect(result).toMatchObject({ saversChecked: 0, saversSkipped: 2 })
    expect(result.skipped).toEqual(new Map([['reads-used-up', 2]]))
    const asked = app.sandbox.control.requests().map(({ path }) => path)
    expect(asked.filter((path) => path.includes('/payments'))).not.toEqual([])
    expect(asked.filter((path) => path.includes('/accounts'))).toEqual([])
  })

  test('a payment that moves between reading and comparing is left to the next run', async () => {
    const { app, clock, payments } = world
    const withoutIt = ordersAltered(world, (orders) =>
      orders.filter(({ externalId }) => externalId !== payments.underWay.externalId),
    )
    expect(await reconcile(world, withoutIt)).toMatchObject({ differences: 1 })
    expect((await openDifferences(world)).map(({ kind }) => kind)).toEqual(['order-missing'])
    expect(await reconcile(world)).toMatchObject({ differences: 0 })

    const listOrders: typeof app.deps.bank.listOrders = async (country, context) => {
      const orders = (await withoutIt.listOrders?.(country, context)) ?? []
      if (context.onBehalfOf !== payments.underWay.userId) return orders
      clock.advance(20 * MINUTE)
      await app.settleDue()
      return orders
    }
    const before = await paymentOf(world, payments.underWay.id)
    expect(await reconcile(world, { listOrders })).toMatchObject({ differences: 0 })
    expect(before.state).toBe('CONFIRMING')
    expect((await paymentOf(world, payments.underWay.id)).state).toBe('PAID')
    expect(await openDifferences(world)).toEqual([])
  })

  test('savers who check off and workers who send meanwhile make no difference', async () => {
    const { app, ida, ole } = world
    let isOver = false
    const life = async () => {
      while (!isOver) {
        await pledge(world, ida)
        await pledge(world, ole)
        await settleAll({ app, clock: world.clock })
      }
    }
    const living = life()
    for (let run = 0; run < 8; run += 1) {
      expect(await reconcile(world)).toMatchObject({ saversSkipped: 0, differences: 0 })
    }
    isOver = true
    await living
  })

  test('people who share their accounts are no difference to each other', async () => {
    const { app, clock, ida } = world
    const eva = (await linkBank(app, await newSaver(app, 'Eva Berg'), 'DK')).user
    for (const saver of [ida, eva, eva]) await pledge(world, saver)
    await settleAll(world)
    clock.advance(5 * DAY)
    expect(await reconcile(world)).toMatchObject({ saversChecked: 3, differences: 0 })
    const bank = transactionsAltered(world, withoutReferences)
    expect(await reconcile(world, bank)).toMatchObject({ saversChecked: 3, differences: 0 })
  })

  test('a payment is not missed on the account before its bank has had days to book it', async () => {
    const { clock, ole } = world
    const paid = await pledge(world, ole, 3_300)
    await settleAll(world)
    expect((await paymentOf(world, paid)).state).toBe('PAID')
    const unbooked = transactionsAltered(world, (shown) =>
      shown.filter(({ amountMinor }) => Math.abs(amountMinor) !== 3_300),
    )
    expect(await reconcile(world, unbooked)).toMatchObject({ differences: 0 })
    clock.advance(5 * DAY)
    expect(await reconcile(world, unbooked)).toMatchObject({ differences: 2 })
    const open = await openDifferences(world)
    expect(open.map(({ kind, paymentId }) => [kind, paymentId])).toEqual([
      ['transaction-missing', paid],
      ['transaction-missing', paid],
    ])
    // Long after a daily look would have left it behind it is looked at again, and found.
    clock.advance(20 * DAY)
    expect(await reconcile(world, unbooked)).toMatchObject({ differences: 2 })
  })

  test('a saver who has ended the link is skipped while something of theirs is at the bank', async () => {
    const { app, ole } = world
    const { consents } = app.deps.models
    await pledge(world, ole)
    await settleAll(world)
    const live = await consents.live(ole.id)
    await consents.revoke(ole.id, live?.id ?? '', SOMEBODY)
    const result = await reconcile(world)
    expect(result.skipped).toEqual(new Map([['no-consent', 1]]))
  })
})
