import { DAY, HOUR } from '../clock.ts'
import type { Tx } from '../db.ts'
import type { ReconciliationRun } from '../generated/client.ts'
import type { Actor, ModelContext } from './context.ts'
import { createBalances } from './reconciliation/balances.ts'
import { createBooks } from './reconciliation/books.ts'
import { createDifferences, type Recorded } from './reconciliation/differences.ts'
import { type BookKind, type Finding, MONEY_KINDS, ORDER_KINDS } from './reconciliation/kinds.ts'
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

export type Occasion = 'daily' | 'start' | 'command'
/** A comparison that has been begun. */
export type Run = Pick<ReconciliationRun, 'id' | 'startedOn'>
export type RunCounts = Pick<
  ReconciliationRun,
  'paymentsChecked' | 'saversChecked' | 'saversSkipped' | 'differences'
>

const BALANCE = 'balance-not-the-sum' satisfies BookKind
/** No comparison takes longer; one that is silent for so long has broken off. */
const UNDER_WAY_MS = 6 * HOUR

export type Reconciliation = ReturnType<typeof createReconciliation>

/**
 * Check-offs, payments, ledger and bank, held against each other. Differences are kept and told; only a balance that is not
 * the sum of its lines is put right.
 */
export function createReconciliation(context: ModelContext) {
  const { db, clock, queue } = context
  const books = createBooks(context)
  const differences = createDifferences(context)
  const balances = createBalances(context)
  const reading = createReconciliationReading(context)

  return {
    /** A worker that starts asks for a comparison when the last one is too long ago; only one of several will make it. */
    async askWhenDue(): Promise<boolean> {
      return db.transaction(async (tx) => {
        if (!(await isDue(tx))) return false
        await queue.enqueue(tx, 'reconcile', { occasion: 'start' })
        return true
      })
    },

    /** @returns null when somebody else has begun meanwhile. */
    async beginWhenDue(): Promise<ReconciliationRun | null> {
      return db.transaction(async (tx) => {
        await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('reconciliation'))::text`
        if (!(await isDue(tx))) return null
        return tx.reconciliationRun.create({ data: { occasion: 'start', startedOn: clock.now() } })
      })
    },

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

    /**
     * Our own books among each other, for all savers; of every kind, or of some. What they say of a balance is written down first and put right then.
     * @returns what was found, and which of it is right again.
     */
    async compareBooks(
      by: Actor,
      kinds?: readonly BookKind[],
    ): Promise<{ found: Recorded[]; corrected: ReadonlySet<string> }> {
      const found = await compareBooks(by, kinds)
      const wrongBalances = found.filter(({ kind }) => kind === BALANCE)
      if (wrongBalances.length === 0) return { found, corrected: new Set() }
      const corrected = await balances.correct(wrongBalances, by)
      await compareBooks(by, [BALANCE])
      return { found, corrected }
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

  async function compareBooks(by: Actor, kinds?: readonly BookKind[]): Promise<Recorded[]> {
    const recorded: Recorded[] = []
    for await (const { kind, findings, isComplete } of books.compare(kinds)) {
      const searched = { kinds: isComplete ? [kind] : [], userId: null }
      recorded.push(...(await differences.record(findings, searched, by)))
    }
    return recorded
  }

  /** Where nothing was ever compared, the first payment counts instead. One that broke off is not waited for long. */
  async function isDue(tx: Tx): Promise<boolean> {
    const now = clock.now().getTime()
    const [dayAgo, justNow] = [new Date(now - DAY), new Date(now - UNDER_WAY_MS)]
    const recent = await tx.reconciliationRun.count({
      where: {
        occasion: { in: ['daily', 'start'] },
        OR: [{ startedOn: { gt: dayAgo }, finishedOn: { not: null } }, { startedOn: { gt: justNow } }],
      },
    })
    if (recent > 0) return false
    return (
      (await tx.payment.findFirst({ where: { createdOn: { lt: dayAgo } }, select: { id: true } })) !== null
    )
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
