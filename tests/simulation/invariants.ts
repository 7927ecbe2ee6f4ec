/** The one promise, checked against every book there is. Each finding is a sentence. */
import type { CheckOff, LedgerLine, Payment, PaymentEvent } from '../../src/generated/client.ts'
import {
  bucketOf,
  endedWithoutMoney,
  isFinal,
  mayMove,
  type PaymentState,
} from '../../src/models/payment/states.ts'
import type { SandboxPayment } from '../../src/sandbox/index.ts'
import { wordsFor } from './rest.ts'
import { balancesOf, type World } from './world.ts'

type WholePayment = Payment & {
  checkOffs: CheckOff[]
  broughtBack: CheckOff[]
  ledgerLines: LedgerLine[]
  events: PaymentEvent[]
}

/** @returns what is wrong; nothing when the promise is kept. To be called when everything has come to rest. */
export async function broken(world: World): Promise<string[]> {
  const userIds = world.savers.map(({ user }) => user.id)
  const { prisma } = world.db
  const payments: WholePayment[] = await prisma.payment.findMany({
    where: { userId: { in: userIds } },
    include: { checkOffs: true, broughtBack: true, ledgerLines: true, events: { orderBy: { id: 'asc' } } },
  })
  const checkOffs = await prisma.checkOff.findMany({
    where: { userId: { in: userIds } },
    include: { payment: true, reversal: true },
  })
  const lines = payments.flatMap((payment) => payment.ledgerLines)
  const balances = await prisma.ledgerBalance.findMany({ where: { userId: { in: userIds } } })
  const audited = await prisma.auditEvent.groupBy({
    by: ['objectId', 'action'],
    where: { objectId: { in: payments.map(({ id }) => id) }, action: { startsWith: 'payment.' } },
    _count: { _all: true },
  })
  const orders = world.sandbox.control.payments()
  const mayShowOldLists = world.sandbox.control.strikes()['duplicate-answer'] > 0
  return [
    ...payments.flatMap((payment) => [
      ...storyOf(payment),
      ...booksOf(payment),
      ...atBank(payment, orders, mayShowOldLists),
    ]),
    ...payments.flatMap((payment) => auditOf(payment, audited)),
    ...checkOffs.flatMap(fateOf),
    ...unknownOrders(payments, orders),
    ...balancesWrong(lines, balances),
    ...moneyWrong(world, orders, payments),
  ]
}

/** Along the table of moves, without a gap. */
function storyOf(payment: WholePayment): string[] {
  const wrong: string[] = []
  let at: PaymentState | null = null
  for (const { from, to } of payment.events) {
    if (from !== at) wrong.push(`${wordsFor(payment)}: a line says it came from ${from}, it was ${at}`)
    if (at === null ? to !== 'SCHEDULED' : !mayMove(at, to))
      wrong.push(`${wordsFor(payment)}: moved ${at} to ${to}`)
    at = to
  }
  if (at !== payment.state) wrong.push(`${wordsFor(payment)}: its story ends with ${at}`)
  if (isFinal(payment.state) !== (payment.nextActionAt === null))
    wrong.push(`${wordsFor(payment)}: wrong next look`)
  return wrong
}

function auditOf(
  payment: WholePayment,
  audited: readonly { objectId: string | null; action: string; _count: { _all: number } }[],
): string[] {
  const states = new Set(payment.events.map(({ to }) => to))
  return [...states].flatMap((state) => {
    const told = payment.events.filter(({ to }) => to === state).length
    const action = `payment.${state.toLowerCase()}`
    const noted =
      audited.find((row) => row.objectId === payment.id && row.action === action)?._count._all ?? 0
    return told === noted
      ? []
      : [`${wordsFor(payment)}: ${told} × ${state} in its story, ${noted} in the audit trail`]
  })
}

/** The money of each check-off stands in the bucket of its payment's state. */
function booksOf(payment: WholePayment): string[] {
  const carried =
    payment.kind === 'SAVING'
      ? payment.checkOffs.filter((checkOff) => checkOff.state === 'RECORDED' || checkOff.reversalId !== null)
      : payment.broughtBack
  const total = sum(carried.map(({ amountMinor }) => amountMinor))
  const wrong: string[] = []
  if (!endedWithoutMoney(payment.state) && total !== payment.amountMinor)
    wrong.push(`${wordsFor(payment)}: is ${payment.amountMinor}, its check-offs are ${total}`)
  const start = payment.kind === 'SAVING' ? 'OPEN' : 'SAVED'
  const bucket = bucketOf(payment.kind, payment.state)
  const booked = sumBy(payment.ledgerLines, ({ bucket }) => bucket)
  const expected = bucket === start ? {} : { [start]: -payment.amountMinor, [bucket]: payment.amountMinor }
  if (JSON.stringify(sorted(booked)) !== JSON.stringify(sorted(expected)))
    wrong.push(`${wordsFor(payment)}: booked ${JSON.stringify(booked)}, not ${JSON.stringify(expected)}`)
  return wrong
}

/**
 * One order for each payment at most, of its amount; paid here means paid there. A bank that shows its list as it was
 * before the order came can be given a second one: that one must never be confirmed, because only our word moves money.
 */
function atBank(
  payment: WholePayment,
  orders: readonly SandboxPayment[],
  mayShowOldLists: boolean,
): string[] {
  const own = orders.filter((order) => order.externalId === payment.externalId)
  const order = own.find(({ id }) => id === payment.bankPaymentId) ?? own[0]
  const others = own.filter((each) => each !== order)
  const wrong: string[] = []
  if (
    others.length > 0 &&
    !(mayShowOldLists && others.every(({ status }) => status === 'PendingConfirmation'))
  )
    wrong.push(`${wordsFor(payment)}: the bank has ${own.length} orders for it`)
  if (payment.bankPaymentId && order?.id !== payment.bankPaymentId)
    wrong.push(`${wordsFor(payment)}: another order`)
  if (order && order.amountMinor !== payment.amountMinor)
    wrong.push(`${wordsFor(payment)}: is ${payment.amountMinor}, the order ${order.amountMinor}`)
  if ((payment.state === 'PAID') !== (order?.status === 'Paid'))
    wrong.push(`${wordsFor(payment)}: the bank says ${order?.status ?? 'that there is no order'}`)
  return wrong
}

/** In exactly one paid payment, or visibly refused or waiting; what was undone has moved nothing, or is brought back. */
function fateOf(checkOff: CheckOff & { payment: Payment | null; reversal: Payment | null }): string[] {
  const { payment, reversal } = checkOff
  if (checkOff.recordOnly)
    return payment ? [`check-off ${checkOff.id} was to move nothing and has a payment`] : []
  if (!payment) return [`check-off ${checkOff.id} has lost its payment`]
  if (checkOff.state === 'RECORDED')
    return payment.state === 'CANCELLED' && payment.reason === 'undone-by-saver'
      ? [`check-off ${checkOff.id} counts, but its payment was taken back`]
      : []
  if (payment.state === 'PAID' && payment.amountMinor === checkOff.amountMinor && !reversal)
    return [`check-off ${checkOff.id} was undone, and its money stays saved without a word`]
  return []
}

function unknownOrders(payments: readonly Payment[], orders: readonly SandboxPayment[]): string[] {
  const known = new Set(payments.map(({ externalId }) => externalId))
  return orders
    .filter((order) => !known.has(order.externalId ?? ''))
    .map((order) => `the bank has an order of ${order.amountMinor} that nobody here knows`)
}

function balancesWrong(
  lines: readonly LedgerLine[],
  balances: readonly { habitId: string; bucket: string; balanceMinor: bigint }[],
): string[] {
  const key = ({ habitId, bucket }: { habitId: string; bucket: string }) => `${habitId} ${bucket}`
  const summed = sumBy(lines, key)
  const kept = Object.fromEntries(
    balances
      .filter(({ balanceMinor }) => balanceMinor !== 0n)
      .map((row) => [key(row), Number(row.balanceMinor)]),
  )
  return JSON.stringify(sorted(summed)) === JSON.stringify(sorted(kept))
    ? []
    : [`ledger balances are ${JSON.stringify(kept)}, their lines ${JSON.stringify(summed)}`]
}

/** To the øre: what has moved at the bank is what is paid here, on each account. */
function moneyWrong(world: World, orders: readonly SandboxPayment[], payments: readonly Payment[]): string[] {
  const expected: Record<string, number> = {}
  const numbers = new Map(
    world.sandbox.control.accounts().flatMap(({ iban, bban }) => [
      [iban, iban],
      [bban ?? iban, iban],
    ]),
  )
  for (const payment of payments.filter(({ state }) => state === 'PAID')) {
    const order = orders.find(({ id }) => id === payment.bankPaymentId)
    if (!order) continue
    const from = numbers.get(order.debtor.account.value) ?? ''
    const into = numbers.get(order.creditor.account.value) ?? ''
    expected[from] = (expected[from] ?? 0) - payment.amountMinor
    expected[into] = (expected[into] ?? 0) + payment.amountMinor
  }
  const moved: Record<string, number> = {}
  for (const [iban, minor] of balancesOf(world.sandbox)) moved[iban] = minor - (world.opening.get(iban) ?? 0)
  const wrong: string[] = []
  if (JSON.stringify(sorted(moved)) !== JSON.stringify(sorted(expected)))
    wrong.push(
      `at the bank ${JSON.stringify(sorted(moved))} has moved, not ${JSON.stringify(sorted(expected))}`,
    )
  if (Object.values(world.sandbox.control.imbalance()).some((minor) => minor !== 0))
    wrong.push('the bank’s own books are out of balance')
  return wrong
}

function sumBy<Row extends { amountMinor: number }>(rows: readonly Row[], keyOf: (row: Row) => string) {
  const sums: Record<string, number> = {}
  for (const row of rows) sums[keyOf(row)] = (sums[keyOf(row)] ?? 0) + row.amountMinor
  return sums
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

/** Without zeros, in the order of names. */
function sorted(sums: Record<string, number>): [string, number][] {
  return Object.entries(sums)
    .filter(([, minor]) => minor !== 0)
    .sort(([a], [b]) => a.localeCompare(b))
}
