import { randomUUID } from 'node:crypto'
import { SECOND } from '../../clock.ts'
import { logContext } from '../../logger.ts'
import type { Gate } from '../../models/bank-gate.ts'
import type { Queue } from '../queue.ts'
import { continuously } from './continuously.ts'
import { createErase, type EraseDeps } from './erasure.ts'
import { createReconcile, type ReconcileDeps } from './reconcile.ts'
import { createRetentionSweep } from './retention.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { settleContinuously } from './settle-continuously.ts'
import { createSettleSaver, type SettleDeps } from './settle-saver.ts'

const MAIL_CONCURRENCY = 2
/** When the books and the bank are compared: at night, when little moves. */
const RECONCILE_AT = '17 3 * * *'
/** After it, so that it compares what was there that day. */
const RETENTION_AT = '47 4 * * *'
/** How often it is looked whether a saver who wants to be forgotten can be by now. */
const ERASE_AT = '*/10 * * * *'
/** Sooner than any check-off is sent, and than an admin's minute is over. */
const LOOK_EVERY_MS = 10 * SECOND
/** A line that is removed before its seal leaves no trace: the time for that is short. */
const SEAL_EVERY_MS = 2 * SECOND

export type HandlerDeps = Omit<SettleDeps, 'stopping'> &
  SendMailDeps &
  ReconcileDeps &
  EraseDeps & { queue: Queue; bankGate: Gate }

/** Starts everything the worker does. @returns a function that ends what goes on by itself; the queue is stopped by its owner. */
export async function startHandlers(deps: HandlerDeps): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  await deps.queue.work('send-mail', { concurrency: MAIL_CONCURRENCY }, inContext(deps, createSendMail(deps)))
  await deps.queue.work('reconcile', { concurrency: 1 }, inContext(deps, createReconcile(deps)))
  await deps.queue.repeat('reconcile', RECONCILE_AT, { occasion: 'daily' })
  await deps.queue.work('erase', { concurrency: 1 }, inContext(deps, createErase(deps)))
  await deps.queue.repeat('erase', ERASE_AT, { userId: null })
  const sweep = createRetentionSweep(deps, stopping.signal)
  await deps.queue.work('retention', { concurrency: 1 }, inContext(deps, sweep))
  await deps.queue.repeat('retention', RETENTION_AT, { occasion: 'daily' })
  const settle = createSettleSaver({ ...deps, stopping: stopping.signal })
  const settling = settleContinuously(deps, inContext(deps, settle), stopping.signal)
  const { models, log } = deps
  const detecting = continuously(
    { what: 'looking for what is odd', everyMs: LOOK_EVERY_MS, log },
    models.detection.look,
    stopping.signal,
  )
  const sealing = continuously(
    { what: 'sealing the audit trail', everyMs: SEAL_EVERY_MS, log },
    models.auditChain.seal,
    stopping.signal,
  )
  return async () => {
    stopping.abort()
    await Promise.all([settling, detecting, sealing])
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
