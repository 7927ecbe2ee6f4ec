/** Jobs are written by hand where they are only enqueued: each as pg-boss would have written it. */
import { fromPrisma, type PgBoss } from 'pg-boss'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import { startBoss } from '../../src/jobs/boss.ts'
import { createQueue, JOB_NAMES, type JobName, type Queue } from '../../src/jobs/queue.ts'
import { startTestApp, type TestApp } from '../support/app.ts'

let app: TestApp
let boss: PgBoss
let queue: Queue

beforeAll(async () => {
  app = await startTestApp()
  boss = await startBoss(app.deps.db, app.deps.log, 'web')
  queue = createQueue(app.deps.db, app.deps.log, 'web')
}, 120_000)
afterAll(async () => {
  await queue.stop(1_000)
  await boss.stop({ graceful: false })
  await app.close()
})

const LETTER = { userId: '7f0b5c0e-7a53-4d39-9f0c-3f6f3b1a9d11', kind: 'digest' } as const

/** All columns of the only two jobs of the name, the older first; times as what lies between them. */
async function bothJobs(name: JobName): Promise<Record<string, unknown>[]> {
  const { rows } = await app.deps.db.pool.query<{ job: Record<string, unknown> }>(
    `SELECT to_jsonb(j) - '{id,start_after,created_on,keep_until}'::text[]
       || jsonb_build_object('waits', j.start_after - j.created_on, 'kept', j.keep_until - j.start_after) AS job
     FROM pgboss.job j WHERE name = $1 ORDER BY created_on`,
    [name],
  )
  return rows.map(({ job }) => job)
}

const forgetAll = () => app.deps.db.pool.query('DELETE FROM pgboss.job')

test.for(JOB_NAMES)('a job of %s is the row that pg-boss would have written', async (name) => {
  await forgetAll()
  await app.deps.db.transaction(async (tx) => {
    await boss.send(name, LETTER, { db: fromPrisma(tx) })
  })
  await app.deps.db.transaction((tx) => queue.enqueue(tx, name, LETTER as never))
  const [theirs, ours] = await bothJobs(name)
  expect(theirs).toMatchObject({ name, data: LETTER, state: 'created', waits: '00:00:00' })
  expect(ours).toEqual(theirs)
})

test('so is one whose time comes later', async () => {
  await forgetAll()
  const startAfter = new Date(Date.now() + DAY)
  await app.deps.db.transaction(async (tx) => {
    await boss.send('send-mail', LETTER, { db: fromPrisma(tx), startAfter })
    await queue.enqueue(tx, 'send-mail', LETTER, { startAfter })
  })
  const { rows } = await app.deps.db.pool.query(
    `SELECT start_after AS at, keep_until - start_after = '14 days' AS kept FROM pgboss.job`,
  )
  expect(rows).toEqual([
    { at: startAfter, kept: true },
    { at: startAfter, kept: true },
  ])
  const [theirs, ours] = await bothJobs('send-mail')
  expect(ours).toEqual(theirs)
})

test('a job for which there is no queue undoes the transaction that asked for it', async () => {
  const enqueued = app.deps.db.transaction((tx) => queue.enqueue(tx, 'dance' as 'send-mail', LETTER))
  await expect(enqueued).rejects.toThrow('there is no queue for dance')
})

test('a job that failed is tried again by hand as pg-boss would', async () => {
  await forgetAll()
  const failed = async () => {
    const id = await boss.send('tell-bank', { occasion: 'minutes' })
    const [job] = await boss.fetch('tell-bank')
    expect(job?.id).toBe(id)
    await boss.fail('tell-bank', id as string, { message: 'no' })
    return id as string
  }
  await boss.retry('tell-bank', await failed())
  // Out of the way of the next one that is fetched.
  await app.deps.db.pool.query(`UPDATE pgboss.job SET start_after = start_after + interval '1 day'`)
  const id = await failed()
  expect(await queue.retry('tell-bank', id)).toBe(true)
  expect(await queue.retry('tell-bank', id)).toBe(false)
  const { rows } = await app.deps.db.pool.query(
    `SELECT state, retry_limit, retry_count, completed_on, output FROM pgboss.job ORDER BY created_on`,
  )
  expect(rows).toHaveLength(2)
  expect(rows[0]).toMatchObject({ state: 'retry', retry_limit: 1, completed_on: null })
  expect(rows[1]).toEqual(rows[0])
})

test('the calendar is read as pg-boss reads it', async () => {
  await queue.repeat('care', '23 5 * * *', { occasion: 'daily' })
  await queue.repeat('erase', '*/10 * * * *', { userId: null })
  const theirs = await boss.getSchedules()
  expect(await queue.schedules()).toEqual(
    theirs.map(({ name, cron, createdOn }) => ({ name, cron, createdOn })),
  )
  expect(theirs.map(({ name }) => name)).toEqual(['care', 'erase'])
})
