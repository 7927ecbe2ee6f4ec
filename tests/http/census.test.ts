import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { ask, askAs, cookieOf } from './support/ask.ts'
import { routesOf } from './support/routes.ts'
import { snapshot } from './support/snapshot.ts'

const LOGIN = '303 /login'
const RESEND = '303 /confirm/resend'
const DASHBOARD = '303 /dashboard'

/** What each of them gets: the status, with the address where it redirects; posts carry a good token and no fields. */
interface Row {
  visitor: string
  unconfirmed: string
  /** Somebody with a linked bank; ids in the address are their own. */
  saver: string
  /** Another saver, just as far, with the first one's ids. */
  other: string
  /** It changes what the other rows use: these people are made for it alone. */
  changes?: true
}

const open = (status: string): Row => ({ visitor: status, unconfirmed: status, saver: status, other: status })
const forVisitors = (status: string): Row => ({
  visitor: status,
  unconfirmed: DASHBOARD,
  saver: DASHBOARD,
  other: DASHBOARD,
})
const own = (saver: string, other = saver): Row => ({
  visitor: LOGIN,
  unconfirmed: RESEND,
  saver,
  other,
})
const adminsOnly = own('403')

/** Every route of the app. A route that is not here fails the first test below: decide who may use it, and write it down. */
const CENSUS: Record<string, Row> = {
  'GET /healthz': open('200'),
  'GET /readyz': open('200'),

  'GET /': { visitor: '200', unconfirmed: DASHBOARD, saver: DASHBOARD, other: DASHBOARD },
  'GET /login': forVisitors('200'),
  'POST /login': forVisitors('422'),
  'POST /logout': { ...open('303 /'), changes: true },
  'GET /signup': forVisitors('200'),
  'POST /signup': forVisitors('422'),
  'GET /confirm/resend': { visitor: '200', unconfirmed: '200', saver: DASHBOARD, other: DASHBOARD },
  'POST /confirm/resend': open('422'),
  'GET /confirm/:token': open('200'),
  'POST /confirm/:token': open('422'),
  'GET /password/forgot': open('200'),
  'POST /password/forgot': open('422'),
  'GET /password/reset/:token': open('303 /password/forgot'),
  'POST /password/reset/:token': open('303 /password/forgot'),

  'GET /bank': own('200'),
  'POST /bank/connect': own('422'),
  'GET /bank/callback': own('303 /bank'),
  'POST /bank/:id/revoke': { ...own('303 /bank', '404'), changes: true },
  'GET /accounts/load': own('200'),
  'POST /accounts/load': own('422'),

  'GET /dashboard': own('200'),
  'GET /profile': own('200'),
  'GET /habits/new': own('200'),
  'POST /habits/new': own('422'),
  'GET /habits/:id': own('200', '404'),
  'GET /habits/:id/edit': own('200', '404'),
  'POST /habits/:id/edit': own('422', '404'),
  'GET /habits/:id/delete': own('200', '404'),
  'POST /habits/:id/delete': { ...own('303 /dashboard', '404'), changes: true },
  'POST /habits/:id/checkoff': own('422', '404'),
  'POST /habits/:id/backfill': own('422', '404'),
  'POST /checkoffs/:id/undo': { ...own('303 /dashboard', '404'), changes: true },
  'GET /checkoffs/:id/move-back': own('409', '404'),
  'POST /checkoffs/:id/move-back': own('409', '404'),
  'GET /payments': own('200'),
  'GET /payments/return': own('303 /payments'),
  'GET /payments/preview': own('200'),
  'GET /payments/:id': own('200', '404'),
  'POST /payments/:id/cancel': own('409', '404'),
  'POST /payments/:id/again': own('409', '404'),
  'POST /payments/:id/try-now': own('303 /payments/:id', '404'),
  'GET /settings': own('200'),
  'POST /settings': own('422'),
  'GET /settings/security': own('200'),
  'POST /settings/security': own('422'),
  'GET /settings/savings': own('200'),
  'POST /settings/savings': own('422'),
  'POST /settings/savings/withdraw': own('303 /settings/savings'),
  'POST /settings/savings/pause': own('422'),
  'POST /settings/savings/resume': own('303 /settings/savings'),

  'GET /admin': adminsOnly,
  'GET /admin/payments/stop': adminsOnly,
  'POST /admin/payments/stop': adminsOnly,
  'POST /admin/payments/stop/end': adminsOnly,
  'GET /admin/sandbox': adminsOnly,
  'GET /admin/sandbox/accounts/new': adminsOnly,
  'POST /admin/sandbox/accounts/new': adminsOnly,
  'GET /admin/sandbox/accounts/delete': adminsOnly,
  'POST /admin/sandbox/accounts/delete': adminsOnly,
  'GET /admin/sandbox/transactions/new': adminsOnly,
  'POST /admin/sandbox/transactions/new': adminsOnly,
  'GET /admin/sandbox/payments/new': adminsOnly,
  'POST /admin/sandbox/payments/new': adminsOnly,
  'GET /admin/sandbox/payments/:id': adminsOnly,
  'POST /admin/sandbox/payments/:id/confirm': adminsOnly,
}
const ROWS = Object.entries(CENSUS)

interface Cast {
  visitor: Visitor
  unconfirmed: Visitor
  saver: Visitor
  other: Visitor
  person: Person
  ids: Record<'habits' | 'checkoffs' | 'payments' | 'bank' | 'sandbox', string>
}

let app: TestApp
let cast: Cast

beforeAll(async () => {
  app = await startTestApp()
  cast = await newCast()
})
afterAll(() => app.close())

async function newCast(): Promise<Cast> {
  const person = await newLinkedSaver(app)
  const habit = await newHabit(app, person)
  const checkOffId = await checkOff(app, person, habit)
  const { paymentId } = await app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id: checkOffId } })
  const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: person.user.id } })
  return {
    visitor: new Visitor(app),
    unconfirmed: await newUnconfirmed(),
    saver: person.visitor,
    other: (await newLinkedSaver(app)).visitor,
    person,
    ids: {
      habits: habit,
      checkoffs: checkOffId,
      payments: paymentId ?? '',
      bank: consent.id,
      sandbox: '0198a1de-0000-7000-8000-000000000000',
    },
  }
}

async function newUnconfirmed(): Promise<Visitor> {
  const visitor = new Visitor(app)
  const email = `${crypto.randomUUID()}@example.com`
  await visitor.post('/signup', { fullName: 'Una', email, password: PASSWORD, passwordConfirm: PASSWORD })
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/confirm/resend')
  return visitor
}

function addressOf(path: string, { ids }: Cast): string {
  const kind = path.includes('/sandbox/') ? 'sandbox' : (path.split('/')[1] ?? '')
  return path
    .replace(':token', 'x'.repeat(43))
    .replace(':id', ids[kind as keyof Cast['ids']] ?? 'no-such-kind')
}

function split(route: string): [method: string, path: string] {
  const [method = '', path = ''] = route.split(' ')
  return [method, path]
}

const ROLES = ['visitor', 'unconfirmed', 'saver', 'other'] as const
const POSTS = ROWS.map(([route]) => route).filter((route) => route.startsWith('POST '))
const GETS = ROWS.map(([route]) => route).filter((route) => route.startsWith('GET '))

describe('the census of routes', () => {
  test('has a row for every route of the app, and no other', () => {
    expect(Object.keys(CENSUS).sort()).toEqual(routesOf(app.deps))
  })

  describe.each(ROWS)('%s', (route, row) => {
    test('answers a visitor, an unconfirmed saver, the owner and another saver as it should', async () => {
      const people = row.changes ? await newCast() : cast
      const [method, path] = split(route)
      const address = addressOf(path, people)
      const got: Record<string, string> = {}
      // The owner comes last, so that nobody else is refused only because the thing is gone.
      for (const role of ['visitor', 'unconfirmed', 'other', 'saver'] as const) {
        const answer = method === 'GET' ? await people[role].get(address) : await people[role].post(address)
        const location = answer.headers.location?.replace(people.ids.payments, ':id')
        got[role] = [answer.status, location].filter(Boolean).join(' ')
      }
      const { changes: _changes, ...expected } = row
      expect(got).toEqual(expected)
    })
  })
})

describe('looking', () => {
  test.each(GETS)('%s and its HEAD change nothing, whoever looks', async (route) => {
    const address = addressOf(split(route)[1], cast)
    // A token that is about to end is renewed when the page asks the bank; that is not the page's doing.
    const before = await withoutUse(snapshot(app))
    for (const role of ROLES) {
      await cast[role].get(address)
      await ask(app, 'HEAD', address, { headers: { cookie: await cookieOf(cast[role]) } })
    }
    expect(await withoutUse(snapshot(app))).toEqual(before)
  })

  test.each(POSTS)('%s can’t be done by GET or HEAD', async (route) => {
    if (route.replace('POST', 'GET') in CENSUS) return
    const path = split(route)[1]
    const address = addressOf(path, cast)
    const before = await withoutUse(snapshot(app))
    const cookie = await cookieOf(cast.saver)
    const expected = path.startsWith('/admin') ? 403 : 404
    expect((await ask(app, 'GET', address, { headers: { cookie } })).status).toBe(expected)
    expect((await ask(app, 'HEAD', address, { headers: { cookie } })).status).toBe(expected)
    expect(await withoutUse(snapshot(app))).toEqual(before)
  })
})

/** When the consent was last used is written down by looking at the accounts. */
async function withoutUse(taken: Promise<Record<string, string>>) {
  const { BankConsent: _lastUsed, ...rest } = await taken
  return rest
}

describe('other methods', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    '%s is not known anywhere',
    async (method) => {
      const before = await snapshot(app)
      for (const [route] of ROWS) {
        const address = addressOf(split(route)[1], cast)
        const answer = await askAs(app, cast.saver, address, 'name=x', method)
        expect([route, answer.status, answer.headers.allow]).toEqual([route, 405, 'GET, HEAD, POST'])
      }
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test('a method named in a field or a header is not obeyed', async () => {
    const before = await snapshot(app)
    const address = `/habits/${cast.ids.habits}`
    const answer = await askAs(app, cast.saver, `${address}?_method=DELETE`, '_method=DELETE')
    expect(answer.status).toBe(404)
    const overridden = await ask(app, 'POST', address, {
      headers: { cookie: await cookieOf(cast.saver), 'x-http-method-override': 'DELETE' },
      body: `_csrf=${encodeURIComponent(cast.saver.token)}`,
    })
    expect(overridden.status).toBe(404)
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('ways around the guard', () => {
  const TRICKS = [
    '/DASHBOARD',
    '/dashboard/',
    '/dashboard?x=/login',
    '/%64ashboard',
    '//dashboard',
    '/./dashboard',
    '/login/../dashboard',
    '/login/..%2fdashboard',
    '/dashboard%00',
    '/dashboard;x=1',
    '/dashboard.json',
    '/ADMIN',
    '/%61dmin',
    '//admin',
    '/admin/',
    '/admin//sandbox',
    '/css/../admin',
    '/css/..%2f..%2fsrc/app.ts',
    '/vendor/pico/..%2f..%2fpackage.json',
    '/.env',
    '/package.json',
  ]
  test.each(TRICKS)('%s shows a visitor nothing private', async (path) => {
    const answer = await ask(app, 'GET', path)
    expect([303, 400, 404]).toContain(answer.status)
    if (answer.status === 303) expect(answer.headers.location).toBe('/login')
    expect(answer.text).not.toContain('Sign out')
  })

  test.each(['/%', '/%E0%A4%A', '/habits/%', '/confirm/%ff', '/css/%', `/${'a'.repeat(8_000)}`])(
    '%s is refused without trouble on our side',
    async (path) => {
      const answer = await ask(app, 'GET', path, { headers: { cookie: await cookieOf(cast.saver) } })
      expect([400, 404]).toContain(answer.status)
      expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+/)
    },
  )
})

describe('the anti-forgery token', () => {
  const WRONG: [string, (token: string, foreign: string) => string][] = [
    ['missing', () => ''],
    ['empty', () => '_csrf='],
    ['of another session', (_token, foreign) => `_csrf=${encodeURIComponent(foreign)}`],
    ['cut', (token) => `_csrf=${encodeURIComponent(token.slice(0, -1))}`],
    ['doubled', (token) => `_csrf=${encodeURIComponent(token)}&_csrf=${encodeURIComponent(token)}`],
    ['glued to itself', (token) => `_csrf=${encodeURIComponent(token + token)}`],
    ['in a list', (token) => `_csrf[]=${encodeURIComponent(token)}`],
  ]
  test.each(WRONG)('%s: no form of the app does anything', async (_name, wrong) => {
    const cookie = await cookieOf(cast.saver, '/settings')
    await cast.other.get('/settings')
    const body = wrong(cast.saver.token, cast.other.token)
    const before = await snapshot(app)
    for (const route of POSTS) {
      const answer = await ask(app, 'POST', addressOf(split(route)[1], cast), { headers: { cookie }, body })
      expect([route, answer.status]).toEqual([route, 403])
    }
    expect(await snapshot(app)).toEqual(before)
    expect((await cast.saver.get('/dashboard')).status).toBe(200)
  })

  test('in the address or a header it does not count', async () => {
    const cookie = await cookieOf(cast.saver, '/settings')
    const token = encodeURIComponent(cast.saver.token)
    const inAddress = await ask(app, 'POST', `/logout?_csrf=${token}`, { headers: { cookie }, body: '' })
    const inHeader = await ask(app, 'POST', '/logout', {
      headers: { cookie, 'csrf-token': cast.saver.token, 'x-csrf-token': cast.saver.token },
      body: '',
    })
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
    const answer = await cast.saver.postRaw('/settings', { fullName: 'X' })
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
    await cast.saver.get('/settings')
    const headers = Object.fromEntries(
      Object.entries(marks).map(([name, value]) => [name, value.replace('BASE', app.baseUrl)]),
    )
    const before = await snapshot(app)
    for (const route of POSTS) {
      const path = addressOf(split(route)[1], cast)
      const answer = await cast.saver.postRaw(path, { _csrf: cast.saver.token }, headers)
      expect([route, answer.status]).toEqual([route, 403])
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test.each([
    ['our origin', { origin: 'BASE' }],
    ['our origin and same-origin', { origin: 'BASE', 'sec-fetch-site': 'same-origin' }],
    ['typed by the saver', { 'sec-fetch-site': 'none' }],
  ])('%s is let through', async (_name, marks) => {
    await cast.saver.get('/settings')
    const headers = Object.fromEntries(
      Object.entries(marks).map(([name, value]) => [name, value.replace('BASE', app.baseUrl)]),
    )
    const answer = await cast.saver.postRaw('/settings', { _csrf: cast.saver.token }, headers)
    expect(answer.status).toBe(422)
  })
})
