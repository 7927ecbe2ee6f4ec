/** The whole job as in production: production settings, TLS to the saver's browser and TLS to the bank, both verified. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { ask, cookieIn } from '../http/support/ask.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { startBrowser } from '../support/browser.ts'
import { authority } from '../support/certificates.ts'
import { checkOff, newHabit, newLinkedSaver, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { behindTls, startTlsFront, type TlsFront } from '../support/tls-front.ts'
import { Visitor } from '../support/visitor.ts'
import { linesOf, logOf } from './support/log.ts'

const trusted = authority('An authority everybody trusts')
const usual = getCACertificates('default')
const clock = new ManualClock(new Date())

let front: TlsFront
let bankFront: TlsFront
/** As browsers reach it. */
let app: TestApp
/** Where the front hands everything on to. */
let inside: { baseUrl: string }

beforeAll(async () => {
  setDefaultCACertificates([trusted.cert])
  front = await startTlsFront(trusted.issue('localhost'))
  bankFront = await startTlsFront(trusted.issue('localhost'))
  const started = await startTestApp({ clock, ...behindTls(front, bankFront) })
  inside = { baseUrl: started.baseUrl }
  front.forwardTo(started.baseUrl)
  bankFront.forwardTo(started.sandbox.url)
  app = { ...started, baseUrl: front.url }
})

afterAll(async () => {
  await app.close()
  await front.close()
  await bankFront.close()
  setDefaultCACertificates(usual)
})

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    clock.advance(2 * MINUTE)
    await app.settleDue()
  }
}

async function stateOf(saver: Person): Promise<string[]> {
  const payments = await app.deps.db.prisma.payment.findMany({ where: { userId: saver.user.id } })
  return payments.map(({ state }) => state)
}

const saved = () => app.sandbox.control.account('20301544118028')?.bookedMinor ?? Number.NaN

test('from signing up to money saved, everything happens over TLS and nothing breaks', async () => {
  const before = saved()
  const written = await logOf(app, async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver, { amount: '12,50' }))
    await settle()
    expect(await stateOf(saver)).toEqual(['PAID'])
  })
  expect(saved() - before).toBe(1250)
  const lines = linesOf(written)
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  const calls = await app.deps.db.prisma.bankCall.findMany()
  expect(calls.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'ok')).toEqual([])
})

describe('a browser', () => {
  test('is told to stay on https, and its cookie goes nowhere else', async () => {
    const { headers } = await new Visitor(app).get('/login')
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    expect(headers['content-security-policy']).toContain(`form-action 'self' ${bankFront.url}`)
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-sparvana=/)
    expect(cookie.split('; ')).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/']))
    expect(cookie).not.toMatch(/domain=/i)
  })

  test('is sent to https addresses only, by pages and by mails', async () => {
    const { visitor, email } = await newSaver(app)
    await visitor.get('/bank')
    const toBank = await visitor.post('/bank/connect', { country: 'DK' })
    expect(toBank.headers.location).toMatch(/^https:\/\/localhost:/)
    const mails = app.mail.messages().filter(({ to }) => to.includes(email))
    const links = mails.flatMap(({ text }) => text.match(/\bhttps?:\/\/\S+/g) ?? [])
    expect(links.length).toBeGreaterThan(0)
    expect(links.filter((link) => !link.startsWith(front.url))).toEqual([])
  })

  test('of the real kind keeps the cookie, goes to the bank and comes back signed in', async () => {
    app.sandbox.control.setConsentMode('pages')
    const { email } = await newSaver(app)
    const browser = await startBrowser()
    // It has no list of authorities of its own to add ours to; that certificates are verified is tested without it.
    const window = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await window.newPage()
    await page.goto(`${front.url}/login`)
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('link', { name: 'Link Nordea' }).click()
    await page.getByLabel('Country of your account').selectOption('DK')
    await page.getByRole('button', { name: 'Link Nordea' }).click()
    await page.waitForURL(`${bankFront.url}/**`)
    await page.getByRole('button', { name: 'Continue' }).click()
    const code = await page.locator('#oneTimeCode').textContent()
    await page.getByLabel('One-time code').fill(code?.trim() ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'Choose your accounts' }).waitFor()
    const cookies = await window.cookies(front.url)
    await browser.close()
    app.sandbox.control.setConsentMode('straight-back')
    expect(cookies.map(({ name }) => name)).toContain('__Host-sparvana')
    for (const cookie of cookies.filter(({ name }) => name.startsWith('__Host-')))
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, domain: 'localhost', path: '/' })
  })

  test('that comes in plain http is sent to https before anything happens', async () => {
    const { host } = new URL(front.url)
    const plain = { host, 'x-forwarded-proto': 'http', 'x-forwarded-for': '192.0.2.7' }
    const looked = await ask(inside, 'GET', '/login?x=1', { headers: plain })
    expect([looked.status, looked.headers.location]).toEqual([308, `${front.url}/login?x=1`])
    expect(looked.headers).not.toHaveProperty('set-cookie')
    expect((await ask(inside, 'POST', '/login', { headers: plain, body: 'email=x' })).status).toBe(421)
  })
})

describe('what a client says of itself', () => {
  test('about its address is not believed, only what our own proxy adds', async () => {
    const visitor = new Visitor(app)
    await visitor.get('/login')
    const fields = { _csrf: visitor.token, email: 'nobody@example.com', password: 'Wrong-otter-39-lakes' }
    const claims = {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'for=203.0.113.9;proto=http;host=evil.example',
    }
    const answer = await visitor.postRaw('/login', fields, claims)
    expect([answer.status, answer.headers.location]).toEqual([422, undefined])
    const tries = await app.deps.db.prisma.auditEvent.findMany({
      where: { action: 'user.sign-in', outcome: 'refused' },
    })
    expect(tries.length).toBe(1)
    expect(tries.filter(({ ip }) => ip?.includes('203.0.113.9'))).toEqual([])
  })

  test('about TLS is not believed where no proxy of ours stands between', async () => {
    const direct = await startTestApp({
      settings: {
        BASE_URL: 'https://sparvana.test',
        NORDEA_REDIRECT_URI: 'https://sparvana.test/bank/callback',
      },
    })
    const headers = { host: 'sparvana.test', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
    const answer = await ask(direct, 'GET', '/login', { headers })
    await direct.close()
    expect([answer.status, answer.headers.location]).toEqual([308, 'https://sparvana.test/login'])
    expect(cookieIn(answer.headers['set-cookie'])).toBe('')
  })
})

test('while the bank cannot prove itself no money moves and the log says so; afterwards it moves once', async () => {
  const saver = await newLinkedSaver(app)
  const habit = await newHabit(app, saver, { amount: '12,50' })
  const before = saved()
  bankFront.present(authority('Somebody in between').issue('localhost'))
  await checkOff(app, saver, habit)
  await settle()
  expect(await stateOf(saver)).toEqual(['SCHEDULED'])
  expect(saved()).toBe(before)
  const calls = await app.deps.db.prisma.bankCall.findMany({
    where: { onBehalfOfId: saver.user.id, outcome: 'connection' },
  })
  expect(calls.length).toBeGreaterThan(0)
  for (const { remark } of calls)
    expect(remark).toBe('connection UNABLE_TO_VERIFY_LEAF_SIGNATURE, nothing was sent')

  bankFront.present(trusted.issue('localhost'))
  for (let hour = 0; hour < 6; hour += 1) {
    clock.advance(10 * MINUTE)
    await settle()
  }
  expect(await stateOf(saver)).toEqual(['PAID'])
  expect(saved() - before).toBe(1250)
})
