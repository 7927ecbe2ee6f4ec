import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { linkIn, newLinkedSaver, PASSWORD } from '../support/people.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let browser: Browser

beforeAll(async () => {
  app = await startTestApp({ clock })
  browser = await startBrowser()
})

afterAll(async () => {
  await browser.close()
  await app.close()
})

/** Chromium's own authenticator in software: a device that unlocks for whoever asks. */
async function withAuthenticator(page: Page): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { cdp, authenticatorId }
}

describe('a passkey in a real browser', () => {
  test('is added, signs in, finishes a sign-in with the password, and confirms what matters', async () => {
    const person = await newLinkedSaver(app)
    const window = await newWindow(browser)
    const page = await window.newPage()
    const { cdp, authenticatorId } = await withAuthenticator(page)
    await signIn(page, person.email)
    await page.waitForURL(/dashboard$/)

    await page.goto(`${app.baseUrl}/settings/security`)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await confirmBrowser(page, person.email)
    await page.getByRole('button', { name: 'Set it up' }).click()
    await page.getByLabel('Name of the passkey').fill('')
    await page.getByRole('button', { name: 'Add the passkey' }).click()
    // Nothing was asked of the device yet.
    expect((await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials).toEqual([])
    await page.getByLabel('Name of the passkey').fill('This laptop')
    await page.getByRole('button', { name: 'Add the passkey' }).click()
    await page.waitForURL(/codes$/)
    expect(await page.locator('.codes code').count()).toBe(10)
    await page.getByRole('link', { name: 'I have kept them' }).click()
    await page.getByText('This laptop').waitFor()

    await page.getByRole('button', { name: 'Sign out' }).click()
    // Chosen from the list of the address field: this browser has nobody to choose, and takes the only one.
    await page.goto(`${app.baseUrl}/login`)
    await page.waitForURL(/dashboard$/)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
    await page.goto(`${app.baseUrl}/login`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.waitForURL(/dashboard$/)

    clock.advance(6 * MINUTE)
    await page.goto(`${app.baseUrl}/habits/new`)
    await page.getByLabel('Habit', { exact: true }).fill('Swim')
    await page.getByLabel('How many times').fill('1')
    await page.getByLabel('Amount each time').fill('25')
    await page.getByRole('button', { name: 'Save habit' }).click()
    await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
    await page.getByRole('button', { name: 'Confirm with a passkey' }).click()
    // The page that asks names the habit too.
    await page.waitForURL(/dashboard$/)
    expect(await app.deps.db.prisma.habit.count({ where: { userId: person.user.id, name: 'Swim' } })).toBe(1)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(page, person.email)
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(/dashboard$/)
    const [passkey] = await app.deps.db.prisma.passkey.findMany({ where: { userId: person.user.id } })
    expect(passkey).toMatchObject({ label: 'This laptop', lastUsedOn: clock.now() })
    await window.close()
  })

  test('that is not there, or is not unlocked, is said in words, and the password goes on working', async () => {
    const person = await newLinkedSaver(app)
    const window = await newWindow(browser)
    const page = await window.newPage()
    await withAuthenticator(page)
    await page.goto(`${app.baseUrl}/login`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('Nothing has happened').waitFor()
    await signIn(page, person.email)
    await page.waitForURL(/dashboard$/)
    await window.close()
  })

  test('is not offered without JavaScript, and nothing else is missing', async () => {
    const window = await newWindow(browser, { javaScriptEnabled: false })
    const page = await window.newPage()
    await page.goto(`${app.baseUrl}/login`)
    expect(await page.getByRole('button', { name: 'passkey' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Sign in', exact: true }).count()).toBe(1)
    await window.close()
  })
})

/** A password alone, in a browser that nobody knows, opens no other way in: the link that is mailed does. */
async function confirmBrowser(page: Page, email: string): Promise<void> {
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await page.getByText('Look into your mail').waitFor()
  await app.sendMails()
  await page.goto(app.baseUrl + linkIn(app, email, '/browser/'))
  await page.getByRole('button', { name: 'It is my browser' }).click()
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto(`${app.baseUrl}/login`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}
