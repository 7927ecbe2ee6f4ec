import { DAY } from '../../clock.ts'
import type { Account, Payment, Prisma } from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'
import { IN_FLIGHT } from '../payment/states.ts'
import { type DifferenceKind, MONEY_KINDS, ORDER_KINDS } from './kinds.ts'

/** A daily comparison looks at what has ended since some of the ones before it, should those not have come about. */
const LOOK_BACK_MS = 10 * DAY
/** What is still open from earlier is looked at again, as far back as banks let the past be read. */
const LONGEST_LOOK_BACK_MS = 60 * DAY
/** Ids in one query. */
const CHUNK = 1_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What of a payment is compared with the bank; accounts by their hashes. */
export type PaymentFacts = Pick<
  Payment,
  | 'id'
  | 'userId'
  | 'externalId'
  | 'reference'
  | 'state'
  | 'amountMinor'
  | 'currency'
  | 'bankPaymentId'
  | 'lastSentAt'
  | 'finalOn'
> & {
  debtorHash: string
  creditorHash: string
  /** Its saver is forgotten: nobody knows its accounts any more, and it explains what names it. */
  isForgotten?: true
}

export interface SaverToCompare {
  id: string
  /** Something of theirs is at the bank or was lately: not being able to look is worth telling. */
  hasOrders: boolean
}

/** The payments of a saver that must stand on the accounts, and since when the accounts have to be read for it. */
export interface MoneyToCheck {
  payments: PaymentFacts[]
  since: Date
  /** What differed first before this is out of reach. */
  reachesBackTo: Date
}

export function createReconciliationReading({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** Whoever has linked the bank or has orders there, in the order of their ids. */
    async savers(after: string | null, size: number): Promise<SaverToCompare[]> {
      return db.prisma.$queryRaw<SaverToCompare[]>`
        SELECT * FROM (
          SELECT u.id,
                 EXISTS (SELECT 1 FROM "BankConsent" c WHERE c."userId" = u.id AND c."revokedAt" IS NULL) AS "isLinked",
                 EXISTS (SELECT 1 FROM "Payment" p WHERE p."userId" = u.id AND p."lastSentAt" IS NOT NULL
                         AND (p.state::text = ANY (${[...IN_FLIGHT]}) OR p."finalOn" >= ${lookBack()})) AS "hasOrders"
          FROM "User" u WHERE u.id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
        ) saver
        WHERE "isLinked" OR "hasOrders" ORDER BY id LIMIT ${size}`
    },

    /**
     * The saver's payments whose orders the bank must list: what is there or was lately, and what differed before. One that
     * has ended without money may have been taken off the list.
     */
    async expectedOrders(userId: string): Promise<PaymentFacts[]> {
      return factsWhere({
        userId,
        bankPaymentId: { not: null },
        OR: [
          { state: { in: [...IN_FLIGHT] } },
          { state: 'PAID', finalOn: { gte: lookBack() } },
          { state: 'PAID', id: { in: (await openOf(userId, ORDER_KINDS)).paymentIds } },
        ],
      })
    },

    /** The payments that orders at the bank name, whosever they are. */
    async namedBy(
      orders: readonly { externalId: string | null; bankPaymentId: string }[],
    ): Promise<PaymentFacts[]> {
      const found = new Map<string, PaymentFacts>()
      for (const chunk of chunksOf(orders)) {
        const externalIds = chunk.flatMap(({ externalId }) =>
          externalId !== null && UUID.test(externalId) ? [externalId] : [],
        )
        const bankPaymentIds = chunk.map(({ bankPaymentId }) => bankPaymentId)
        const payments = await factsWhere({
          OR: [{ externalId: { in: externalIds } }, { bankPaymentId: { in: bankPaymentIds } }],
        })
        for (const payment of payments) found.set(payment.id, payment)
      }
      return [...found.values()]
    },

    async ownAccounts(userId: string): Promise<Pick<Account, 'hashedAccNo'>[]> {
      return db.prisma.account.findMany({ where: { userId }, select: { hashedAccNo: true } })
    },

    /** What has been paid lately, and what differed before. */
    async moneyToCheck(userId: string): Promise<MoneyToCheck> {
      const open = await openOf(userId, MONEY_KINDS)
      const payments = await factsWhere({
        userId,
        state: 'PAID',
        OR: [{ finalOn: { gte: lookBack() } }, { id: { in: open.paymentIds } }],
      })
      const days = payments.map(({ lastSentAt, finalOn }) => lastSentAt ?? finalOn ?? lookBack())
      // What a first look found was at most so much older than that look.
      const openSince = open.firstSeenOn && new Date(open.firstSeenOn.getTime() - LOOK_BACK_MS)
      const earliest = [...days, ...(openSince ? [openSince] : [])].map((day) => day.getTime())
      const longest = clock.now().getTime() - LONGEST_LOOK_BACK_MS
      const since = Math.max(Math.min(lookBack().getTime(), ...earliest), longest)
      return { payments, since: new Date(since), reachesBackTo: new Date(longest + LOOK_BACK_MS) }
    },

    /** Payments of all savers that move or may have moved money over these accounts: people may share them. */
    async through(accountHashes: readonly string[], since: Date): Promise<PaymentFacts[]> {
      const side = { hashedAccNo: { in: [...accountHashes] } }
      const owners = await db.prisma.account.findMany({ where: side, select: { userId: true } })
      return factsWhere({
        userId: { in: [...new Set(owners.map((owner) => owner.userId))] },
        lastSentAt: { not: null },
        AND: [
          { OR: [{ debtorAccount: side }, { creditorAccount: side }] },
          { OR: [{ state: { in: [...IN_FLIGHT] } }, { state: 'PAID', finalOn: { gte: since } }] },
        ],
      })
    },

    async withReferences(references: readonly string[]): Promise<PaymentFacts[]> {
      const found: PaymentFacts[] = []
      for (const chunk of chunksOf(references)) {
        found.push(...(await factsWhere({ reference: { in: [...chunk] } })))
      }
      return found
    },

    async again(ids: readonly string[]): Promise<Map<string, PaymentFacts>> {
      const found = new Map<string, PaymentFacts>()
      for (const chunk of chunksOf(ids)) {
        for (const payment of await factsWhere({ id: { in: [...chunk] } })) found.set(payment.id, payment)
      }
      return found
    },
  }

  function lookBack(): Date {
    return new Date(clock.now().getTime() - LOOK_BACK_MS)
  }

  async function openOf(userId: string, kinds: readonly DifferenceKind[]) {
    const open = await db.prisma.reconciliationDifference.findMany({
      where: { userId, kind: { in: [...kinds] }, goneOn: null },
      select: { paymentId: true, firstSeenOn: true },
      orderBy: { firstSeenOn: 'asc' },
      take: CHUNK,
    })
    return {
      paymentIds: open.flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId])),
      firstSeenOn: open[0]?.firstSeenOn ?? null,
    }
  }

  async function factsWhere(where: Prisma.PaymentWhereInput): Promise<PaymentFacts[]> {
    const hash = { select: { hashedAccNo: true } }
    const payments = await db.prisma.payment.findMany({
      where,
      select: {
        id: true,
        userId: true,
        externalId: true,
        reference: true,
        state: true,
        amountMinor: true,
        currency: true,
        bankPaymentId: true,
        lastSentAt: true,
        finalOn: true,
        debtorAccount: hash,
        creditorAccount: hash,
        user: { select: { status: true } },
      },
      orderBy: { id: 'asc' },
    })
    return payments.map(({ debtorAccount, creditorAccount, user, ...facts }) => ({
      ...facts,
      ...(user.status === 'CLOSED' ? { isForgotten: true as const } : {}),
      debtorHash: debtorAccount.hashedAccNo,
      creditorHash: creditorAccount.hashedAccNo,
    }))
  }
}

function chunksOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, at) =>
    items.slice(at * CHUNK, (at + 1) * CHUNK),
  )
}
