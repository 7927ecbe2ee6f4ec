import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { networkOf } from '../../src/models/network.ts'
import { linesOf, logOf } from '../security/support/log.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { type Answer, ask, cookieIn, cookieOf } from './support/ask.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { SESSION_IDLE_MINUTES: '5', WRITES_PER_MINUTE: '60' } })
})
afterAll(() => app.close())

/** Nothing of the tests before counts any more. */
const anotherHour = () => clock.advance(61 * MINUTE)

describe('guessing a password (S-010, R-24)', () => {
  test('is paused after five tries, in whatever case the address is typed, and whoever says where they come from', async () => {
    anotherHour()
    const { email } = await newSaver(app)
    const visitor = new Visitor(app)
    await visitor.get('/login')
    const statuses: number[] = []
    for (let turn = 0; turn < 12; turn += 1) {
      const typed = turn % 2 === 0 ? email : email.toUpperCase()
      const fields = { _csrf: visitor.token, email: typed, password: `wrong ${turn}` }
      const answer = await visitor.postRaw('/login', fields, { 'X-Forwarded-For': `203.0.113.${turn}` })
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429, 429, 429, 429, 429, 429])
    const right = await visitor.post('/login', { email, password: PASSWORD })
    expect([right.status, right.headers['retry-after']]).toEqual([429, '30'])
    expect(textOf(right.text)).toContain('Too many tries. Try again in 30 seconds.')
    clock.advance(30 * SECOND)
    expect((await visitor.post('/login', { email, password: PASSWORD })).status).toBe(303)
  })

  test('of an address that nobody has looks the same at every step', async () => {
    anotherHour()
    const { email } = await newSaver(app)
    const answersFor = async (address: string) => {
      const visitor = new Visitor(app)
      const answers: unknown[] = []
      for (let turn = 0; turn < 7; turn += 1) {
        const { status, headers, text } = await visitor.post('/login', { email: address, password: 'wrong' })
        answers.push([status, headers['retry-after'], textOf(text).replaceAll(address, 'address')])
      }
      return answers
    }
    const known = await answersFor(email)
    const nobody = await answersFor('nobody-at-all@example.com')
    expect(nobody).toEqual(known)
  })

  test('by strangers does not keep the owner out, in a browser that they have signed in with before', async () => {
    anotherHour()
    const { email, visitor: owner } = await newSaver(app)
    await owner.post('/logout')
    const stranger = new Visitor(app)
    for (let turn = 0; turn < 8; turn += 1) await stranger.post('/login', { email, password: 'wrong' })
    expect((await stranger.post('/login', { email, password: PASSWORD })).status).toBe(429)
    await owner.get('/login')
    expect((await owner.post('/login', { email, password: PASSWORD })).status).toBe(303)
  })

  test('over many addresses from one network is paused too', async () => {
    anotherHour()
    const visitor = new Visitor(app)
    const statuses: number[] = []
    for (let turn = 0; turn < 22; turn += 1) {
      const answer = await visitor.post('/login', {
        email: `spray-${turn}@example.com`,
        password: 'Summer-2026',
      })
      statuses.push(answer.status)
    }
    expect(statuses.indexOf(429)).toBe(20)
  })

  test('leaves a line for each try, with what came of it and from where', async () => {
    anotherHour()
    const { email, user } = await newSaver(app)
    const visitor = new Visitor(app)
    await visitor.post('/login', { email, password: 'wrong' })
    await visitor.post('/login', { email, password: PASSWORD })
    const lines = await app.deps.db.prisma.auditEvent.findMany({
      where: { subjectId: user.id, action: 'user.sign-in' },
      orderBy: { id: 'asc' },
    })
    expect(lines.map(({ outcome }) => outcome)).toEqual(['done', 'refused', 'done'])
    expect(lines[1]).toMatchObject({ ip: expect.any(String), detail: { because: 'wrong' } })
  })
})

describe('forms in a minute (S-011)', () => {
  test('are sixty; the next is told to wait, and for how long', async () => {
    anotherHour()
    const person = await newLinkedSaver(app)
    clock.advance(MINUTE)
    const habit = await newHabit(app, person)
    const cookie = await cookieOf(person.visitor, '/dashboard')
    const body = new URLSearchParams({ _csrf: person.visitor.token }).toString()
    const statuses: number[] = []
    for (let turn = 1; turn < 61; turn += 1)
      statuses.push(
        (await ask(app, 'POST', `/habits/${habit}/checkoff`, { body, headers: { cookie } })).status,
      )
    expect(statuses.slice(0, 59)).toEqual(Array(59).fill(422))
    expect(statuses.at(-1)).toBe(429)
    let answer: Answer | undefined
    const written = await logOf(app, async () => {
      answer = await ask(app, 'POST', `/habits/${habit}/checkoff`, { body, headers: { cookie } })
    })
    expect(answer?.headers['retry-after']).toBe('60')
    expect(linesOf(written).filter(({ message }) => message === 'too many requests')).toMatchObject([
      { level: 'warn', route: 'POST /habits/:id/checkoff', userId: person.user.id, ip: expect.any(String) },
    ])
    expect((await person.visitor.get('/dashboard')).status).toBe(200)
    clock.advance(MINUTE)
    expect((await ask(app, 'POST', `/habits/${habit}/checkoff`, { body, headers: { cookie } })).status).toBe(
      422,
    )
  })
})

describe('a session in which nothing happens (S-012)', () => {
  test('is over after five minutes, and the next page says why', async () => {
    anotherHour()
    const { visitor } = await newSaver(app)
    await visitor.get('/dashboard')
    clock.advance(5 * MINUTE)
    expect((await visitor.get('/dashboard')).status).toBe(200)
    clock.advance(5 * MINUTE + SECOND)
    expect((await visitor.get('/settings')).headers.location).toBe('/login')
    expect(textOf((await visitor.get('/login')).text)).toContain(
      'You were signed out because nothing had happened for a while.',
    )
  })

  test('is not kept alive by a page that refreshes itself', async () => {
    anotherHour()
    const { visitor } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    for (let turn = 0; turn < 6; turn += 1) {
      clock.advance(50 * SECOND)
      const headers = turn % 2 === 0 ? { cookie, 'sec-fetch-dest': 'empty' } : { cookie }
      const path = turn % 2 === 0 ? '/payments' : '/payments?auto=1'
      expect((await ask(app, 'GET', path, { headers })).status).toBe(200)
    }
    clock.advance(SECOND)
    expect((await ask(app, 'GET', '/payments', { headers: { cookie } })).headers.location).toBe('/login')
  })

  test('is kept by whoever answers that they are still there', async () => {
    anotherHour()
    const { visitor } = await newSaver(app)
    await visitor.get('/dashboard')
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(4 * MINUTE)
      expect((await visitor.post('/session/keep')).status).toBe(204)
    }
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('lasts while its owner is at the bank’s own pages', async () => {
    anotherHour()
    const { visitor } = await newSaver(app)
    await visitor.get('/bank')
    const toBank = await visitor.post('/bank/connect', { country: 'DK' })
    clock.advance(9 * MINUTE)
    const back = new URL(toBank.headers.location ?? '')
    await visitor.follow(back.pathname + back.search).catch(() => null)
    expect((await visitor.get('/bank')).status).toBe(200)
  })
})

test('a session that somehow lacks its beginning is over at once', async () => {
  anotherHour()
  const { visitor, user } = await newSaver(app)
  expect((await visitor.get('/dashboard')).status).toBe(200)
  await app.deps.db.pool.query(
    `UPDATE session SET sess = (sess::jsonb - 'signedInAt')::json WHERE sess #>> '{passport,user}' = $1`,
    [user.id],
  )
  expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
})

describe('a session that is carried elsewhere (S-014)', () => {
  test('ends when another browser shows its cookie, for both', async () => {
    anotherHour()
    const { visitor, user } = await newSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    let stolen: Answer | undefined
    const written = await logOf(app, async () => {
      stolen = await ask(app, 'GET', '/dashboard', { headers: { cookie, 'user-agent': 'Thief/1.0' } })
    })
    expect([stolen?.status, stolen?.headers.location]).toEqual([303, '/login'])
    expect(linesOf(written).filter(({ message }) => message === 'a session has ended')).toMatchObject([
      { level: 'warn', because: 'other-browser', userId: user.id, ip: expect.any(String) },
    ])
    expect((await visitor.get('/dashboard')).headers.location).toBe('/login')
  })

  test('ends when its cookie comes from another network, and not from another place in the same', async () => {
    anotherHour()
    const routed = await startTestApp({ clock, settings: { TRUST_PROXY: '1' } })
    try {
      const visitor = new Visitor(routed)
      const { email } = await newSaver(routed)
      await visitor.get('/login')
      const from = (ip: string) => ({ 'X-Forwarded-For': ip })
      const fields = { _csrf: visitor.token, email, password: PASSWORD }
      const entered = await visitor.postRaw('/login', fields, from('192.0.2.7'))
      const cookie = cookieIn(entered.headers['set-cookie'])
      const at = async (ip: string) =>
        (await ask(routed, 'GET', '/dashboard', { headers: { cookie, ...from(ip) } })).status
      const statuses: number[] = []
      const written = await logOf(routed, async () => {
        for (const ip of ['192.0.2.7', '192.0.2.99', '203.0.113.7', '192.0.2.7']) statuses.push(await at(ip))
      })
      expect(statuses).toEqual([200, 200, 303, 303])
      expect(linesOf(written).filter(({ message }) => message === 'a session has ended')).toMatchObject([
        { level: 'warn', because: 'other-network', ip: '203.0.113.7' },
      ])
    } finally {
      await routed.close()
    }
  })
})

describe('the network that a session is bound to', () => {
  test('is three bytes of an IPv4 address, 48 bits of an IPv6 one, and this machine by whatever name', () => {
    expect(['192.0.2.7', '192.0.2.200', '::ffff:192.0.2.9'].map(networkOf)).toEqual(Array(3).fill('192.0.2'))
    expect(networkOf('192.0.3.7')).toBe('192.0.3')
    expect(['2001:db8:1:2::7', '2001:db8:1:ffff::'].map(networkOf)).toEqual(Array(2).fill('2001:db8:1'))
    expect(networkOf('2001::7')).toBe('2001:0:0')
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map(networkOf)).toEqual(Array(3).fill('loopback'))
  })
})

describe('where somebody is signed in (R-22)', () => {
  test('is listed, and can be ended one by one or all but this', async () => {
    anotherHour()
    const { visitor, email } = await newSaver(app)
    const others = [new Visitor(app), new Visitor(app), new Visitor(app)]
    for (const other of others) await other.post('/login', { email, password: PASSWORD })
    const page = await visitor.get('/settings/security')
    const marks = [...page.text.matchAll(/name="session" value="([0-9a-f]{64})"/g)].map(
      (match) => match[1] ?? '',
    )
    expect(marks).toHaveLength(3)
    await visitor.post('/settings/security/sessions/end', { session: marks[0] ?? '' })
    const signedIn = async () =>
      (await Promise.all(others.map((other) => other.get('/dashboard')))).filter(
        ({ status }) => status === 200,
      )
    expect(await signedIn()).toHaveLength(2)
    await visitor.post('/settings/security/sessions/end-others')
    expect(await signedIn()).toHaveLength(0)
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test('of somebody else can’t be ended', async () => {
    anotherHour()
    const ida = await newSaver(app)
    const bo = await newSaver(app)
    const other = new Visitor(app)
    await other.post('/login', { email: ida.email, password: PASSWORD })
    const page = await ida.visitor.get('/settings/security')
    const mark = /name="session" value="([0-9a-f]{64})"/.exec(page.text)?.[1] ?? ''
    await bo.visitor.get('/settings/security')
    await bo.visitor.post('/settings/security/sessions/end', { session: mark })
    expect((await other.get('/dashboard')).status).toBe(200)
  })
})
