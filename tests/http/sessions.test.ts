import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { HOUR, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newLinkedSaver, newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { ask, cookieIn, cookieOf } from './support/ask.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const idOf = (cookie: string) =>
  decodeURIComponent(cookie.split('=')[1] ?? '').replace(/^s:([^.]+)\..*$/, '$1')
/** What a session keeps; of the person no more than the id. */
const KEPT = [
  'agent',
  'browserConfirmed',
  'cookie',
  'csrfSecret',
  'factor',
  'freshAt',
  'ip',
  'lastSeenAt',
  'network',
  'passport',
  'signedInAt',
]
const withCookie = (cookie: string, path = '/dashboard') => ask(app, 'GET', path, { headers: { cookie } })

describe('signing in', () => {
  test('opens today, and the planted session id is worth nothing afterwards', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    const planted = await cookieOf(visitor, '/login')
    const answer = await visitor.post('/login', { email: ` ${email.toUpperCase()} `, password: PASSWORD })
    expect([answer.status, answer.headers.location]).toEqual([303, '/dashboard'])
    const cookie = cookieIn(answer.headers['set-cookie'])
    expect(idOf(cookie)).not.toBe(idOf(planted))
    expect((await withCookie(planted)).headers.location).toBe('/login')
    expect((await withCookie(cookie)).status).toBe(200)
  })

  test('says the same for a wrong password and an unknown address', async () => {
    const known = await newSaver(app)
    const unknown = `${randomUUID()}@example.com`
    const page = async (email: string, password: string) => {
      const answer = await new Visitor(app).post('/login', { email, password })
      const blank = answer.text
        .replaceAll(email, 'ADDRESS')
        .replace(/(name="_csrf" value="|data-passkey=")[^"]+/g, '$1')
      return [answer.status, blank]
    }
    const wrongPassword = await page(known.email, 'Quiet-otter-39-lake')
    expect(await page(unknown, PASSWORD)).toEqual(wrongPassword)
    expect(wrongPassword[0]).toBe(422)
    expect(textOf(String(wrongPassword[1]))).toContain('The address or the password is wrong.')
  })

  test.each([
    ['no address', { email: '', password: PASSWORD }, 'email'],
    ['half an address', { email: 'ida', password: PASSWORD }, 'email'],
    ['no password', { email: 'ida@example.com', password: '' }, 'password'],
    ['an endless password', { email: 'ida@example.com', password: 'x'.repeat(129) }, 'password'],
  ])('with %s shows the form again', async (_name, fields, field) => {
    const answer = await new Visitor(app).post('/login', fields)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    if (fields.email) expect(answer.text).toContain(`value="${fields.email}"`)
    expect(answer.text).not.toContain(PASSWORD)
  })

  test('does not read address and password from the page’s address', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    const query = new URLSearchParams({ email, password: PASSWORD })
    expect((await visitor.post(`/login?${query}`)).status).toBe(422)
    expect((await visitor.get('/dashboard')).status).toBe(303)
  })

  test('somebody who is locked stays outside, and a session of theirs ends', async () => {
    const saver = await newSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { status: 'LOCKED' } })
    expect((await saver.visitor.get('/dashboard')).headers.location).toBe('/login')
    const again = await new Visitor(app).post('/login', { email: saver.email, password: PASSWORD })
    expect(again.status).toBe(422)
  })

  test('a cookie that nobody signed is not adopted', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor)
    const [name = ''] = cookie.split('=')
    for (const value of [idOf(cookie), `s:${idOf(cookie)}.wrong`, 's:chosen.chosen', 'j:{"a":1}']) {
      const answer = await withCookie(`${name}=${encodeURIComponent(value)}`)
      expect(answer.headers.location).toBe('/login')
      expect(idOf(cookieIn(answer.headers['set-cookie']))).not.toBe(idOf(cookie))
    }
  })
})

describe('after signing in', () => {
  async function landing(path: string): Promise<string | undefined> {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    await visitor.get(path)
    await visitor.get('/login')
    return (await visitor.post('/login', { email, password: PASSWORD })).headers.location
  }

  test('the saver comes to the page they wanted', async () => {
    expect(await landing('/payments?before=1')).toBe('/payments?before=1')
    expect(await landing('/settings/security')).toBe('/settings/security')
  })

  test('a page nobody has to sign in for is not remembered', async () => {
    expect(await landing('/nothing-here')).toBe('/dashboard')
  })

  test('the bank’s code is kept in no session', async () => {
    const visitor = new Visitor(app)
    const cookie = await cookieOf(visitor, '/bank/callback?code=very-secret-code&state=abc')
    const { rows } = await app.deps.db.pool.query('SELECT sess::text AS sess FROM session WHERE sid = $1', [
      idOf(cookie),
    ])
    expect(rows[0].sess).toContain('"returnTo":"/bank"')
    expect(rows[0].sess).not.toContain('very-secret-code')
  })

  test('an endless address is not kept', async () => {
    expect(await landing(`/payments?before=${'a'.repeat(2_000)}`)).toBe('/dashboard')
  })

  test.each([
    'https://evil.example/',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\\evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    'http:evil.example',
    '',
  ])('a planted %j never leads off the site', async (returnTo) => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    const id = idOf(await cookieOf(visitor, '/login'))
    await app.deps.db.pool.query(
      `UPDATE session SET sess = (sess::jsonb || jsonb_build_object('returnTo', $1::text))::json WHERE sid = $2`,
      [returnTo, id],
    )
    const answer = await visitor.post('/login', { email, password: PASSWORD })
    expect([answer.status, answer.headers.location]).toEqual([303, '/dashboard'])
  })

  test('no field or parameter chooses where it leads', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    await visitor.get('/login?returnTo=//evil.example&next=//evil.example')
    const answer = await visitor.post('/login?returnTo=//evil.example', { email, password: PASSWORD })
    expect(answer.headers.location).toBe('/dashboard')
    const field = await new Visitor(app).post('/login', { email, password: PASSWORD, returnTo: '/payments' })
    expect(field.status).toBe(422)
  })
})

describe('a session', () => {
  test('ends at sign-out: the old cookie, replayed, is refused', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    const answer = await visitor.post('/logout')
    expect([answer.status, answer.headers.location]).toEqual([303, '/'])
    expect(answer.headers['clear-site-data']).toBe('"cache", "storage"')
    expect((await withCookie(cookie)).headers.location).toBe('/login')
  })

  test('does not come back with a request that was under way at sign-out', async () => {
    const { visitor, user } = await newLinkedSaver(app)
    const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: user.id } })
    const cookie = await cookieOf(visitor, '/settings')
    const body = `_csrf=${encodeURIComponent(visitor.token)}`
    app.sandbox.control.addFault({ kind: 'delay', route: 'POST */revoke', delayMs: 700 })
    app.sandbox.control.clearRequests()
    const slow = ask(app, 'POST', `/bank/${consent.id}/revoke`, { headers: { cookie }, body })
    await expect.poll(() => app.sandbox.control.requests().length, { interval: 5 }).toBe(1)
    expect((await ask(app, 'POST', '/logout', { headers: { cookie }, body })).status).toBe(303)
    expect((await slow).status).toBe(303)
    expect((await withCookie(cookie)).headers.location).toBe('/login')
  })

  test('is over 12 hours after the sign-in, however busy', async () => {
    const { visitor } = await newSaver(app)
    clock.advance(12 * HOUR - SECOND)
    expect((await visitor.get('/dashboard')).status).toBe(200)
    clock.advance(SECOND)
    expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
  })

  test('is over when it was idle for too long', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    await app.deps.db.pool.query(`UPDATE session SET expire = now() - interval '1 second' WHERE sid = $1`, [
      idOf(cookie),
    ])
    expect((await withCookie(cookie)).headers.location).toBe('/login')
  })

  test('of somebody who no longer exists opens nothing', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    await app.deps.db.pool.query(
      `UPDATE session SET sess = jsonb_set(sess::jsonb, '{passport,user}', to_jsonb($1::text))::json WHERE sid = $2`,
      [randomUUID(), idOf(cookie)],
    )
    expect((await withCookie(cookie)).headers.location).toBe('/login')
  })

  test('holds who it is and little else', async () => {
    const { visitor, user } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    const { rows } = await app.deps.db.pool.query('SELECT sess FROM session WHERE sid = $1', [idOf(cookie)])
    expect(rows[0].sess.passport).toEqual({ user: user.id })
    expect(Object.keys(rows[0].sess).sort()).toEqual(KEPT)
  })
})

describe('who was there', () => {
  const rowOf = async (cookie: string) =>
    (await app.deps.db.pool.query('SELECT sess, expire FROM session WHERE sid = $1', [idOf(cookie)])).rows[0]

  test('is written down without the page waiting for it, and known until then', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    const before = await rowOf(cookie)
    const holder = await app.deps.db.pool.connect()
    try {
      await holder.query('BEGIN')
      await holder.query('SELECT 1 FROM session WHERE sid = $1 FOR UPDATE', [idOf(cookie)])
      clock.advance(29 * MINUTE)
      expect((await withCookie(cookie)).status).toBe(200)
      clock.advance(29 * MINUTE)
      expect((await withCookie(cookie)).status).toBe(200)
      expect(await rowOf(cookie)).toEqual(before)
    } finally {
      await holder.query('ROLLBACK')
      holder.release()
    }
    await app.deps.models.visits.settled()
    const after = await rowOf(cookie)
    expect(after.sess).toEqual({
      ...before.sess,
      lastSeenAt: clock.now().getTime(),
      cookie: after.sess.cookie,
    })
    expect(after.expire.getTime()).toBeGreaterThanOrEqual(before.expire.getTime())
  })

  test('is written down before the answer to a form, which may be the word to stay signed in', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/settings')
    const body = `_csrf=${encodeURIComponent(visitor.token)}`
    const noted = vi.spyOn(app.deps.models.visits, 'noteSeen')
    clock.advance(MINUTE)
    await ask(app, 'POST', '/session/keep', { headers: { cookie }, body })
    expect((await rowOf(cookie)).sess.lastSeenAt).toBe(clock.now().getTime())
    expect(noted).not.toHaveBeenCalled()
    noted.mockRestore()
  })

  test('takes nothing back that another process has written since, and brings no session back', async () => {
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    const sid = idOf(cookie)
    const { visits } = app.deps.models
    const now = clock.now().getTime()
    const note = (at: number, more = {}) =>
      visits.noteSeen(sid, {
        at,
        parts: JSON.stringify({ lastSeenAt: at, ...more }),
        endsAt: at / SECOND + 60,
      })
    await note(now + 2, { cookie: 'of the second' })
    await note(now + 1, { cookie: 'of the first' })
    expect((await rowOf(cookie)).sess).toMatchObject({ lastSeenAt: now + 2, cookie: 'of the second' })
    await app.deps.db.pool.query('DELETE FROM session WHERE sid = $1', [sid])
    await note(now + 3)
    expect(await rowOf(cookie)).toBeUndefined()
  })
})

describe('a sentence for the next page', () => {
  test('is shown once, on a page that somebody reads', async () => {
    const { visitor } = await newSaver(app)
    await visitor.get('/settings')
    await visitor.post('/settings', {
      fullName: 'Ida',
      timezone: 'Europe/Oslo',
      dayStartHour: 0,
      weekStart: 1,
      locale: 'en',
    })
    const cookie = await cookieOf(visitor, '/healthz').then(() => cookieOf(visitor, '/signup'))
    const poll = await ask(app, 'GET', '/dashboard', { headers: { cookie, 'sec-fetch-dest': 'empty' } })
    expect(poll.text).not.toContain('Saved.')
    const icon = await ask(app, 'GET', '/no-such-icon.png', {
      headers: { cookie, 'sec-fetch-dest': 'image' },
    })
    expect(icon.status).toBe(404)
    const read = { headers: { cookie, 'sec-fetch-dest': 'document' } }
    expect((await ask(app, 'GET', '/settings', read)).text).toContain('Saved.')
    expect((await ask(app, 'GET', '/settings', read)).text).not.toContain('Saved.')
  })
})
