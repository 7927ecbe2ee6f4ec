import { currentRequestId } from '../../logger.ts'
import { workerActor } from '../../models/context.ts'
import type { Occasion, Recorded, Run, SaverToCompare } from '../../models/reconciliation.ts'
import type { Jobs } from '../queue.ts'
import type { ReconcileDeps } from './reconcile/deps.ts'
import { compareSaver } from './reconcile/saver.ts'

export type { ReconcileDeps } from './reconcile/deps.ts'

export interface ReconcileOrder {
  occasion: Occasion
  /** Our own books among each other, without asking the bank. */
  booksOnly?: boolean
  /** One that has been begun already. */
  run?: Run
}

export interface Reconciled {
  startedOn: Date
  paymentsChecked: number
  saversChecked: number
  saversSkipped: number
  /** How many savers could not be compared, or not whole, by why. */
  skipped: Map<string, number>
  differences: number
  /** How many of them are balances that were added up anew: they are no differences any more. */
  corrected: number
}

const PAGE = 200
/** So many savers are compared at the same time; how often the bank is asked is its gate's matter. */
const AT_ONCE = 4

/**
 * Holds check-offs, payments, ledger and bank against each other. What differs is kept and told, to the log and to admins;
 * but for balances nothing is repaired. Web and workers go on meanwhile.
 * @param onProgress told after each saver how many have had their turn.
 */
export function createReconcile(deps: ReconcileDeps, onProgress: (savers: number) => void = () => {}) {
  const { reconciliation } = deps.models

  return async function reconcile({
    occasion,
    booksOnly = false,
    run: begun,
  }: ReconcileOrder): Promise<Reconciled> {
    const by = workerActor(currentRequestId())
    const run = begun ?? (await reconciliation.begin(occasion))
    const paymentsChecked = await reconciliation.paymentCount()
    const found = new Map<string, Recorded>()
    const skipped = new Map<string, number>()
    let compared = 0

    const note = (recorded: readonly Recorded[]) => {
      for (const difference of recorded) {
        if (!found.has(difference.id)) tell(deps, difference)
        found.set(difference.id, difference)
      }
    }
    const compare = async (saver: SaverToCompare) => {
      const { found: recorded, skipped: because } = await compareSaver(deps, saver.id, by)
      note(recorded)
      if (because === null) compared += 1
      else if (saver.hasOrders || !isUnlinked(because)) skipped.set(because, (skipped.get(because) ?? 0) + 1)
    }

    const books = await reconciliation.compareBooks(by)
    note(books.found)
    if (!booksOnly) await eachSaver(deps, compare, onProgress)
    const saversSkipped = [...skipped.values()].reduce((sum, savers) => sum + savers, 0)
    const counts = { paymentsChecked, saversChecked: compared, saversSkipped, differences: found.size }
    await reconciliation.finish(run.id, counts)
    const corrected = books.corrected.size
    deps.log.info('reconciled', { runId: run.id, ...counts, corrected, ...(booksOnly ? { booksOnly } : {}) })
    return { startedOn: run.startedOn, ...counts, skipped, corrected }
  }
}

/** As a job: the one that a worker asks for at its start is left out when another has made it. */
export function createReconcileJob(deps: ReconcileDeps) {
  const reconcile = createReconcile(deps)
  return async ({ occasion }: Jobs['reconcile']): Promise<void> => {
    if (occasion === 'daily') return void (await reconcile({ occasion }))
    const run = await deps.models.reconciliation.beginWhenDue()
    if (run) await reconcile({ occasion, run })
  }
}

async function eachSaver(
  { models }: Pick<ReconcileDeps, 'models'>,
  compare: (saver: SaverToCompare) => Promise<void>,
  onProgress: (savers: number) => void,
): Promise<void> {
  let done = 0
  let last: string | null = null
  for (;;) {
    const page: SaverToCompare[] = await models.reconciliation.savers(last, PAGE)
    last = page.at(-1)?.id ?? null
    if (last === null) return
    const waiting = page.values()
    const lane = async () => {
      for (const saver of waiting) {
        await compare(saver)
        done += 1
        onProgress(done)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  }
}

/** Without a link and without orders there is nothing to compare. */
function isUnlinked(because: string): boolean {
  return ['no-consent', 'consent-expired', 'consent-outdated'].includes(because)
}

/** Ids only: what the amounts are is for those who may look them up. */
function tell({ log }: Pick<ReconcileDeps, 'log'>, { id, kind, userId, paymentId, isNew }: Recorded): void {
  log.error('the books differ', { differenceId: id, kind, userId, paymentId, isNew })
}
