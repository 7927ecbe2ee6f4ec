import { DAY, HOUR, MINUTE } from '../../clock.ts'
import type { ModelContext } from '../context.ts'
import { KEPT_MS } from '../figures.ts'
import { kept } from '../kept.ts'
import type { Standing, Stops } from '../payment-stop.ts'

/** What was asked of the bank so long ago is no news. */
export const RECENT_MS = 5 * MINUTE
const HOURS = DAY / HOUR
/** A call is written when it has ended, under the time at which it began. */
const LATEST_MS = 5 * MINUTE
/** More lines than these aren't counted: it is too many anyway. */
const MOST_UNSEALED = 10_000

export interface CallHour {
  from: Date
  calls: number
  troubles: number
}

/** Of the last five minutes. */
export interface ApiFigures {
  api: string
  calls: number
  troubles: number
  /** Milliseconds: half of them took at most so long, and 95 of 100. */
  median: number
  slow: number
}

export interface StatusFigures {
  /** The last 24 hours of the clock, the oldest first; the last one goes on. */
  hours: CallHour[]
  apis: ApiFigures[]
  standing: Standing
  /** Lines of the audit trail that wait for their seal. */
  unsealed: { count: number; oldestOn: Date | null }
  firstPaymentOn: Date | null
}

export type Status = ReturnType<typeof createStatus>

/** What an admin's status page shows beside the figures that machines are told; kept for as long as those. */
export function createStatus(
  { db, clock }: Pick<ModelContext, 'db' | 'clock'>,
  { stops }: { stops: Pick<Stops, 'standing'> },
) {
  const over = new Map<number, CallHour>()

  return { read: kept(clock, KEPT_MS, count) }

  async function count(now: number): Promise<StatusFigures> {
    const [hours, apis, standing, unsealed, first] = await Promise.all([
      callsByHour(now),
      latelyByApi(now),
      stops.standing(),
      waitingForSeals(),
      db.prisma.payment.findFirst({ orderBy: { id: 'asc' }, select: { createdOn: true } }),
    ])
    return { hours, apis, standing, unsealed, firstPaymentOn: first?.createdOn ?? null }
  }

  /** Hours that are over are counted once: nothing is added to them, and a busy day has a million calls. */
  async function callsByHour(now: number): Promise<CallHour[]> {
    const present = Math.floor(now / HOUR) * HOUR
    const wanted = Array.from({ length: HOURS }, (_, place) => present - (HOURS - 1 - place) * HOUR)
    const missing = wanted.find((from) => !over.has(from)) ?? present
    const counted = await countCalls(new Date(missing))
    const hours = wanted.map((from) => over.get(from) ?? counted(new Date(from)))
    over.clear()
    for (const hour of hours) {
      const from = hour.from.getTime()
      if (from + HOUR + LATEST_MS <= now) over.set(from, hour)
    }
    return hours
  }

  /** Both are read out of an index alone; that of the troubles knows only what is literally not 'ok'. */
  async function countCalls(since: Date): Promise<(from: Date) => CallHour> {
    const [calls, troubles] = await Promise.all([
      db.prisma.$queryRaw<HourCount[]>`
        SELECT date_trunc('hour', at) AS "from", count(*)::int AS count
        FROM "BankCall" WHERE at >= ${since} GROUP BY 1`,
      db.prisma.$queryRaw<HourCount[]>`
        SELECT date_trunc('hour', at) AS "from", count(*)::int AS count
        FROM "BankCall" WHERE at >= ${since} AND outcome <> 'ok' GROUP BY 1`,
    ])
    return (from) => ({ from, calls: countOf(calls, from), troubles: countOf(troubles, from) })
  }

  async function latelyByApi(now: number): Promise<ApiFigures[]> {
    return db.prisma.$queryRaw<ApiFigures[]>`
      SELECT api, count(*)::int AS calls, count(*) FILTER (WHERE outcome <> 'ok')::int AS troubles,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY "durationMs")::float8 AS median,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY "durationMs")::float8 AS slow
      FROM "BankCall" WHERE at > ${new Date(now - RECENT_MS)} GROUP BY api ORDER BY api`
  }

  async function waitingForSeals(): Promise<StatusFigures['unsealed']> {
    const [row] = await db.prisma.$queryRaw<StatusFigures['unsealed'][]>`
      SELECT count(*)::int AS count,
        (SELECT e.at FROM "AuditUnsealed" u JOIN "AuditEvent" e ON e.id = u."eventId" ORDER BY u.number LIMIT 1) AS "oldestOn"
      FROM (SELECT 1 FROM "AuditUnsealed" LIMIT ${MOST_UNSEALED}) waiting`
    return row ?? { count: 0, oldestOn: null }
  }
}

interface HourCount {
  from: Date
  count: number
}

function countOf(counts: readonly HourCount[], from: Date): number {
  return counts.find((each) => each.from.getTime() === from.getTime())?.count ?? 0
}
