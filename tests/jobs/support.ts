/** What the tests of the payment path share: a saver with a pledge, workers that die on cue, and the one promise checked. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Bank } from '../../src/bank/index.ts'
import { ManualClock } from '../../src/clock.ts'
import type { Payment, PaymentEvent } from '../../src/generated/client.ts'
import { createSettleSaver, type SettleDeps } from '../../src/jobs/handlers/settle-saver.ts'
import type { Models } from '../../src/models/index.ts'
import { bucketOf, isFinal, mayMove, PaymentState } from '../../src/models/payment/states.ts'
import type { SandboxPayment } from '../../src/sandbox/index.ts'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, type Person } from '../support/people.ts'

export const POST_ORDER = 'POST *payments/domestic'
export const LIST_ORDERS = 'GET *payments/domestic'
export const CONFIRM = 'PUT *payments/domestic*confirm'
export const SHOW_ORDER = 'GET *payments/domestic/*'
export const LIST_ACCOUNTS = 'GET *accounts'

export interface Bench {
  app: TestApp
  clock: ManualClock
  /** Booked balances by IBAN before anything was saved. */
  opening: Map<string, number>
}

/** One app a file, with a clock that the tests move; the promise is checked after every test. */
export function useBench(options: TestAppOptions = {}): Bench {
  const bench = { clock: new ManualClock(new Date()) } as Bench
  beforeAll(async () => {
    bench.app = await startTestApp({ clock: bench.clock, ...options })
    bench.opening = balances(bench.app)
  })
  afterEach(async () => {
    const { control } = bench.app.sandbox
    control.clearFaults()
    control.setApproval('never')
    control.setSettleDelay(0)
    await expectPromiseKept(bench)
  })
  afterAll(() => bench.app.close())
  return bench
}

export interface Pledge {
  saver: Person
  habitId: string
  checkOffId: string
  id: string
  externalId: string
}

/** A saver with linked accounts who has checked off once; nothing has been sent yet. */
export async function pledge({ app }: Pick<Bench, 'app'>, amount = '25'): Promise<Pledge> {
  return pledgeOf({ app }, await newLinkedSaver(app), amount)
}

export async function pledgeOf({ app }: Pick<Bench, 'app'>, saver: Person, amount = '25'): Promise<Pledge> {
  const habitId = await newHabit(app, saver, { amount, name: `Run ${Math.random()}` })
  const checkOffId = await checkOff(app, saver, habitId)
  const payment = await app.deps.db.prisma.payment.findFirstOrThrow({
    where: { checkOffs: { some: { id: checkOffId } } },
  })
  return { saver, habitId, checkOffId, id: payment.id, externalId: payment.externalId }
}

/** What a habit's many posts came to: one check-off and one payment, which is theirs. */
export async function onlyPledgeOf(
  { app }: Pick<Bench, 'app'>,
  saver: Person,
  habitId: string,
): Promise<Pledge> {
  const { prisma } = app.deps.db
  const checkOffs = await prisma.checkOff.findMany({ where: { habitId } })
  const payments = await prisma.payment.findMany({ where: { userId: saver.user.id } })
  expect([checkOffs.length, payments.length]).toEqual([1, 1])
  const [made] = checkOffs
  const [payment] = payments
  if (!made || !payment) throw new Error('there is neither')
  return { saver, habitId, checkOffId: made.id, id: payment.id, externalId: payment.externalId }
}

export type Replace = Partial<Omit<SettleDeps, 'bank' | 'models'>> & {
  bank?: Partial<Bank>
  payments?: Partial<Models['payments']>
}

/** A worker's handler on the app's own parts, with some of them replaced. */
export function worker({ app }: Pick<Bench, 'app'>, replace: Replace = {}) {
  const { deps } = app
  const { bank, payments, ...rest } = replace
  const settle = createSettleSaver({
    ...deps,
    rules: {
      pollSeconds: deps.settings.PAYMENT_POLL_SECONDS,
      resendAfterSeconds: deps.settings.RESEND_AFTER_SECONDS,
      reminderMinutes: deps.settings.APPROVAL_REMINDER_MINUTES,
    },
    ...rest,
    bank: { ...deps.bank, ...bank },
    models: { ...deps.models, payments: { ...deps.models.payments, ...payments } },
  })
  return ({ saver }: Pick<Pledge, 'saver'>) => settle(saver.user.id)
}

/** Stands for SIGKILL: whatever the worker had not written by then is gone. */
export class Killed extends Error {}

/** The worker dies as soon as this state has been written. */
export function killedAfterWriting({ app }: Bench, state: PaymentState): Replace {
  return {
    payments: {
      move: async (...move) => {
        const claim = await app.deps.models.payments.move(...move)
        if (claim.payment.state === state) throw new Killed()
        return claim
      },
      sendOff: async (...args) => {
        const sendOff = await app.deps.models.payments.sendOff(...args)
        if (sendOff.kind === 'sending' && state === 'SENDING') throw new Killed()
        return sendOff
      },
    },
  }
}

type Calls = 'initiate' | 'confirm' | 'order' | 'findOrders' | 'listAccounts'

/** The worker dies when the bank has answered this call, before it can write what the bank said. */
export function killedAfterCall({ app }: Bench, name: Calls): Replace {
  const call = app.deps.bank[name] as (...args: unknown[]) => Promise<unknown>
  return {
    bank: {
      [name]: async (...args: unknown[]) => {
        await call(...args)
        throw new Killed()
      },
    },
  }
}

export async function paymentOf({ app }: Pick<Bench, 'app'>, { id }: Pick<Pledge, 'id'>): Promise<Payment> {
  return app.deps.db.prisma.payment.findUniqueOrThrow({ where: { id } })
}

export async function statesOf({ app }: Pick<Bench, 'app'>, { id }: Pick<Pledge, 'id'>): Promise<string[]> {
  return (await eventsOf(app, id)).map((event) => event.to)
}

export function ordersOf({ app }: Pick<Bench, 'app'>, { externalId }: Pledge): SandboxPayment[] {
  return app.sandbox.control.payments().filter((order) => order.externalId === externalId)
}

/** Moves the clock to the moment the payment is to be looked at, and no further. */
export async function toNextAction(bench: Bench, pledged: Pick<Pledge, 'id'>): Promise<void> {
  const { nextActionAt, leaseUntil } = await paymentOf(bench, pledged)
  const at = Math.max(nextActionAt?.getTime() ?? 0, leaseUntil?.getTime() ?? 0)
  bench.clock.advance(Math.max(0, at - bench.clock.now().getTime()))
}

/** Lets the worker look whenever the payment asks for it, until it stands there. @throws when it never does. */
export async function settleUntil(
  bench: Bench,
  pledged: Pledge,
  state: PaymentState,
  settle = worker(bench),
  mostLooks = 12,
): Promise<Payment> {
  for (let look = 0; look < mostLooks; look += 1) {
    await toNextAction(bench, pledged)
    await settle(pledged)
    const payment = await paymentOf(bench, pledged)
    if (payment.state === state) return payment
    if (isFinal(payment.state)) break
  }
  throw new Error(`it never was ${state}: ${(await statesOf(bench, pledged)).join(' → ')}`)
}

/** The calls the bank got since the log was cleared, as "POST initiate" and the like. */
export function callsSeen({ app }: Pick<Bench, 'app'>): string[] {
  return app.sandbox.control.requests().map(({ method, path }) => {
    if (/\/accounts$/.test(path)) return 'list accounts'
    if (/token$/.test(path)) return 'refresh'
    if (method === 'POST') return 'initiate'
    if (method === 'PUT') return 'confirm'
    return /\/(domestic|sepa)$/.test(path) ? 'list orders' : 'show order'
  })
}

/** Answers the bank's own approval page as the saver would. */
export async function answerApproval(url: string, answer: 'approve' | 'refuse'): Promise<void> {
  const reply = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ answer }),
    redirect: 'manual',
  })
  // Version 3 names no address to come back to, and ends on a page of the bank's.
  expect([200, 303]).toContain(reply.status)
}

// ── The promise ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Nothing was sent twice, nothing is lost, and every book tells the same story as the bank. */
export async function expectPromiseKept(bench: Pick<Bench, 'app' | 'opening'>): Promise<void> {
  await expectBooksRight(bench)
  await expectBankAgrees(bench)
}

const MOVES_IN_AUDIT = Object.values(PaymentState).map((state) => `payment.${state.toLowerCase()}`)

/** Events, ledger and audit trail tell one story for each payment, along the table of moves. */
export async function expectBooksRight({ app }: Pick<Bench, 'app'>): Promise<void> {
  const { prisma } = app.deps.db
  const payments = await prisma.payment.findMany({ include: { checkOffs: true, ledgerLines: true } })
  for (const payment of payments) {
    expectMovesAllowed(payment, await eventsOf(app, payment.id))
    const audited = await prisma.auditEvent.count({
      where: { objectId: payment.id, action: { in: MOVES_IN_AUDIT } },
    })
    expect(audited).toBe(await prisma.paymentEvent.count({ where: { paymentId: payment.id } }))
    const booked = sumBy(payment.ledgerLines, (line) => line.bucket)
    const bucket = bucketOf(payment.kind, payment.state)
    const expected = bucket === 'OPEN' ? {} : { OPEN: -payment.amountMinor, [bucket]: payment.amountMinor }
    expect({ state: payment.state, booked }).toEqual({ state: payment.state, booked: expected })
    const pledged = payment.checkOffs.filter((each) => each.state === 'RECORDED')
    if (bucket !== 'OPEN')
      expect(pledged.reduce((sum, each) => sum + each.amountMinor, 0)).toBe(payment.amountMinor)
    expect(payment.nextActionAt === null).toBe(isFinal(payment.state))
  }
  const key = (row: { habitId: string; bucket: string }) => `${row.habitId} ${row.bucket}`
  const lines = sumBy(await prisma.ledgerLine.findMany(), key)
  const balances = (await prisma.ledgerBalance.findMany()).filter((row) => row.balanceMinor !== 0n)
  expect(Object.fromEntries(balances.map((row) => [key(row), Number(row.balanceMinor)]))).toEqual(lines)
}

/** At most one order for each payment, of its amount; what is paid here is what has moved there. */
export async function expectBankAgrees({ app, opening }: Pick<Bench, 'app' | 'opening'>): Promise<void> {
  const payments = await app.deps.db.prisma.payment.findMany()
  const orders = app.sandbox.control.payments()
  for (const payment of payments) {
    const own = orders.filter((order) => order.externalId === payment.externalId)
    expect(own.length, `orders for payment ${payment.id}, ${payment.state}`).toBeLessThanOrEqual(1)
    const [order] = own
    if (payment.bankPaymentId) expect(order?.id).toBe(payment.bankPaymentId)
    if (order) expect(order.amountMinor).toBe(payment.amountMinor)
    if (payment.state === 'PAID') expect(order?.status).toBe('Paid')
    else if (isFinal(payment.state)) expect(order?.status).not.toBe('Paid')
  }
  const known = new Set(payments.map((payment) => payment.externalId))
  for (const order of orders) expect(known).toContain(order.externalId)
  const paid = orders.filter((order) => order.status === 'Paid')
  const moved = [...balances(app)].map(([iban, minor]) => minor - (opening.get(iban) ?? 0))
  const arrived = moved.filter((difference) => difference > 0).reduce((sum, minor) => sum + minor, 0)
  expect(arrived).toBe(paid.reduce((sum, order) => sum + order.amountMinor, 0))
  expect(Object.values(app.sandbox.control.imbalance()).every((minor) => minor === 0)).toBe(true)
}

function expectMovesAllowed(payment: Payment, events: PaymentEvent[]): void {
  let at: PaymentState | null = null
  for (const { from, to } of events) {
    expect(from).toBe(at)
    expect(at === null ? to === 'SCHEDULED' : mayMove(at, to), `${at} to ${to}`).toBe(true)
    at = to
  }
  expect(at).toBe(payment.state)
}

async function eventsOf(app: TestApp, paymentId: string): Promise<PaymentEvent[]> {
  return app.deps.db.prisma.paymentEvent.findMany({ where: { paymentId }, orderBy: { id: 'asc' } })
}

function sumBy<Row extends { amountMinor: number }>(
  rows: Row[],
  keyOf: (row: Row) => string,
): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const row of rows) sums[keyOf(row)] = (sums[keyOf(row)] ?? 0) + row.amountMinor
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0))
}

export function balances(app: TestApp): Map<string, number> {
  return new Map(app.sandbox.control.accounts().map((account) => [account.iban, account.bookedMinor]))
}
