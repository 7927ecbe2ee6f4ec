/** A small world in which everything is equal: two savers, payments in every kind of state, at the real emulated bank. */

import pg from 'pg'
import { inject } from 'vitest'
import type { Bank, BankOrder, BankTransaction } from '../../src/bank/index.ts'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import type { Payment, ReconciliationDifference, User } from '../../src/generated/client.ts'
import type { Reconciled, ReconcileOrder } from '../../src/jobs/handlers/reconcile.ts'
import { createReconcile } from '../../src/jobs/handlers/reconcile.ts'
import { openBank } from '../../src/jobs/handlers/settle/bank-access.ts'
import { SOMEBODY } from '../models/support.ts'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/app.ts'
import { linkBank, newSaver } from '../support/people.ts'

export interface World {
  app: TestApp
  clock: ManualClock
  /** Saves in Denmark. */
  ida: User
  /** Saves in Norway. */
  ole: User
  /** Each stands for what became of it. */
  payments: {
    paid: Payment
    /** Two habits in one. */
    batched: Payment
    /** Brought back by the one after it. */
    returned: Payment
    reversal: Payment
    takenBack: Payment
    rejected: Payment
    /** Instead of the rejected one. */
    paidAgain: Payment
    /** The bank has not said yet. */
    underWay: Payment
    unknown: Payment
    scheduled: Payment
  }
}

/** Ends at about the real time, so that programs of their own see the same days. */
const BEGINS_BEFORE_MS = 7 * DAY

export async function equalWorld(options: TestAppOptions = {}): Promise<World> {
  const clock = new ManualClock(new Date(Date.now() - BEGINS_BEFORE_MS))
  const app = await startTestApp({ clock, ...options })
  const { control } = app.sandbox
  const ida = (await linkBank(app, await newSaver(app, 'Ida Berg'), 'DK')).user
  const ole = (await linkBank(app, await newSaver(app, 'Ole Lund'), 'NO')).user
  const world = { app, clock } as World
  const settle = () => settleAll(world)

  const paid = await pledge(world, ida)
  const returned = await pledge(world, ida)
  await settle()
  control.addFault({ kind: 'course', route: 'PUT *', outcome: 'insufficient-funds' })
  const rejected = await pledge(world, ole)
  await settle()
  control.clearFaults()
  await app.deps.models.reversals.moveBack(ida.id, await checkOffOf(world, returned), SOMEBODY)
  const again = await app.deps.models.retries.payAgain(ole.id, rejected, SOMEBODY)
  const takenBack = await pledge(world, ole)
  await app.deps.models.checkOffs.undo(ole.id, await checkOffOf(world, takenBack), SOMEBODY)
  await settle()

  await app.deps.models.savings.changeCadence(ole, 'DAILY', SOMEBODY)
  const daily = await userOf(world, ole)
  const batched = await pledge(world, daily)
  await pledge(world, daily, 1_500)
  const left = await pledge(world, daily, 700)
  if (left !== batched) throw new Error('the check-offs are not in one batch')
  await app.deps.models.checkOffs.undo(ole.id, await checkOffOf(world, left, 700), SOMEBODY)
  await app.deps.models.savings.changeCadence(daily, 'AT_ONCE', SOMEBODY)
  clock.advance(DAY)
  await settle()
  // Whatever has been paid must have been booked by the last of these days.
  clock.advance(Date.now() - clock.now().getTime() - 10 * MINUTE)

  control.setSettleDelay(10 * MINUTE)
  const underWay = await pledge(world, ida)
  await settle()
  control.setSettleDelay(0)
  control.addFault({ kind: 'status-after', route: 'POST *payments/*', status: 502 })
  const unknown = await pledge(world, ole)
  clock.advance(MINUTE)
  await app.settleDue()
  control.clearFaults()
  const scheduled = await pledge(world, ida)

  const names = { paid, batched, returned, takenBack, rejected, underWay, unknown, scheduled }
  const rows = await Promise.all(
    Object.entries(names).map(async ([name, id]) => [name, await paymentOf(world, id)]),
  )
  const reversal = await app.deps.db.prisma.payment.findFirstOrThrow({ where: { kind: 'REVERSAL' } })
  const paidAgain = await paymentOf(world, again?.kind === 'scheduled' ? again.paymentId : '')
  return Object.assign(world, {
    ida: await userOf(world, ida),
    ole: await userOf(world, ole),
    payments: { ...Object.fromEntries(rows), reversal, paidAgain },
  })
}

/** A check-off of a habit of its own. @returns the id of its payment. */
export async function pledge({ app }: Pick<World, 'app'>, user: User, amountMinor = 2_500): Promise<string> {
  const { habits, checkOffs, accounts } = app.deps.models
  const currency = (await accounts.chosenBy(user.id))?.debtor.currency ?? 'DKK'
  const wish = { name: `Run ${Math.random()}`, frequency: 1, interval: 1, amountMinor }
  const { id } = await habits.create(user, wish, currency, SOMEBODY)
  const habit = await habits.findOwned(user, id)
  if (habit?.progress.next.kind !== 'open') throw new Error('nothing to check off')
  const offer = { day: habit.today, slot: habit.progress.next.slot }
  const result = await checkOffs.record(user, id, offer, SOMEBODY)
  if (result.kind !== 'recorded' || !result.paymentId) throw new Error(`not recorded: ${result.kind}`)
  return result.paymentId
}

/** Lets the worker do all that falls due in the next minutes, time after time. */
export async function settleAll({ app, clock }: Pick<World, 'app' | 'clock'>): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) {
    clock.advance(MINUTE)
    await app.settleDue()
  }
}

export async function paymentOf({ app }: Pick<World, 'app'>, id: string): Promise<Payment> {
  return app.deps.db.prisma.payment.findUniqueOrThrow({ where: { id } })
}

function userOf({ app }: Pick<World, 'app'>, { id }: User): Promise<User> {
  return app.deps.db.prisma.user.findUniqueOrThrow({ where: { id } })
}

async function checkOffOf(
  { app }: Pick<World, 'app'>,
  paymentId: string,
  amountMinor = 2_500,
): Promise<string> {
  const checkOff = await app.deps.db.prisma.checkOff.findFirstOrThrow({ where: { paymentId, amountMinor } })
  return checkOff.id
}

// ── Comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The worker's own handler; with `bank`, at a bank that tells something else. */
export function reconcile(
  { app }: Pick<World, 'app'>,
  bank: Partial<Bank> = {},
  order: Partial<ReconcileOrder> = {},
): Promise<Reconciled> {
  const run = createReconcile({ ...app.deps, bank: { ...app.deps.bank, ...bank } })
  return run({ occasion: 'daily', ...order })
}

export async function openDifferences({ app }: Pick<World, 'app'>): Promise<ReconciliationDifference[]> {
  return app.deps.db.prisma.reconciliationDifference.findMany({
    where: { goneOn: null },
    orderBy: [{ kind: 'asc' }, { objectKey: 'asc' }],
  })
}

/** The real list of orders, with something changed on the way. */
export function ordersAltered(
  { app }: Pick<World, 'app'>,
  alter: (orders: BankOrder[]) => BankOrder[],
): Partial<Bank> {
  return { listOrders: async (...asked) => alter(await app.deps.bank.listOrders(...asked)) }
}

/** The real transactions of each account, with something changed on the way. */
export function transactionsAltered(
  { app }: Pick<World, 'app'>,
  alter: (transactions: BankTransaction[]) => BankTransaction[],
): Partial<Bank> {
  return { transactions: async (...asked) => alter(await app.deps.bank.transactions(...asked)) }
}

/** As real Danish accounts show them. */
export function withoutReferences(transactions: BankTransaction[]): BankTransaction[] {
  return transactions.map((transaction) => ({ ...transaction, text: 'Overførsel', reference: null }))
}

/** A token of the saver's, to do at the bank what the app would never do. */
export async function atBank({ app }: Pick<World, 'app'>, user: User) {
  const access = await openBank(app.deps, user.id)
  if (access.kind !== 'open') throw new Error(`no access: ${access.kind}`)
  return access
}

// ── Meddling ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What no program of ours can do: as the database's owner, past every trigger. */
export async function meddle(
  { app }: Pick<World, 'app'>,
  sql: string,
  values: unknown[] = [],
): Promise<void> {
  const url = new URL(inject('database').adminUrl)
  url.pathname = new URL(app.environment.DATABASE_URL ?? '').pathname
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query('SET session_replication_role = replica')
    const { rowCount } = await client.query(sql, values)
    if (rowCount === 0) throw new Error(`nothing was changed by ${sql}`)
  } finally {
    await client.end()
  }
}
