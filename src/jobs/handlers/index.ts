import { randomUUID } from 'node:crypto'
import { SECOND } from '../../clock.ts'
import { logContext } from '../../logger.ts'
import type { Gate } from '../../models/bank-gate.ts'
import type { JobName, Jobs, Queue } from '../queue.ts'
import { createCare } from './care.ts'
import { continuously } from './continuously.ts'
import { createErase, type EraseDeps } from './erasure.ts'
import { createReconcileJob, type ReconcileDeps } from './reconcile.ts'
import { createRemind } from './remind.ts'
import { createRetentionSweep } from './retention.ts'
import { createRunNotes, type NotedRun } from './run-notes.ts'
import { createSendMail, type SendMailDeps } from './send-mail.ts'
import { createSendPush, type SendPushDeps } from './send-push.ts'
import { settleContinuously } from './settle-continuously.ts'
import { createSettleSaver, type SettleDeps } from './settle-saver.ts'
import { createTellBank } from './tell-bank.ts'

const MAIL_CONCURRENCY = 2
const PUSH_CONCURRENCY = 4
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
/** Sooner than any check-off is sent, and than an admin's minute is over. */
const LOOK_EVERY_MS = 10 * SECOND
/** A line that is removed before its seal leaves no trace: the time for that is short. */
const SEAL_EVERY_MS = 2 * SECOND

/** Nobody minds a reminder that is a quarter of a minute late. */
const REMIND_EVERY_MS = 15 * SECOND

export type HandlerDeps = Omit<SettleDeps, 'stopping'> &
  SendMailDeps &
  Omit<SendPushDeps, 'models'> &
  ReconcileDeps &
  EraseDeps & { queue: Queue; bankGate: Gate }

/** Starts everything the worker does. @returns a function that ends what goes on by itself; the queue is stopped by its owner. */
export async function startHandlers(deps: HandlerDeps): Promise<() => Promise<void>> {
  const { models, queue } = deps
  const stopping = new AbortController()
  const noted = createRunNotes(deps)
  const work = <N extends JobName>(
    name: N,
    concurrency: number,
    handle: (data: Jobs[N]) => Promise<unknown>,
  ) => queue.work(name, { concurrency }, inContext(noted(name), handle))
  const round = (name: string, everyMs: number, once: () => Promise<unknown>) =>
    continuously({ everyMs, noted: noted(name) }, once, stopping.signal)

  await work('send-mail', MAIL_CONCURRENCY, createSendMail(deps))
  await work('send-push', PUSH_CONCURRENCY, createSendPush(deps))
  await work('reconcile', 1, createReconcileJob(deps))
  await queue.repeat('reconcile', RECONCILE_AT, { occasion: 'daily' })
  await models.reconciliation.askWhenDue()
  await work('erase', 1, createErase(deps))
  await queue.repeat('erase', ERASE_AT, { userId: null })
  await work('retention', 1, createRetentionSweep(deps, stopping.signal))
  await queue.repeat('retention', RETENTION_AT, { occasion: 'daily' })
  await work('care', 1, createCare(deps))
  await queue.repeat('care', CARE_AT, { occasion: 'daily' })
  await work('tell-bank', 1, createTellBank(deps))
  await queue.repeat('tell-bank', TELL_BANK_AT, { occasion: 'minutes' })
  const settle = createSettleSaver({ ...deps, stopping: stopping.signal })
  const goingOn = [
    settleContinuously(deps, inContext(noted('settle'), settle), stopping.signal),
    round('detect', LOOK_EVERY_MS, models.detection.look),
    round('seal', SEAL_EVERY_MS, models.auditChain.seal),
    round('remind', REMIND_EVERY_MS, createRemind(deps)),
  ]
  return async () => {
    stopping.abort()
    await Promise.all(goingOn)
  }
}

/** Every run has an id of its own. */
function inContext<D>(noted: NotedRun, handle: (data: D) => Promise<unknown>): (data: D) => Promise<void> {
  return (data) => logContext.run({ requestId: randomUUID() }, () => noted(() => handle(data)))
}
