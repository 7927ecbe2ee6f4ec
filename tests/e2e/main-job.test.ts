import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { startHandlers } from '../../src/jobs/handlers/index.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'

const PASSWORD = 'Quiet-otter-39-lakes'

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(() => browser.close())

describe.each([
  { how: 'with the current versions of the bank', profile: 'current', javaScriptEnabled: true },
  { how: 'with the versions of the paper (v3)', profile: 'paper', javaScriptEnabled: true },
  { how: 'without JavaScript', profile: 'current', javaScriptEnabled: false },
])('the main job, $how', ({ profile, javaScriptEnabled }) => {
  let app: TestApp
  let stopWorker: () => Promise<void>

  beforeAll(async () => {
    app = await startTestApp({
      clock: systemClock,
      settings: { NORDEA_PROFILE: profile, UNDO_WINDOW_SECONDS: '1', PAYMENT_POLL_SECONDS: '1' },
      sandbox: { consentMode: 'pages', settleDelayMs: 300 },
    })
    const { settings } = app.deps
    stopWorker = await startHandlers({
      ...app.deps,
      baseUrl: app.baseUrl,
      rules: {
        pollSeconds: settings.PAYMENT_POLL_SECONDS,
        resendAfterSeconds: settings.RESEND_AFTER_SECONDS,
        reminderMinutes: settings.APPROVAL_REMINDER_MINUTES,
      },
    })
  })

  afterAll(async () => {
    await stopWorker()
    await app.close()
  })

  test('a newcomer signs up, links the bank, keeps a habit, and the money arrives at the bank', async () => {
    const window = await newWindow(browser, { javaScriptEnabled })
    const page = await window.newPage()
    const email = `${randomUUID()}@example.com`

    await signUp(page, email)
    await page.goto(await confirmationLink(email))
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await page.getByText('Your address is confirmed').waitFor()
    // Signed in already; a newcomer who comes back another day signs in by the form.
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).first().click()
    await signIn(page, email)

    await page.getByRole('link', { name: 'Link Nordea' }).click()
    await page.getByLabel('Country of your account').selectOption('DK')
    await page.getByRole('button', { name: 'Link Nordea' }).click()
    await consentAtTheBank(page)

    await page.getByRole('heading', { name: 'Choose your accounts' }).waitFor()
    await page
      .getByRole('radiogroup', { name: 'Current account' })
      .getByLabel(/Everyday/)
      .check()
    await page
      .getByRole('radiogroup', { name: 'Savings account' })
      .getByLabel(/Holiday/)
      .check()
    await page.getByRole('button', { name: 'Save these accounts' }).click()

    await page.getByRole('link', { name: 'Make a habit' }).click()
    await page.getByLabel('Habit', { exact: true }).fill('Run around the lake')
    await page.getByLabel('How many times').fill('1')
    await page.getByLabel('Amount each time').fill('12,50')
    await page.getByRole('button', { name: 'Save habit' }).click()

    const before = balances()
    await page.getByRole('button', { name: 'Check off Run around the lake' }).click()
    // The sentence about the new habit may still stand there for a moment; what is said last counts.
    await page
      .getByText('Run around the lake: done.')
      .waitFor()
      .catch(async (error) => {
        throw new Error(`${page.url()} says: ${await page.locator('main').textContent()}`, { cause: error })
      })

    await page.getByRole('link', { name: 'Run around the lake' }).last().click()
    await savedShown(page, javaScriptEnabled)
    const after = balances()
    expect(after.savings - before.savings).toBe(1250)
    expect(after.current - before.current).toBe(-1250)
    await page.goto(`${app.baseUrl}/dashboard`)
    expect(await page.locator('.stat--arrived').textContent()).toContain('12.50')
    await window.close()
  })

  async function signUp(page: Page, email: string): Promise<void> {
    await page.goto(app.baseUrl)
    await page.getByRole('link', { name: 'Sign up' }).first().click()
    await page.getByLabel('Name').fill('Ida Berg')
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByLabel('Repeat the password').fill(PASSWORD)
    await page.getByLabel('I am 18 or older.').check()
    await page.getByLabel('I have read the privacy notice, and agree.').check()
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
  }

  async function signIn(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Today' }).waitFor()
  }

  /** As a newcomer finds it: in the mail catcher's inbox. */
  async function confirmationLink(email: string): Promise<string> {
    return until(async () => {
      const response = await fetch(`${app.mail.url}messages.json`)
      const messages = (await response.json()) as { to: string | string[]; text: string }[]
      const mine = messages.find((message) => String(message.to).includes(email))
      return /https?:\/\/\S+\/confirm\/\S+/.exec(mine?.text ?? '')?.[0]
    })
  }

  async function consentAtTheBank(page: Page): Promise<void> {
    await page.waitForURL(`${app.sandbox.url}/**`)
    await page.getByRole('button', { name: 'Continue' }).click()
    const code = await page.locator('#oneTimeCode').textContent()
    await page.getByLabel('One-time code').fill(code?.trim() ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.waitForURL(`${app.baseUrl}/**`)
  }

  /** With scripts the page renews itself; without, a person presses "Check again". */
  async function savedShown(page: Page, renewsItself: boolean): Promise<void> {
    const saved = page.locator('#progress').getByText('Saved').first()
    if (renewsItself) return saved.waitFor({ timeout: 30_000 })
    await until(async () => {
      if (await saved.isVisible()) return true
      await page.getByRole('link', { name: 'Check again' }).click()
      return undefined
    })
  }

  function balances(): { current: number; savings: number } {
    const find = (number: string) => app.sandbox.control.account(number)?.bookedMinor ?? Number.NaN
    return { current: find('20301544117544'), savings: find('20301544118028') }
  }
})

async function until<T>(look: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const end = Date.now() + withinMs
  while (Date.now() < end) {
    const seen = await look()
    if (seen !== undefined) return seen
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('it did not come')
}
