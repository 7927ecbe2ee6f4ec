/** One seeded difference of every kind: found, named, held back or not, and gone once it is put right. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Bank, BankOrder, BankTransaction } from '../../src/bank/index.ts'
import { switchesIn } from '../../src/models/payment/facts.ts'
import { BOOK_KINDS, MONEY_KINDS, ORDER_KINDS } from '../../src/models/reconciliation/kinds.ts'
import {
  atBank,
  equalWorld,
  meddle,
  openDifferences,
  ordersAltered,
  reconcile,
  transactionsAltered,
  type World,
  withoutReferences,
} from './support.ts'

type Name = keyof World['payments']

interface Seed {
  /** "kind: payment", or "kind: saver" where it is about no payment. */
  finds: string[]
  /** Whose payments wait meanwhile. */
  holds: ('ida' | 'ole')[]
  /** @returns what puts it right again, or the bank that shows it. */
  plant(): Promise<{ putRight?: () => Promise<unknown>; bank?: Partial<Bank> }>
}

const STRANGE_ID = randomUUID()

let world: World

beforeAll(async () => {
  world = await equalWorld()
}, 120_000)
afterEach(async () => {
  await reconcile(world)
  expect(await openDifferences(world)).toEqual([])
})
afterAll(() => world.app.close())

const row = (name: Name) => world.payments[name]

/** One statement past the triggers, and the one that takes it back. */
function sql(seed: string, putRight: string, of: () => string): Seed['plant'] {
  return async () => {
    await meddle(world, seed, [of()])
    return { putRight: () => meddle(world, putRight, [of()]) }
  }
}

function orders(alter: (orders: BankOrder[]) => BankOrder[]): Seed['plant'] {
  return async () => ({ bank: ordersAltered(world, alter) })
}

function order(name: Name, change: Partial<BankOrder>): Seed['plant'] {
  return orders((listed) =>
    listed.map((each) => (each.externalId === row(name).externalId ? { ...each, ...change } : each)),
  )
}

function copiesOf(listed: BankOrder[], name: Name, externalId: string): BankOrder[] {
  return listed
    .filter((each) => each.externalId === row(name).externalId)
    .map((each) => ({ ...each, bankPaymentId: STRANGE_ID, externalId }))
}

/** An order that the app did not send; the bank takes it as it takes any. */
function secondOrder(name: Name, saver: 'ida' | 'ole'): Seed['plant'] {
  return async () => {
    const { app } = world
    const { context, country } = await atBank(world, world[saver])
    const listed = await app.deps.bank.listAccounts(context)
    const sides = await app.deps.models.accounts.sidesOf(row(name))
    const debtor = app.deps.models.accounts.findAtBank(sides.debtor, listed)
    const creditor = app.deps.models.accounts.findAtBank(sides.creditor, listed)
    if (!debtor || !creditor) throw new Error('the accounts are not at the bank')
    const { externalId, reference, amountMinor, currency } = row(name)
    const sent = await app.deps.bank.initiate(
      { externalId, reference, amountMinor, currency, debtor, creditor },
      context,
    )
    if (sent.kind !== 'order') throw new Error(`not sent: ${sent.kind}`)
    return { putRight: async () => app.deps.bank.deleteOrder?.(sent.order.bankPaymentId, country, context) }
  }
}

function transactions(alter: (shown: BankTransaction[]) => BankTransaction[]): Seed['plant'] {
  return async () => ({ bank: transactionsAltered(world, alter) })
}

const carries =
  (name: Name, sign: number) =>
  ({ text, amountMinor }: BankTransaction) =>
    text.includes(row(name).reference) && Math.sign(amountMinor) === sign

const SEEDS: Record<string, Seed> = {
  'a check-off that counts although its payment was taken back': {
    finds: ['check-off-unpaid: takenBack'],
    holds: ['ole'],
    plant: sql(
      `UPDATE "CheckOff" SET state = 'RECORDED', "undoneAt" = NULL WHERE "paymentId" = $1`,
      `UPDATE "CheckOff" SET state = 'UNDONE', "undoneAt" = at WHERE "paymentId" = $1`,
      () => row('takenBack').id,
    ),
  },
  'a payment of more than its check-offs': {
    finds: ['payment-not-the-sum: scheduled'],
    holds: ['ida'],
    plant: sql(
      `UPDATE "Payment" SET "amountMinor" = "amountMinor" + 100 WHERE id = $1`,
      `UPDATE "Payment" SET "amountMinor" = "amountMinor" - 100 WHERE id = $1`,
      () => row('scheduled').id,
    ),
  },
  'a ledger that never heard that a payment was sent': {
    finds: ['balance-not-the-sum: ole', 'balance-not-the-sum: ole', 'ledger-out-of-place: unknown'],
    holds: ['ole'],
    plant: sql(
      `UPDATE "LedgerLine" SET bucket = 'OPEN' WHERE "paymentId" = $1 AND bucket = 'ON_ITS_WAY'`,
      `UPDATE "LedgerLine" SET bucket = 'ON_ITS_WAY' WHERE "paymentId" = $1 AND bucket = 'OPEN' AND "amountMinor" > 0`,
      () => row('unknown').id,
    ),
  },
  'entries that stand under another payment': {
    finds: ['ledger-out-of-place: paid', 'ledger-out-of-place: underWay'],
    holds: ['ida'],
    plant: async () => {
      const move = (from: Name, to: Name) =>
        meddle(
          world,
          `UPDATE "LedgerLine" SET "paymentId" = $2 WHERE "paymentId" = $1
           AND "checkOffId" = (SELECT id FROM "CheckOff" WHERE "paymentId" = $3)`,
          [row(from).id, row(to).id, row('paid').id],
        )
      await move('paid', 'underWay')
      return { putRight: () => move('underWay', 'paid') }
    },
  },
  'an entry of which one line is missing': {
    finds: ['entry-not-balanced: scheduled', 'entry-not-balanced: scheduled'],
    holds: ['ida'],
    plant: sql(
      `UPDATE "LedgerLine" SET "entryId" = gen_random_uuid() WHERE "paymentId" = $1 AND bucket = 'OPEN'`,
      `UPDATE "LedgerLine" SET "entryId" = (SELECT "entryId" FROM "LedgerLine" WHERE "paymentId" = $1 AND bucket = 'PLEDGED')
       WHERE "paymentId" = $1 AND bucket = 'OPEN'`,
      () => row('scheduled').id,
    ),
  },
  'events with a gap between them': {
    finds: ['story-broken: paid'],
    holds: ['ida'],
    plant: sql(
      `UPDATE "PaymentEvent" SET "from" = 'UNKNOWN' WHERE "paymentId" = $1 AND "to" = 'PAID'`,
      `UPDATE "PaymentEvent" SET "from" = 'ACCEPTED' WHERE "paymentId" = $1 AND "to" = 'PAID'`,
      () => row('paid').id,
    ),
  },
  'events that do not begin at the beginning': {
    finds: ['story-broken: scheduled'],
    holds: ['ida'],
    plant: sql(
      `UPDATE "PaymentEvent" SET "from" = 'BLOCKED' WHERE "paymentId" = $1`,
      `UPDATE "PaymentEvent" SET "from" = NULL WHERE "paymentId" = $1`,
      () => row('scheduled').id,
    ),
  },
  'a move without its audit line': {
    finds: ['audit-incomplete: paid'],
    holds: ['ida'],
    plant: sql(
      `UPDATE "AuditEvent" SET action = 'payment.lost' WHERE "objectId" = $1 AND action = 'payment.paid'`,
      `UPDATE "AuditEvent" SET action = 'payment.paid' WHERE "objectId" = $1 AND action = 'payment.lost'`,
      () => row('paid').id,
    ),
  },
  'a payment that has been under way for two days': {
    finds: ['too-long-under-way: underWay'],
    holds: [],
    plant: sql(
      `UPDATE "Payment" SET "lastSentAt" = "lastSentAt" - interval '2 days' WHERE id = $1`,
      `UPDATE "Payment" SET "lastSentAt" = "lastSentAt" + interval '2 days' WHERE id = $1`,
      () => row('underWay').id,
    ),
  },
  'a payment that no worker has taken up for two days': {
    finds: ['too-long-under-way: scheduled'],
    holds: [],
    plant: sql(
      `UPDATE "Payment" SET "dueAt" = "dueAt" - interval '2 days' WHERE id = $1`,
      `UPDATE "Payment" SET "dueAt" = "dueAt" + interval '2 days' WHERE id = $1`,
      () => row('scheduled').id,
    ),
  },
  'a payment of which nothing has been known for seven hours': {
    finds: ['unknown-too-long: unknown'],
    holds: [],
    plant: sql(
      `UPDATE "PaymentEvent" SET at = at - interval '7 hours' WHERE "paymentId" = $1`,
      `UPDATE "PaymentEvent" SET at = at + interval '7 hours' WHERE "paymentId" = $1`,
      () => row('unknown').id,
    ),
  },
  'an order that the bank does not have': {
    finds: ['order-missing: paid'],
    holds: ['ida'],
    plant: orders((listed) => listed.filter((each) => each.externalId !== row('paid').externalId)),
  },
  'an order between a saver’s accounts that nobody asked for': {
    finds: ['order-unknown: ida'],
    holds: ['ida'],
    plant: orders((listed) => [...listed, ...copiesOf(listed, 'paid', STRANGE_ID)]),
  },
  'an order of somebody else’s payment between a saver’s accounts': {
    finds: ['order-unknown: ida'],
    holds: ['ida'],
    plant: orders((listed) => [...listed, ...copiesOf(listed, 'underWay', row('paidAgain').externalId)]),
  },
  'two orders for one payment': {
    finds: ['order-repeated: underWay'],
    holds: ['ida'],
    plant: secondOrder('underWay', 'ida'),
  },
  'an order of another amount': {
    finds: ['order-amount-differs: batched'],
    holds: ['ole'],
    plant: order('batched', { amountMinor: 400_100 }),
  },
  'an order in another currency': {
    finds: ['order-amount-differs: paid'],
    holds: ['ida'],
    plant: order('paid', { currency: 'EUR' }),
  },
  'an order from another account': {
    finds: ['order-accounts-differ: paid'],
    holds: ['ida'],
    plant: order('paid', { debtorNumber: '23001544527165' }),
  },
  'an order to a number that nobody can read': {
    finds: ['order-accounts-differ: batched'],
    holds: ['ole'],
    plant: order('batched', { creditorNumber: '12' }),
  },
  'a payment that is paid here and cancelled there': {
    finds: ['order-status-differs: paid'],
    holds: ['ida'],
    plant: order('paid', { status: { kind: 'cancelled' } }),
  },
  'a payment that is rejected here and paid there': {
    finds: ['order-status-differs: rejected'],
    holds: ['ole'],
    plant: order('rejected', { status: { kind: 'paid' } }),
  },
  'an order of a payment that was never sent': {
    finds: ['order-status-differs: scheduled'],
    holds: ['ida'],
    plant: secondOrder('scheduled', 'ida'),
  },
  'a payment without its debit': {
    finds: ['transaction-missing: paid'],
    holds: ['ida'],
    plant: transactions((shown) => shown.filter((each) => !carries('paid', -1)(each))),
  },
  'a payment without its credit, where no references are shown': {
    finds: ['transaction-missing: batched'],
    holds: ['ole'],
    plant: transactions((shown) => withoutReferences(shown.filter((each) => !carries('batched', 1)(each)))),
  },
  'a payment of which the bank has moved another amount': {
    finds: ['transaction-missing: paid', 'transaction-unexpected: paid'],
    holds: ['ida'],
    plant: transactions((shown) =>
      shown.map((each) => (carries('paid', -1)(each) ? { ...each, amountMinor: -2_600 } : each)),
    ),
  },
  'a payment that has been debited twice': {
    finds: ['transaction-unexpected: paid'],
    holds: ['ida'],
    plant: transactions((shown) => [
      ...shown,
      ...shown.filter(carries('paid', -1)).map((each) => ({ ...each, id: STRANGE_ID })),
    ]),
  },
  'a transaction of a payment that was rejected': {
    finds: ['transaction-unexpected: rejected'],
    holds: ['ole'],
    plant: transactions((shown) =>
      shown.concat(
        shown
          .filter(carries('paidAgain', 1))
          .map((each) => ({ ...each, id: STRANGE_ID, text: row('rejected').reference })),
      ),
    ),
  },
  'one transfer more between the same accounts, where no references are shown': {
    finds: ['transaction-doubtful: ole'],
    holds: [],
    plant: transactions((shown) =>
      withoutReferences([
        ...shown,
        ...shown.filter(carries('batched', -1)).map((each) => ({ ...each, id: STRANGE_ID })),
      ]),
    ),
  },
  'a payment whose debit is only reserved after days': {
    finds: ['transaction-doubtful: batched'],
    holds: [],
    plant: transactions((shown) =>
      withoutReferences(
        shown.map((each) => (carries('batched', -1)(each) ? { ...each, booked: false } : each)),
      ),
    ),
  },
}

test('there is a seed for every kind of difference', () => {
  const seeded = new Set(Object.values(SEEDS).flatMap(({ finds }) => finds.map((each) => each.split(':')[0])))
  expect([...seeded].sort()).toEqual([...BOOK_KINDS, ...ORDER_KINDS, ...MONEY_KINDS].sort())
})

test.each(Object.entries(SEEDS))('%s is found, and gone when put right', async (_what, seed) => {
  const { prisma } = world.app.deps.db
  const { putRight, bank } = await seed.plant()
  const result = await reconcile(world, bank)
  const open = await openDifferences(world)
  expect(open.map(nameOf).sort()).toEqual([...seed.finds].sort())
  expect(result).toMatchObject({ differences: seed.finds.length, saversChecked: 2, saversSkipped: 0 })
  for (const name of ['ida', 'ole'] as const) {
    const { isUnderReview } = await switchesIn(prisma, world[name].id)
    expect({ name, isUnderReview }).toEqual({ name, isUnderReview: seed.holds.includes(name) })
  }

  await reconcile(world, bank)
  expect((await openDifferences(world)).map(({ id }) => id)).toEqual(open.map(({ id }) => id))

  await putRight?.()
  expect(await reconcile(world)).toMatchObject({ differences: 0 })
  const rows = await prisma.reconciliationDifference.findMany({
    where: { id: { in: open.map(({ id }) => id) } },
  })
  for (const { goneOn } of rows) expect(goneOn).not.toBeNull()
  for (const { id } of open) {
    const audited = await prisma.auditEvent.findMany({ where: { objectId: id }, orderBy: { id: 'asc' } })
    expect(audited.map(({ action }) => action)).toEqual(['difference.found', 'difference.gone'])
  }
})

function nameOf({
  kind,
  userId,
  paymentId,
}: {
  kind: string
  userId: string | null
  paymentId: string | null
}): string {
  const payment = Object.entries(world.payments).find(([, { id }]) => id === paymentId)?.[0]
  const saver = userId === world.ida.id ? 'ida' : 'ole'
  return `${kind}: ${payment ?? saver}`
}
