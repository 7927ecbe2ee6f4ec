import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { generateSync } from 'otplib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import {
  addPasskey,
  checkOff,
  linkBank,
  linkIn,
  newAdmin,
  newGoal,
  newHabit,
  newLinkedSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
} from '../support/people.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** They wait for their cooling-off, which the page shows. */
const WIDER_LIMITS = {
  capPerPayment: '20000',
  capPerDay: '20000',
  capPerMonth: '40000',
  floor: '0',
  cadence: 'DAILY',
}

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'

const clock = new ManualClock(new Date())
let app: TestApp
let browser: Browser
let saver: Person
let admin: PersonWithFactor
/** Forms of admins that don't take what is in them. */
let refused: { place: string; button: string; typed?: Record<string, string> }[]
let places: { visitor: string[]; saver: string[]; admin: string[] }

beforeAll(async () => {
  app = await startTestApp({ clock, sandbox: { approval: 'always' } })
  browser = await startBrowser()
  saver = await newLinkedSaver(app)
  const newcomer = await newAdmin(app)
  admin = { ...newcomer, ...(await linkBank(app, newcomer)) }
  const habit = await newHabit(app, saver, { name: 'Run', frequency: 3, interval: 7 })
  const book = { name: 'Read a rather long book before going to bed', amount: '12,50' }
  await checkOff(app, saver, await newHabit(app, saver, book))
  clock.advance(MINUTE)
  await app.settleDue()
  await checkOff(app, saver, habit)
  const reached = await newGoal(saver, { name: 'A small one', target: '10' })
  const goal = await newGoal(
    saver,
    { byDay: new Date(clock.now().getTime() + 200 * DAY).toISOString().slice(0, 10) },
    [habit],
  )
  const putAway = await newGoal(saver, { name: 'A present' })
  await saver.visitor.post(`/goals/${putAway}/archive`, { money: 'shared' })
  await saver.visitor.post('/settings/savings', WIDER_LIMITS)
  await saver.visitor.post('/settings/savings/pause', { until: '' })
  await saver.visitor.post('/import', { text: 'Date,Walk,Run,\n2026-01-02,2,2,\n2026-01-01,2,perhaps,\n' })
  const payment = await app.deps.db.prisma.payment.findFirstOrThrow({
    where: { userId: saver.user.id, state: 'SCHEDULED' },
  })
  const alarm = { rule: 'foreign-objects', key: saver.user.id, subjectId: saver.user.id, at: clock.now() }
  const done = { acknowledgedOn: clock.now(), acknowledgedById: admin.user.id }
  await app.deps.db.prisma.alarm.createMany({ data: [alarm, { ...alarm, ...done }] })
  const call = await app.deps.db.prisma.bankCall.findFirstOrThrow({ where: { onBehalfOfId: saver.user.id } })
  const line = await app.deps.db.prisma.auditEvent.findFirstOrThrow({ where: { subjectId: saver.user.id } })
  await admin.visitor.post('/admin/sandbox/calls/payment', {
    debtorAccount: hashOf(EVERYDAY),
    creditorAccount: hashOf(HOLIDAY),
    amount: '3',
  })
  const order = app.sandbox.control.payments().at(-1)?.id ?? ''
  const { headers } = await admin.visitor.post('/admin/sandbox/calls/account', { account: hashOf(EVERYDAY) })
  const repeatable = headers.location ?? ''
  await app.deps.db.pool.query(
    `INSERT INTO pgboss.job (name, data, state, retry_limit, retry_count, completed_on, output)
     VALUES ('send-mail', '{}', 'failed', 12, 12, now(), '{"message": "no such mailbox"}')`,
  )
  refused = [
    { place: '/admin/payments/stop', button: 'Stop all payments' },
    { place: `/admin/users/${saver.user.id}`, button: 'Lock this account' },
    { place: `/admin/payments/${payment.id}`, button: 'Mark for review' },
    { place: '/admin/sandbox/calls/payment', button: 'Order the payment' },
    { place: '/admin/sandbox/calls/account-delete', button: 'Delete the account' },
    {
      place: '/admin/sandbox/calls/account-new',
      button: 'Make the account',
      typed: { 'Account number': EVERYDAY },
    },
    { place: '/admin/sandbox/faults', button: 'Add the fault', typed: { Route: 'everything' } },
    { place: '/admin/sandbox/clock', button: 'Move the clock', typed: { 'How far': '-1' } },
    { place: '/admin/audit', button: 'Show', typed: { 'Person’s id': 'nobody' } },
  ]
  places = {
    visitor: [
      '/',
      '/signup',
      '/privacy',
      '/developers',
      '/login',
      '/confirm/resend',
      '/confirm/abc',
      '/password/forgot',
      '/language',
      '/no-such-page',
      '/offline',
      `/letters/off/${app.deps.models.reminders.tokenFor(saver.user.id, 'digest')}`,
    ],
    saver: [
      '/dashboard',
      '/profile',
      '/habits/new',
      `/habits/${habit}`,
      `/habits/${habit}/edit`,
      `/habits/${habit}/delete`,
      '/goals',
      '/goals/new',
      `/goals/${reached}`,
      `/goals/${goal}`,
      `/goals/${goal}/edit`,
      `/goals/${goal}/archive`,
      `/goals/${goal}/delete`,
      `/goals/${putAway}`,
      '/habits/new?starter=run',
      `/habits/${habit}/breaks`,
      '/habits/breaks',
      '/habits/order',
      '/habits/archived',
      '/payments',
      `/payments/${payment.id}`,
      '/bank',
      '/activity',
      '/activity/account',
      '/activity?kind=consent',
      '/accounts/load',
      '/settings',
      '/settings/security',
      '/settings/security/authenticator',
      '/settings/security/passkeys/new',
      '/settings/savings',
      '/settings/check-offs',
      '/settings/reminders',
      '/settings/tokens',
      '/settings/email',
      '/browser',
      '/settings/data',
      '/settings/data/erase',
      '/payments/preview',
      '/statement',
      '/import',
      '/import/preview',
      '/statement?from=2026-01-01&state=nothing',
      '/payments/return',
    ],
    admin: [
      '/admin',
      '/admin/status',
      '/admin/alarms',
      '/admin/consents',
      '/admin/users',
      `/admin/users/${saver.user.id}`,
      '/admin/users?role=nobody',
      '/admin/payments',
      `/admin/payments/${payment.id}`,
      '/admin/review',
      '/admin/calls',
      `/admin/calls/${call.id}`,
      repeatable,
      '/admin/jobs',
      '/admin/audit',
      `/admin/audit/${line.id}`,
      '/admin/payments/stop',
      '/admin/routes',
      '/admin/sandbox',
      `/admin/sandbox/payments/${order}`,
      '/admin/sandbox/calls',
      '/admin/sandbox/calls/transactions',
      '/admin/sandbox/calls/order',
      '/admin/sandbox/calls/payment',
      '/admin/sandbox/calls/account-new',
      '/admin/sandbox/calls/account-delete',
      '/admin/sandbox/faults',
      '/admin/sandbox/clock',
    ],
  }
})

afterAll(async () => {
  await browser.close()
  await app.close()
})

describe.each([
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 320 },
  { theme: 'dark', width: 320 },
] as const)('in the $theme theme at $width pixels', ({ theme, width }) => {
  test.each(['visitor', 'saver', 'admin'] as const)(
    'every page of the %s passes axe and fits the screen',
    async (who) => {
      const window = await newWindow(browser, { width, height: 800, colorScheme: theme })
      const page = await window.newPage()
      if (who !== 'visitor') await signIn(page, who === 'saver' ? saver : admin)
      for (const place of places[who]) {
        await page.goto(app.baseUrl + place)
        expect.soft(await troubleOn(page), `${place} as ${who}`).toEqual([])
      }
      await window.close()
    },
  )

  test('refused forms pass axe too, and the summary leads to the fields', async () => {
    const window = await newWindow(browser, { width, height: 800, colorScheme: theme })
    const page = await window.newPage()
    await page.goto(`${app.baseUrl}/signup`)
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByRole('alert').waitFor()
    expect(await troubleOn(page)).toEqual([])
    await page.getByRole('alert').getByRole('link').first().click()
    expect(await page.evaluate('document.activeElement.id')).toBe('fullName')
    await window.close()
  })
})

test('every page of admins is among them', () => {
  const paths = routesOf(app.deps).flatMap((route) => (/^GET \/admin/.test(route) ? [route.slice(4)] : []))
  const missing = paths.filter((path) => {
    const shape = new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)
    return !places.admin.some((place) => shape.test(place.split('?')[0] ?? ''))
  })
  expect(missing).toEqual([])
  expect(paths.length).toBeGreaterThan(20)
})

test('refused forms of admins pass axe, and so does the page in between', async () => {
  const window = await newWindow(browser, { width: 320, height: 800 })
  const page = await window.newPage()
  await signIn(page, admin)
  for (const { place, button, typed = {} } of refused) {
    await page.goto(app.baseUrl + place)
    for (const [label, text] of Object.entries(typed))
      await page.getByLabel(label, { exact: true }).fill(text)
    await page.locator('main').getByRole('button', { name: button, exact: true }).click()
    await page.getByRole('alert').first().waitFor()
    expect.soft(await troubleOn(page), place).toEqual([])
  }
  clock.advance(6 * MINUTE)
  await page.goto(`${app.baseUrl}/admin/sandbox/calls/funds`)
  await page.getByRole('button', { name: 'Add funds' }).click()
  await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
  expect.soft(await troubleOn(page), 'the page in between').toEqual([])
  await window.close()
})

test('setting up an authenticator, its codes and the page in between pass axe', async () => {
  const person = await newLinkedSaver(app)
  const window = await newWindow(browser, { width: 320, height: 800 })
  const page = await window.newPage()
  await signIn(page, person)
  await confirmBrowser(page, person)
  await page.goto(`${app.baseUrl}/settings/security`)
  await page.getByRole('button', { name: 'Set up an authenticator' }).click()
  await page.waitForURL(/authenticator$/)
  expect.soft(await troubleOn(page), 'the key').toEqual([])
  const secret = (await page.locator('code.key').textContent())?.replaceAll(' ', '') ?? ''
  const code = () => generateSync({ secret, epoch: Math.floor(clock.now().getTime() / 1_000) })
  await page.getByLabel('The code it shows now').fill(code())
  await page.getByRole('button', { name: 'Switch it on' }).click()
  await page.waitForURL(/codes$/)
  expect.soft(await troubleOn(page), 'the codes').toEqual([])
  clock.advance(6 * MINUTE)
  await page.goto(`${app.baseUrl}/settings/security`)
  await page.getByRole('button', { name: 'Make new backup codes' }).click()
  await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
  expect.soft(await troubleOn(page), 'the page in between').toEqual([])
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('Code', { exact: true }).fill(code())
  await page.getByRole('button', { name: 'Confirm' }).click()
  // The page in between has the same address.
  await page.locator('.codes').waitFor()
  expect(await page.locator('.codes code').count()).toBe(10)
  await window.close()
})

test('passkeys in the list, at the sign-in and before what matters pass axe', async () => {
  const person = await addPasskey(app, await newLinkedSaver(app))
  const window = await newWindow(browser, { width: 320, height: 800 })
  const page = await window.newPage()
  await page.goto(`${app.baseUrl}/login`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'One more step' }).waitFor()
  expect.soft(await troubleOn(page), 'the second step').toEqual([])
  await page.getByLabel('Code', { exact: true }).fill(person.backupCodes[0] ?? '')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(/dashboard$/)
  await page.goto(`${app.baseUrl}/settings/security`)
  expect.soft(await troubleOn(page), 'the list').toEqual([])
  await page.getByRole('link', { name: 'Rename the passkey My phone' }).click()
  await page.getByLabel('Name of the passkey').waitFor()
  expect.soft(await troubleOn(page), 'renaming').toEqual([])
  clock.advance(6 * MINUTE)
  await page.goto(`${app.baseUrl}/settings/security`)
  await page.getByRole('button', { name: 'Remove the passkey My phone' }).click()
  await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
  expect.soft(await troubleOn(page), 'the page in between').toEqual([])
  await window.close()
})

test('a minute before a session ends the page asks, and whoever answers stays', async () => {
  const window = await newWindow(browser, { width: 320, height: 800 })
  const page = await window.newPage()
  await signIn(page, await newLinkedSaver(app))
  // As if nothing had happened in any tab until half a minute before the end.
  const idleMs = Number(await page.locator('#still-there').getAttribute('data-idle-seconds')) * 1_000
  await page.evaluate(`localStorage.setItem('last-seen', String(Date.now() - ${idleMs - 30_000}))`)
  const dialog = page.getByRole('dialog', { name: 'Are you still there?' })
  await dialog.waitFor()
  expect(await troubleOn(page)).toEqual([])
  const kept = page.waitForResponse((answer) => answer.url().endsWith('/session/keep'))
  await page.keyboard.press('Enter')
  expect((await kept).status()).toBe(204)
  await dialog.waitFor({ state: 'hidden' })
  await window.close()
})

test('a habit is checked off with the keyboard alone', async () => {
  const person = await newLinkedSaver(app)
  await newHabit(app, person, { name: 'Stretch' })
  const window = await newWindow(browser)
  const page = await window.newPage()
  await signIn(page, person)
  await confirmBrowser(page, person)
  await page.goto(`${app.baseUrl}/dashboard`)
  await tabTo(page, 'Check off Stretch')
  await page.keyboard.press('Enter')
  // What is said instead, if it isn't this, is in the failure.
  await page.locator('.flash').waitFor()
  expect(await page.locator('.flash').textContent()).toContain('Stretch: done.')
  await window.close()
})

/** The hash by which forms name an account. */
function hashOf(number: string): string {
  return app.deps.models.accounts.hashOf({ iban: app.sandbox.control.account(number).iban })
}

async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto(`${app.baseUrl}/login`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  if (person === admin) {
    await page.getByLabel('Code', { exact: true }).fill(admin.backupCodes.pop() ?? '')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  await page.waitForURL(/\/(dashboard|admin)$/)
}

/** Money moves only from browsers that are known; the link for that comes by mail. */
async function confirmBrowser(page: Page, { email }: Person): Promise<void> {
  await page.goto(`${app.baseUrl}/browser`)
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await page.getByText('A link is on its way').waitFor()
  await app.sendMails()
  await page.goto(app.baseUrl + linkIn(app, email, '/browser/'))
  await page.getByRole('button', { name: 'It is my browser' }).click()
  await page.waitForURL(/\/browser$/)
}

/** What axe has against the page, and whether it is wider than the screen. */
async function troubleOn(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const violations = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then((result) => result.violations.map((violation) => violation.id + ': ' + violation.nodes[0].html))`,
  )) as string[]
  const overflow = (await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number
  return overflow > 0 ? [...violations, `${overflow} px wider than the screen`] : violations
}

async function tabTo(page: Page, name: string): Promise<void> {
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press('Tab')
    const text = (await page.evaluate('document.activeElement.textContent')) as string
    if (text.replace(/\s+/g, ' ').trim() === name) return
  }
  throw new Error(`"${name}" cannot be reached with the Tab key`)
}
