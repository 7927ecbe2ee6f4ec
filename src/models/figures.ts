import { MINUTE, SECOND } from '../clock.ts'
import type { PaymentState } from '../generated/enums.ts'
import type { ModelContext } from './context.ts'
import { kept } from './kept.ts'
import type { Overview } from './overview.ts'

/** What was asked of the bank so long ago is no news. */
const RECENT_MS = 5 * MINUTE
/** Whoever asks more often gets the same figures: payments are counted one by one. */
export const KEPT_MS = 10 * SECOND

export interface BankCallFigures {
  api: string
  outcome: string
  count: number
  /** Seconds: half of them took at most so long, and 95 of 100. */
  median: number
  slow: number
}

/** What all processes together are doing; read from the database, so that each of them tells the same. */
export interface Figures {
  paymentsByState: Map<PaymentState, number>
  due: number
  /** Seconds since the payment that has waited longest should have been looked at; 0 when none waits. */
  oldestDueSeconds: number
  bankCalls: BankCallFigures[]
  openAlarms: number
  openDifferences: number
  /** Of the last comparison of books and bank that came to its end; null before the first. */
  comparedSecondsAgo: number | null
}

export type FiguresReader = ReturnType<typeof createFigures>

export function createFigures({ db, clock }: Pick<ModelContext, 'db' | 'clock'>, overview: Overview) {
  return { read: kept(clock, KEPT_MS, count) }

  async function count(now: number): Promise<Figures> {
    const { prisma } = db
    const [paymentsByState, { due, oldestDueAt }, bankCalls, openAlarms, openDifferences, last] =
      await Promise.all([
        overview.paymentsByState(),
        overview.backlog(),
        prisma.$queryRaw<BankCallFigures[]>`
          SELECT api, outcome, count(*)::int AS count,
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY "durationMs") / 1000 AS median,
                 percentile_cont(0.95) WITHIN GROUP (ORDER BY "durationMs") / 1000 AS slow
          FROM "BankCall" WHERE at > ${new Date(now - RECENT_MS)} GROUP BY api, outcome ORDER BY api, outcome`,
        prisma.alarm.count({ where: { acknowledgedOn: null } }),
        prisma.reconciliationDifference.count({ where: { goneOn: null } }),
        prisma.reconciliationRun.findFirst({
          where: { finishedOn: { not: null } },
          orderBy: { startedOn: 'desc' },
          select: { startedOn: true },
        }),
      ])
    const since = (at: Date) => (now - at.getTime()) / SECOND
    return {
      paymentsByState,
      due,
      oldestDueSeconds: oldestDueAt ? since(oldestDueAt) : 0,
      bankCalls,
      openAlarms,
      openDifferences,
      comparedSecondsAgo: last ? since(last.startedOn) : null,
    }
  }
}
