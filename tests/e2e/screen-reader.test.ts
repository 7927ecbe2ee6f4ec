import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { checkOff, newGoal, newHabit, newLinkedSaver, type Person } from '../support/people.ts'
import { confirmBrowser, signIn } from './support/signing-in.ts'

const clock = new ManualClock(new Date())
let app: TestApp
let browser: Browser
let page: Page
let saver: Person

beforeAll(async () => {
  app = await startTestApp({ clock, sandbox: { approval: 'always' } })
  browser = await startBrowser()
  saver = await newLinkedSaver(app)
  await newHabit(app, saver, { name: 'Stretch', frequency: 3, interval: 7 })
  await checkOff(app, saver, await newHabit(app, saver, { name: 'Read' }))
  clock.advance(MINUTE)
  await app.settleDue()
  await newGoal(saver, { name: 'Bicycle' })
  page = await (await newWindow(browser)).newPage()
  await signIn(app, page, saver)
  await confirmBrowser(app, page, saver)
})

afterAll(async () => {
  await browser.close()
  await app.close()
})

describe('who hears the dashboard instead of seeing it', () => {
  beforeAll(() => page.goto(`${app.baseUrl}/dashboard`))

  test('hears where they are, then today’s habits, then what is saved, and no level is left out', async () => {
    const headings = await headingsOf(page)
    expect(headings.map(({ name }) => name).slice(0, 3)).toEqual(['Today', 'Habits', 'Stretch'])
    const names = headings.map(({ name }) => name)
    expect(names.indexOf('Habits')).toBeLessThan(names.indexOf('Savings'))
    expect(names.indexOf('Savings')).toBeLessThan(names.indexOf('Goals'))
    expect(names.indexOf('Goals')).toBeLessThan(names.indexOf('Recent payments'))
    expect(headings[0]?.level).toBe(1)
    const skipped = headings.filter(({ level }, at) => at > 0 && level > (headings[at - 1]?.level ?? 0) + 1)
    expect(skipped).toEqual([])
    expect(headings.filter(({ level }) => level === 1)).toHaveLength(1)
  })

  test('finds the parts of the page by their roles, each once and named', async () => {
    const tree = await page.locator('body').ariaSnapshot()
    for (const role of ['banner', 'main', 'contentinfo']) {
      expect(tree.match(new RegExp(`^\\s*- ${role}\\b`, 'gm')), role).toHaveLength(1)
    }
    expect(tree).toMatch(/- navigation "Main":/)
    for (const region of ['Habits', 'Savings', 'Goals']) expect(tree).toContain(`- region "${region}"`)
  })

  test('hears a habit in the order: name, what it saves, how often, how far, and what to press', async () => {
    const card = await page.locator('.habit-card').filter({ hasText: 'Stretch' }).ariaSnapshot()
    const heard = ['heading "Stretch"', '25.00', '3 times a week', '0 of 3', 'button "Check off Stretch"']
    const places = heard.map((words) => card.indexOf(words))
    expect(places, card).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })

  test('goes through it with Tab in the order in which it is heard', async () => {
    const order = (await page.evaluate(
      `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
        .filter((one) => one.checkVisibility() && one.tabIndex >= 0).length`,
    )) as number
    const positive = await page.locator('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').count()
    expect(positive).toBe(0)
    const heard: number[] = []
    await page.evaluate('document.activeElement.blur()')
    for (let press = 0; press < order; press += 1) {
      await page.keyboard.press('Tab')
      heard.push(
        (await page.evaluate(
          `[...document.querySelectorAll('*')].indexOf(document.activeElement)`,
        )) as number,
      )
    }
    expect(heard).toEqual(heard.toSorted((one, other) => one - other))
    expect(new Set(heard).size).toBe(order)
  })

  test('hears what each button and link is for without what stands around it', async () => {
    const names = await page.locator('main').getByRole('button').evaluateAll(namesOf)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => name.length > 3)).toBe(true)
    const unnamed = await page
      .locator('svg:not([role="img"])')
      .evaluateAll((drawings) =>
        drawings
          .filter((one) => one.closest('[aria-hidden="true"], [role="img"]') === null)
          .map((one) => one.outerHTML),
      )
    expect(unnamed).toEqual([])
  })

  test('hears charts in words, with a table behind them', async () => {
    const charts = page.locator('main svg[role="img"]')
    expect(await charts.count()).toBeGreaterThan(0)
    for (const chart of await charts.all())
      expect(
        (await chart.getAttribute('aria-label')) ?? (await chart.locator('title').textContent()),
      ).toMatch(/\w+ \w+/)
  })
})

test('a check-off is said when it is done, and where it leads', async () => {
  await page.goto(`${app.baseUrl}/dashboard`)
  await page.getByRole('button', { name: 'Check off Stretch' }).click()
  const said = page.getByRole('status').filter({ hasText: 'Stretch: done.' })
  await said.waitFor()
  // It comes before everything else in the page's content, so it is what is read first.
  expect(await said.evaluate((element) => element.closest('main') !== null)).toBe(true)
  const main = await page.locator('main').ariaSnapshot()
  expect(main.indexOf('Stretch: done.')).toBeLessThan(main.indexOf('heading "Today"'))
})

test('what was typed wrongly is said at once, with links to the fields, and each field says it again', async () => {
  await page.goto(`${app.baseUrl}/habits/new`)
  await page.getByRole('button', { name: 'Save habit' }).click()
  const summary = page.getByRole('alert')
  await summary.waitFor()
  expect(await summary.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
  const name = page.getByLabel('Habit', { exact: true })
  expect(await name.getAttribute('aria-invalid')).toBe('true')
  const described = (await name.getAttribute('aria-describedby')) ?? ''
  const texts = await Promise.all(described.split(' ').map((id) => page.locator(`#${id}`).textContent()))
  const first = await summary.getByRole('link').first().textContent()
  expect(texts.join(' ')).toContain(first?.trim())
})

async function headingsOf(page: Page): Promise<{ level: number; name: string }[]> {
  return page.locator('h1:visible, h2:visible, h3:visible, h4:visible').evaluateAll((elements) =>
    elements.map((element) => ({
      level: Number(element.tagName.slice(1)),
      name: element.textContent.replace(/\s+/g, ' ').trim(),
    })),
  )
}

function namesOf(elements: Heard[]): string[] {
  return elements.map((one) =>
    (one.getAttribute('aria-label') ?? one.textContent ?? '').replace(/\s+/g, ' ').trim(),
  )
}

/** Of an element of the page. */
interface Heard {
  getAttribute(name: string): string | null
  textContent: string | null
}
