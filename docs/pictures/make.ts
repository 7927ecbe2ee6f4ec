/** Takes the README's pictures from a running app: `npm start` in one terminal, `npm run pictures` in another. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateSync } from 'otplib'
import type { Browser, Page } from 'playwright-core'
import { DEMO_ADMIN, DEMO_SAVER } from '../../prisma/seed.ts'
import { newWindow, startBrowser } from '../../tests/support/browser.ts'

const APP = process.env.BASE_URL || 'http://localhost:3000'
const FOLDER = process.env.PICTURES_DIR || dirname(fileURLToPath(import.meta.url))

const browser = await startBrowser()
try {
  await saverPictures(browser)
  await bankPictures(browser)
  await adminPictures(browser)
} finally {
  await browser.close()
}

async function saverPictures(browser: Browser): Promise<void> {
  for (const [name, options] of [
    ['dashboard', {}],
    ['dashboard-dark', { colorScheme: 'dark' }],
    ['dashboard-phone', { width: 390, height: 844 }],
  ] as const) {
    const page = await openPage(browser, options)
    await signIn(page, DEMO_SAVER)
    await page.goto(`${APP}/dashboard`)
    await take(page, name)
    await page.context().close()
  }
  const page = await openPage(browser, {})
  await signIn(page, DEMO_SAVER)
  await page.goto(`${APP}/payments`)
  await page.locator('td a').first().click()
  await take(page, 'payment')
  await page.goto(`${APP}/accounts/load`)
  await take(page, 'accounts')
  await page.context().close()
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
  await page.goto(`${APP}/admin/sandbox`)
  await take(page, 'sandbox')
  await page.context().close()
}

async function openPage(browser: Browser, options: Parameters<typeof newWindow>[1]): Promise<Page> {
  return (await newWindow(browser, options)).newPage()
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
