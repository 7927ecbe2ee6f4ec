import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { normaliseIban } from '../../src/bank/index.ts'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, newSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'
const SANDBOX = '/admin/sandbox'
const CALLS = `${SANDBOX}/calls`
const CONFIRM = `${CALLS}/order-confirm`
const FORMS = ['account-new', 'account-delete', 'funds', 'payment', 'order-confirm'].map(
  (call) => `${CALLS}/${call}`,
)

const clock = new ManualClock(new Date())
let app: TestApp
let admin: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await newAdmin(app)
  await connect(admin)
})
afterAll(() => app.close())

/** Gives the consent alone: an admin needs no accounts of their own to save with. */
async function connect({ visitor }: Person): Promise<void> {
  await visitor.get('/bank')
  const toBank = await visitor.post('/bank/connect', { country: 'DK' })
  const { pathname, search } = new URL(toBank.headers.location ?? '')
  await visitor.get(pathname + search)
}

/** The hash by which forms name an account. */
function hashOf(number: string): string {
  return app.deps.models.accounts.hashOf({ iban: app.sandbox.control.account(number).iban })
}

async function auditOf(action: string) {
  return app.deps.db.prisma.auditEvent.findMany({ where: { action }, orderBy: { at: 'asc' } })
}

async function post(path: string, fields: Record<string, string>) {
  await admin.visitor.get(path)
  return admin.visitor.post(path, fields)
}

/** The page that an answer leads to: the entry of the call in the log, with what it means said on top. */
async function entryAfter({ status, headers }: Awaited<ReturnType<typeof post>>, api: string) {
  const { location = '' } = headers
  expect([status, location]).toEqual([303, expect.stringMatching(/^\/admin\/calls\/[0-9a-f-]{36}$/)])
  const { text } = await admin.visitor.get(location)
  const shown = textOf(text)
  expect(shown).toContain(` ${api} Outcome`)
  return { text, shown }
}

/** The same of a call that was refused: it stands below the form, which is shown again. */
function callBelow(html: string, api: string): string {
  const text = textOf(html)
  expect(html).toMatch(/href="\/admin\/calls\/[0-9a-f-]{36}">To the call in the log/)
  expect(text).toMatch(new RegExp(`The call .+ ${api} Outcome .+ Status \\d+ It took \\d+ ms`))
  expect(text).toMatch(/What we sent .+ What the bank answered/)
  return text
}

const newest = () => app.sandbox.control.payments().at(-1)
const confirm = (order: string | undefined) => post(CONFIRM, { order: order ?? '' })

describe('who may enter', () => {
  test('a visitor is sent to sign in, from every page and form', async () => {
    for (const path of ['/admin', SANDBOX, ...FORMS]) {
      const answer = await new Visitor(app).get(path)
      expect([path, answer.status, answer.headers.location]).toEqual([path, 303, '/login'])
    }
    const posted = await new Visitor(app).post(CONFIRM, { order: 'x' })
    expect([posted.status, posted.headers.location]).toEqual([303, '/login'])
  })

  test('a saver is refused, from every page and form', async () => {
    const { visitor } = await newSaver(app)
    for (const path of ['/admin', SANDBOX, ...FORMS, '/admin/nothing']) {
      expect([path, (await visitor.get(path)).status]).toEqual([path, 403])
      expect([path, (await visitor.post(path)).status]).toEqual([path, 403])
    }
  })

  test('an admin sees the counts and the bank calls', async () => {
    const answer = await admin.visitor.get('/admin')
    expect(answer.status).toBe(200)
    const text = textOf(answer.text)
    expect(text).toMatch(/Savers \d+/)
    expect(text).toContain('Payments due 0')
    expect(text).toContain('There are no payments yet.')
    expect(answer.text).toContain('Latest bank calls, newest first')
  })

  test('an address that does not exist is not found', async () => {
    expect((await admin.visitor.get('/admin/nothing')).status).toBe(404)
  })
})

describe('the console without a consent', () => {
  test('invites to link, and the forms explain', async () => {
    const { visitor } = await newAdmin(app)
    const page = await visitor.get(SANDBOX)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Link the sandbox first')
    expect(page.text).toContain('href="/bank"')
    for (const path of [...FORMS, `${SANDBOX}/payments/x`]) expect((await visitor.get(path)).status).toBe(409)
  })
})

describe('the list', () => {
  test('shows accounts with masked numbers only', async () => {
    const answer = await admin.visitor.get(SANDBOX)
    expect(answer.status).toBe(200)
    const text = textOf(answer.text)
    expect(text).toContain('Everyday account')
    expect(text).toContain('DK •••• 7544')
    expect(answer.text).not.toContain(EVERYDAY)
  })

  test('shows what it can when the bank is silent about the orders', async () => {
    app.sandbox.control.addFault({ kind: 'status', route: 'GET */payments/*' })
    const answer = await admin.visitor.get(SANDBOX)
    expect(answer.status).toBe(200)
    expect(textOf(answer.text)).toContain('The orders can’t be shown')
    expect(textOf(answer.text)).toContain('Everyday account')
  })
})

describe('a new account', () => {
  const path = `${CALLS}/account-new`
  const wish = {
    country: 'DK',
    currency: 'DKK',
    accountName: 'Wallet <b>',
    accountNumber: '2030 1111 2222 33',
    kind: 'savings',
    balance: '12,50',
  }

  test('is made at the bank, listed and noted', async () => {
    const { text } = await entryAfter(await post(path, wish), 'sandbox.create-account')
    expect(app.sandbox.control.account('20301111222233')).toMatchObject({
      name: 'Wallet <b>',
      currency: 'DKK',
      type: 'Savings',
      bookedMinor: 1_250,
    })
    expect(text).toContain('Wallet &lt;b&gt;, DK •••• 2233: made.')
    expect(text).not.toContain('20301111222233')
    expect((await admin.visitor.get(SANDBOX)).text).toContain('Wallet &lt;b&gt;')
    const [noted] = await auditOf('sandbox.account-creation-asked')
    expect(noted).toMatchObject({ actorKind: 'admin', actorId: admin.user.id })
    expect(JSON.stringify(noted)).not.toContain('20301111222233')
  })

  test('may be empty', async () => {
    const answer = await post(path, { ...wish, accountNumber: '20301111222299', balance: '0' })
    expect(answer.status).toBe(303)
    expect(app.sandbox.control.account('20301111222299').bookedMinor).toBe(0)
  })

  test('a number that is taken is the bank’s to refuse, at the field', async () => {
    const answer = await post(path, { ...wish, accountNumber: EVERYDAY })
    expect(answer.status).toBe(422)
    expect(callBelow(answer.text, 'sandbox.create-account')).toContain('Nordea did not take this account.')
    expect(answer.text).toMatch(/id="accountNumber"[^>]*aria-invalid="true"/)
  })

  test.each([
    ['accountNumber', { accountNumber: '123' }],
    ['accountNumber', { country: 'FI', currency: 'EUR', accountNumber: 'FI2112345600000666' }],
    ['accountName', { accountName: ' ' }],
    ['balance', { balance: '-1' }],
  ])('wrong %s is shown again with what was typed', async (field, change) => {
    const before = app.sandbox.control.accounts().length
    const answer = await post(path, { ...wish, accountName: 'Typed', ...change })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
    expect(answer.text).toContain(`value="${'accountName' in change ? wish.accountNumber : 'Typed'}"`)
    expect(app.sandbox.control.accounts()).toHaveLength(before)
  })

  test.each([
    ['DK', /value="\d{14}"/],
    ['SE', /value="\d{11}"/],
    ['NO', /value="\d{11}"/],
    ['FI', /value="FI\d{16}"/],
  ])('suggests a number that fits %s', async (country, shape) => {
    const { text } = await admin.visitor.get(`${path}?country=${country}`)
    expect(text).toMatch(shape)
    const [, finnish] = /value="(FI\d{16})"/.exec(text) ?? []
    if (country === 'FI') expect(normaliseIban(finnish ?? '')).toBe(finnish)
  })
})

describe('deleting an account', () => {
  const path = `${CALLS}/account-delete`

  test('needs an account and a deliberate tick', async () => {
    const answer = await post(path, {})
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#account"')
    expect(answer.text).toContain('href="#sure"')
  })

  test('removes an account that was made here', async () => {
    const number = '20301111222244'
    const made = { country: 'DK', currency: 'DKK', accountName: 'Short', accountNumber: number }
    await post(`${CALLS}/account-new`, { ...made, kind: 'current', balance: '5' })
    const answer = await post(path, { account: hashOf(number), sure: 'on' })
    expect((await entryAfter(answer, 'sandbox.delete-account')).shown).toContain(
      'Short, DK •••• 2244: deleted.',
    )
    expect(() => app.sandbox.control.account(number)).toThrow()
    expect(await auditOf('sandbox.account-deletion-asked')).toHaveLength(1)
  })

  test('the bank’s own accounts stay, and the form says so', async () => {
    const answer = await post(path, { account: hashOf(EVERYDAY), sure: 'on' })
    expect(answer.status).toBe(422)
    const text = callBelow(answer.text, 'sandbox.delete-account')
    expect(text).toContain('Nordea does not let this account be deleted')
    expect(app.sandbox.control.account(EVERYDAY)).toBeDefined()
  })

  test('an account nobody listed can’t be named', async () => {
    const answer = await post(path, { account: 'a'.repeat(64), sure: 'on' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Choose one of the accounts that the bank lists.')
    expect(answer.text).not.toContain('To the call in the log')
  })
})

describe('adding funds', () => {
  const path = `${CALLS}/funds`

  test('moves the balance and stands on the statement', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const answer = await post(path, { account: hashOf(HOLIDAY), amount: '100,25', text: 'Wages' })
    const { shown } = await entryAfter(answer, 'sandbox.create-transaction')
    expect(shown).toMatch(/100\.25.kr added to /)
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before + 10_025)
    expect(app.sandbox.control.transactions(HOLIDAY).at(-1)).toMatchObject({ amountMinor: 10_025 })
    expect(await auditOf('sandbox.funds-asked')).toHaveLength(1)
  })

  test('a bad amount is shown again, with the choice kept', async () => {
    const account = hashOf(HOLIDAY)
    const answer = await post(path, { account, amount: '1,234', text: 'Wages' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('value="1,234"')
    expect(answer.text).toMatch(new RegExp(`value="${account}" checked`))
  })

  test('an answer that never came is not called a failure', async () => {
    const before = app.sandbox.control.transactions(HOLIDAY).length
    app.sandbox.control.addFault({ kind: 'drop-after', route: 'POST */transactions' })
    const answer = await post(path, { account: hashOf(HOLIDAY), amount: '1', text: 'Twice?' })
    const { shown } = await entryAfter(answer, 'sandbox.create-transaction')
    expect(shown).toContain('it is not known whether this was done')
    expect(app.sandbox.control.transactions(HOLIDAY)).toHaveLength(before + 1)
  })
})

describe('a payment between two accounts', () => {
  const path = `${CALLS}/payment`
  const wish = () => ({ debtorAccount: hashOf(EVERYDAY), creditorAccount: hashOf(HOLIDAY), amount: '25' })

  test('is ordered, looked at, confirmed and paid', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const ordered = await entryAfter(await post(path, wish()), 'payments.initiate')
    const order = newest()
    const orderPath = `${SANDBOX}/payments/${order?.id}`
    expect(ordered.shown).toContain('To be confirmed. Nordea has the order')
    expect(ordered.text).toContain(`href="${orderPath}">To the order`)
    expect(order).toMatchObject({ status: 'PendingConfirmation', amountMinor: 2_500 })

    const page = await admin.visitor.get(orderPath)
    expect(page.status).toBe(200)
    expect(textOf(page.text)).toContain('To be confirmed')
    expect(page.text).toContain(`action="${CONFIRM}"`)
    const confirmed = await entryAfter(await confirm(order?.id), 'payments.confirm')
    expect(confirmed.text).toContain(`href="${orderPath}">To the order`)
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before + 2_500)
    const paid = await admin.visitor.get(orderPath)
    expect(textOf(paid.text)).toContain('Paid')
    expect(paid.text).not.toContain(`action="${CONFIRM}"`)

    expect((await admin.visitor.get(SANDBOX)).text).toContain(`href="${orderPath}"`)
    expect(await auditOf('sandbox.payment-asked')).toHaveLength(1)
    expect(await auditOf('sandbox.payment-confirmation-asked')).toHaveLength(1)
    expect(await app.deps.db.prisma.payment.count()).toBe(0)
  })

  test('confirmed twice, it moves once and the page says how it stands', async () => {
    await post(path, wish())
    await confirm(newest()?.id)
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const { shown } = await entryAfter(await confirm(newest()?.id), 'payments.confirm')
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before)
    expect(shown).toContain('present state does not allow this')
  })

  test('without the money the bank refuses, and the page says why', async () => {
    await post(path, { ...wish(), amount: '900000' })
    const id = newest()?.id
    await confirm(id)
    const page = await admin.visitor.get(`${SANDBOX}/payments/${id}`)
    expect(textOf(page.text)).toContain('There was not enough money in the account.')
  })

  test('an approval leads to the bank', async () => {
    app.sandbox.control.setApproval('always')
    await post(path, wish())
    const id = newest()?.id
    await confirm(id)
    const page = await admin.visitor.get(`${SANDBOX}/payments/${id}`)
    app.sandbox.control.setApproval('never')
    expect(textOf(page.text)).toContain('Needs approval')
    expect(page.text).toContain(`href="${app.sandbox.url}/bank/sign/`)
  })

  test('the same account twice, no amount, or an unlisted account are refused before the bank is asked', async () => {
    const before = app.sandbox.control.payments().length
    const same = await post(path, { ...wish(), creditorAccount: hashOf(EVERYDAY) })
    expect([same.status, same.text.includes('Choose two different accounts.')]).toEqual([422, true])
    const empty = await post(path, { ...wish(), amount: '' })
    expect([empty.status, empty.text.includes('href="#amount"')]).toEqual([422, true])
    const foreign = await post(path, { ...wish(), debtorAccount: 'b'.repeat(64) })
    expect([foreign.status, foreign.text.includes('href="#debtorAccount"')]).toEqual([422, true])
    expect(app.sandbox.control.payments()).toHaveLength(before)
  })

  test('an order the bank takes no orders like is refused with its reason', async () => {
    const number = '20301111222255'
    const made = { country: 'DK', currency: 'EUR', accountName: 'Euros', accountNumber: number }
    await post(`${CALLS}/account-new`, { ...made, kind: 'current', balance: '50' })
    const answer = await post(path, { ...wish(), debtorAccount: hashOf(number) })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('look at amount, currency and accounts. (order.currency)')
  })

  test('a bank that asks us to wait has ordered nothing, and the entry says so', async () => {
    const before = app.sandbox.control.payments().length
    app.sandbox.control.addFault({ kind: 'rate-limit', route: 'POST */payments/*' })
    const answer = await post(path, wish())
    const { shown } = await entryAfter(answer, 'payments.initiate')
    expect(shown).toContain('Nothing was done. Nordea asks us to wait')
    expect(app.sandbox.control.payments()).toHaveLength(before)
    // The wish of a bank is obeyed for all calls.
    clock.advance(MINUTE)
  })

  test('an unclear answer is called unknown, and leads to the list of orders', async () => {
    app.sandbox.control.addFault({ kind: 'drop-after', route: 'POST */payments/*' })
    const answer = await post(path, wish())
    const { text, shown } = await entryAfter(answer, 'payments.initiate')
    expect(shown).toContain('it is not known whether it did this')
    expect(shown).toContain(`Our id of the order is ${newest()?.externalId}`)
    expect(text).toContain(`href="${SANDBOX}">To the orders`)
  })

  test('an order the bank does not know is not found, and not confirmed', async () => {
    for (const id of ['nothing', '0198a1de-0000-7000-8000-000000000000', 'a%2Fb']) {
      expect([id, (await admin.visitor.get(`${SANDBOX}/payments/${id}`)).status]).toEqual([id, 404])
      const { shown } = await entryAfter(await confirm(decodeURIComponent(id)), 'payments.confirm')
      expect(shown).toMatch(/Nordea (does not know this order|refused the order)/)
    }
  })
})

test('with the console off its addresses do not exist', async () => {
  const off = await startTestApp({ settings: { SANDBOX_CONSOLE: 'off' } })
  try {
    const { visitor } = await newAdmin(off)
    expect((await visitor.get('/admin')).status).toBe(200)
    for (const path of [SANDBOX, ...FORMS]) {
      expect([path, (await visitor.get(path)).status]).toEqual([path, 404])
      expect([path, (await visitor.post(path)).status]).toEqual([path, 404])
    }
  } finally {
    await off.close()
  }
})
