import type { PgBoss } from 'pg-boss'
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

const RETRY = `
  UPDATE pgboss.job SET state = 'retry', retry_limit = retry_limit + 1, completed_on = NULL
  WHERE name = $1 AND id = $2::uuid AND state = 'failed'`
const SCHEDULES = `SELECT name, cron, created_on AS "createdOn" FROM pgboss.schedule ORDER BY name, key`

/** What a handler has thrown may quote an address or a number. */
function withoutSecrets(job: FailedJob): FailedJob {
  return { ...job, message: String(clean('message', job.message ?? '')) }
}

/**
 * Whoever only enqueues, looks and tries again writes and reads pg-boss's tables, as it documents them, and doesn't load it: it
 * takes 5 MB. It is started with the first `work` or `repeat`.
 */
export function createQueue(db: Db, log: Logger, role: 'web' | 'worker'): Queue {
  let boss: Promise<PgBoss> | null = null
  const startedBoss = () => {
    boss ??= import('./boss.ts').then(({ startBoss }) => startBoss(db, log, role))
    return boss
  }

  return {
    enqueue: async (tx, name, data, when) => {
      const startAfter = when?.startAfter.toISOString() ?? null
      // A queue's own rules are written down with each job, as they are when it is enqueued.
      const enqueued = await tx.$executeRaw`
        INSERT INTO pgboss.job (name, data, start_after, created_on, keep_until, expire_seconds, deletion_seconds, retry_limit,
          retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds)
        SELECT q.name, ${JSON.stringify(data)}::jsonb, due.at, pgboss.job_now(), due.at + q.retention_seconds * interval '1s',
          q.expire_seconds, q.deletion_seconds, q.retry_limit, q.retry_delay, COALESCE(q.retry_backoff, false),
          q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
        FROM pgboss.queue q, (SELECT COALESCE(${startAfter}::timestamptz, pgboss.job_now()) AS at) due
        WHERE q.name = ${name}`
      if (enqueued !== 1) throw new Error(`there is no queue for ${name}`)
    },
    work: async (name, { concurrency }, handle) => {
      const started = await startedBoss()
      await started.work(
        name,
        { pollingIntervalSeconds: 0.5, localConcurrency: concurrency },
        async (jobs) => {
          for (const job of jobs) await handle(job.data as Jobs[typeof name])
        },
      )
    },
    repeat: async (name, cron, data) => {
      const started = await startedBoss()
      await started.schedule(name, cron, data, { tz: 'UTC' })
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
      const { rowCount } = await db.pool.query(RETRY, [name, id])
      return rowCount === 1
    },
    schedules: async () => {
      const { rows } = await db.pool.query(SCHEDULES)
      return rows
    },
    stop: async (graceMs) => {
      // What has not come to start says so to whoever asked it to work.
      const started = await boss?.catch(() => null)
      await started?.stop({ graceful: true, timeout: graceMs })
    },
  }
}
