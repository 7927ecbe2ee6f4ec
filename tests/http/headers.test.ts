import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFiles } from '../../src/files.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, newLinkedSaver, PASSWORD, type Person } from '../support/people.ts'
import { Visitor } from '../support/visitor.ts'
import { type Answer, ask, askAs, cookieIn, cookieOf, type Question } from './support/ask.ts'

const HOST = 'sparvana.test'
const SITE = `https://${HOST}`
const OVER_TLS = { host: HOST, 'x-forwarded-proto': 'https' }

const STYLES = readFiles().addressOf('styles.css')

let app: TestApp
let secure: TestApp
let saver: Person
let admin: Person

beforeAll(async () => {
  app = await startTestApp()
  secure = await startTestApp({
    settings: { BASE_URL: SITE, NORDEA_REDIRECT_URI: `${SITE}/bank/callback`, TRUST_PROXY: '1' },
  })
  saver = await newLinkedSaver(app)
  admin = await newAdmin(app)
})
afterAll(async () => {
  await app.close()
  await secure.close()
})

const asSaver = async (method: string, path: string, question: Question = {}) =>
  ask(app, method, path, {
    ...question,
    headers: { cookie: await cookieOf(saver.visitor), ...question.headers },
  })

/** A table that is away for a moment: trouble inside, as real as it can be made. */
async function withoutTable<T>(table: string, work: () => Promise<T>): Promise<T> {
  await app.asOwner(`ALTER TABLE "${table}" RENAME TO "away"`)
  try {
    return await work()
  } finally {
    await app.asOwner(`ALTER TABLE "away" RENAME TO "${table}"`)
  }
}

async function withoutSessions(): Promise<Answer> {
  const cookie = await cookieOf(saver.visitor)
  return withoutTable('session', () => ask(app, 'GET', '/dashboard', { headers: { cookie } }))
}

const ANSWERS: [string, number, () => Promise<Answer>][] = [
  ['the start page', 200, () => ask(app, 'GET', '/')],
  ['a health check', 200, () => ask(app, 'GET', '/healthz')],
  ['a style', 200, () => ask(app, 'GET', STYLES)],
  ['a private page', 200, () => asSaver('GET', '/dashboard')],
  ['a redirect', 303, () => ask(app, 'GET', '/dashboard')],
  ['another host', 308, () => ask(app, 'GET', '/', { headers: { host: 'evil.example' } })],
  ['a refused form', 403, () => asSaver('POST', '/settings', { body: 'fullName=x' })],
  ['a page for admins', 403, () => asSaver('GET', '/admin')],
  ['a page that is not there', 404, () => ask(app, 'GET', '/nothing')],
  ['a file that is not there', 404, () => ask(app, 'GET', '/files/any/js/nothing.js')],
  ['another method', 405, () => ask(app, 'TRACE', '/')],
  ['a body that is too large', 413, () => asSaver('POST', '/settings', { body: 'a'.repeat(20_000) })],
  [
    'another kind of body',
    415,
    () => asSaver('POST', '/settings', { body: '{}', headers: { 'content-type': 'application/json' } }),
  ],
  ['another host’s form', 421, () => ask(app, 'POST', '/login', { headers: { host: 'x' }, body: '' })],
  ['a form shown again', 422, () => askAs(app, saver.visitor, '/settings', '')],
  ['trouble inside', 500, () => withoutTable('Payment', () => asSaver('GET', '/payments'))],
  ['trouble with the sessions', 500, withoutSessions],
]

describe('every answer', () => {
  test.each(ANSWERS)('%s (%i) keeps the browser on a short leash', async (_name, status, get) => {
    const { headers, ...answer } = await get()
    expect(answer.status).toBe(status)
    const policy = String(headers['content-security-policy'])
    for (const rule of [
      "default-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      `form-action 'self' ${app.sandbox.url}`,
    ])
      expect(policy.split(';')).toContain(rule)
    expect(policy).not.toMatch(/unsafe|\*|data:/)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('server')
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  test.each(ANSWERS)('%s (%i) tells nothing of what is inside', async (_name, _status, get) => {
    const { text } = await get()
    expect(text).not.toMatch(/node_modules|\.ts:\d+|prisma|relation "|Error:|express/i)
  })

  test.each(ANSWERS.filter(([name]) => !/style|start page|health|host/.test(name)))(
    '%s (%i) is kept by nobody',
    async (_name, _status, get) => {
      expect((await get()).headers['cache-control']).toBe('no-store')
    },
  )

  test('trouble inside is a page with a reference and a way on', async () => {
    const answer = await withoutTable('Payment', () => asSaver('GET', '/payments'))
    expect(answer.text).toContain('Something broke on our side')
    expect(answer.text).toContain(String(answer.headers['x-request-id']))
    expect(answer.text).toContain('href="/"')
    expect((await asSaver('GET', '/payments')).status).toBe(200)
  })

  test('no page has a style or script of its own, which the policy would refuse', async () => {
    for (const path of ['/', '/login', '/signup']) {
      const { text } = await ask(app, 'GET', path)
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:/i)
    }
    for (const path of ['/dashboard', '/bank', '/accounts/load', '/habits/new', '/payments', '/settings'])
      expect((await asSaver('GET', path)).text).not.toMatch(
        /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i,
      )
    for (const path of ['/admin', '/admin/sandbox'])
      expect((await admin.visitor.get(path)).text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=/i)
  })

  test('the bank’s answer leaves no trace of its address', async () => {
    const answer = await asSaver('GET', '/bank/callback?code=c&state=s')
    expect(answer.status).toBe(303)
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    expect(answer.headers.location).toBe('/bank')
  })
})

describe('the cookie', () => {
  test('over http is for this host, and for the server alone', async () => {
    const [cookie = ''] = (await ask(app, 'GET', '/login')).headers['set-cookie'] ?? []
    const [pair, ...flags] = cookie.split('; ')
    expect(pair).toMatch(/^sparvana=s%3A[\w-]{32}\./)
    expect(flags.filter((flag) => !flag.startsWith('Expires')).sort()).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
    ])
  })

  test('over https is bound to the host and to TLS', async () => {
    const { headers } = await ask(secure, 'GET', '/login', { headers: OVER_TLS })
    const [cookie = ''] = headers['set-cookie'] ?? []
    const [pair, ...flags] = cookie.split('; ')
    expect(pair).toMatch(/^__Host-sparvana=s%3A/)
    expect(flags.filter((flag) => !flag.startsWith('Expires')).sort()).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ])
  })
})

describe('over https', () => {
  test('browsers are told to stay there for a year', async () => {
    for (const path of ['/', '/nothing', STYLES]) {
      const { headers } = await ask(secure, 'GET', path, { headers: OVER_TLS })
      expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
      expect(headers['content-security-policy']).toContain('upgrade-insecure-requests')
    }
  })

  test('a form from our own page is taken, and signs in', async () => {
    const page = await ask(secure, 'GET', '/login', { headers: OVER_TLS })
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const cookie = cookieIn(page.headers['set-cookie'])
    const fields = new URLSearchParams({ _csrf: token, email: 'ida@example.com', password: PASSWORD })
    const send = (origin: string) =>
      ask(secure, 'POST', '/login', {
        headers: { ...OVER_TLS, cookie, origin, 'sec-fetch-site': 'same-origin' },
        body: fields.toString(),
      })
    expect((await send(SITE)).status).toBe(422)
    expect((await send(`http://${HOST}`)).status).toBe(403)
  })

  test.each([
    ['plain http', { host: HOST }],
    ['what the proxy calls http', { host: HOST, 'x-forwarded-proto': 'http' }],
    [
      'a client that adds its own word before the proxy’s',
      { host: HOST, 'x-forwarded-proto': 'http, https' },
    ],
  ])('%s is sent to https and gets no cookie', async (_name, headers) => {
    const answer = await ask(secure, 'GET', '/login?x=1', { headers })
    expect([answer.status, answer.headers.location]).toEqual([308, `${SITE}/login?x=1`])
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect((await ask(secure, 'POST', '/login', { headers, body: 'email=x' })).status).toBe(421)
  })
})

describe('another host', () => {
  const HOSTS: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: 'localhost' },
    { host: 'localhost:1' },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1' },
    { host: 'user@localhost' },
  ]
  test.each(HOSTS)('%o is sent to ours when it looks, and refused when it acts', async (headers) => {
    const looked = await ask(app, 'GET', '/dashboard?a=1', { headers })
    expect([looked.status, looked.headers.location]).toEqual([308, `${app.baseUrl}/dashboard?a=1`])
    expect((await ask(app, 'HEAD', '/', { headers })).status).toBe(308)
    const acted = await ask(app, 'POST', '/login', { headers, body: 'email=x' })
    expect(acted.status).toBe(421)
    expect(acted.headers).not.toHaveProperty('set-cookie')
  })

  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '//evil.example/%2e%2e',
    'http://evil.example/x',
    '/%0d%0aSet-Cookie:x=1',
    '/@evil.example',
    '/.evil.example',
    '/x?y=//evil.example',
  ])('asked for %s never leads off the site', async (path) => {
    const { status, headers } = await ask(app, 'GET', path, { headers: { host: 'evil.example' } })
    expect(status).toBe(308)
    expect(new URL(String(headers.location)).origin).toBe(app.baseUrl)
    expect(headers).not.toHaveProperty('set-cookie')
  })

  test('named only beside the real one changes nothing', async () => {
    const answer = await ask(app, 'GET', '/dashboard', {
      headers: {
        host: new URL(app.baseUrl).host,
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      },
    })
    expect([answer.status, answer.headers.location]).toEqual([303, '/login'])
  })

  test('does not keep a health check from being answered', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect((await ask(app, 'GET', path, { headers: { host: '10.0.0.1' } })).status).toBe(200)
  })
})

describe('where a request comes from', () => {
  test('is what the connection says, unless a proxy of ours says it', async () => {
    await new Visitor(app).get('/login')
    const page = await ask(app, 'GET', '/login')
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const email = `${crypto.randomUUID()}@example.com`
    await ask(app, 'POST', '/login', {
      headers: { cookie: cookieIn(page.headers['set-cookie']), 'x-forwarded-for': '203.0.113.9' },
      body: new URLSearchParams({ _csrf: token, email, password: PASSWORD }).toString(),
    })
    const spoofed = await app.deps.db.prisma.auditEvent.count({ where: { ip: '203.0.113.9' } })
    expect(spoofed).toBe(0)
  })
})
