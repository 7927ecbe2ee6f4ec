import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from '../../clock.ts'
import type { Gate } from '../../models/bank-gate.ts'
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

type Deps = Pick<SettleDeps, 'models' | 'log'> & { bankGate: Pick<Gate, 'closedForMs' | 'trials'> }

/** Settles whatever is due, those who have waited longest first, until it is told to stop. */
export async function settleContinuously(
  deps: Deps,
  settle: (userId: string) => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  const settling = createSettling(deps, settle, stopping)
  while (!stopping.aborted) {
    await settling.look()
    await pause(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {})
  }
  await settling.idle()
}

/**
 * The payments' own rows are the queue: nothing else has to be written, lost or found again. While the bank is to be left
 * alone, nothing is touched.
 */
export function createSettling(
  deps: Deps,
  settle: (userId: string) => Promise<void>,
  stopping?: AbortSignal,
) {
  const { bankGate, log } = deps
  const busy = new Map<string, Promise<void>>()
  const begin = (userId: string) => {
    const run = settle(userId)
      // It is in the log already, and the payments are looked at again when their leases end.
      .catch(() => {})
      .finally(() => busy.delete(userId))
    busy.set(userId, run)
  }
  const mayGoOn = async () => !stopping?.aborted && (await bankGate.closedForMs()) === 0

  return {
    /** Begins with every saver who has something due, a few at a time. */
    async look(): Promise<void> {
      try {
        if (!(await isClockRight(deps)) || !(await mayGoOn())) return
        const trials = await bankGate.trials()
        const due = await deps.models.payments.dueSavers(SAVERS_A_LOOK)
        // Whoever tried beside the first would only be turned away, and lose their place.
        const turns = trials === null ? due : chosenForTrial(due, trials)
        for (const userId of turns.filter((each) => !busy.has(each))) {
          if (busy.size >= CONCURRENCY) await Promise.race(busy.values())
          if (!(await mayGoOn())) return
          begin(userId)
        }
        if (trials !== null) await Promise.all(busy.values())
      } catch (error) {
        log.error('looking for due payments', { error })
      }
    },

    /** Resolves when nobody is being settled any more. */
    idle: async (): Promise<void> => void (await Promise.all(busy.values())),
  }
}

/**
 * The oldest tries whether the bank is back. But its calls may be the ones that fail, and nobody else's: every fourth trial is
 * one of the others'.
 */
function chosenForTrial(due: readonly string[], trials: number): string[] {
  const [oldest, ...others] = due
  const other = others[Math.floor(trials / 4) % others.length]
  return [trials % 4 === 3 ? (other ?? oldest) : oldest].filter((each) => each !== undefined)
}

async function isClockRight({ models, log }: Deps): Promise<boolean> {
  const leadMs = await models.payments.clockLeadMs()
  const isRight = Math.abs(leadMs) <= MOST_CLOCK_LEAD_MS
  if (!isRight) log.error('the clock differs from the database’s: no payment is touched', { leadMs })
  return isRight
}
