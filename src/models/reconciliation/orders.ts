/** Holds a saver's payments against the orders that the bank lists; pure. */
import type { BankOrder, OrderStatus } from '../../bank/index.ts'
import { type Currency, toDecimal } from '../../money.ts'
import { endedWithoutMoney, isUnsent } from '../payment/states.ts'
import type { Finding, OrderKind } from './kinds.ts'
import type { PaymentFacts } from './reading.ts'

/** An order as the bank lists it, with the hashes that its account numbers may have; null where it shows none. */
export interface ListedOrder extends BankOrder {
  debtorHashes: readonly string[] | null
  creditorHashes: readonly string[] | null
}

export interface OrderComparison {
  userId: string
  /** The saver's payments that the bank should still list, read before its list was. */
  expected: readonly PaymentFacts[]
  listed: readonly ListedOrder[]
  /** All payments, of whichever saver, that the listed orders name; read after the list was. */
  named: readonly PaymentFacts[]
  /** Hashes of all accounts the saver has ever chosen. */
  ownAccounts: ReadonlySet<string>
}

export function compareOrders(comparison: OrderComparison): Finding[] {
  const { userId, expected, listed, named } = comparison
  const byExternalId = new Map(named.map((payment) => [payment.externalId, payment]))
  const byBankId = new Map(named.map((payment) => [payment.bankPaymentId, payment]))
  const pairs = listed.map((order) => ({
    order,
    payment: byExternalId.get(order.externalId ?? '') ?? byBankId.get(order.bankPaymentId) ?? null,
  }))
  const own = pairs.flatMap(({ order, payment }) => (payment?.userId === userId ? [{ order, payment }] : []))
  const others = pairs.filter(({ payment }) => payment?.userId !== userId)
  return [
    ...missing(expected, listed),
    ...repeated(own),
    ...own.flatMap(({ order, payment }) => differences(payment, order)),
    ...others.filter((pair) => isUnknown(pair, comparison)).map(({ order }) => unknown(userId, order)),
  ]
}

interface Pair {
  payment: PaymentFacts
  order: ListedOrder
}

function missing(expected: readonly PaymentFacts[], listed: readonly ListedOrder[]): Finding[] {
  const ids = new Set(listed.map(({ bankPaymentId }) => bankPaymentId))
  return expected
    .filter(({ bankPaymentId }) => bankPaymentId !== null && !ids.has(bankPaymentId))
    .map((payment) =>
      about(payment, 'order-missing', { ours: payment.state, theirs: 'no such order at the bank' }),
    )
}

/** One that has ended without money can't move any: beside it, another one is no danger. */
function repeated(pairs: readonly Pair[]): Finding[] {
  const living = pairs.filter(({ order }) => !hasEnded(order.status))
  return [...Map.groupBy(living, ({ payment }) => payment).entries()]
    .filter(([, ofPayment]) => ofPayment.length > 1)
    .map(([payment, ofPayment]) =>
      about(payment, 'order-repeated', {
        ours: `${payment.state}, one order`,
        theirs: `${ofPayment.length} orders: ${ofPayment.map(({ order }) => order.status.kind).join(', ')}`,
      }),
    )
}

function differences(payment: PaymentFacts, order: ListedOrder): Finding[] {
  return [amountDiffers, accountsDiffer, statusDiffers]
    .map((compare) => compare(payment, order))
    .filter((finding) => finding !== null)
}

function amountDiffers(payment: PaymentFacts, order: ListedOrder): Finding | null {
  if (payment.amountMinor === order.amountMinor && payment.currency === order.currency) return null
  return about(payment, 'order-amount-differs', { ours: money(payment), theirs: money(order) })
}

function accountsDiffer(payment: PaymentFacts, order: ListedOrder): Finding | null {
  const wrong = [
    isOneOf(payment.debtorHash, order.debtorHashes) ? null : 'from another account',
    isOneOf(payment.creditorHash, order.creditorHashes) ? null : 'to another account',
  ].filter((side) => side !== null)
  if (wrong.length === 0) return null
  const ours = 'between the accounts of the payment'
  return about(payment, 'order-accounts-differ', { ours, theirs: wrong.join(', ') })
}

/** Where the bank is at an end and we are at another, or it has an order that we believe was never sent. */
function statusDiffers(payment: PaymentFacts, { status }: ListedOrder): Finding | null {
  const { state } = payment
  const contradicts =
    (state === 'PAID' && hasEnded(status)) ||
    (endedWithoutMoney(state) && status.kind === 'paid') ||
    (isUnsent(state) && !hasEnded(status))
  return contradicts ? about(payment, 'order-status-differs', { ours: state, theirs: status.kind }) : null
}

/**
 * An order that is nobody's payment, or another saver's between other accounts than that payment's. People who share their
 * accounts see each other's orders, and others may use the same app at a bank's sandbox: neither is a difference.
 */
function isUnknown(
  { order, payment }: { order: ListedOrder; payment: PaymentFacts | null },
  { ownAccounts }: OrderComparison,
): boolean {
  if (payment?.isForgotten) return false
  if (payment) {
    const isItsOwn =
      isOneOf(payment.debtorHash, order.debtorHashes) && isOneOf(payment.creditorHash, order.creditorHashes)
    return !isItsOwn && !hasEnded(order.status)
  }
  const mayMove = order.status.kind === 'paid' || order.status.kind === 'accepted'
  const isBetweenOwn = [order.debtorHashes, order.creditorHashes].every(
    (hashes) => hashes?.some((hash) => ownAccounts.has(hash)) ?? false,
  )
  return mayMove && isBetweenOwn
}

function unknown(userId: string, order: ListedOrder): Finding {
  return {
    kind: 'order-unknown',
    objectKey: `${userId} ${order.bankPaymentId}`,
    userId,
    paymentId: null,
    ours: 'no such payment of this saver',
    theirs: `order ${order.bankPaymentId}: ${order.status.kind}, ${money(order)}`,
  }
}

function about(
  payment: PaymentFacts,
  kind: OrderKind,
  { ours, theirs }: Pick<Finding, 'ours' | 'theirs'>,
): Finding {
  return { kind, objectKey: payment.id, userId: payment.userId, paymentId: payment.id, ours, theirs }
}

function hasEnded({ kind }: OrderStatus): boolean {
  return kind === 'rejected' || kind === 'expired' || kind === 'cancelled'
}

/** What the bank doesn't show can't differ. */
function isOneOf(hash: string, shown: readonly string[] | null): boolean {
  return shown === null || shown.includes(hash)
}

function money({ amountMinor, currency }: { amountMinor: number; currency: Currency }): string {
  return `${toDecimal(amountMinor)} ${currency}`
}
