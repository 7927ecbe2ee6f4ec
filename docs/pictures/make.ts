/**
 * Takes the README's pictures from a running app with its demo: `npm start` in one terminal, `npm run pictures` in another.
 * `npm run pictures -- --every FOLDER` takes every page of the demo saver and the demo admin instead, in both themes and
 * both sizes, to be looked at.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generateSync } from 'otplib'
import type { Browser, Page } from 'playwright-core'
import { DEMO_ADMIN, DEMO_SAVER } from '../../prisma/demo.ts'
import type { Language } from '../../src/language.ts'
import { newWindow, startBrowser } from '../../tests/support/browser.ts'

const APP = process.env.BASE_URL || 'http://localhost:3000'
const FOLDER = process.env.PICTURES_DIR || dirname(fileURLToPath(import.meta.url))

const DESK = { width: 1200, height: 900 }
const PHONE = { width: 390, height: 844 }
const DARK = { colorScheme: 'dark' } as const

type Look = NonNullable<Parameters<typeof newWindow>[1]>

/** A place of the demo saver, the link that leads on from there, if any, and how it is looked at. */
interface Picture {
  name: string
  place: string
  link?: string
  look?: Look
  language?: Language
}

const GALLERY: Picture[] = [
  { name: 'dashboard', place: '/dashboard' },
  { name: 'dashboard-dark', place: '/dashboard', look: DARK },
  { name: 'dashboard-phone', place: '/dashboard', look: PHONE },
  { name: 'dashboard-phone-suomi', place: '/dashboard', look: { ...PHONE, ...DARK }, language: 'fi' },
  { name: 'habit', place: '/dashboard', link: '.habit-card__name a' },
  { name: 'habit-new-phone', place: '/habits/new', look: PHONE },
  { name: 'goals', place: '/goals' },
  { name: 'goal-dark', place: '/goals', link: 'main article a, main li a', look: DARK },
  { name: 'payment', place: '/payments', link: 'td a' },
  { name: 'payments-phone-svenska', place: '/payments', look: PHONE, language: 'sv' },
  { name: 'statement', place: '/statement' },
  { name: 'savings', place: '/settings/savings' },
  { name: 'security-dark', place: '/settings/security', look: DARK },
  { name: 'reminders-phone', place: '/settings/reminders', look: PHONE },
  { name: 'accounts', place: '/accounts/load' },
]

const SAVER_PLACES = [
  ...['dashboard', 'habits/new', 'habits/breaks', 'habits/order', 'habits/archived', 'goals', 'goals/new'],
  ...['payments', 'payments/preview', 'statement', 'import', 'bank', 'accounts/load', 'activity', 'profile'],
  ...['settings', 'settings/security', 'settings/savings', 'settings/check-offs', 'settings/reminders'],
  ...[
    'settings/tokens',
    'settings/email',
    'settings/data',
    'settings/data/erase',
    'developers',
    'privacy',
    'language',
  ],
]
const ADMIN_PLACES = [
  ...['admin', 'admin/status', 'admin/alarms', 'admin/users', 'admin/payments', 'admin/calls', 'admin/jobs'],
  ...[
    'admin/audit',
    'admin/consents',
    'admin/review',
    'admin/routes',
    'admin/sandbox',
    'admin/sandbox/calls',
  ],
  ...['admin/sandbox/faults', 'admin/sandbox/clock', 'admin/payments/stop'],
]

const { values } = parseArgs({ options: { every: { type: 'string' } } })
const browser = await startBrowser()
try {
  if (values.every) await everyPage(browser, values.every)
  else {
    await galleryPictures(browser)
    await bankPictures(browser)
    await adminPictures(browser)
  }
} finally {
  await browser.close()
}

async function galleryPictures(browser: Browser): Promise<void> {
  for (const { name, place, link, look = {}, language } of GALLERY) {
    const page = await openPage(browser, look)
    await signIn(page, DEMO_SAVER)
    if (language) await speak(page, language)
    await page.goto(APP + place)
    if (link)
      await Promise.all([
        page.waitForURL((url) => url.pathname !== place),
        page.locator(link).first().click(),
      ])
    await take(page, name)
    if (language) await speak(page, 'en')
    await page.context().close()
  }
}

/** The bank's own pages, up to the moment before the consent is given. */
async function bankPictures(browser: Browser): Promise<void> {
  const page = await openPage(browser, {})
  await signIn(page, DEMO_SAVER)
  await page.goto(`${APP}/bank`)
  await page.getByRole('button', { name: 'Renew at Nordea' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  const code = await page.locator('#oneTimeCode').textContent()
  await page.getByLabel('One-time code').fill(code?.trim() ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await take(page, 'bank-consent')
  await page.context().close()
}

async function adminPictures(browser: Browser): Promise<void> {
  const page = await openPage(browser, {})
  await signIn(page, DEMO_ADMIN)
  for (const name of ['sandbox', 'status']) {
    await page.goto(`${APP}/admin/${name}`)
    await take(page, name)
  }
  await page.context().close()
}

async function everyPage(browser: Browser, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const [who, places] of [
    [DEMO_SAVER, SAVER_PLACES],
    [DEMO_ADMIN, ADMIN_PLACES],
  ] as const) {
    // What fades from one theme to the other would be caught half way.
    const page = await openPage(browser, { reducedMotion: 'reduce' })
    await signIn(page, who)
    for (const place of places) {
      await page.goto(`${APP}/${place}`)
      for (const [size, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
        await page.setViewportSize(viewport)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          const name = `${place.replaceAll('/', '-')}-${size}-${colorScheme}.png`
          await page.screenshot({ path: join(folder, name), fullPage: true })
        }
      }
    }
    await page.context().close()
  }
}

async function openPage(browser: Browser, options: Look): Promise<Page> {
  return (await newWindow(browser, options)).newPage()
}

async function speak(page: Page, language: Language): Promise<void> {
  await page.goto(`${APP}/language`)
  await page.locator(`button[value=${language}]`).click()
}

type Demo = { email: string; password: string; authenticatorKey?: string }

async function signIn(page: Page, who: Demo): Promise<void> {
  await page.goto(`${APP}/login`)
  await page.getByLabel('E-mail').fill(who.email)
  await page.getByLabel('Password', { exact: true }).fill(who.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  if (who.authenticatorKey) {
    await page.getByLabel('Code', { exact: true }).fill(generateSync({ secret: who.authenticatorKey }))
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.waitForURL(/\/(dashboard|admin)/)
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: false })
}
