import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { formatMoney } from '../../src/format.ts'
import { startHandlers } from '../../src/jobs/handlers/index.ts'
import { inLanguage, LANGUAGES, type Language, t, type Values } from '../../src/language.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { type Hands, keyboardOf, mouse } from './support/hands.ts'

const PASSWORD = 'Quiet-otter-39-lakes'

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(() => browser.close())

describe.each<{
  how: string
  profile: string
  javaScriptEnabled: boolean
  by?: 'keyboard'
  languages: Language[]
}>([
  {
    how: 'with the current versions of the bank',
    profile: 'current',
    javaScriptEnabled: true,
    languages: ['en'],
  },
  {
    how: 'with the versions of the paper (v3)',
    profile: 'paper',
    javaScriptEnabled: true,
    languages: ['en'],
  },
  {
    how: 'by keyboard alone',
    profile: 'current',
    javaScriptEnabled: true,
    by: 'keyboard',
    languages: ['en'],
  },
  {
    how: 'without JavaScript',
    profile: 'current',
    javaScriptEnabled: false,
    languages: [...LANGUAGES],
  },
])('the main job, $how', ({ profile, javaScriptEnabled, by, languages }) => {
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

  test.each(languages)(
    'in %s: a newcomer signs up, links the bank, keeps a habit, and the money arrives',
    async (language) => {
      const window = await newWindow(browser, { javaScriptEnabled, locale: language })
      const page = await window.newPage()
      const hands = by === 'keyboard' ? keyboardOf(page) : mouse
      const say = (message: string, values?: Values) => inLanguage(language, () => t(message, values))
      const button = (name: string) => page.getByRole('button', { name: say(name), exact: true })
      const link = (name: string) => page.getByRole('link', { name: say(name) })
      const field = (label: string) => page.getByLabel(say(label), { exact: true })
      const email = `${randomUUID()}@example.com`

      await page.goto(app.baseUrl)
      expect(await page.locator('html').getAttribute('lang')).toBe(language)
      await hands.press(link('Sign up').first())
      await hands.fill(field('Name'), 'Ida Berg')
      await hands.fill(field('E-mail'), email)
      await hands.fill(field('Password'), PASSWORD)
      await hands.fill(field('Repeat the password'), PASSWORD)
      await hands.tick(page.getByLabel(say('I am {age} or older.', { age: 18 })))
      await hands.tick(page.locator('#agrees'))
      await hands.press(button('Sign up'))
      await page.getByRole('heading', { name: say('Check your mail') }).waitFor()

      await page.goto(await confirmationLink(email))
      await hands.fill(field('Password'), PASSWORD)
      await hands.press(button('Confirm my address'))
      await page.locator('.flash').waitFor()
      // Signed in already; a newcomer who comes back another day signs in by the form.
      await hands.press(button('Sign out'))
      await hands.press(link('Sign in').first())
      await hands.fill(field('E-mail'), email)
      await hands.fill(field('Password'), PASSWORD)
      await hands.press(button('Sign in'))
      await page.getByRole('heading', { name: say('Today') }).waitFor()

      await hands.press(link('Link Nordea'))
      await hands.choose(page.locator('#country'), say('Denmark'))
      await hands.press(button('Link Nordea'))
      await consentAtTheBank(page, hands)

      await page.getByRole('heading', { name: say('Choose your accounts') }).waitFor()
      await hands.tick(page.getByRole('radiogroup', { name: say('Current account') }).getByLabel(/Everyday/))
      await hands.tick(page.getByRole('radiogroup', { name: say('Savings account') }).getByLabel(/Holiday/))
      await hands.press(button('Save these accounts'))

      await hands.press(link('Make a habit'))
      await hands.fill(field('Habit'), 'Run around the lake')
      await hands.fill(field('How many times'), '1')
      await hands.fill(field('Amount each time'), '12,50')
      await hands.press(button('Save habit'))

      const amount = inLanguage(language, () => formatMoney(1250, 'DKK'))
      const before = balances()
      await hands.press(page.locator('.button--check').filter({ hasText: 'Run around the lake' }))
      // The sentence about the new habit may still stand there for a moment; what is said last counts.
      await page
        .getByText(say('{name}: done. {amount} pledged.', { name: 'Run around the lake', amount }))
        .waitFor()
        .catch(async (error) => {
          throw new Error(`${page.url()} says: ${await page.locator('main').textContent()}`, { cause: error })
        })

      await hands.press(page.getByRole('link', { name: 'Run around the lake' }).last())
      await savedShown(page, hands, say)
      const after = balances()
      expect(after.savings - before.savings).toBe(1250)
      expect(after.current - before.current).toBe(-1250)
      await page.goto(`${app.baseUrl}/dashboard`)
      expect(await page.locator('.stat--arrived').textContent()).toContain(amount)
      await window.close()
    },
  )

  /** As a newcomer finds it: in the mail catcher's inbox. */
  async function confirmationLink(email: string): Promise<string> {
    return until(async () => {
      const response = await fetch(`${app.mail.url}messages.json`)
      const messages = (await response.json()) as { to: string | string[]; text: string }[]
      const mine = messages.find((message) => String(message.to).includes(email))
      return /https?:\/\/\S+\/confirm\/\S+/.exec(mine?.text ?? '')?.[0]
    })
  }

  async function consentAtTheBank(page: Page, hands: Hands): Promise<void> {
    await page.waitForURL(`${app.sandbox.url}/**`)
    await hands.press(page.getByRole('button', { name: 'Continue' }))
    const code = await page.locator('#oneTimeCode').textContent()
    await hands.fill(page.getByLabel('One-time code'), code?.trim() ?? '')
    await hands.press(page.getByRole('button', { name: 'Sign in' }))
    await hands.press(page.getByRole('button', { name: 'Approve' }))
    await page.waitForURL(`${app.baseUrl}/**`)
  }

  /** With scripts the page renews itself; without, a person presses "Check again". */
  async function savedShown(page: Page, hands: Hands, say: (message: string) => string): Promise<void> {
    const saved = page.locator('#progress').getByText(say('Saved')).first()
    if (javaScriptEnabled) return saved.waitFor({ timeout: 30_000 })
    await until(async () => {
      if (await saved.isVisible()) return true
      await hands.press(page.getByRole('link', { name: say('Check again') }))
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
