/** What the bank did, against what we believe it did. */
import { hashAccountNumber } from '../../../src/crypto.ts'
import type { SandboxAccount, SandboxPayment } from '../../../src/sandbox/index.ts'
import type { Facts, PaymentFact } from './facts.ts'
import type { Fault } from './fault.ts'

export interface OrderFigures {
  orders: number
  paidOrders: number
  /** Orders beside another one of the same payment that were never confirmed: they move no money. */
  unconfirmedSeconds: SandboxPayment[]
  movedMinor: Record<string, number>
}

export function judgeOrders(
  facts: Facts,
  accountHashKey: Buffer,
): { figures: OrderFigures; faults: Fault[] } {
  const { payments, closing } = facts
  const byExternalId = Map.groupBy(closing.payments, ({ externalId }) => externalId)
  const known = new Set<string | null>(payments.map(({ externalId }) => externalId))
  const faults: Fault[] = payments.flatMap((payment) =>
    faultsOf(payment, byExternalId.get(payment.externalId) ?? []),
  )
  for (const { id, externalId } of closing.payments) {
    if (!known.has(externalId))
      faults.push({ what: 'invented', words: `order ${id} belongs to no payment of ours` })
  }
  const paid = payments.filter(({ state }) => state === 'PAID')
  faults.push(...sumFaults(facts, paid, accountHashKey))
  return {
    figures: {
      orders: closing.payments.length,
      paidOrders: closing.payments.filter(({ status }) => status === 'Paid').length,
      unconfirmedSeconds: [...byExternalId.values()]
        .filter((orders) => orders.length > 1)
        .flatMap((orders) => orders.filter((order) => !wasConfirmed(order))),
      movedMinor: Object.fromEntries(
        [...Map.groupBy(paid, ({ currency }) => currency)].map(([currency, all]) => [
          currency,
          all.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
        ]),
      ),
    },
    faults,
  }
}

function faultsOf(payment: PaymentFact, orders: readonly SandboxPayment[]): Fault[] {
  const { id: paymentId, state, amountMinor, bankPaymentId } = payment
  const fault = (what: Fault['what'], words: string): Fault => ({ what, words, paymentId })
  const confirmed = orders.filter(wasConfirmed)
  if (confirmed.length > 1)
    return [fault('double', `payment ${paymentId} has ${confirmed.length} confirmed orders at the bank`)]
  const paid = orders.filter(({ status }) => status === 'Paid')
  if (state !== 'PAID')
    return paid.map(({ id }) => fault('money', `order ${id} is paid, and payment ${paymentId} is ${state}`))
  const [order] = paid
  if (!order) return [fault('money', `payment ${paymentId} is PAID, and its order at the bank is not`)]
  if (order.id === bankPaymentId && order.amountMinor === amountMinor) return []
  return [fault('money', `payment ${paymentId} and the paid order ${order.id} differ`)]
}

/** Its past is kept with it. */
function wasConfirmed({ status, earlier = [] }: SandboxPayment): boolean {
  return [status, ...earlier].some((each) => ['PendingUserApproval', 'Confirmed', 'Paid'].includes(each))
}

/** To the minor unit, account by account. */
function sumFaults({ opening, closing }: Facts, paid: readonly PaymentFact[], key: Buffer): Fault[] {
  const faults: Fault[] = []
  const booked = (accounts: readonly SandboxAccount[], iban: string) =>
    accounts.find((account) => account.iban === iban)?.bookedMinor ?? 0
  for (const { iban, name } of closing.accounts) {
    const hash = hashAccountNumber(iban, key)
    const moved = booked(closing.accounts, iban) - booked(opening.accounts, iban)
    const expected = paid.reduce(
      (sum, { debtorHash, creditorHash, amountMinor }) =>
        sum + (creditorHash === hash ? amountMinor : 0) - (debtorHash === hash ? amountMinor : 0),
      0,
    )
    if (moved !== expected)
      faults.push({
        what: 'money',
        words: `${name} ${iban} changed by ${moved}, and payments come to ${expected}`,
      })
  }
  for (const [currency, minor] of Object.entries(closing.imbalance)) {
    if (minor !== 0)
      faults.push({ what: 'money', words: `the bank's books are out of balance by ${minor} ${currency}` })
  }
  return faults
}
