import type { Page } from 'playwright-core'
import type { TestApp } from '../../support/app.ts'
import { linkIn, PASSWORD, type Person, type PersonWithFactor } from '../../support/people.ts'

/** Through the form, as people do; whoever has a second step spends a backup code. The browser's language is English. */
export async function signIn(app: TestApp, page: Page, person: Person | PersonWithFactor): Promise<void> {
  await page.goto(`${app.baseUrl}/login`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  if ('backupCodes' in person) {
    await page.getByLabel('Code', { exact: true }).fill(person.backupCodes.pop() ?? '')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  await page.waitForURL(/\/(dashboard|admin)$/)
}

/** Money moves only from browsers that are known; the link for that comes by mail. */
export async function confirmBrowser(app: TestApp, page: Page, { email }: Person): Promise<void> {
  await page.goto(`${app.baseUrl}/browser`)
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await page.getByText('A link is on its way').waitFor()
  await app.sendMails()
  await page.goto(app.baseUrl + linkIn(app, email, '/browser/'))
  await page.getByRole('button', { name: 'It is my browser' }).click()
  await page.waitForURL(/\/browser$/)
}
