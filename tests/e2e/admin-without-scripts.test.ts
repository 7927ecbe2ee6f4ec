/** The pages of admins in a browser without JavaScript: each is whole, and each kind of form does what it is for. */
import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { routesOf } from '../http/support/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import {
  checkOff,
  linkBank,
  newAdmin,
  newHabit,
  newLinkedSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
} from '../support/people.ts'
import { signIn } from './support/signing-in.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let browser: Browser
let window: BrowserContext
let page: Page
let admin: PersonWithFactor
let saver: Person
let paymentId: string

beforeAll(async () => {
  app = await startTestApp({ clock })
  browser = await startBrowser()
  const newcomer = await newAdmin(app)
  admin = { ...newcomer, ...(await linkBank(app, newcomer)) }
  saver = await newLinkedSaver(app)
  await checkOff(app, saver, await newHabit(app, saver))
  paymentId = (await prisma().payment.findFirstOrThrow({ where: { userId: saver.user.id } })).id
  const about = { key: saver.user.id, subjectId: saver.user.id, at: clock.now() }
  await prisma().alarm.create({ data: { rule: 'foreign-objects', ...about } })
  window = await newWindow(browser, { javaScriptEnabled: false })
  page = await window.newPage()
  await signIn(app, page, admin)
})
afterAll(async () => {
  await browser.close()
  await app.close()
})

const prisma = () => app.deps.db.prisma

test('every page is there: nothing to press or to fill in is hidden or shut', async () => {
  await open('/admin/sandbox/calls/payment')
  await page
    .getByRole('radiogroup', { name: 'From' })
    .getByLabel(/Everyday/)
    .check()
  await page
    .getByRole('radiogroup', { name: 'To' })
    .getByLabel(/Holiday/)
    .check()
  await page.getByLabel('Amount').fill('3')
  await press('Order the payment')
  await page.getByText('To be confirmed.').waitFor()

  const pages = await pagesOfAdmins()
  expect(pages.length).toBeGreaterThan(20)
  for (const path of pages) {
    const answer = await open(path)
    expect([path, answer]).toEqual([path, 200])
    expect(await page.getByRole('heading', { level: 1 }).count(), path).toBe(1)
    const controls = page.locator('main :is(input:not([type=hidden]), select, textarea, button)')
    for (const control of await controls.all()) {
      expect.soft([path, await control.isVisible(), await control.isEnabled()]).toEqual([path, true, true])
    }
    // Only a button sends a form without scripts.
    expect.soft(await page.locator('main form:not(:has(button[type=submit]))').count(), path).toBe(0)
  }
})

test('a list is narrowed by its filter', async () => {
  const row = page.locator(`main a[href="/admin/payments/${paymentId}"]`)
  await open('/admin/payments')
  expect(await row.count()).toBe(1)
  await page.getByLabel('State').selectOption('PAID')
  await press('Show')
  expect(new URL(page.url()).searchParams.get('state')).toBe('PAID')
  expect(await row.count()).toBe(0)
})

test('a payment is marked for review', async () => {
  await open(`/admin/payments/${paymentId}`)
  await page.getByLabel('Mark for review, because').fill('Looks odd')
  await press('Mark for review')
  await page.getByRole('button', { name: 'Take the mark off' }).waitFor()
})

test('an alarm is acknowledged', async () => {
  await open('/admin/alarms')
  await press('I have looked at it')
  await page.getByText('No alarm is open.').waitFor()
  expect(await prisma().alarm.count({ where: { acknowledgedOn: null } })).toBe(0)
})

test('the bank is asked about a consent', async () => {
  await open('/admin/consents')
  const calls = () => prisma().bankCall.count({ where: { actor: 'admin' } })
  const before = await calls()
  // Those of one moment come in any order: whichever is first.
  await page
    .locator('main')
    .getByRole('button', { name: /^Ask the bank about/ })
    .first()
    .click()
  await page.locator('.flash').waitFor()
  expect(await calls()).toBe(before + 1)
})

test('a call is made from the console, and repeated', async () => {
  await open('/admin/sandbox/calls/accounts')
  await press('List accounts')
  await page.getByRole('heading', { name: 'What the bank answered' }).waitFor()
  const first = page.url()
  await press('Repeat this call')
  await page.waitForURL((url) => url.href !== first)
  await page.getByRole('heading', { name: 'What the bank answered' }).waitFor()
})

test('lines of the audit trail are exported', async () => {
  await open('/admin/audit')
  const downloading = page.waitForEvent('download')
  await press('Export these lines')
  const file = await (await downloading).path()
  expect(readFileSync(file, 'utf8')).toContain('admin.looked')
})

test('all payments are stopped, and go on', async () => {
  await open('/admin/payments/stop')
  await page.getByLabel('Why').fill('A drill')
  await press('Stop all payments')
  await page.getByRole('heading', { name: 'All payments are stopped' }).waitFor()
  await press('Let payments go on')
  await page.getByRole('heading', { name: 'Stop all payments' }).waitFor()
})

test('a person is locked once the admin has shown who they are', async () => {
  clock.advance(6 * MINUTE)
  await open(`/admin/users/${saver.user.id}`)
  await page.getByLabel('Why').fill('Asked for it')
  await press('Lock this account')
  await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('Code', { exact: true }).fill(admin.code())
  await press('Confirm')
  await page.getByText('Locked: nobody signs in with this account').waitFor()
  await page.getByRole('button', { name: 'Unlock this account' }).waitFor()
})

/** Every address that the router has, about something that is there. */
async function pagesOfAdmins(): Promise<string[]> {
  const { prisma: db } = app.deps.db
  const own = { onBehalfOfId: admin.user.id, api: 'payments.initiate' }
  const ids: Record<string, string> = {
    '/admin/users/:id': saver.user.id,
    '/admin/payments/:id': paymentId,
    '/admin/calls/:id': (await db.bankCall.findFirstOrThrow({ where: own })).id,
    '/admin/audit/:id': (await db.auditEvent.findFirstOrThrow({ where: { subjectId: saver.user.id } })).id,
    '/admin/sandbox/payments/:id': app.sandbox.control.payments().at(-1)?.id ?? '',
    '/admin/sandbox/calls/:call': 'transactions',
  }
  return routesOf(app.deps)
    .filter((route) => route.startsWith('GET /admin'))
    .map((route) => route.slice(4))
    .map((path) => path.replace(/:\w+/, () => ids[path] ?? 'nothing'))
}

async function open(path: string): Promise<number | undefined> {
  return (await page.goto(app.baseUrl + path))?.status()
}

async function press(name: string): Promise<void> {
  await page.locator('main').getByRole('button', { name, exact: true }).click()
}
