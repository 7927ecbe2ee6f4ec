import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from '../../clock.ts'
import type { SettleDeps } from './settle/deps.ts'

/** How often the worker looks for payments that are due; a check-off waits a minute anyway. */
const LOOK_EVERY_MS = 500
/** So many savers are settled at once; their calls share the bank's connections. */
const CONCURRENCY = 4
/** Looked up at a time, so that the order of age is kept without asking for every single one. */
const SAVERS_A_LOOK = 50
/**
 * Leases, waiting times and undo windows are instants that one process writes and another compares with its own clock.
 * A process whose clock is further off than this touches no payment.
 */
const MOST_CLOCK_LEAD_MS = 5 * SECOND

type Deps = Pick<SettleDeps, 'models' | 'log'> & { bankGate: { closedForMs(): Promise<number> } }

/**
 * Settles whatever is due, those who have waited longest first, until it is told to stop. The payments' own rows are the
 * queue: nothing else has to be written, lost or found again. While the bank is to be left alone, nothing is touched.
 */
export async function settleContinuously(
  deps: Deps,
  settle: (userId: string) => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  const busy = new Map<string, Promise<void>>()
  const begin = (userId: string) => {
    const run = settle(userId)
      // It is in the log already, and the payments are looked at again when their leases end.
      .catch(() => {})
      .finally(() => busy.delete(userId))
    busy.set(userId, run)
  }
  while (!stopping.aborted) {
    const waiting = await dueSavers(deps).catch((error) => {
      deps.log.error('looking for due payments', { error })
      return []
    })
    for (const userId of waiting.filter((each) => !busy.has(each))) {
      if (busy.size >= CONCURRENCY) await Promise.race(busy.values())
      if (stopping.aborted) break
      begin(userId)
    }
    await pause(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {})
  }
  await Promise.all(busy.values())
}

async function dueSavers({ models, log, bankGate }: Deps): Promise<string[]> {
  const leadMs = await models.payments.clockLeadMs()
  if (Math.abs(leadMs) > MOST_CLOCK_LEAD_MS) {
    log.error('the clock differs from the database’s: no payment is touched', { leadMs })
    return []
  }
  if ((await bankGate.closedForMs()) > 0) return []
  return models.payments.dueSavers(SAVERS_A_LOOK)
}
