/** Sentences for the next page, and what else a session keeps, when requests of one session overlap. */
import { request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, newSaver, offerOf, PASSWORD, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { type Answer, ask, cookieIn, cookieOf } from './support/ask.ts'

const SETTINGS = { fullName: 'Ida', timezone: 'Europe/Oslo', dayStartHour: 0, weekStart: 1, locale: 'en' }
const FORM = 'application/x-www-form-urlencoded'
/** However busy the machine is. */
const SOON = { timeout: 20_000 }

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ settings: { DATABASE_POOL: '20' } })
})
afterEach(() => app.sandbox.control.clearFaults())
afterAll(() => app.close())

const sidIn = (cookie: string) =>
  decodeURIComponent(cookie.split('=')[1] ?? '').replace(/^s:([^.]+)\..*$/, '$1')
const count = (text: string, sentence: string) => text.split(sentence).length - 1

/** The same session in another tab, so that requests overlap. */
async function tabOf({ visitor }: Pick<Person, 'visitor'>) {
  const cookie = await cookieOf(visitor, '/settings')
  const token = visitor.token
  return {
    sid: sidIn(cookie),
    get: (path: string) => ask(app, 'GET', path, { headers: { cookie } }),
    post: (path: string, fields: Record<string, string | number> = {}) =>
      ask(app, 'POST', path, { headers: { cookie }, body: encoded({ _csrf: token, ...fields }) }),
    cookie,
    token,
  }
}

function encoded(fields: Record<string, string | number>): string {
  return new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
}

/** Resolves once the bank has been asked, so the request that asked is under way. */
async function underWay(): Promise<void> {
  await expect.poll(() => app.sandbox.control.requests().length, { ...SOON, interval: 5 }).toBe(1)
}

/** Holds the session's row; @returns what lets it go. */
async function holdRow(sid: string): Promise<() => Promise<void>> {
  const client = await app.deps.db.pool.connect()
  await client.query('BEGIN')
  await client.query('SELECT 1 FROM session WHERE sid = $1 FOR UPDATE', [sid])
  return async () => {
    await client.query('COMMIT')
    client.release()
  }
}

/** How many statements wait for the session's row. */
async function blocked(): Promise<number> {
  const { rows } = await app.deps.db.pool.query(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%session%'`,
  )
  return rows[0].waiting
}

/** A saver whose request waits for the bank while their tab goes on. */
async function slowlyUnlinking() {
  const saver = await newLinkedSaver(app)
  const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: saver.user.id } })
  const tab = await tabOf(saver)
  app.sandbox.control.addFault({ kind: 'delay', route: 'POST */revoke', delayMs: 500 })
  app.sandbox.control.clearRequests()
  const slow = tab.post(`/bank/${consent.id}/revoke`)
  await underWay()
  return { saver, tab, slow }
}

describe('a sentence', () => {
  test('is not lost to a slower request that began before it and ends after it', async () => {
    const { tab, slow } = await slowlyUnlinking()
    await tab.post('/settings', SETTINGS)
    expect((await slow).status).toBe(303)
    const page = textOf((await tab.get('/settings')).text)
    expect(page).toContain('Saved.')
    expect(page).toContain('has ended, here and at the bank.')
  })

  test('is not lost while a page of the same session is on its way', async () => {
    const saver = await newLinkedSaver(app)
    const tab = await tabOf(saver)
    app.sandbox.control.addFault({ kind: 'delay', route: 'GET *accounts', delayMs: 500 })
    app.sandbox.control.clearRequests()
    const slow = tab.get('/accounts/load')
    await underWay()
    await tab.post('/settings', SETTINGS)
    const texts = [(await slow).text, (await tab.get('/settings')).text]
    expect(texts.map((text) => count(text, 'Saved.'))).toEqual([0, 1])
  })

  test('that a faster page has shown is not shown again by a slower one', async () => {
    const saver = await newLinkedSaver(app)
    const tab = await tabOf(saver)
    await tab.post('/settings', SETTINGS)
    app.sandbox.control.addFault({ kind: 'delay', route: 'GET *accounts', delayMs: 500 })
    app.sandbox.control.clearRequests()
    const slow = tab.get('/accounts/load')
    await underWay()
    const texts = [(await tab.get('/settings')).text, (await slow).text]
    expect(texts.map((text) => count(text, 'Saved.'))).toEqual([1, 0])
  })

  test('is shown by one of ten pages that are asked for at once', async () => {
    const tab = await tabOf(await newSaver(app))
    await tab.post('/settings', SETTINGS)
    const release = await holdRow(tab.sid)
    const pages = Promise.all(Array.from({ length: 10 }, () => tab.get('/settings')))
    await expect.poll(blocked, SOON).toBe(10)
    await release()
    expect((await pages).filter(({ text }) => text.includes('Saved.'))).toHaveLength(1)
  })

  test('stands in the session before the redirect that leads to it is read', async () => {
    const tab = await tabOf(await newSaver(app))
    const release = await holdRow(tab.sid)
    const head = headOfPost(tab, '/settings', SETTINGS)
    await expect.poll(blocked, SOON).toBe(1)
    expect(await Promise.race([head, Promise.resolve('nothing yet')])).toBe('nothing yet')
    await release()
    await head
    const { rows } = await app.deps.db.pool.query(
      `SELECT sess -> 'flashes' AS flashes FROM session WHERE sid = $1`,
      [tab.sid],
    )
    expect(rows[0].flashes).toEqual([{ kind: 'done', text: 'Saved.' }])
  })

  test('waits once, however often it was said', async () => {
    const tab = await tabOf(await newSaver(app))
    for (let time = 0; time < 3; time += 1) await tab.post('/settings', SETTINGS)
    expect(count((await tab.get('/settings')).text, 'Saved.')).toBe(1)
  })

  test('stands beside the others that came at the same time, up to the ten latest', async () => {
    const saver = await newLinkedSaver(app)
    const habits: [string, { day: string; slot: number }][] = []
    for (let index = 0; index < 20; index += 1) {
      const id = await newHabit(app, saver, { name: `Habit no. ${index}.` })
      habits.push([id, await offerOf(app, saver, id)])
    }
    const tab = await tabOf(saver)
    const said = async (some: typeof habits): Promise<number> => {
      const answers: Answer[] = await Promise.all(
        some.map(([id, offer]) => tab.post(`/habits/${id}/checkoff`, offer)),
      )
      expect(answers.map(({ status }) => status)).toEqual(some.map(() => 303))
      return count((await tab.get('/dashboard')).text, ': done.')
    }
    expect(await said(habits.slice(0, 8))).toBe(8)
    expect(await said(habits.slice(8))).toBe(10)
  })

  test('is gone with the session', async () => {
    const { tab, slow } = await slowlyUnlinking()
    await tab.post('/logout')
    expect((await slow).status).toBe(303)
    expect((await tab.get('/dashboard')).headers.location).toBe('/login')
  })
})

describe('a session', () => {
  test('is there before the redirect after signing in is read, with its end and its form token', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    const cookie = await cookieOf(visitor, '/login')
    const head = await headOfPost({ cookie, token: visitor.token }, '/login', { email, password: PASSWORD })
    const sid = sidIn(cookieIn(head['set-cookie']))
    const { rows } = await app.deps.db.pool.query('SELECT sess FROM session WHERE sid = $1', [sid])
    expect(Object.keys(rows[0].sess)).toEqual(
      expect.arrayContaining(['csrfSecret', 'passport', 'signedInAt']),
    )
  })

  test('keeps what another request has changed meanwhile', async () => {
    const saver = await newLinkedSaver(app)
    const tab = await tabOf(saver)
    app.sandbox.control.addFault({ kind: 'delay', route: 'POST */revoke', delayMs: 500 })
    app.sandbox.control.clearRequests()
    const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({
      where: { userId: saver.user.id },
    })
    const slow = tab.post(`/bank/${consent.id}/revoke`)
    await underWay()
    await app.deps.db.pool.query(
      `UPDATE session SET sess = (sess::jsonb || '{"returnTo": "/payments"}')::json WHERE sid = $1`,
      [tab.sid],
    )
    await slow
    const { rows } = await app.deps.db.pool.query('SELECT sess FROM session WHERE sid = $1', [tab.sid])
    expect(rows[0].sess).toMatchObject({ returnTo: '/payments', passport: { user: saver.user.id } })
  })
})

/** Posts a form and resolves as soon as the head of the answer is there, as browsers do when it redirects. */
function headOfPost(
  { cookie, token }: { cookie: string; token: string },
  path: string,
  fields: Record<string, string | number>,
) {
  const body = encoded({ _csrf: token, ...fields })
  const headers = { cookie, 'content-type': FORM, 'content-length': Buffer.byteLength(body) }
  const { hostname, port } = new URL(app.baseUrl)
  return new Promise<Record<string, string[] | string | undefined>>((resolve, reject) => {
    const sent = request({ hostname, port, method: 'POST', path, headers }, (answer) => {
      resolve(answer.headers)
      answer.resume()
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
