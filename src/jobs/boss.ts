/** Where jobs are done and queues are made: the worker and the release command. */
import { PgBoss } from 'pg-boss'
import type { Db } from '../db.ts'
import type { Logger } from '../logger.ts'
import { JOB_NAMES, type JobName } from './queue.ts'

/** Mails are tried for about a day. Payments have no jobs: a payment's own row says when it is to be looked at. */
const QUEUE_OPTIONS = {
  'send-mail': {
    retryLimit: 12,
    retryDelay: 5,
    retryBackoff: true,
    expireInSeconds: 60,
    // So that an admin finds a mail that failed; a job carries ids only.
    deleteAfterSeconds: 3 * 86_400,
  },
  // Later than two hours nobody wants it any more; half a minute, then twice as long each time, comes to a bit less.
  'send-push': {
    retryLimit: 7,
    retryDelay: 30,
    retryBackoff: true,
    expireInSeconds: 60,
    deleteAfterSeconds: 3_600,
  },
  // Reading every saver's orders takes its time; what one run couldn't compare, the next day's does.
  reconcile: { retryLimit: 2, retryDelay: 300, expireInSeconds: 6 * 3_600, deleteAfterSeconds: 86_400 },
  // Whoever is left waits for the next round, minutes later.
  erase: { retryLimit: 2, retryDelay: 30, expireInSeconds: 900, deleteAfterSeconds: 3_600 },
  care: { retryLimit: 2, retryDelay: 300, expireInSeconds: 3_600, deleteAfterSeconds: 86_400 },
  'tell-bank': { retryLimit: 0, expireInSeconds: 900, deleteAfterSeconds: 3_600 },
  retention: { retryLimit: 2, retryDelay: 300, expireInSeconds: 3_600, deleteAfterSeconds: 86_400 },
} satisfies Record<JobName, object>

export async function startBoss(db: Db, log: Logger, role: 'web' | 'worker'): Promise<PgBoss> {
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => db.pool.query(text, values) },
    migrate: false,
    createSchema: false,
    supervise: role === 'worker',
    schedule: role === 'worker',
  })
  boss.on('error', (error) => log.error('queue', { error }))
  await boss.start()
  return boss
}

/** Part of the release command: the queue's own schema and its queues, made before any process needs them. */
export async function createQueueSchema(url: string): Promise<void> {
  const boss = new PgBoss({ connectionString: url, max: 2, supervise: false, schedule: false })
  await boss.start()
  try {
    for (const name of JOB_NAMES) await boss.createQueue(name, QUEUE_OPTIONS[name])
  } finally {
    await boss.stop({ graceful: false })
  }
}
