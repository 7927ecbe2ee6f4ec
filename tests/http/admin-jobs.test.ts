/** What admins see of the worker, and how they have a job tried again. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { continuously } from '../../src/jobs/handlers/continuously.ts'
import { createRunNotes } from '../../src/jobs/handlers/run-notes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, type PersonWithFactor, postWithCode } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let admin: PersonWithFactor

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
})
afterAll(() => app.close())

const page = async () => textOf((await admin.visitor.get('/admin/jobs')).text)
const runOf = (name: string) => app.deps.db.prisma.jobRun.findUnique({ where: { name } })
const noted = (name: string) => createRunNotes(app.deps)(name)

/** The address of a mail server with a password in it; in pieces, because no file of ours holds one. */
const SERVER = ['smtp://ida:', 'secret-word', '@mail.example'].join('')
const ACCOUNT = `DK50${'0040440116243'.padStart(14, '0')}`

/** A mail that was tried for as long as it is worth it. */
async function failedMail(message = 'no such mailbox'): Promise<string> {
  const id = randomUUID()
  await app.deps.db.pool.query(
    `INSERT INTO pgboss.job (id, name, data, state, retry_limit, retry_count, completed_on, output)
     VALUES ($1, 'send-mail', '{}', 'failed', 12, 12, now(), jsonb_build_object('message', $2::text))`,
    [id, message],
  )
  return id
}

async function retry(id: string) {
  await admin.visitor.get('/admin/jobs')
  clock.advance(MINUTE)
  return postWithCode(admin, `/admin/jobs/${id}/retry`)
}

describe('the run of a job', () => {
  test('is noted with when it began and ended', async () => {
    const began = clock.now()
    await noted('test-good')(async () => clock.advance(3 * SECOND))
    expect(await runOf('test-good')).toMatchObject({
      startedOn: began,
      finishedOn: new Date(began.getTime() + 3 * SECOND),
      failedOn: null,
    })
    expect(await page()).toContain('took 3.0 s')
  })

  test('that fails is thrown on, and noted beside the last good one, without secrets', async () => {
    const run = noted('test-failing')
    await run(async () => {})
    const good = await runOf('test-failing')
    clock.advance(SECOND)
    const fail = run(() => Promise.reject(new Error(`refused by ${SERVER}`)))
    await expect(fail).rejects.toThrow('refused')
    const row = await runOf('test-failing')
    expect(row).toMatchObject({ finishedOn: good?.finishedOn, failedOn: clock.now() })
    expect(row?.error).not.toContain('secret-word')
    expect(await page()).toContain('failed')
  })

  test('of many good ones in a row is noted once in ten seconds', async () => {
    const run = noted('test-often')
    await run(async () => {})
    const first = await runOf('test-often')
    clock.advance(9 * SECOND)
    await run(async () => {})
    expect(await runOf('test-often')).toEqual(first)
    clock.advance(SECOND)
    await run(async () => {})
    expect((await runOf('test-often'))?.startedOn).toEqual(clock.now())
  })

  test('goes on with the next round after one that failed, until it is told to stop', async () => {
    const stopping = new AbortController()
    const rounds: string[] = []
    const round = async () => {
      rounds.push('round')
      if (rounds.length === 1) throw new Error('the first')
      stopping.abort()
    }
    await continuously({ everyMs: 1, noted: noted('test-round') }, round, stopping.signal)
    expect(rounds).toHaveLength(2)
    expect((await runOf('test-round'))?.error).toBe('the first')
  })

  test('that goes round all the time is late after two minutes', async () => {
    await noted('seal')(() => app.deps.models.auditChain.seal())
    expect(await page()).toMatch(/Sealing the audit trail seal well/)
    clock.advance(3 * MINUTE)
    expect(await page()).toMatch(/Sealing the audit trail seal late/)
  })
})

describe('a job that was given up', () => {
  test('is shown with its reason, which names no address and no account', async () => {
    await failedMail(`550 ${SERVER} ${ACCOUNT}`)
    const shown = await page()
    expect(shown).toContain('Tried 13 times')
    expect([shown.includes('secret-word'), shown.includes(ACCOUNT)]).toEqual([false, false])
  })

  test('is tried again once, and by whom is noted', async () => {
    const id = await failedMail()
    expect((await retry(id)).headers.location).toBe('/admin/jobs')
    const { rows } = await app.deps.db.pool.query('SELECT state FROM pgboss.job WHERE id = $1', [id])
    expect(rows[0].state).not.toBe('failed')
    const [line] = await app.deps.db.prisma.auditEvent.findMany({ where: { objectId: id } })
    expect(line).toMatchObject({ action: 'job.retry-asked', actorId: admin.user.id })
    await retry(id)
    expect(await app.deps.db.prisma.auditEvent.count({ where: { objectId: id } })).toBe(1)
  })

  test('that is not there any more is said to be so', async () => {
    expect((await retry(randomUUID())).headers.location).toBe('/admin/jobs')
    expect(await page()).toContain('That job isn’t among those given up any more.')
  })
})

test('queues show what waits', async () => {
  const { prisma } = app.deps.db
  await app.deps.db.transaction((tx) =>
    app.deps.queue.enqueue(tx, 'send-mail', { userId: admin.user.id, kind: 'password-changed' }),
  )
  const standing = await app.deps.queue.standing()
  expect(standing.find(({ name }) => name === 'send-mail')?.waiting).toBeGreaterThan(0)
  expect(standing.map(({ name }) => name)).toContain('reconcile')
  expect(await prisma.jobRun.count()).toBeGreaterThan(0)
})
