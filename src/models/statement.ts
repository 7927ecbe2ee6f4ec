import { HOUR } from '../clock.ts'
import { Prisma } from '../db.ts'
import type { Currency, PaymentKind } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { allOf, oneMore } from './desk/paging.ts'
import { IN_FLIGHT, type PaymentState } from './payment/states.ts'
import type { Throttles } from './throttle.ts'

/** Where the money of a row stands, in four words. */
export const STANDINGS = {
  pledged: ['SCHEDULED', 'BLOCKED'],
  'on-its-way': IN_FLIGHT,
  arrived: ['PAID'],
  nothing: ['REJECTED', 'CANCELLED', 'EXPIRED'],
} as const satisfies Record<string, readonly PaymentState[]>

export type Standing = keyof typeof STANDINGS

export interface StatementFilter {
  /** The first instant of the period, and the first one after it. */
  from: Date | null
  until: Date | null
  habitId: string | null
  kind: PaymentKind | null
  standing: Standing | null
}

/** What one check-off has moved or is to move, there or back. */
export interface StatementRow {
  paymentId: string
  checkOffId: string
  kind: PaymentKind
  /** Of its payment; cancelled where the check-off was taken out of a payment that went on without it. */
  state: PaymentState
  /** When it came to its end, or else was made. */
  at: Date
  /** The saver's day it counts for. */
  day: Date
  recordedAt: Date
  habitName: string
  amountMinor: number
  currency: Currency
  /** Stands on both bank statements. */
  reference: string
  /** The check-off counts for its habit; one that was undone doesn't. */
  counts: boolean
}

/** Where a page of a statement ends; the newest come first. */
export type StatementPlace = Pick<StatementRow, 'at' | 'paymentId' | 'checkOffId'>

/** Of one currency, in minor units. */
export interface StatementSums {
  currency: Currency
  pledgedMinor: number
  onItsWayMinor: number
  savedMinor: number
  /** Ordered, or under way out of the savings. */
  returningMinor: number
  movedBackMinor: number
  /** What lay in savings before the first instant, and before the last; what is under way back still lies there. */
  openingMinor: number
  closingMinor: number
}

/** Rows of one statement of a download. */
const AT_ONCE = 500
const MOST_DOWNLOADS = { times: 20, windowMs: HOUR }

export type Statements = ReturnType<typeof createStatements>

export function createStatements({ db, clock }: ModelContext, throttles: Throttles) {
  return {
    list,

    /** Everything that the filter finds, so many rows at a time. */
    async *all(userId: string, filter: StatementFilter): AsyncGenerator<StatementRow[]> {
      let before: StatementPlace | null = null
      do {
        const found: Awaited<ReturnType<typeof list>> = await list(userId, filter, { size: AT_ONCE, before })
        yield found.rows
        before = found.next
      } while (before)
    },

    /**
     * One of each currency that the saver has ever saved in or that the filter finds: one statement, so that all figures are
     * of one instant. It doesn't add up a history, however long (docs/decisions/0042).
     */
    async sums(userId: string, filter: StatementFilter): Promise<StatementSums[]> {
      const found = await db.prisma.$queryRaw<Found[]>`
        SELECT currency::text, kind, state, "amountMinor", "openingMinor"::bigint, "closingMinor"::bigint
        FROM (${balances(userId, filter, clock.now())}) balance FULL JOIN (${unarrived(userId, filter)}) moving USING (currency)`
      const byCurrency = Map.groupBy(found, ({ currency }) => currency)
      return [...byCurrency.keys()]
        .sort()
        .map((currency) => sumsOf(currency, byCurrency.get(currency) ?? [], filter))
    },

    /** Those that a filter can name, archived ones too. */
    async habitsOf(userId: string): Promise<{ id: string; name: string }[]> {
      return db.prisma.habit.findMany({
        where: { userId },
        orderBy: [{ createdOn: 'asc' }, { id: 'asc' }],
        select: { id: true, name: true },
      })
    },

    /** Written down before anything is read. @returns for how many milliseconds there is no download; 0 if it may begin. */
    async beginDownload(userId: string, format: string, filter: StatementFilter, by: Actor): Promise<number> {
      const { times, windowMs } = MOST_DOWNLOADS
      const waitMs = await throttles.withinWindow(`statement ${userId}`, times, windowMs)
      if (waitMs > 0) return waitMs
      const { from, until, ...rest } = filter
      const detail = {
        format,
        ...rest,
        from: from?.toISOString() ?? null,
        until: until?.toISOString() ?? null,
      }
      await db.transaction((tx) =>
        audit(tx, { action: 'user.statement-downloaded', by, at: clock.now(), subjectId: userId, detail }),
      )
      return 0
    },
  }

  async function list(
    userId: string,
    filter: StatementFilter,
    page: { size: number; before: StatementPlace | null },
  ): Promise<{ rows: StatementRow[]; next: StatementPlace | null }> {
    const found = await db.prisma.$queryRaw<StatementRow[]>`
      SELECT p.id AS "paymentId", c.id AS "checkOffId", p.kind::text, c.standing::text AS state, p.booked AS at, c.day,
        c.at AS "recordedAt", h.name AS "habitName", c."amountMinor", p.currency::text, p.reference, c.counts
      FROM ${parts(userId, filter, page.before)} JOIN "Habit" h ON h.id = c."habitId" AND h."userId" = ${userId}::uuid
      WHERE ${ofParts(filter, page.before)}
      ORDER BY p.booked DESC, p.id DESC, c.id DESC LIMIT ${oneMore(page.size)}`
    const rows = found.slice(0, page.size)
    const last = rows.at(-1)
    return { rows, next: found.length > page.size && last ? last : null }
  }
}

/** The balances of a currency, beside one of its kinds and states that isn't a saving that arrived. */
interface Found {
  currency: Currency
  kind: PaymentKind | null
  state: PaymentState | null
  amountMinor: bigint | null
  openingMinor: bigint | null
  closingMinor: bigint | null
}

/** What arrived is what the savings have gained meanwhile, and what has left them again. */
function sumsOf(currency: Currency, found: readonly Found[], filter: StatementFilter): StatementSums {
  const openingMinor = Number(found[0]?.openingMinor ?? 0)
  const closingMinor = Number(found[0]?.closingMinor ?? 0)
  const sum = (kind: PaymentKind, standing: Standing) =>
    found
      .filter((row) => row.kind === kind && row.state !== null && isOf(standing, row.state))
      .reduce((total, { amountMinor }) => total + Number(amountMinor), 0)
  const asked = (kind: PaymentKind, standing: Standing, minor = sum(kind, standing)) =>
    (filter.kind ?? kind) === kind && (filter.standing ?? standing) === standing ? minor : 0
  const arrivedMinor = closingMinor - openingMinor + sum('REVERSAL', 'arrived')
  return {
    currency,
    pledgedMinor: asked('SAVING', 'pledged'),
    onItsWayMinor: asked('SAVING', 'on-its-way'),
    savedMinor: asked('SAVING', 'arrived', arrivedMinor),
    returningMinor: asked('REVERSAL', 'pledged') + asked('REVERSAL', 'on-its-way'),
    movedBackMinor: asked('REVERSAL', 'arrived'),
    openingMinor,
    closingMinor,
  }
}

/** Of all payments of the period but the savings that arrived, which alone become many. */
function unarrived(userId: string, filter: StatementFilter): Prisma.Sql {
  const ofAnyKind = { ...filter, kind: null, standing: null }
  return Prisma.sql`
    SELECT p.currency, p.kind::text, c.standing::text AS state, sum(c."amountMinor") AS "amountMinor"
    FROM ${parts(userId, ofAnyKind, null, UNARRIVED)} WHERE ${ofParts(ofAnyKind, null)} GROUP BY 1, 2, 3`
}

/** What lay in savings: reckoned from today's balance or from nothing, whichever is nearer to the instant. */
function balances(userId: string, { from, until, habitId }: StatementFilter, now: Date): Prisma.Sql {
  const inSavings = allOf([
    Prisma.sql`"userId" = ${userId}::uuid AND bucket IN ('SAVED', 'RETURNING')`,
    habitId === null ? null : Prisma.sql`"habitId" = ${habitId}::uuid`,
  ])
  const moved = (when: Prisma.Sql) => Prisma.sql`
    (SELECT coalesce(sum("amountMinor"), 0) FROM "LedgerLine" WHERE ${inSavings} AND currency = held.currency AND ${when})`
  const heldAt = (instant: Date) => {
    const at = Prisma.sql`${instant}::timestamptz`
    const isNearBeginning = Prisma.sql`${at} - (SELECT min(at) FROM "LedgerLine" WHERE ${inSavings}) < ${now}::timestamptz - ${at}`
    return Prisma.sql`
      CASE WHEN ${isNearBeginning} THEN ${moved(Prisma.sql`at < ${at}`)} ELSE held.minor - ${moved(Prisma.sql`at >= ${at}`)} END`
  }
  return Prisma.sql`
    SELECT currency, ${from ? heldAt(from) : Prisma.sql`0`} AS "openingMinor",
      ${until ? heldAt(until) : Prisma.sql`minor`} AS "closingMinor"
    FROM (SELECT currency, sum("balanceMinor") AS minor FROM "LedgerBalance" WHERE ${inSavings} GROUP BY currency) held`
}

export function standingOf(state: PaymentState): Standing {
  return (Object.keys(STANDINGS) as Standing[]).find((one) => isOf(one, state)) ?? 'nothing'
}

function isOf(standing: Standing, state: PaymentState): boolean {
  return (STANDINGS[standing] as readonly PaymentState[]).includes(state)
}

const UNARRIVED = Prisma.sql`("finalOn" IS NULL OR (kind = 'REVERSAL' AND state = 'PAID'))`
const BOOKED = Prisma.sql`coalesce("finalOn", "createdOn")`

/** Payments of the period, each with the check-offs that it saves or brings back. */
function parts(
  userId: string,
  { from, until, kind }: StatementFilter,
  before: StatementPlace | null,
  only: Prisma.Sql | null = null,
): Prisma.Sql {
  const conditions = allOf([
    only,
    from && Prisma.sql`${BOOKED} >= ${from}`,
    until && Prisma.sql`${BOOKED} < ${until}`,
    kind && Prisma.sql`kind = ${kind}::"PaymentKind"`,
    before && Prisma.sql`(${BOOKED}, id) <= (${before.at}, ${before.paymentId}::uuid)`,
  ])
  return Prisma.sql`(
      SELECT id, kind, state, currency, reference, ${BOOKED} AS booked FROM "Payment"
      WHERE "userId" = ${userId}::uuid AND ${conditions}
    ) p CROSS JOIN LATERAL (
      SELECT id, "habitId", day, at, "amountMinor", "CheckOff".state = 'RECORDED' AS counts,
        CASE WHEN "CheckOff".state = 'UNDONE' AND "reversalId" IS NULL AND p.state NOT IN ('REJECTED', 'EXPIRED')
          THEN 'CANCELLED' ELSE p.state END AS standing
      FROM "CheckOff" WHERE "paymentId" = p.id AND p.kind = 'SAVING'
      UNION ALL
      SELECT id, "habitId", day, at, "amountMinor", "CheckOff".state = 'RECORDED', p.state FROM "CheckOff" WHERE "reversalId" = p.id AND p.kind = 'REVERSAL'
    ) c`
}

function ofParts({ habitId, standing }: StatementFilter, before: StatementPlace | null): Prisma.Sql {
  return allOf([
    habitId === null ? null : Prisma.sql`c."habitId" = ${habitId}::uuid`,
    standing && Prisma.sql`c.standing = ANY (${[...STANDINGS[standing]]}::"PaymentState"[])`,
    before &&
      Prisma.sql`(p.booked, p.id, c.id) < (${before.at}, ${before.paymentId}::uuid, ${before.checkOffId}::uuid)`,
  ])
}
