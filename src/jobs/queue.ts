import { fromPrisma, PgBoss } from 'pg-boss'
import type { Db, Tx } from '../db.ts'
import { clean, type Logger } from '../logger.ts'

/** The jobs there are, and what each carries. Ids only: the database holds the truth. */
export interface Jobs {
  'send-mail': {
    userId: string
    kind: MailKind
    paymentId?: string
    alarmId?: string
    /** The browser, the change of address, or the reminder that the letter is about. */
    aboutId?: string
    /** ISO 3166-1, two letters. */
    country?: string
  }
  'send-push': { userId: string; subscriptionId: string; reminderId: string }
  reconcile: { occasion: 'daily' | 'start' }
  /** Of one saver, or of all whose wish waits. */
  erase: { userId: string | null }
  retention: { occasion: 'daily' }
  /** Consents that end, consents and accounts that nobody uses. */
  care: { occasion: 'daily' }
  /** Consents that are over here, and of which the bank has to be told. */
  'tell-bank': { occasion: 'minutes' }
}
export type JobName = keyof Jobs
/** Those that tell what happened to an account, and need to know nothing else. */
export const SECURITY_MAILS = [
  'password-changed',
  'new-browser',
  'accounts-changed',
  'factor-on',
  'factor-lost',
  'factor-off',
  'factor-reset-asked',
  'factor-reset',
  'backup-codes-renewed',
  'account-locked',
  'account-unlocked',
  'role-changed',
  'passkey-added',
  'passkey-removed',
  'passkey-copied',
  'token-made',
] as const
export type SecurityMail = (typeof SECURITY_MAILS)[number]
/** The letters we write. Their links are made when they are sent, so that no link lies in the queue. */
export type MailKind =
  | SecurityMail
  | 'confirm-address'
  | 'reset-password'
  | 'already-registered'
  | 'approval-needed'
  | 'approval-reminder'
  | 'limits-loosened'
  | 'new-country'
  | 'confirm-browser'
  | 'address-new'
  | 'address-old'
  | 'address-moved-here'
  | 'address-moved-away'
  | 'alarm'
  | 'savings-held'
  | 'consent-ends'
  | 'consent-unused'
  | 'consent-withdrawn'
  | 'account-unused'
  | 'account-dormant'
  | 'reminder'
  | 'digest'

/** Whose mails are never written: they are asked for where nobody may learn that there is no reader. */
export const NOBODY = '00000000-0000-0000-0000-000000000000'

export const JOB_NAMES = [
  'send-mail',
  'send-push',
  'reconcile',
  'erase',
  'retention',
  'care',
  'tell-bank',
] as const satisfies readonly JobName[]

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

export interface QueueStanding {
  name: JobName
  waiting: number
  active: number
  failed: number
  /** Its time has come, and nobody has taken it. */
  oldestDueOn: Date | null
}

export interface FailedJob {
  id: string
  name: JobName
  createdOn: Date
  failedOn: Date | null
  tries: number
  /** What the handler threw, without what would tell of people. */
  message: string
}

export interface Queue {
  /** The job exists if and only if the caller's transaction commits. */
  enqueue<N extends JobName>(tx: Tx, name: N, data: Jobs[N], when?: { startAfter: Date }): Promise<void>
  /** Runs handlers until `stop`; only the worker process does. */
  work<N extends JobName>(
    name: N,
    options: { concurrency: number },
    handle: (data: Jobs[N]) => Promise<void>,
  ): Promise<void>
  /** Enqueues a job at these times (cron, UTC), once whatever the number of workers. */
  repeat<N extends JobName>(name: N, cron: string, data: Jobs[N]): Promise<void>
  /** In the caller's transaction: no letter or notification to this user, sent or not, is left in the queue. */
  forget(tx: Tx, userId: string): Promise<void>
  isReady(): Promise<boolean>
  /** How many jobs of each kind stand where, and since when the oldest has been waiting. */
  standing(): Promise<QueueStanding[]>
  /** Those that were tried for as long as they are worth it, the newest first. */
  failed(most: number): Promise<FailedJob[]>
  findFailed(id: string): Promise<FailedJob | null>
  /** @returns false when there is no such job that has failed. */
  retry(name: JobName, id: string): Promise<boolean>
  /** When the jobs of the calendar come (cron, UTC), and since when that is planned. */
  schedules(): Promise<{ name: string; cron: string; createdOn: Date }[]>
  /** Lets running jobs finish, for at most `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Carries nothing: for whoever settles by themselves, and needs no letters. */
export const SILENT_QUEUE: Queue = {
  enqueue: async () => {},
  work: async () => {},
  repeat: async () => {},
  forget: async () => {},
  isReady: async () => true,
  standing: async () => [],
  failed: async () => [],
  findFailed: async () => null,
  retry: async () => false,
  schedules: async () => [],
  stop: async () => {},
}

const STANDING = `
  SELECT names.name, count(j.id) FILTER (WHERE j.state IN ('created', 'retry'))::int AS waiting,
    count(j.id) FILTER (WHERE j.state = 'active')::int AS active,
    count(j.id) FILTER (WHERE j.state = 'failed')::int AS failed,
    min(j.start_after) FILTER (WHERE j.state IN ('created', 'retry') AND j.start_after <= now()) AS "oldestDueOn"
  FROM unnest($1::text[]) AS names (name) LEFT JOIN pgboss.job j ON j.name = names.name
  GROUP BY names.name ORDER BY names.name`
const FAILED = `
  SELECT id, name, created_on AS "createdOn", completed_on AS "failedOn", retry_count + 1 AS tries, output ->> 'message' AS message
  FROM pgboss.job WHERE name = ANY ($1::text[]) AND state = 'failed'`
const NEWEST_FIRST = 'ORDER BY completed_on DESC NULLS LAST, id LIMIT $2'

/** What a handler has thrown may quote an address or a number. */
function withoutSecrets(job: FailedJob): FailedJob {
  return { ...job, message: String(clean('message', job.message ?? '')) }
}

export async function createQueue(db: Db, log: Logger, role: 'web' | 'worker'): Promise<Queue> {
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => db.pool.query(text, values) },
    migrate: false,
    createSchema: false,
    supervise: role === 'worker',
    schedule: role === 'worker',
  })
  boss.on('error', (error) => log.error('queue', { error }))
  await boss.start()

  return {
    enqueue: async (tx, name, data, when) => {
      await boss.send(name, data, { db: fromPrisma(tx), ...(when ? { startAfter: when.startAfter } : {}) })
    },
    work: async (name, { concurrency }, handle) => {
      await boss.work(name, { pollingIntervalSeconds: 0.5, localConcurrency: concurrency }, async (jobs) => {
        for (const job of jobs) await handle(job.data as Jobs[typeof name])
      })
    },
    repeat: async (name, cron, data) => {
      await boss.schedule(name, cron, data, { tz: 'UTC' })
    },
    forget: async (tx, userId) => {
      await tx.$executeRaw`DELETE FROM pgboss.job WHERE name IN ('send-mail', 'send-push') AND data ->> 'userId' = ${userId}`
    },
    isReady: async () => {
      const { rows } = await db.pool.query(`SELECT to_regclass('pgboss.job') IS NOT NULL AS ready`)
      return rows[0]?.ready === true
    },
    standing: async () => {
      const { rows } = await db.pool.query<QueueStanding>(STANDING, [JOB_NAMES])
      return rows
    },
    failed: async (most) => {
      const { rows } = await db.pool.query<FailedJob>(`${FAILED} ${NEWEST_FIRST}`, [JOB_NAMES, most])
      return rows.map(withoutSecrets)
    },
    findFailed: async (id) => {
      const { rows } = await db.pool.query<FailedJob>(`${FAILED} AND id = $2::uuid`, [JOB_NAMES, id])
      return rows[0] ? withoutSecrets(rows[0]) : null
    },
    retry: async (name, id) => {
      // Its type says nothing of what comes back.
      const { affected } = (await boss.retry(name, id)) as { affected: number }
      return affected === 1
    },
    schedules: async () => {
      const schedules = await boss.getSchedules()
      return schedules.map(({ name, cron, createdOn }) => ({ name, cron, createdOn }))
    },
    stop: (graceMs) => boss.stop({ graceful: true, timeout: graceMs }),
  }
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
