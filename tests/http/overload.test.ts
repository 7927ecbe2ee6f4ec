/** More at once than can be done: whoever is let in is served, everybody else is told so at once, and nothing is half done. */
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freeAll, held } from '../support/held-tables.ts'
import { newHabit, newLinkedSaver, offerOf, type Person } from '../support/people.ts'
import { newToken } from '../support/programs.ts'
import { textOf } from '../support/visitor.ts'
import { ask, cookieOf } from './support/ask.ts'

const AT_ONCE = 4
const IN_TIME = { timeout: 40_000, interval: 10 }

let database: TestDatabase
let app: TestApp
let saver: Person
let cookie: string
let habitId: string

beforeAll(async () => {
  database = await testDatabase()
  const settings = { REQUESTS_AT_ONCE: String(AT_ONCE), DATABASE_POOL: '10' }
  app = await startTestApp({ clock: new ManualClock(new Date()), database, settings })
  saver = await newLinkedSaver(app)
  habitId = await newHabit(app, saver)
  cookie = await cookieOf(saver.visitor, '/password/forgot')
})
afterEach(freeAll)
afterAll(() => app.close())

const look = (path: string, headers: Record<string, string> = { cookie }) =>
  ask(app, 'GET', path, { headers })

test('as many as the setting says are served, the next are told when to come back, and afterwards all is as before', async () => {
  const offer = await offerOf(app, saver, habitId)
  const { secret } = await newToken(app, saver.user.id)
  // Every request looks for its session first, once.
  const table = await held(database, 'session')
  const served = Array.from({ length: AT_ONCE }, () => look('/dashboard'))
  await table.areWaiting(AT_ONCE)

  const page = await look('/dashboard', { cookie, 'accept-language': 'sv' })
  expect([page.status, page.headers['retry-after'], page.headers['cache-control']]).toEqual([
    503,
    '2',
    'no-store',
  ])
  expect(textOf(page.text)).toContain('För många är här på en gång')
  expect(page.text).not.toMatch(/href="\/(login|signup)"/)

  const place = { day: offer.day, slot: String(offer.slot), version: String(offer.version) }
  const form = new URLSearchParams({ _csrf: saver.visitor.token, ...place }).toString()
  const send = () => ask(app, 'POST', `/habits/${habitId}/checkoff`, { headers: { cookie }, body: form })
  const refused = await send()
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
  expect(textOf(refused.text)).toContain('Nothing was changed')

  const program = await look('/api/v1/me', { authorization: `Bearer ${secret}` })
  expect([program.status, program.headers['retry-after'], program.headers['content-type']]).toEqual([
    503,
    '2',
    'application/problem+json',
  ])
  expect(JSON.parse(program.text)).toMatchObject({ status: 503, title: 'Too many are here at once' })

  for (const path of ['/healthz', '/favicon.ico'])
    expect({ path, status: (await look(path)).status }).toEqual({ path, status: 200 })

  await table.free()
  for (const answer of await Promise.all(served)) expect(answer.status).toBe(200)
  expect(await app.deps.db.prisma.checkOff.count({ where: { habitId } })).toBe(0)
  // The same form, once more: it is as good as it was.
  expect((await send()).status).toBe(303)
  expect(await app.deps.db.prisma.checkOff.count({ where: { habitId } })).toBe(1)
})

test('who is slow to send a form keeps nobody else out', async () => {
  const { host, port } = new URL(app.baseUrl)
  const head = `POST /login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\n`
  const slow = Array.from({ length: AT_ONCE * 2 }, () => connect(Number(port), '127.0.0.1'))
  for (const socket of slow) socket.on('error', () => {}).write(head)
  await expect.poll(async () => (await look('/dashboard')).status, IN_TIME).toBe(200)
  for (const socket of slow) socket.destroy()
})

test('who gets no connection to the database in time is told to come back, in a page and as a program', async () => {
  const { secret } = await newToken(app, saver.user.id)
  const { pool } = app.deps.db
  const usual = pool.options.connectionTimeoutMillis
  const taken = await Promise.all(Array.from({ length: pool.options.max ?? 0 }, () => pool.connect()))
  pool.options.connectionTimeoutMillis = 50
  for (const [path, headers] of [
    ['/dashboard', { cookie }],
    ['/api/v1/me', { authorization: `Bearer ${secret}` }],
  ] as const) {
    const answer = await look(path, headers)
    expect([path, answer.status, answer.headers['retry-after']]).toEqual([path, 503, '2'])
  }
  pool.options.connectionTimeoutMillis = usual
  for (const client of taken) client.release()
  expect((await look('/dashboard')).status).toBe(200)
})
