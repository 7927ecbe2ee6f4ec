import { randomUUID } from 'node:crypto'
import { logContext } from '../../logger.ts'
import type { Gate } from '../../models/bank-gate.ts'
import type { Queue } from '../queue.ts'
import { createCare } from './care.ts'
import { detectContinuously } from './detect-continuously.ts'
import { createErase, type EraseDeps } from './erasure.ts'
import { createReconcileJob, type ReconcileDeps } from './reconcile.ts'
import { createRetentionSweep } from './retention.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { settleContinuously } from './settle-continuously.ts'
import { createSettleSaver, type SettleDeps } from './settle-saver.ts'
import { createTellBank } from './tell-bank.ts'

const MAIL_CONCURRENCY = 2
/** When the books and the bank are compared: at night, when little moves. */
const RECONCILE_AT = '17 3 * * *'
/** After it, so that it compares what was there that day. */
const RETENTION_AT = '47 4 * * *'
/** After both, when people wake up: its letters are for them. */
const CARE_AT = '23 5 * * *'
/** How often the bank is told of consents that are over here, as long as it couldn't be. */
const TELL_BANK_AT = '*/10 * * * *'
/** How often it is looked whether a saver who wants to be forgotten can be by now. */
const ERASE_AT = '*/10 * * * *'

export type HandlerDeps = Omit<SettleDeps, 'stopping'> &
  SendMailDeps &
  ReconcileDeps &
  EraseDeps & { queue: Queue; bankGate: Gate }

/** Starts everything the worker does. @returns a function that ends what goes on by itself; the queue is stopped by its owner. */
export async function startHandlers(deps: HandlerDeps): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  await deps.queue.work('send-mail', { concurrency: MAIL_CONCURRENCY }, inContext(deps, createSendMail(deps)))
  await deps.queue.work('reconcile', { concurrency: 1 }, inContext(deps, createReconcileJob(deps)))
  await deps.queue.repeat('reconcile', RECONCILE_AT, { occasion: 'daily' })
  await deps.models.reconciliation.askWhenDue()
  await deps.queue.work('erase', { concurrency: 1 }, inContext(deps, createErase(deps)))
  await deps.queue.repeat('erase', ERASE_AT, { userId: null })
  const sweep = createRetentionSweep(deps, stopping.signal)
  await deps.queue.work('retention', { concurrency: 1 }, inContext(deps, sweep))
  await deps.queue.repeat('retention', RETENTION_AT, { occasion: 'daily' })
  await deps.queue.work('care', { concurrency: 1 }, inContext(deps, createCare(deps)))
  await deps.queue.repeat('care', CARE_AT, { occasion: 'daily' })
  await deps.queue.work('tell-bank', { concurrency: 1 }, inContext(deps, createTellBank(deps)))
  await deps.queue.repeat('tell-bank', TELL_BANK_AT, { occasion: 'minutes' })
  const settle = createSettleSaver({ ...deps, stopping: stopping.signal })
  const settling = settleContinuously(deps, inContext(deps, settle), stopping.signal)
  const detecting = detectContinuously(deps, stopping.signal)
  return async () => {
    stopping.abort()
    await Promise.all([settling, detecting])
  }
}

/** Every run has an id of its own, and none fails without a line in the log. */
function inContext<D>(
  { log }: Pick<SettleDeps, 'log'>,
  handle: (data: D) => Promise<unknown>,
): (data: D) => Promise<void> {
  return (data) =>
    logContext.run({ requestId: randomUUID() }, async () => {
      try {
        await handle(data)
      } catch (error) {
        log.error('a job failed', { error })
        throw error
      }
    })
}
