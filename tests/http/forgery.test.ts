import { Writable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import winston from 'winston'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  AGREED,
  checkOff,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { ask, askAs, cookieOf } from './support/ask.ts'
import { snapshot } from './support/snapshot.ts'

let app: TestApp
let ida: Person
let bo: Person
let idas: { habit: string; checkOff: string; payment: string; consent: string }
let before: Record<string, string>

beforeAll(async () => {
  app = await startTestApp()
  ida = await newLinkedSaver(app)
  bo = await newLinkedSaver(app)
  const habit = await newHabit(app, ida)
  const checkOffId = await checkOff(app, ida, habit)
  const { paymentId } = await app.deps.db.prisma.checkOff.findUniqueOrThrow({ where: { id: checkOffId } })
  const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: ida.user.id } })
  idas = { habit, checkOff: checkOffId, payment: paymentId ?? '', consent: consent.id }
  await bo.visitor.get('/settings')
})
afterAll(() => app.close())
beforeEach(async () => {
  before = await snapshot(app)
})

const encoded = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const HABIT = { name: 'Walk', frequency: '1', interval: '1', amount: '25' }
const SETTINGS = { fullName: 'Bo', timezone: 'Europe/Oslo', dayStartHour: '0', weekStart: '1', locale: 'en' }

describe('somebody else’s things', () => {
  const POSTS: [string, () => string, Record<string, string>][] = [
    ['edit a habit', () => `/habits/${idas.habit}/edit`, HABIT],
    ['delete a habit', () => `/habits/${idas.habit}/delete`, {}],
    ['check off a habit', () => `/habits/${idas.habit}/checkoff`, { day: '2026-01-01', slot: '1' }],
    ['take back a check-off', () => `/checkoffs/${idas.checkOff}/undo`, {}],
    ['end a link', () => `/bank/${idas.consent}/revoke`, {}],
  ]
  test.each(POSTS)('nobody can %s of another saver', async (_name, path, fields) => {
    const answer = await bo.visitor.post(path(), fields)
    expect(answer.status).toBe(404)
    expect(answer.text).not.toContain('Run')
    expect(await snapshot(app)).toEqual(before)
  })

  test.each([
    ['a habit', () => `/habits/${idas.habit}`],
    ['its form', () => `/habits/${idas.habit}/edit`],
    ['its end', () => `/habits/${idas.habit}/delete`],
    ['a payment', () => `/payments/${idas.payment}`],
  ])('nobody sees %s of another saver, and it looks as if there were none', async (_name, path) => {
    const foreign = await bo.visitor.get(path())
    const none = await bo.visitor.get(path().replace(/[0-9a-f]{8}-/, '00000000-'))
    const bare = (text: string) => text.replace(/<code>.*?<\/code>|(?:value|data-token)="[^"]*"/g, '')
    expect([foreign.status, bare(foreign.text)]).toEqual([404, bare(none.text)])
    expect(none.status).toBe(404)
  })

  test('a saver’s own id in the form of another saver’s thing helps nobody', async () => {
    const body = encoded({ ...HABIT, userId: bo.user.id })
    expect((await askAs(app, bo.visitor, `/habits/${idas.habit}/edit`, body)).status).toBe(404)
    expect(await snapshot(app)).toEqual(before)
  })

  test('lists hold what is one’s own', async () => {
    for (const path of ['/payments', `/payments?before=${idas.payment}`, '/dashboard', '/bank', '/profile']) {
      const text = (await bo.visitor.get(path)).text.replace(encodeURIComponent(path), '')
      for (const id of Object.values(idas)) expect(text).not.toContain(id)
      expect(text).not.toContain(ida.email)
    }
  })

  test('coming back from the bank with another saver’s payment shows nothing of it', async () => {
    const answer = await bo.visitor.get(`/payments/return?state=${idas.payment}`)
    expect([answer.status, answer.headers.location]).toEqual([303, '/payments'])
    expect(await snapshot(app)).toEqual(before)
  })

  test('the attempt is in the log: who, where, what, from where, refused', async () => {
    const lines: string[] = []
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk))
        done()
      },
    })
    const listener = new winston.transports.Stream({ stream })
    app.deps.log.clear().add(listener)
    app.deps.log.silent = false
    await bo.visitor.post(`/habits/${idas.habit}/checkoff`, { day: '2026-01-01', slot: '1' })
    app.deps.log.silent = true
    app.deps.log.remove(listener)
    const refused = lines.map((line) => JSON.parse(line)).find(({ message }) => message === 'refused')
    expect(refused).toMatchObject({
      level: 'warn',
      route: 'POST /habits/:id/checkoff',
      object: idas.habit,
      userId: bo.user.id,
      outcome: 'denied',
    })
    expect(refused.ip).toMatch(/127\.0\.0\.1|::1/)
  })
})

describe('ids that are none', () => {
  const IDS = [
    '0',
    'undefined',
    'null',
    '[object Object]',
    '%00',
    '..',
    '%2e%2e%2f',
    '__proto__',
    'constructor',
    "' OR 1=1 --",
    '00000000-0000-0000-0000-00000000000',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '🏃',
    'a'.repeat(3_000),
  ]
  test.each(IDS)('%s is not found, anywhere', async (id) => {
    const cookie = await cookieOf(bo.visitor, '/password/forgot')
    const body = encoded({ _csrf: bo.visitor.token })
    const segment = id.startsWith('%') ? id : encodeURIComponent(id)
    const got = []
    for (const path of [`/habits/${segment}`, `/habits/${segment}/edit`, `/payments/${segment}`])
      got.push((await ask(app, 'GET', path, { headers: { cookie } })).status)
    for (const path of [
      `/habits/${segment}/edit`,
      `/habits/${segment}/delete`,
      `/habits/${segment}/checkoff`,
      `/checkoffs/${segment}/undo`,
      `/bank/${segment}/revoke`,
    ])
      got.push((await ask(app, 'POST', path, { headers: { cookie }, body })).status)
    expect(new Set(got)).toEqual(new Set([404]))
    expect(await snapshot(app)).toEqual(before)
  })

  test('an upper-case id is the same id', async () => {
    expect((await ida.visitor.get(`/habits/${idas.habit.toUpperCase()}`)).status).toBe(200)
  })

  test('a list of payments that begins at no payment is still one’s own', async () => {
    for (const query of ['before=x', 'before[]=x', 'before=a&before=b', 'before[lt]=1', '__proto__[x]=1'])
      expect((await ida.visitor.get(`/payments?${query}`)).status).toBe(200)
  })
})

describe('fields that no form has', () => {
  const FORMS: [string, () => string, () => Promise<Record<string, string>>][] = [
    ['settings', () => '/settings', async () => SETTINGS],
    ['a new habit', () => '/habits/new', async () => HABIT],
    ['an edited habit', () => `/habits/${idas.habit}/edit`, async () => HABIT],
    ['a check-off', () => `/habits/${idas.habit}/checkoff`, async () => ({ day: '2026-01-01', slot: '1' })],
    [
      'a password',
      () => '/settings/security',
      async () => ({
        passwordCurrent: PASSWORD,
        password: 'Brisk-heron-72-ferns',
        passwordConfirm: 'Brisk-heron-72-ferns',
      }),
    ],
    ['a link', () => '/bank/connect', async () => ({ country: 'DK' })],
  ]
  const EXTRA = [
    'userId',
    'id',
    'role',
    'status',
    'isAdmin',
    'email',
    'emailConfirmedOn',
    'hashedPwd',
    'capPerPaymentMinor',
    'amountMinor',
    'currency',
    'streak',
    'startDate',
    'totalSaved',
    'state',
    'constructor',
    'toString',
    'settings[view options][client]',
    'settings[view options][escapeFunction]',
    'page',
    'cache',
  ]
  test.each(FORMS)('%s with any of them is refused, and nothing is done', async (_name, path, fields) => {
    const good = await fields()
    for (const extra of EXTRA) {
      const answer = await askAs(app, ida.visitor, path(), encoded({ ...good, [extra]: 'ADMIN' }))
      expect([extra, answer.status]).toEqual([extra, 422])
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test('at sign-up and sign-in they are refused too', async () => {
    const email = `${crypto.randomUUID()}@example.com`
    const wish = { fullName: 'X', email, password: PASSWORD, passwordConfirm: PASSWORD, ...AGREED }
    for (const extra of EXTRA) {
      const visitor = new Visitor(app)
      const body = `${encoded(wish)}&${encodeURIComponent(extra)}=ADMIN`
      expect([
        extra,
        (await askAs(app, visitor, '/signup', extra === 'email' ? `${body}&role=ADMIN` : body)).status,
      ]).toEqual([extra, 422])
      const signIn = `${encoded({ email: bo.email, password: PASSWORD })}&${encodeURIComponent(extra)}=ADMIN`
      expect([extra, (await askAs(app, visitor, '/login', signIn)).status]).toEqual([extra, 422])
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test('a name out of the language is no name: it is passed over, and reaches nothing', async () => {
    const { visitor, user } = await newSaver(app)
    const body = `${encoded(SETTINGS)}&__proto__=ADMIN`
    expect((await askAs(app, visitor, '/settings', body)).status).toBe(303)
    expect(await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })).toEqual({
      ...user,
      fullName: SETTINGS.fullName,
      timezone: SETTINGS.timezone,
    })
    const nested = await askAs(app, visitor, '/settings', `${encoded(SETTINGS)}&__proto__[role]=ADMIN`)
    expect(nested.status).toBe(422)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('on buttons they are not read', async () => {
    const { visitor, user } = await newSaver(app)
    const own = await snapshot(app)
    const body = encoded({ userId: ida.user.id, role: 'ADMIN', id: idas.habit })
    expect((await askAs(app, visitor, `/habits/${idas.habit}/delete`, body)).status).toBe(404)
    expect(await snapshot(app)).toEqual(own)
    await askAs(app, visitor, '/logout', body)
    expect(await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })).toEqual(user)
  })

  test.each([
    '/login?settings[view%20options][client]=1&settings[view+options][escapeFunction]=1;',
    '/signup?page[title]=x&cache=1&_with=1&localsName=x',
    '/?layout=../../package.json&errors[]=x',
    '/login?__proto__[client]=1&constructor[prototype][client]=1',
  ])('in the address they change no page: %s', async (path) => {
    // One-time values of the page: tokens, and what a passkey is to sign. The link to other languages leads back here.
    const plain = (text: string) => text.replace(/(?:value|data-[a-z-]+)="[^"]*"|\/language\?back=[^"]*/g, '')
    const cookie = await cookieOf(new Visitor(app), '/login')
    const bare = await ask(app, 'GET', path.split('?')[0] ?? '', { headers: { cookie } })
    const answer = await ask(app, 'GET', path, { headers: { cookie } })
    expect([answer.status, plain(answer.text)]).toEqual([200, plain(bare.text)])
  })
})

describe('fields that come twice, as lists or as objects', () => {
  const SHAPES: [string, (name: string, value: string) => string][] = [
    ['twice', (name, value) => `${name}=${value}&${name}=${value}`],
    ['as a list', (name, value) => `${name}[]=${value}`],
    ['numbered', (name, value) => `${name}[0]=${value}`],
    ['as an object', (name, value) => `${name}[not]=${value}`],
    ['nested deeply', (name, value) => `${name}${'[a]'.repeat(50)}=${value}`],
  ]
  const FORMS: [string, Record<string, string>][] = [
    ['/habits/new', HABIT],
    ['/settings', SETTINGS],
    ['/bank/connect', { country: 'DK' }],
    ['/settings/security', { passwordCurrent: PASSWORD, password: 'x', passwordConfirm: 'x' }],
    ['/password/forgot', { email: 'ida@example.com' }],
  ]
  test.each(SHAPES)('%s: refused at every field of every form', async (_name, shape) => {
    for (const [path, fields] of FORMS) {
      for (const [name, value] of Object.entries(fields)) {
        const { [name]: _replaced, ...rest } = fields
        const answer = await askAs(
          app,
          bo.visitor,
          path,
          `${encoded(rest)}&${shape(name, encodeURIComponent(value))}`,
        )
        expect([path, name, answer.status]).toEqual([path, name, 422])
      }
    }
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('bodies that are no form', () => {
  const sent = async (type: string, body: string, more: Record<string, string> = {}) => {
    const cookie = await cookieOf(bo.visitor, '/password/forgot')
    return ask(app, 'POST', '/settings', { headers: { cookie, 'content-type': type, ...more }, body })
  }
  const goodBody = (extra = '') => `${encoded({ _csrf: bo.visitor.token, ...SETTINGS })}${extra}`

  test.each([
    ['application/json', '{"fullName":"x"}'],
    ['application/xml', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'],
    ['text/xml', '<x/>'],
    ['text/plain', 'fullName=x'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\nx\r\n--x--',
    ],
    ['application/octet-stream', '\0\0'],
    ['nonsense', 'x'],
  ])('%s is not taken', async (type, body) => {
    const answer = await sent(type, body)
    expect(answer.status).toBe(415)
    expect(answer.text).toContain('We do not take this kind of content')
    expect(await snapshot(app)).toEqual(before)
  })

  test('a charset or a compression nobody knows is not taken', async () => {
    const form = 'application/x-www-form-urlencoded'
    expect((await sent(`${form}; charset=utf-7`, goodBody())).status).toBe(415)
    expect((await sent(form, goodBody(), { 'content-encoding': 'x' })).status).toBe(415)
    expect((await sent(form, goodBody(), { 'content-encoding': 'gzip' })).status).toBe(400)
    expect(await snapshot(app)).toEqual(before)
  })

  test('more than 16 kB, or more than 50 fields, is too much', async () => {
    const form = 'application/x-www-form-urlencoded'
    await cookieOf(bo.visitor, '/password/forgot')
    expect((await sent(form, goodBody(`&x=${'a'.repeat(17_000)}`))).status).toBe(413)
    expect((await sent(form, goodBody('&a=1'.repeat(60)))).status).toBe(413)
    expect((await sent(form, goodBody(`&x${'[a]'.repeat(2_000)}=1`))).status).toBe(422)
    expect(await snapshot(app)).toEqual(before)
  })

  test('broken percent signs and bytes are refused as text, not as trouble', async () => {
    for (const name of ['%', '%E0%A4%A', '%FF%FE', '%00', '%0d%0aSet-Cookie:x=1', '%ED%A0%80%00']) {
      const { fullName: _replaced, ...rest } = SETTINGS
      const answer = await askAs(app, bo.visitor, '/settings', `${encoded(rest)}&fullName=${name}`)
      expect([303, 422]).toContain(answer.status)
      expect(answer.headers).not.toHaveProperty('x')
    }
  })
})
