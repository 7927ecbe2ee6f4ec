import { randomUUID } from 'node:crypto'
import { SECOND } from '../../clock.ts'
import { logContext } from '../../logger.ts'
import type { Queue } from '../queue.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { createSettlePayment, type SettleDeps } from './settle-payment.ts'

/** How often the worker looks for payments whose alarm was lost, and how late an alarm has to be to count as lost. */
const SWEEP_EVERY_MS = 10 * SECOND
const SWEEP_GRACE_MS = 5 * SECOND
const SWEEP_MOST = 200
const SETTLE_CONCURRENCY = 4
const MAIL_CONCURRENCY = 2

/** Starts everything the worker does. @returns a function that ends the sweeping; the queue is stopped by its owner. */
export async function startHandlers(
  deps: SettleDeps & SendMailDeps & { queue: Queue },
): Promise<() => Promise<void>> {
  const settle = inContext(createSettlePayment(deps))
  const sendMail = inContext(createSendMail(deps))
  await deps.queue.work('settle-payment', { concurrency: SETTLE_CONCURRENCY }, settle)
  await deps.queue.work('send-mail', { concurrency: MAIL_CONCURRENCY }, sendMail)
  return sweepRegularly(deps, settle)
}

function inContext<D>(handle: (data: D) => Promise<void>): (data: D) => Promise<void> {
  return (data) => logContext.run({ requestId: randomUUID() }, () => handle(data))
}

/** The queue's job is only an alarm; the payment's own `nextActionAt` is the truth, and this finds what no alarm rang for. */
async function sweepRegularly(
  { models, log }: SettleDeps,
  settle: (data: { paymentId: string }) => Promise<void>,
): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  const sweep = async () => {
    for (const paymentId of await models.payments.overdue(SWEEP_GRACE_MS, SWEEP_MOST)) {
      if (stopping.signal.aborted) return
      await settle({ paymentId })
    }
  }
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await sweep().catch((error) => log.error('sweep', { error }))
      await pause(SWEEP_EVERY_MS, stopping.signal)
    }
  })()
  return async () => {
    stopping.abort()
    await loop
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
