import { generateSync } from 'otplib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ManualClock, MINUTE } from '../../src/clock.ts'
import { routesOf } from '../http/support/routes.ts'
import type { TestApp } from '../support/app.ts'
import { newWindow } from '../support/browser.ts'
import {
  addPasskey,
  newHabit,
  newLinkedSaver,
  PASSWORD,
  type Person,
  type PersonWithFactor,
} from '../support/people.ts'
import { troubleOn } from './support/axe.ts'
import { type EveryPlace, startWorld, type World } from './support/places.ts'
import { confirmBrowser, signIn } from './support/signing-in.ts'

let world: World
let app: TestApp
let clock: ManualClock
let browser: Browser
let saver: Person
let admin: PersonWithFactor
let refused: EveryPlace['refused']
let places: EveryPlace['places']

beforeAll(async () => {
  world = await startWorld()
  ;({ app, clock, browser, saver, admin, refused, places } = world)
})

afterAll(() => world.close())

const THEMES = ['light', 'dark'] as const

describe.each([1280, 320])('at %i pixels', (width) => {
  /** What fades from one theme to the other would be judged half way. */
  const calmly = { width, height: 800, reducedMotion: 'reduce' } as const

  test.each(['visitor', 'saver', 'admin'] as const)(
    'every page of the %s passes axe in both themes and fits the screen',
    async (who) => {
      const window = await newWindow(browser, calmly)
      const page = await window.newPage()
      if (who !== 'visitor') await signIn(app, page, who === 'saver' ? saver : admin)
      for (const place of places[who]) {
        await page.goto(app.baseUrl + place)
        for (const colorScheme of THEMES) {
          await page.emulateMedia({ colorScheme })
          expect.soft(await troubleOn(page), `${place} as ${who}, ${colorScheme}`).toEqual([])
        }
      }
      await window.close()
    },
    120_000,
  )

  test('refused forms pass axe too, and the summary leads to the fields', async () => {
    const window = await newWindow(browser, calmly)
    const page = await window.newPage()
    await page.goto(`${app.baseUrl}/signup`)
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByRole('alert').waitFor()
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme })
      expect(await troubleOn(page), colorScheme).toEqual([])
    }
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
  await signIn(app, page, admin)
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
  await signIn(app, page, person)
  await confirmBrowser(app, page, person)
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
  await signIn(app, page, await newLinkedSaver(app))
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
  await signIn(app, page, person)
  await confirmBrowser(app, page, person)
  await page.goto(`${app.baseUrl}/dashboard`)
  await tabTo(page, 'Check off Stretch')
  await page.keyboard.press('Enter')
  // What is said instead, if it isn't this, is in the failure.
  await page.locator('.flash').waitFor()
  expect(await page.locator('.flash').textContent()).toContain('Stretch: done.')
  await window.close()
})

async function tabTo(page: Page, name: string): Promise<void> {
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press('Tab')
    const text = (await page.evaluate('document.activeElement.textContent')) as string
    if (text.replace(/\s+/g, ' ').trim() === name) return
  }
  throw new Error(`"${name}" cannot be reached with the Tab key`)
}
