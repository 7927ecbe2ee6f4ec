import type { BankCallOutcome } from '../../bank/index.ts'
import { HOUR } from '../../clock.ts'
import { Prisma } from '../../db.ts'
import type { AuditEvent, BankCall } from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'
import { allOf, type Listed, listed, oneMore, PLANNED_ANEW, type Place } from './paging.ts'

export interface CallFilter {
  api: string | null
  outcome: BankCallOutcome | 'trouble' | null
  saverId: string | null
  requestId: string | null
  from: Date | null
  until: Date | null
}

/** A call without its bodies, as lists show it. */
export type CallLine = Omit<BankCall, 'requestBody' | 'responseBody' | 'actor'>

export interface CallTotals {
  api: string
  calls: number
  troubles: number
  /** Milliseconds. */
  median: number
  slowest: number
}

/** What else is known of the request that a call was made in. */
const AROUND_MS = HOUR
const MOST_BESIDE = 50

export type CallLog = ReturnType<typeof createCallLog>

/** Who called the bank, for whom and how it went, for admins. */
export function createCallLog({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** The newest first. */
    async list(filter: CallFilter, page: { size: number; before: Place | null }): Promise<Listed<CallLine>> {
      const rows = await db.prisma.$queryRaw<CallLine[]>`${PLANNED_ANEW}
        SELECT id, at, "onBehalfOfId", api, method, path, outcome, "httpStatus", "durationMs", attended, "requestId", remark
        FROM "BankCall" WHERE ${matching(filter, page.before)}
        ORDER BY at DESC, id DESC LIMIT ${oneMore(page.size)}`
      return listed(rows, page.size, ({ at, id }) => ({ at, id }))
    },

    async find(id: string): Promise<BankCall | null> {
      return db.prisma.bankCall.findUnique({ where: { id } })
    },

    /** The first of a request's calls by this name, or else its last by any: what it ended at. Null when it made none. */
    async ofRequest(requestId: string, api: string): Promise<Pick<BankCall, 'id'> | null> {
      const calls = await db.prisma.bankCall.findMany({
        where: { requestId, at: { gte: new Date(clock.now().getTime() - AROUND_MS) } },
        orderBy: [{ at: 'asc' }, { id: 'asc' }],
        take: MOST_BESIDE,
        select: { id: true, api: true },
      })
      return calls.find((call) => call.api === api) ?? calls.at(-1) ?? null
    },

    /** What the same request or job has done besides: other calls, and lines of the audit trail. */
    async beside({ id, requestId, at }: BankCall): Promise<{ calls: CallLine[]; events: AuditEvent[] }> {
      if (requestId === null) return { calls: [], events: [] }
      const around = { gte: new Date(at.getTime() - AROUND_MS), lte: new Date(at.getTime() + AROUND_MS) }
      const [calls, events] = await Promise.all([
        db.prisma.bankCall.findMany({
          where: { requestId, at: around, id: { not: id } },
          orderBy: [{ at: 'asc' }, { id: 'asc' }],
          take: MOST_BESIDE,
          omit: { requestBody: true, responseBody: true, actor: true },
        }),
        db.prisma.auditEvent.findMany({
          where: { requestId, at: around },
          orderBy: [{ at: 'asc' }, { id: 'asc' }],
          take: MOST_BESIDE,
        }),
      ])
      return { calls, events }
    },

    /** Of the newest so many, the most called first; and since when that is, null when there was none. */
    async totals(newest: number): Promise<{ since: Date | null; byApi: CallTotals[] }> {
      const rows = await db.prisma.$queryRaw<(CallTotals & { since: Date })[]>`
        SELECT api, count(*)::int AS calls, count(*) FILTER (WHERE outcome <> 'ok')::int AS troubles,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY "durationMs")::float8 AS median,
          percentile_cont(0.99) WITHIN GROUP (ORDER BY "durationMs")::float8 AS slowest,
          min(min(at)) OVER () AS since
        FROM (SELECT api, outcome, "durationMs", at FROM "BankCall" ORDER BY at DESC LIMIT ${newest}) newest
        GROUP BY api ORDER BY calls DESC, api`
      return { since: rows[0]?.since ?? null, byApi: rows.map(({ since: _, ...totals }) => totals) }
    },
  }
}

function matching(filter: CallFilter, before: Place | null): Prisma.Sql {
  const { api, outcome, saverId, requestId, from, until } = filter
  return allOf([
    api === null ? null : Prisma.sql`api = ${api}`,
    outcome === null
      ? null
      : outcome === 'trouble'
        ? Prisma.sql`outcome <> 'ok'`
        : Prisma.sql`outcome = ${outcome}`,
    saverId === null ? null : Prisma.sql`"onBehalfOfId" = ${saverId}::uuid`,
    requestId === null ? null : Prisma.sql`"requestId" = ${requestId}`,
    from && Prisma.sql`at >= ${from}`,
    until && Prisma.sql`at < ${until}`,
    before && Prisma.sql`(at, id) < (${before.at}, ${before.id}::uuid)`,
  ])
}
