import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { normaliseIban } from '../../src/bank/index.ts'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newAdmin, newSaver, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'
const SANDBOX = '/admin/sandbox'
const FORMS = ['accounts/new', 'accounts/delete', 'transactions/new', 'payments/new'].map(
  (form) => `${SANDBOX}/${form}`,
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

describe('who may enter', () => {
  test('a visitor is sent to sign in, from every page and form', async () => {
    for (const path of ['/admin', SANDBOX, ...FORMS]) {
      const answer = await new Visitor(app).get(path)
      expect([path, answer.status, answer.headers.location]).toEqual([path, 303, '/login'])
    }
    const posted = await new Visitor(app).post(`${SANDBOX}/payments/x/confirm`)
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
  const path = `${SANDBOX}/accounts/new`
  const wish = {
    country: 'DK',
    currency: 'DKK',
    accountName: 'Wallet <b>',
    accountNumber: '2030 1111 2222 33',
    kind: 'savings',
    balance: '12,50',
  }

  test('is made at the bank, listed and noted', async () => {
    const answer = await post(path, wish)
    expect([answer.status, answer.headers.location]).toEqual([303, SANDBOX])
    expect(app.sandbox.control.account('20301111222233')).toMatchObject({
      name: 'Wallet <b>',
      currency: 'DKK',
      type: 'Savings',
      bookedMinor: 1_250,
    })
    const page = await admin.visitor.get(SANDBOX)
    expect(page.text).toContain('Wallet &lt;b&gt;, DK •••• 2233: made.')
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
    expect(textOf(answer.text)).toContain('Nordea did not take this account.')
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
  const path = `${SANDBOX}/accounts/delete`

  test('needs an account and a deliberate tick', async () => {
    const answer = await post(path, {})
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#account"')
    expect(answer.text).toContain('href="#sure"')
  })

  test('removes an account that was made here', async () => {
    const number = '20301111222244'
    const made = { country: 'DK', currency: 'DKK', accountName: 'Short', accountNumber: number }
    await post(`${SANDBOX}/accounts/new`, { ...made, kind: 'current', balance: '5' })
    const answer = await post(path, { account: hashOf(number), sure: 'on' })
    expect([answer.status, answer.headers.location]).toEqual([303, SANDBOX])
    expect(() => app.sandbox.control.account(number)).toThrow()
    expect(await auditOf('sandbox.account-deletion-asked')).toHaveLength(1)
  })

  test('the bank’s own accounts stay, and the form says so', async () => {
    const answer = await post(path, { account: hashOf(EVERYDAY), sure: 'on' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Nordea does not let this account be deleted')
    expect(app.sandbox.control.account(EVERYDAY)).toBeDefined()
  })

  test('an account nobody listed can’t be named', async () => {
    const answer = await post(path, { account: 'a'.repeat(64), sure: 'on' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Choose one of the accounts that the bank lists.')
  })
})

describe('adding funds', () => {
  const path = `${SANDBOX}/transactions/new`

  test('moves the balance and stands on the statement', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const answer = await post(path, { account: hashOf(HOLIDAY), amount: '100,25', text: 'Wages' })
    expect([answer.status, answer.headers.location]).toEqual([303, SANDBOX])
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
    expect(answer.status).toBe(502)
    expect(textOf(answer.text)).toContain('it is not known whether this was done')
    expect(app.sandbox.control.transactions(HOLIDAY)).toHaveLength(before + 1)
  })
})

describe('a payment between two accounts', () => {
  const path = `${SANDBOX}/payments/new`
  const wish = () => ({ debtorAccount: hashOf(EVERYDAY), creditorAccount: hashOf(HOLIDAY), amount: '25' })

  test('is ordered, looked at, confirmed and paid', async () => {
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const ordered = await post(path, wish())
    const [order] = app.sandbox.control.payments().slice(-1)
    const orderPath = `${SANDBOX}/payments/${order?.id}`
    expect([ordered.status, ordered.headers.location]).toEqual([303, orderPath])
    expect(order).toMatchObject({ status: 'PendingConfirmation', amountMinor: 2_500 })

    const page = await admin.visitor.get(orderPath)
    expect(page.status).toBe(200)
    expect(textOf(page.text)).toContain('To be confirmed')
    const confirmed = await admin.visitor.post(`${orderPath}/confirm`)
    expect([confirmed.status, confirmed.headers.location]).toEqual([303, orderPath])
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before + 2_500)
    const paid = await admin.visitor.get(orderPath)
    expect(textOf(paid.text)).toContain('Paid')
    expect(paid.text).not.toContain(`${orderPath}/confirm"`)

    expect((await admin.visitor.get(SANDBOX)).text).toContain(`href="${orderPath}"`)
    expect(await auditOf('sandbox.payment-asked')).toHaveLength(1)
    expect(await auditOf('sandbox.payment-confirmation-asked')).toHaveLength(1)
    expect(await app.deps.db.prisma.payment.count()).toBe(0)
  })

  test('confirmed twice, it moves once and the page says how it stands', async () => {
    await post(path, wish())
    const id = app.sandbox.control.payments().at(-1)?.id
    await admin.visitor.post(`${SANDBOX}/payments/${id}/confirm`)
    const before = app.sandbox.control.account(HOLIDAY).bookedMinor
    const again = await admin.visitor.post(`${SANDBOX}/payments/${id}/confirm`)
    expect(again.status).toBe(303)
    expect(app.sandbox.control.account(HOLIDAY).bookedMinor).toBe(before)
    const page = await admin.visitor.get(`${SANDBOX}/payments/${id}`)
    expect(textOf(page.text)).toContain('present state does not allow this')
  })

  test('without the money the bank refuses, and the page says why', async () => {
    await post(path, { ...wish(), amount: '900000' })
    const id = app.sandbox.control.payments().at(-1)?.id
    await admin.visitor.post(`${SANDBOX}/payments/${id}/confirm`)
    const page = await admin.visitor.get(`${SANDBOX}/payments/${id}`)
    expect(textOf(page.text)).toContain('There was not enough money in the account.')
  })

  test('an approval leads to the bank', async () => {
    app.sandbox.control.setApproval('always')
    await post(path, wish())
    const id = app.sandbox.control.payments().at(-1)?.id
    await admin.visitor.post(`${SANDBOX}/payments/${id}/confirm`)
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
    await post(`${SANDBOX}/accounts/new`, { ...made, kind: 'current', balance: '50' })
    const answer = await post(path, { ...wish(), debtorAccount: hashOf(number) })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('look at amount, currency and accounts. (order.currency)')
  })

  test('a clear refusal shows the form again; nothing was ordered', async () => {
    const before = app.sandbox.control.payments().length
    app.sandbox.control.addFault({ kind: 'rate-limit', route: 'POST */payments/*' })
    const answer = await post(path, wish())
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Nothing was done. Nordea asks us to wait')
    expect(answer.text).toContain('value="25"')
    expect(app.sandbox.control.payments()).toHaveLength(before)
    // The wish of a bank is obeyed for all calls.
    clock.advance(MINUTE)
  })

  test('an unclear answer is called unknown and leads to the list, which shows the order', async () => {
    app.sandbox.control.addFault({ kind: 'drop-after', route: 'POST */payments/*' })
    const answer = await post(path, wish())
    expect([answer.status, answer.headers.location]).toEqual([303, SANDBOX])
    const order = app.sandbox.control.payments().at(-1)
    const text = textOf((await admin.visitor.get(SANDBOX)).text)
    expect(text).toContain('it is not known whether it did this')
    expect(text).toContain(`Our id of the order is ${order?.externalId}`)
  })

  test('an order the bank does not know is not found', async () => {
    for (const id of ['nothing', '0198a1de-0000-7000-8000-000000000000', 'a%2Fb']) {
      expect([id, (await admin.visitor.get(`${SANDBOX}/payments/${id}`)).status]).toEqual([id, 404])
      expect([id, (await admin.visitor.post(`${SANDBOX}/payments/${id}/confirm`)).status]).toEqual([id, 404])
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
