/** What is there for machines, for whoever watches the app, and for whoever has found a hole in it. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { readSettings } from '../../src/config.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newLinkedSaver, newSaver } from '../support/people.ts'
import { testEnvironment } from '../support/settings.ts'
import { Visitor } from '../support/visitor.ts'
import { ask, cookieOf } from './support/ask.ts'
import { parsed, type Sample } from './support/metrics.ts'

const TOKEN = randomBytes(32).toString('base64url')

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  const settings = { METRICS_TOKEN: TOKEN, READS_PER_MINUTE: '40', BANK_READS_PER_MINUTE: '5' }
  app = await startTestApp({ clock, settings })
})
afterAll(() => app.close())

const scrape = (authorization = `Bearer ${TOKEN}`) =>
  ask(app, 'GET', '/metrics', { headers: authorization ? { authorization } : {} })

async function metrics(): Promise<Sample[]> {
  // The same figures are told for ten seconds.
  clock.advance(MINUTE)
  const answer = await scrape()
  expect([answer.status, answer.headers['content-type']]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  return parsed(answer.text)
}

const figure = (samples: Sample[], name: string, labels: Record<string, string> = {}) =>
  samples.find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value

describe('metrics (R-42)', () => {
  test.each([
    ['no token', ''],
    ['another one', `Bearer ${'x'.repeat(TOKEN.length)}`],
    ['half of it', `Bearer ${TOKEN.slice(0, 20)}`],
    ['it under another scheme', `Basic ${TOKEN}`],
    ['it twice', `Bearer ${TOKEN}${TOKEN}`],
  ])('show nothing to whoever has %s', async (_what, authorization) => {
    const answer = await scrape(authorization)
    expect([answer.status, answer.headers['www-authenticate'], answer.text]).toEqual([
      401,
      'Bearer',
      'not for you\n',
    ])
  })

  test('do not exist where no token is set, and a short token is refused at the start', async () => {
    const without = await startTestApp()
    const asked = { headers: { authorization: 'Bearer undefined' } }
    expect((await ask(without, 'GET', '/metrics', asked)).status).toBe(404)
    await without.close()
    expect(() => readSettings(testEnvironment({ METRICS_TOKEN: 'short' }))).toThrow('METRICS_TOKEN must have')
  })

  test('count requests, errors and durations by pattern of route, and never by address', async () => {
    const before = await metrics()
    const requests = (samples: Sample[], status: string) =>
      figure(samples, 'sparvana_http_requests_total', { method: 'GET', route: '/confirm/:token', status }) ??
      0
    await new Visitor(app).get('/confirm/one-that-nobody-may-learn')
    await new Visitor(app).get('/confirm/another')
    await ask(app, 'GET', '/no-such-page')
    await ask(app, 'PATCH', '/coffee')
    await app.asOwner('ALTER TABLE session RENAME TO away')
    await ask(app, 'GET', '/login', { headers: { cookie: 'sparvana=s%3Anobody.signature' } })
    await app.asOwner('ALTER TABLE away RENAME TO session')
    const after = await metrics()
    expect(requests(after, '2xx') - requests(before, '2xx')).toBe(2)
    const route = { method: 'GET', route: '/confirm/:token' }
    const buckets = after.filter(
      ({ name, labels }) =>
        name === 'sparvana_http_request_duration_seconds_bucket' && labels.route === route.route,
    )
    expect(buckets.at(-1)?.labels.le).toBe('+Inf')
    expect(buckets.map(({ value }) => value)).toEqual(buckets.map(({ value }) => value).sort((a, b) => a - b))
    const count = figure(after, 'sparvana_http_request_duration_seconds_count', route)
    expect(buckets.at(-1)?.value).toBe(count)
    expect(figure(after, 'sparvana_http_request_duration_seconds_sum', route)).toBeGreaterThan(0)
    const methods = new Set(after.flatMap(({ labels }) => labels.method ?? []))
    expect([...methods].filter((method) => !['GET', 'HEAD', 'POST', 'other'].includes(method))).toEqual([])
    expect(methods.has('other')).toBe(true)
    expect(JSON.stringify(after)).not.toMatch(/nobody-may-learn|no-such-page|coffee/)
  })

  test('tell of payments, queue, bank, alarms and the process', async () => {
    const samples = await metrics()
    for (const name of [
      'sparvana_payments',
      'sparvana_payments_due',
      'sparvana_payments_oldest_due_seconds',
      'sparvana_bank_gate_closed_seconds',
      'sparvana_alarms_open',
      'sparvana_differences_open',
      'process_resident_memory_bytes',
      'nodejs_heap_used_bytes',
      'nodejs_eventloop_lag_seconds',
    ])
      expect({ name, value: figure(samples, name) }).toEqual({ name, value: expect.any(Number) })
  })

  test('count what the bank was asked lately, by name and outcome, and what waits to be sent', async () => {
    const person = await newLinkedSaver(app)
    app.sandbox.control.addFault({ kind: 'status', route: 'GET *accounts', status: 503 })
    await person.visitor.get('/accounts/load')
    app.sandbox.control.clearFaults()
    const samples = await metrics()
    for (const outcome of ['ok', 'server-error'])
      expect(figure(samples, 'sparvana_bank_calls', { api: 'accounts.list', outcome })).toBeGreaterThan(0)
    expect(
      figure(samples, 'sparvana_bank_call_seconds', { api: 'accounts.list', quantile: '0.95' }),
    ).toBeGreaterThan(0)
    const visitor = new Visitor(app)
    await visitor.get('/password/forgot')
    await visitor.post('/password/forgot', { email: person.email })
    const waiting = { queue: 'send-mail', state: 'waiting' }
    expect(figure(await metrics(), 'sparvana_queue_jobs', waiting)).toBeGreaterThan(0)
  })

  test('have few labels, however long the app lives', async () => {
    for (let turn = 0; turn < 30; turn += 1)
      await ask(app, 'GET', `/habits/${turn}/edit`, { headers: { host: 'x' } })
    const routes = new Set((await metrics()).flatMap(({ labels }) => labels.route ?? []))
    for (const route of routes) expect(route === '(none)' || route.startsWith('/')).toBe(true)
    expect([...routes].filter((route) => /\/\d+\//.test(route))).toEqual([])
  })
})

describe('security.txt (R-42)', () => {
  test('says where to write and until when it holds, at the address of RFC 9116', async () => {
    const answer = await ask(app, 'GET', '/.well-known/security.txt')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    const fields = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ') as [string, string])
    const field = (name: string) => fields.filter(([known]) => known === name).map(([, value]) => value)
    expect(field('Contact')).toEqual(['mailto:security@sparvana.example'])
    expect(field('Canonical')).toEqual([`${app.baseUrl}/.well-known/security.txt`])
    expect(field('Expires')).toHaveLength(1)
    const left = new Date(field('Expires')[0] ?? '').getTime() - clock.now().getTime()
    expect(left).toBeGreaterThan(30 * DAY)
    expect(left).toBeLessThan(365 * DAY)
  })
})

describe('pages in a minute (S-068)', () => {
  const statuses = async (path: string, cookie: string, times: number) => {
    const answers: number[] = []
    for (let turn = 0; turn < times; turn += 1)
      answers.push((await ask(app, 'GET', path, { headers: { cookie } })).status)
    return answers
  }

  test('are as many as the setting says; the next is told to wait, and others are not', async () => {
    const [person, other] = [await newSaver(app), await newSaver(app)]
    const cookie = await cookieOf(person.visitor, '/dashboard')
    const theirs = await cookieOf(other.visitor, '/dashboard')
    clock.advance(MINUTE)
    expect(await statuses('/settings', cookie, 41)).toEqual([...Array(40).fill(200), 429])
    const answer = await ask(app, 'GET', '/settings', { headers: { cookie } })
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60'])
    expect(await statuses('/settings', theirs, 1)).toEqual([200])
    expect(await statuses('/healthz', cookie, 1)).toEqual([200])
    clock.advance(MINUTE)
    expect(await statuses('/settings', cookie, 1)).toEqual([200])
  })

  test('that ask the bank are fewer, and counted for all processes together', async () => {
    const { visitor } = await newLinkedSaver(app)
    const cookie = await cookieOf(visitor, '/dashboard')
    clock.advance(MINUTE)
    app.sandbox.control.clearRequests()
    const answers = await Promise.all([
      statuses('/accounts/load', cookie, 4),
      statuses('/payments/preview', cookie, 4),
    ])
    expect(answers.flat().filter((status) => status === 429)).toHaveLength(3)
    const { rows } = await app.asOwner(`SELECT 1 FROM "Throttle" WHERE key LIKE 'window %' AND count = 8`)
    expect(rows).toHaveLength(1)
    expect(app.sandbox.control.requests().length).toBeLessThanOrEqual(5)
    expect(await statuses('/settings', cookie, 1)).toEqual([200])
  })
})
