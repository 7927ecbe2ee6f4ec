import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { SECOND } from '../../clock.ts'
import { logContext } from '../../logger.ts'
import type { Queue } from '../queue.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { createSettlePayment, type SettleDeps } from './settle-payment.ts'

/** How often the worker looks for payments whose alarm was lost, and how late an alarm has to be to count as lost. */
const SWEEP_EVERY_MS = 5 * SECOND
const SWEEP_GRACE_MS = 2 * SECOND
const SWEEP_MOST = 200
const SETTLE_CONCURRENCY = 4
/**
 * Leases, waiting times and undo windows are instants that one process writes and another compares with its own clock.
 * A process whose clock is further off than this touches no payment.
 */
const MOST_CLOCK_LEAD_MS = 5 * SECOND
const MAIL_CONCURRENCY = 2

/** Starts everything the worker does. @returns a function that ends the sweeping; the queue is stopped by its owner. */
export async function startHandlers(
  deps: Omit<SettleDeps, 'stopping'> & SendMailDeps & { queue: Queue },
): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  const settle = whenClockIsRight(deps, createSettlePayment({ ...deps, stopping: stopping.signal }))
  await deps.queue.work('settle-payment', { concurrency: SETTLE_CONCURRENCY }, inContext(deps, settle))
  const sendMail = createSendMail(deps)
  await deps.queue.work('send-mail', { concurrency: MAIL_CONCURRENCY }, inContext(deps, sendMail))
  const sweeping = sweepRegularly(deps, inContext(deps, settle), stopping.signal)
  return async () => {
    stopping.abort()
    await sweeping
  }
}

/** The alarm is not lost: the sweep rings again, here or in a process whose clock is right. */
function whenClockIsRight<D>(
  { models, log }: Pick<SettleDeps, 'models' | 'log'>,
  handle: (data: D) => Promise<void>,
): (data: D) => Promise<void> {
  return async (data) => {
    const leadMs = await models.payments.clockLeadMs()
    if (Math.abs(leadMs) <= MOST_CLOCK_LEAD_MS) return handle(data)
    log.error('the clock differs from the database’s: no payment is touched', { leadMs })
  }
}

/** Every run has an id of its own, and none fails without a line in the log. */
function inContext<D>(
  { log }: Pick<SettleDeps, 'log'>,
  handle: (data: D) => Promise<void>,
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

/**
 * The queue's job is only an alarm; the payment's own `nextActionAt` is the truth, and this finds what no alarm rang for.
 * One payment's trouble (already in the log) must not keep the sweep from the others.
 */
async function sweepRegularly(
  { models, log }: Pick<SettleDeps, 'models' | 'log'>,
  settle: (data: { paymentId: string }) => Promise<void>,
  stopping: AbortSignal,
): Promise<void> {
  const sweep = async () => {
    for (const paymentId of await models.payments.overdue(SWEEP_GRACE_MS, SWEEP_MOST)) {
      if (stopping.aborted) return
      await settle({ paymentId }).catch(() => {})
    }
  }
  while (!stopping.aborted) {
    await sweep().catch((error) => log.error('sweep', { error }))
    await pause(SWEEP_EVERY_MS, undefined, { signal: stopping }).catch(() => {})
  }
}
