/** Every form of the sandbox's console, by a browser; after each the emulator is looked into. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newWindow, startBrowser } from '../support/browser.ts'
import { linkBank, newAdmin } from '../support/people.ts'
import { signIn } from './support/signing-in.ts'

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'
const NEW_NUMBER = '20301111222233'

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

describe.each(['current', 'paper'])('the console, with the versions that are called %s,', (profile) => {
  const isCurrent = profile === 'current'
  let app: TestApp
  let window: BrowserContext
  let page: Page

  beforeAll(async () => {
    app = await startTestApp({ settings: { NORDEA_PROFILE: profile } })
    const newcomer = await newAdmin(app)
    await linkBank(app, newcomer)
    window = await newWindow(browser)
    page = await window.newPage()
    await signIn(app, page, newcomer)
  })
  afterAll(async () => {
    await window.close()
    await app.close()
  })
  beforeEach(() => app.sandbox.control.clearRequests())

  test('begins a consent, and redeems its code on the way back', async () => {
    await open('Begin a consent')
    await page.getByLabel('For how many days').fill('30')
    await press('Begin a consent')
    await page.getByRole('link', { name: 'To the call in the log' }).waitFor()
    await page.getByRole('heading', { name: 'What the bank answered' }).waitFor()
    expect(await page.locator('main').textContent()).toMatch(/authorization\.begin[\s\S]+\d+ ms/)
    expect(asked()).toMatchObject([{ path: expect.stringMatching(/\/authorize$/) }])
    await page.getByRole('link', { name: 'Go on at the bank' }).click()
    await page.getByText('Nordea is linked.').waitFor()
    expect(asked().at(-1)).toMatchObject({
      method: 'POST',
      path: expect.stringMatching(/\/token$/),
      status: 200,
    })
  })

  test('renews the access', async () => {
    await open('Renew the access')
    await press('Renew the access')
    expect(await entry()).toMatchObject({ api: 'authorization.refresh', httpStatus: 200 })
    expect(asked()).toMatchObject([{ method: 'POST', path: expect.stringMatching(/\/token$/), status: 200 }])
  })

  test.each([
    { title: 'List accounts', button: 'List accounts', api: 'accounts.list', path: /\/accounts$/ },
    {
      title: 'Look at an account',
      button: 'Look at the account',
      api: 'accounts.detail',
      path: /\/accounts\/[^/]+$/,
    },
    {
      title: 'List transactions',
      button: 'List transactions',
      api: 'accounts.transactions',
      path: /\/accounts\/[^/]+\/transactions$/,
    },
    { title: 'List orders', button: 'List orders', api: 'payments.list', path: /\/payments\/domestic$/ },
  ])('asks the bank by the form "$title" and shows what came, and once more', async (form) => {
    const before = books()
    await open(form.title)
    app.sandbox.control.clearRequests()
    await press(form.button)
    const first = await entry()
    expect(first).toMatchObject({ api: form.api, outcome: 'ok', httpStatus: 200 })
    expect(reads(form.path).length).toBeGreaterThan(0)
    const times = reads(form.path).length
    await press('Repeat this call')
    await page.waitForURL((url) => !url.pathname.endsWith(first.id))
    expect(await entry()).toMatchObject({ api: form.api, outcome: 'ok', httpStatus: 200 })
    expect(reads(form.path)).toHaveLength(times * 2)
    expect(books()).toEqual(before)
  })

  test('makes an account', async () => {
    await open('New account')
    await page.getByLabel('Name', { exact: true }).fill('Wallet')
    await page.getByLabel('Account number').fill(NEW_NUMBER)
    await page
      .getByRole('radiogroup', { name: 'Kind' })
      .getByLabel(/Savings/)
      .check()
    await page.getByLabel('Opening balance').fill('10')
    await press('Make the account')
    expect(await entry()).toMatchObject({ api: 'sandbox.create-account', outcome: 'ok' })
    await page.getByText(/Wallet, .+: made\./).waitFor()
    expect(app.sandbox.control.account(NEW_NUMBER)).toMatchObject({ name: 'Wallet', bookedMinor: 1_000 })
  })

  test('adds funds', async () => {
    await open('Add funds')
    await page.getByLabel(/Wallet/).check()
    await page.getByLabel('Amount').fill('2,50')
    await press('Add funds')
    expect(await entry()).toMatchObject({ api: 'sandbox.create-transaction', outcome: 'ok' })
    await page.getByText(/added to Wallet/).waitFor()
    expect(app.sandbox.control.account(NEW_NUMBER).bookedMinor).toBe(1_250)
  })

  test('places an order, looks at it, confirms it, and the money has moved', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const order = await place('25')
    expect(app.sandbox.control.payments().at(-1)).toMatchObject({ status: 'PendingConfirmation' })

    await open('Look at an order')
    expect(await page.getByLabel('The bank’s id of the order').inputValue()).toBe(order)
    await press('Look at the order')
    expect(await entry()).toMatchObject({ api: 'payments.detail', httpStatus: 200 })
    expect(await page.locator('main').textContent()).toContain('PendingConfirmation')
    const looked = page.url()
    await press('Repeat this call')
    await page.waitForURL((url) => url.href !== looked)
    expect(await entry()).toMatchObject({ api: 'payments.detail', httpStatus: 200 })
    expect(reads(/\/payments\/.+\/[^/]+$/).filter(({ path }) => path.endsWith(order))).toHaveLength(3)

    await page.goto(`${app.baseUrl}/admin/sandbox/payments/${order}`)
    await press('Confirm the order')
    expect(await entry()).toMatchObject({ api: 'payments.confirm', outcome: 'ok' })
    expect(app.sandbox.control.payments().at(-1)).toMatchObject({ id: order, status: 'Paid' })
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before + 2_500)
    await page.getByRole('link', { name: 'To the order' }).click()
    await page.getByText('The money has moved.').waitFor()
  })

  test('confirms the newest order by its form', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const order = await place('5')
    await open('Confirm an order')
    expect(await page.getByLabel('The bank’s id of the order').inputValue()).toBe(order)
    await press('Confirm the order')
    expect(await entry()).toMatchObject({ api: 'payments.confirm', outcome: 'ok' })
    expect(app.sandbox.control.payments().at(-1)).toMatchObject({ id: order, status: 'Paid' })
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before + 500)
  })

  test.runIf(isCurrent)('deletes an order, which moves nothing', async () => {
    const before = books()
    const order = await place('30')
    await open('Delete an order')
    expect(await page.getByLabel('The bank’s id of the order').inputValue()).toBe(order)
    await press('Delete the order')
    expect(await entry()).toMatchObject({ api: 'payments.delete', outcome: 'ok' })
    expect(await page.getByRole('button', { name: 'Repeat this call' }).count()).toBe(0)
    expect(app.sandbox.control.payments().find(({ id }) => id === order)?.status ?? 'gone').toMatch(
      /^(gone|Cancelled)$/,
    )
    expect(books()).toEqual(before)
  })

  test('deletes an account', async () => {
    await open('Delete an account')
    await page.getByLabel(/Wallet/).check()
    await page.getByLabel('Delete it for good').check()
    await press('Delete the account')
    expect(await entry()).toMatchObject({ api: 'sandbox.delete-account', outcome: 'ok' })
    await page.getByText(/deleted\./).waitFor()
    expect(() => app.sandbox.control.account(NEW_NUMBER)).toThrow()
  })

  test('turns a number into an IBAN without asking the bank', async () => {
    await open('Turn a number into an IBAN')
    await page.getByLabel('Account number').fill(EVERYDAY)
    await press('Show the IBAN')
    await page.getByText(app.sandbox.control.account(EVERYDAY).iban).waitFor()
    expect(asked()).toEqual([])
  })

  test('makes calls fail, and stops it', async () => {
    await page.goto(`${app.baseUrl}/admin/sandbox/faults`)
    await page.getByLabel('Kind').selectOption('status')
    await page.getByLabel('Route').fill('GET */accounts')
    await page.getByLabel('How many times').fill('2')
    await press('Add the fault')
    await page.getByRole('button', { name: 'Clear all' }).waitFor()
    expect(app.sandbox.control.faults()).toMatchObject([
      { kind: 'status', route: 'GET */accounts', count: 2 },
    ])
    await open('List accounts')
    await press('List accounts')
    expect(await entry()).toMatchObject({ outcome: 'server-error', httpStatus: 500 })
    expect(asked()).toMatchObject([{ status: 500, fault: 'status' }])
    await page.goto(`${app.baseUrl}/admin/sandbox/faults`)
    await press('Clear all')
    await page.getByText('The emulator behaves again.').waitFor()
    expect(app.sandbox.control.faults()).toEqual([])
  })

  test('moves the clock of the emulator', async () => {
    const before = app.sandbox.control.now().getTime()
    await page.goto(`${app.baseUrl}/admin/sandbox/clock`)
    await page.getByLabel('How far').fill('2')
    await page.getByLabel('Unit').selectOption('hours')
    await press('Move the clock')
    await page.locator('.flash').getByText('At the bank it is').waitFor()
    expect(app.sandbox.control.now().getTime() - before).toBe(2 * HOUR)
  })

  test.runIf(isCurrent)('withdraws the consent', async () => {
    await open('Withdraw your consent')
    await press('Withdraw my consent')
    expect(await entry()).toMatchObject({ api: 'authorization.revoke', outcome: 'ok' })
    expect(asked()).toMatchObject([{ path: expect.stringMatching(/\/revoke$/) }])
    await page.goto(`${app.baseUrl}/admin/sandbox`)
    await page.getByText('Link the sandbox first').waitFor()
  })

  test.runIf(!isCurrent)('says which calls these versions do not have', async () => {
    for (const title of ['Delete an order', 'Withdraw your consent']) {
      await open(title)
      await page.getByText('There is no such call').waitFor()
    }
    expect(asked()).toEqual([])
  })

  /** By the list of calls, as somebody finds it. */
  async function open(title: string): Promise<void> {
    await page.goto(`${app.baseUrl}/admin/sandbox/calls`)
    await page.locator('main').getByRole('link', { name: title, exact: true }).click()
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  }

  async function press(name: string): Promise<void> {
    await page.locator('main').getByRole('button', { name, exact: true }).click()
  }

  /** The entry of the log that the browser has been led to, and shows. */
  async function entry() {
    await page.waitForURL(/\/admin\/calls\/[0-9a-f-]{36}$/)
    await page.getByRole('heading', { name: 'What the bank answered' }).waitFor()
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    const call = await app.deps.db.prisma.bankCall.findUniqueOrThrow({ where: { id } })
    const shown = await page.locator('main').textContent()
    for (const part of [call.path, String(call.httpStatus), `${call.durationMs} ms`])
      expect(shown).toContain(part)
    return call
  }

  /** @returns the bank's id of the order. */
  async function place(amount: string): Promise<string> {
    await open('Make a payment')
    await page
      .getByRole('radiogroup', { name: 'From' })
      .getByLabel(/Everyday/)
      .check()
    await page
      .getByRole('radiogroup', { name: 'To' })
      .getByLabel(/Holiday/)
      .check()
    await page.getByLabel('Amount').fill(amount)
    await press('Order the payment')
    expect(await entry()).toMatchObject({ api: 'payments.initiate', outcome: 'ok' })
    await page.getByRole('link', { name: 'To the order' }).click()
    await page.getByRole('button', { name: 'Confirm the order' }).waitFor()
    return new URL(page.url()).pathname.split('/').at(-1) ?? ''
  }

  function asked() {
    return app.sandbox.control.requests()
  }

  function reads(path: RegExp) {
    return asked().filter((request) => request.method === 'GET' && path.test(request.path))
  }

  /** What no call that only reads may change. */
  function books() {
    const { control } = app.sandbox
    return {
      balances: control.accounts().map(({ iban, bookedMinor }) => [iban, bookedMinor]),
      transactions: control.transactions().length,
      imbalance: control.imbalance(),
    }
  }
})
