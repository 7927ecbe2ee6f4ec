import { randomUUID } from 'node:crypto'
import { logContext } from '../../logger.ts'
import type { Gate } from '../../models/bank-gate.ts'
import type { Queue } from '../queue.ts'
import { createReconcile, type ReconcileDeps } from './reconcile.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { settleContinuously } from './settle-continuously.ts'
import { createSettleSaver, type SettleDeps } from './settle-saver.ts'

const MAIL_CONCURRENCY = 2
/** When the books and the bank are compared: at night, when little moves. */
const RECONCILE_AT = '17 3 * * *'

export type HandlerDeps = Omit<SettleDeps, 'stopping'> &
  SendMailDeps &
  ReconcileDeps & { queue: Queue; bankGate: Gate }

/** Starts everything the worker does. @returns a function that ends the settling; the queue is stopped by its owner. */
export async function startHandlers(deps: HandlerDeps): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  await deps.queue.work('send-mail', { concurrency: MAIL_CONCURRENCY }, inContext(deps, createSendMail(deps)))
  await deps.queue.work('reconcile', { concurrency: 1 }, inContext(deps, createReconcile(deps)))
  await deps.queue.repeat('reconcile', RECONCILE_AT, { occasion: 'daily' })
  const settle = createSettleSaver({ ...deps, stopping: stopping.signal })
  const settling = settleContinuously(deps, inContext(deps, settle), stopping.signal)
  return async () => {
    stopping.abort()
    await settling
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
