import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../http/support/ask.ts'
import { routesOf } from '../http/support/routes.ts'
import { snapshot } from '../http/support/snapshot.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newSaver, PASSWORD } from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { addressOf, type Cast, newCast, send } from './support/cast.ts'
import { DOORS } from './support/forms.ts'

let app: TestApp
let cast: Cast
/** Every form of the app, with the ids of the saver who sends it. */
let posts: string[]
let before: Record<string, string>

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast(app)
  posts = routesOf(app.deps)
    .filter((route) => /^POST \/(?!api\/)/.test(route) && !DOORS.includes(route))
    .map((route) => addressOf(route, cast.ids))
})
afterAll(() => app.close())
beforeEach(async () => {
  before = await snapshot(app)
})

const encoded = (token: string) => encodeURIComponent(token)

describe('the anti-forgery token', () => {
  const WRONG: [string, (token: string, foreign: string) => string][] = [
    ['missing', () => ''],
    ['empty', () => '_csrf='],
    ['of another session', (_token, foreign) => `_csrf=${encoded(foreign)}`],
    ['cut', (token) => `_csrf=${encoded(token.slice(0, -1))}`],
    ['doubled', (token) => `_csrf=${encoded(token)}&_csrf=${encoded(token)}`],
    ['glued to itself', (token) => `_csrf=${encoded(token + token)}`],
    ['in a list', (token) => `_csrf[]=${encoded(token)}`],
  ]
  test.each(WRONG)('%s: no form of the app does anything', async (_name, wrong) => {
    const { owner, other } = cast.players
    const body = wrong(owner.token, other.token)
    for (const post of posts)
      expect([post, (await send(app, owner, post, { body })).status]).toEqual([post, 403])
    expect(await snapshot(app)).toEqual(before)
    expect((await send(app, owner, 'GET /dashboard')).status).toBe(200)
  })

  test('in the address or a header it does not count', async () => {
    const { owner } = cast.players
    const headers = { 'csrf-token': owner.token, 'x-csrf-token': owner.token }
    const inAddress = await send(app, owner, `POST /logout?_csrf=${encoded(owner.token)}`, { body: '' })
    const inHeader = await send(app, owner, 'POST /logout', { headers, body: '' })
    expect([inAddress.status, inHeader.status]).toEqual([403, 403])
  })

  test('of before the sign-in is worth nothing after it', async () => {
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    await visitor.get('/login')
    const early = visitor.token
    await visitor.post('/login', { email, password: PASSWORD })
    expect((await visitor.postRaw('/logout', { _csrf: early })).status).toBe(403)
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('the page that refuses says what to do', async () => {
    const answer = await send(app, cast.players.owner, 'POST /settings', { body: 'fullName=X' })
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('This form is too old to be trusted')
    expect(answer.text).toContain('Nothing was changed.')
  })
})

describe('a good token from another site', () => {
  const FOREIGN: [string, Record<string, string>][] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['an origin that only begins like ours', { origin: 'BASE.evil.example' }],
    ['our host on another port', { origin: 'http://localhost:1' }],
    ['our host over another scheme', { origin: 'https://localhost' }],
    ['no origin to tell', { origin: 'null' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
    ['a word that no browser sends', { 'sec-fetch-site': 'anything' }],
    ['our origin, but cross-site', { origin: 'BASE', 'sec-fetch-site': 'cross-site' }],
  ]
  test.each(FOREIGN)('%s: no form of the app does anything', async (_name, marks) => {
    const headers = withOurOrigin(marks)
    for (const post of posts)
      expect([post, (await send(app, cast.players.owner, post, { headers })).status]).toEqual([post, 403])
    expect(await snapshot(app)).toEqual(before)
  })

  test.each([
    ['our origin', { origin: 'BASE' }],
    ['our origin and same-origin', { origin: 'BASE', 'sec-fetch-site': 'same-origin' }],
    ['typed by the saver', { 'sec-fetch-site': 'none' }],
  ])('%s is let through', async (_name, marks) => {
    const answer = await send(app, cast.players.owner, 'POST /settings', { headers: withOurOrigin(marks) })
    expect(answer.status).toBe(422)
  })

  test('a page is shown, since it only looks', async () => {
    const headers = { cookie: cast.players.owner.cookie, 'sec-fetch-site': 'cross-site' }
    expect((await ask(app, 'GET', '/dashboard', { headers })).status).toBe(200)
  })
})

function withOurOrigin(marks: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(marks).map(([name, value]) => [name, value.replace('BASE', app.baseUrl)]),
  )
}
