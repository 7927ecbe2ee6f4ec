/** Sparvana as an app on a phone: what its service worker shows, keeps, and never keeps, in a real Chromium. */
import type { RequestHandler } from 'express'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { readFiles } from '../../src/files.ts'
import { newPushKey } from '../../src/push/index.ts'
import type { Route } from '../../src/routes.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { signIn } from './support/signing-in.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let browser: Browser
let saver: Person
let window: BrowserContext
let page: Page

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { WEB_PUSH: 'on', VAPID_PRIVATE_KEY: newPushKey() } })
  browser = await startBrowser()
  saver = await newLinkedSaver(app)
  await newHabit(app, saver, { name: 'Run' })
  window = await newWindow(browser, { width: 390, height: 844 })
  page = await window.newPage()
  await signIn(app, page, saver)
  await page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  await page.goto(`${app.baseUrl}/dashboard`)
  await page.close()
})
afterAll(async () => {
  await browser.close()
  await app.close()
})

// A page each, because Chromium loads one that had no connection anew by itself, whenever it likes.
beforeEach(async () => {
  page = await window.newPage()
  await page.goto(`${app.baseUrl}/dashboard`)
})
afterEach(async () => {
  await page.close()
  await window.setOffline(false)
})

/** Everything that the worker has kept, as addresses. */
const KEPT = `caches.keys().then(async (names) => {
  const lists = names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url))
  return (await Promise.all(lists)).flat()
})`
const kept = (): Promise<string[]> => page.evaluate(KEPT)

describe('the service worker', () => {
  test('keeps versioned styles and scripts and the page for times without a connection, and nothing else', async () => {
    for (const path of [
      '/habits/new',
      '/payments',
      '/bank',
      '/settings/reminders',
      '/settings/data',
      '/profile',
    ])
      await page.goto(app.baseUrl + path)
    const addresses = (await kept()).map((address) => address.replace(app.baseUrl, ''))
    expect(addresses).toContain('/offline')
    expect(addresses.length).toBeGreaterThan(6)
    const others = addresses.filter((address) => !/^\/files\/[0-9a-f]{16}\/\S+\.(?:css|js)$/.test(address))
    expect(others).toEqual(['/offline'])
  })

  test('shows the app’s own page without a connection, with nothing of anybody in it', async () => {
    await window.setOffline(true)
    await page.goto(`${app.baseUrl}/payments`)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('No connection')
    expect(await page.content()).not.toContain(saver.user.fullName)
    const paper = await page.evaluate(
      "getComputedStyle(document.querySelector('.site-header')).backgroundColor",
    )
    expect(paper).not.toBe('rgba(0, 0, 0, 0)')
    await window.setOffline(false)
    await page.getByRole('link', { name: 'Try again' }).click()
    await page.waitForURL(/dashboard$/)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).not.toBe('No connection')
  })

  test('sends no check-off later that could not be sent at once', async () => {
    await window.setOffline(true)
    const failed = page.waitForEvent('requestfailed', (request) => request.method() === 'POST')
    await page
      .getByRole('button', { name: /check off/i })
      .first()
      .click({ noWaitAfter: true })
    await failed
    await page.close()
    await window.setOffline(false)
    page = await window.newPage()
    await page.goto(`${app.baseUrl}/dashboard`)
    await page.goto(`${app.baseUrl}/payments`)
    expect(await app.deps.db.prisma.checkOff.count({ where: { userId: saver.user.id } })).toBe(0)
  })

  test('shows a message as a notification, and one that it can’t read without a word of it', async () => {
    await page.goto(`${app.baseUrl}/dashboard`)
    const cdp = await window.newCDPSession(page)
    const registrationId = await registrationOf(cdp)
    const [worker] = window.serviceWorkers()
    // This Chromium has no screen to show notifications on: what it is asked to show is taken down instead.
    await worker?.evaluate(`
      self.asked = []
      registration.showNotification = async (title, options) => { asked.push({ title, body: options.body }) }`)
    const said = { title: 'Run is still open today', body: 'Run', tag: 'one', lang: 'da' }
    for (const data of [JSON.stringify(said), 'no JSON'])
      await cdp.send('ServiceWorker.deliverPushMessage', { origin: app.baseUrl, registrationId, data })
    await expect
      .poll(() => worker?.evaluate('asked'))
      .toEqual([
        { title: 'Run is still open today', body: 'Run' },
        { title: 'Sparvana', body: '' },
      ])
  })
})

test('what phones need to install it is there, and as large as it says', async () => {
  const text = await (await fetch(`${app.baseUrl}/manifest.webmanifest`)).text()
  const manifest = JSON.parse(text)
  expect(manifest).toMatchObject({
    name: 'Sparvana',
    display: 'standalone',
    start_url: '/dashboard',
    scope: '/',
  })
  const purposes = manifest.icons.map(
    ({ purpose = 'any', sizes }: Record<string, string>) => `${purpose} ${sizes}`,
  )
  expect(purposes).toEqual(
    expect.arrayContaining(['any 192x192', 'any 512x512', 'maskable 192x192', 'maskable 512x512']),
  )
  for (const { src, type, sizes } of manifest.icons) {
    const answer = await fetch(app.baseUrl + src)
    expect([src, answer.headers.get('content-type')?.split(';')[0]]).toEqual([src, type])
    if (type !== 'image/png') continue
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`).toBe(sizes)
  }
  const cdp = await window.newCDPSession(page)
  expect((await cdp.send('Page.getAppManifest')).errors).toEqual([])
})

test('the worker is asked for anew each time, and may not be put elsewhere', async () => {
  const { headers } = await fetch(`${app.baseUrl}/sw.js`)
  expect(headers.get('cache-control')).toBe('no-cache')
  expect(headers.get('content-security-policy')).toContain("worker-src 'self'")
  expect(headers.get('content-security-policy')).toContain("manifest-src 'self'")
  expect(headers.has('service-worker-allowed')).toBe(false)
})

test('while versions change, what another one has answered is shown, and kept by nobody', async () => {
  const files = readFiles()
  let isOther = true
  // To a process of another version, what this one's pages ask for is of another version.
  const asOther: RequestHandler = (req, _res, next) => {
    if (isOther) req.url = req.url.replace(files.version, 'of-yesterday')
    next()
  }
  const routes = files.routes.map(
    ([method, path, guard, ...handlers]): Route => [method, path, guard, asOther, ...handlers],
  )
  const changing = await startTestApp({ files: { ...files, routes } })
  const visitor = await newWindow(browser)
  const there = await visitor.newPage()
  const look = async () => {
    await there.goto(changing.baseUrl)
    await there.evaluate('navigator.serviceWorker.ready.then(() => null)')
    await there.reload()
    return (await there.evaluate(KEPT)) as string[]
  }
  expect(await look()).toEqual([`${changing.baseUrl}/offline`])
  const ink = await there.evaluate("getComputedStyle(document.querySelector('.site-header')).backgroundColor")
  expect(ink).not.toBe('rgba(0, 0, 0, 0)')
  isOther = false
  expect(await look()).toContain(changing.baseUrl + files.addressOf('styles.css'))
  await visitor.close()
  await changing.close()
})

test('the page of reminders offers this browser with JavaScript, and a sentence without', async () => {
  await page.goto(`${app.baseUrl}/settings/reminders`)
  await page.getByRole('button', { name: 'Show reminders in this browser' }).waitFor()
  const plain = await newWindow(browser, { javaScriptEnabled: false })
  await plain.addCookies(await window.cookies())
  const other = await plain.newPage()
  await other.goto(`${app.baseUrl}/settings/reminders`)
  expect(await other.getByRole('button', { name: 'Show reminders in this browser' }).count()).toBe(0)
  expect(await other.getByText('Reminders by mail work without.').count()).toBe(1)
  await plain.close()
})

test('signing out takes the worker and all that it kept away', async () => {
  await page.goto(`${app.baseUrl}/dashboard`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(`${app.baseUrl}/`)
  // A new one is there with the next page; what browsers were reached by has gone with the old one.
  const subscription = await page.evaluate(
    'navigator.serviceWorker.ready.then((it) => it.pushManager.getSubscription()).then((it) => it === null)',
  )
  expect(subscription).toBe(true)
})

/** What Chromium calls the worker of our pages. */
async function registrationOf(cdp: CDPSession): Promise<string> {
  const found = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [own] = registrations.filter(({ isDeleted }) => !isDeleted)
      if (own) resolve(own.registrationId)
    })
  })
  await cdp.send('ServiceWorker.enable')
  return found
}
