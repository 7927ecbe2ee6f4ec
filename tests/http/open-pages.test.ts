/** Pages that are the same for everybody who brings no session: what they cost, and who may keep them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newSaver, type Person } from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { ask, cookieIn, cookieOf } from './support/ask.ts'
import { turnsToDatabase } from './support/turns.ts'

const OPEN = ['/', '/privacy', '/developers', '/offline']

let app: TestApp
let saver: Person

beforeAll(async () => {
  app = await startTestApp()
  saver = await newSaver(app)
})
afterAll(() => app.close())

const sessions = () => app.deps.db.prisma.session.count()

describe.each(OPEN)('%s', (path) => {
  test('costs a visitor without a session no look at the database, and leaves them without one', async () => {
    const before = await sessions()
    expect(await turnsToDatabase(app, () => ask(app, 'GET', path))).toBe(0)
    expect((await ask(app, 'GET', path)).headers).not.toHaveProperty('set-cookie')
    expect(await sessions()).toBe(before)
  })

  test('may be kept by their browser, which asks each time whether it still holds', async () => {
    const { status, headers, text } = await ask(app, 'GET', path)
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache'])
    expect(headers.vary?.split(', ')).toEqual(
      expect.arrayContaining(['Cookie', 'Accept-Language', 'Accept-Encoding']),
    )
    expect(text).not.toContain('name="_csrf"')
    const again = await ask(app, 'GET', path, { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', headers.etag])
    expect(again.headers).not.toHaveProperty('content-encoding')
  })

  test('is another page in another language', async () => {
    const tags = await Promise.all(
      ['en', 'sv', 'da', 'nb', 'fi'].map(async (language) => {
        const { headers } = await ask(app, 'GET', path, { headers: { 'accept-language': language } })
        return headers.etag
      }),
    )
    expect(new Set(tags).size).toBe(5)
  })

  test('has the same tag in whatever it is packed', async () => {
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (taken) => {
        const { headers } = await ask(app, 'GET', path, { headers: { 'accept-encoding': taken } })
        return headers.etag
      }),
    )
    expect(new Set(tags).size).toBe(1)
  })

  test('is kept by nobody as soon as somebody brings a session, whatever their browser has kept', async () => {
    const { headers } = await ask(app, 'GET', path)
    const kept = { 'if-none-match': String(headers.etag) }
    const visitor = new Visitor(app)
    await visitor.get('/login')
    for (const cookie of [
      await cookieOf(saver.visitor, '/password/forgot'),
      await cookieOf(visitor, '/password/forgot'),
      'sparvana=s%3Aof-nobody.x',
      'other=1; __Host-sparvana=s%3Aof-nobody.x',
    ]) {
      const answer = await ask(app, 'GET', path, { headers: { cookie, ...kept } })
      expect([200, 303]).toContain(answer.status)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers).not.toHaveProperty('etag')
    }
  })
})

test('the measure measures: a page with a form begins a session, and a private page looks for one', async () => {
  expect(await turnsToDatabase(app, () => ask(app, 'GET', '/password/forgot'))).toBeGreaterThan(0)
  const cookie = await cookieOf(saver.visitor, '/password/forgot')
  expect(
    await turnsToDatabase(app, () => ask(app, 'GET', '/privacy', { headers: { cookie } })),
  ).toBeGreaterThan(0)
})

test('a page that is not there begins no session', async () => {
  const before = await sessions()
  for (const path of ['/nothing', '/wp-login.php', '/habits/%ff']) {
    const { headers } = await ask(app, 'GET', path)
    expect(headers).not.toHaveProperty('set-cookie')
  }
  expect(await sessions()).toBe(before)
})

test('a sentence that waits for a visitor is shown on an open page, and kept by nobody', async () => {
  const tooOld = await ask(app, 'GET', '/password/reset/made-up')
  const cookie = cookieIn(tooOld.headers['set-cookie'])
  expect(cookie).not.toBe('')
  const { headers, text } = await ask(app, 'GET', '/', { headers: { cookie } })
  expect(text).toContain('class="flashes"')
  expect(headers['cache-control']).toBe('no-store')
})

test('a visitor who has chosen a language reads open pages in it', async () => {
  const visitor = new Visitor(app)
  await visitor.get('/language')
  await visitor.post('/language', { language: 'sv', back: '/privacy' })
  const { text, headers } = await visitor.get('/privacy')
  expect(text).toContain('<html lang="sv">')
  expect(headers['cache-control']).toBe('no-store')
})
