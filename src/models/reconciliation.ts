import type { ReconciliationRun } from '../generated/client.ts'
import type { Actor, ModelContext } from './context.ts'
import { createBooks } from './reconciliation/books.ts'
import { createDifferences, type Recorded } from './reconciliation/differences.ts'
import { type Finding, MONEY_KINDS, ORDER_KINDS } from './reconciliation/kinds.ts'
import { type AccountEntries, compareMoney, explainsFrom, referencesAmong } from './reconciliation/money.ts'
import { compareOrders, type ListedOrder } from './reconciliation/orders.ts'
import {
  createReconciliationReading,
  type MoneyToCheck,
  type PaymentFacts,
} from './reconciliation/reading.ts'

export type { Recorded } from './reconciliation/differences.ts'
export { type AccountEntries, daysToRead } from './reconciliation/money.ts'
export type { ListedOrder } from './reconciliation/orders.ts'
export type { MoneyToCheck, PaymentFacts, SaverToCompare } from './reconciliation/reading.ts'

export type Occasion = 'daily' | 'command'
export type RunCounts = Pick<
  ReconciliationRun,
  'paymentsChecked' | 'saversChecked' | 'saversSkipped' | 'differences'
>

export type Reconciliation = ReturnType<typeof createReconciliation>

/** Check-offs, payments, ledger and bank, held against each other. Differences are kept and told, and nothing is repaired. */
export function createReconciliation(context: ModelContext) {
  const { db, clock } = context
  const books = createBooks(context)
  const differences = createDifferences(context)
  const reading = createReconciliationReading(context)

  return {
    async begin(occasion: Occasion): Promise<ReconciliationRun> {
      return db.prisma.reconciliationRun.create({ data: { occasion, startedOn: clock.now() } })
    },

    async finish(runId: string, counts: RunCounts): Promise<ReconciliationRun> {
      return db.prisma.reconciliationRun.update({
        where: { id: runId },
        data: { ...counts, finishedOn: clock.now() },
      })
    },

    paymentCount: books.paymentCount,
    savers: reading.savers,
    seenSince: differences.seenSince,

    /** Our own books among each other, for all savers. */
    async compareBooks(by: Actor): Promise<Recorded[]> {
      const recorded: Recorded[] = []
      for await (const { kind, findings, isComplete } of books.compare()) {
        const searched = { kinds: isComplete ? [kind] : [], userId: null }
        recorded.push(...(await differences.record(findings, searched, by)))
      }
      return recorded
    },

    /** To be read before the bank's list is: whatever is sent in between then isn't missed there. */
    expectedOrders: reading.expectedOrders,

    async compareOrders(
      userId: string,
      expected: readonly PaymentFacts[],
      listed: readonly ListedOrder[],
      by: Actor,
    ): Promise<Recorded[]> {
      const named = await reading.namedBy(listed)
      const ownAccounts = new Set((await reading.ownAccounts(userId)).map(({ hashedAccNo }) => hashedAccNo))
      const findings = compareOrders({ userId, expected, listed, named, ownAccounts })
      const moved = await movedSince([...named, ...expected], findings)
      const searched = { kinds: ORDER_KINDS, userId, exceptPayments: [...moved] }
      return differences.record(withoutMoved(findings, moved), searched, by)
    },

    moneyToCheck: reading.moneyToCheck,

    /** @param accounts as just read; the payments are read after them, so that nothing booked lacks its payment. */
    async compareMoney(
      userId: string,
      { payments, since, reachesBackTo }: MoneyToCheck,
      accounts: readonly AccountEntries[],
      by: Actor,
    ): Promise<Recorded[]> {
      const through = await reading.through(
        accounts.map(({ accountHash }) => accountHash),
        explainsFrom(since),
      )
      const named = await reading.withReferences(referencesAmong(accounts))
      const possible = new Map([...payments, ...through, ...named].map((payment) => [payment.id, payment]))
      const findings = compareMoney({
        userId,
        now: clock.now(),
        checked: payments,
        possible: [...possible.values()],
        accounts,
      })
      const moved = await movedSince([...possible.values()], findings)
      const searched = { kinds: MONEY_KINDS, userId, exceptPayments: [...moved], since: reachesBackTo }
      return differences.record(withoutMoved(findings, moved), searched, by)
    },
  }

  /** Web and workers go on meanwhile: a payment that has changed since it was read is left to the next comparison. */
  async function movedSince(
    read: readonly PaymentFacts[],
    findings: readonly Finding[],
  ): Promise<Set<string>> {
    const concerned = new Set(findings.flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId])))
    const now = await reading.again([...concerned])
    const moved = read.filter(({ id, ...facts }) => {
      if (!concerned.has(id)) return false
      const fresh = now.get(id)
      return (
        fresh?.state !== facts.state ||
        fresh.bankPaymentId !== facts.bankPaymentId ||
        fresh.amountMinor !== facts.amountMinor ||
        fresh.lastSentAt?.getTime() !== facts.lastSentAt?.getTime()
      )
    })
    return new Set(moved.map(({ id }) => id))
  }
}

function withoutMoved(findings: readonly Finding[], moved: ReadonlySet<string>): Finding[] {
  return findings.filter(({ paymentId }) => paymentId === null || !moved.has(paymentId))
}
