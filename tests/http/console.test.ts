/** Calls to the bank by hand, as admins make them in the console, and what can be made to go wrong at the emulator. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { CONSOLE_CALLS } from '../../src/controllers/admin/console-calls.ts'
import { FAULT_KINDS, SLOW_FAULT_KINDS } from '../../src/controllers/forms/console-forms.ts'
import type { BankCall } from '../../src/generated/client.ts'
import { FAULT_KINDS as KINDS_OF_THE_EMULATOR } from '../../src/sandbox/faults/orders.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { linkBank, newAdmin, newLinkedSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const EVERYDAY = '20301544117544'
const HOLIDAY = '20301544118028'
const CALLS = '/admin/sandbox/calls'
const FAULTS = '/admin/sandbox/faults'
const CLOCK = '/admin/sandbox/clock'
const DAYS = { from: '2020-01-01', to: '2099-01-01' }
/** Filled in so that the bank would be asked; what has no fields is not here. */
const GOOD: Record<string, () => Record<string, string>> = {
  consent: () => ({ country: 'DK', days: '30' }),
  account: () => ({ account: hashOf(EVERYDAY) }),
  transactions: () => ({ account: hashOf(EVERYDAY), ...DAYS }),
  order: () => ({ order: 'x' }),
  'order-delete': () => ({ order: 'x' }),
  'order-confirm': () => ({ order: 'x' }),
  payment: () => ({ debtorAccount: hashOf(EVERYDAY), creditorAccount: hashOf(HOLIDAY), amount: '3' }),
  funds: () => ({ account: hashOf(EVERYDAY), amount: '3', text: 'Wages' }),
  'account-new': () => ({
    country: 'DK',
    currency: 'DKK',
    accountName: 'Wallet',
    accountNumber: '20301111222233',
    kind: 'savings',
    balance: '12,50',
  }),
  'account-delete': () => ({ account: hashOf(EVERYDAY), sure: 'on' }),
  iban: () => ({ numberType: 'BBAN_DK', number: EVERYDAY }),
}

const clock = new ManualClock(new Date())
let app: TestApp
let admin: Person

beforeAll(async () => {
  app = await startTestApp({ clock })
  admin = await linkBank(app, await newAdmin(app))
})
afterAll(() => app.close())

/** The hash by which forms name an account. */
function hashOf(number: string): string {
  return app.deps.models.accounts.hashOf({ iban: app.sandbox.control.account(number).iban })
}

async function make(call: string, fields: Record<string, string> = {}, who = admin) {
  return who.visitor.post(`${CALLS}/${call}`, fields)
}

/** The entry of the log that an answer leads to. */
async function entryOf(answer: { status: number; headers: Record<string, string> }): Promise<BankCall> {
  const [, id = ''] = /^\/admin\/calls\/([0-9a-f-]{36})$/.exec(answer.headers.location ?? '') ?? []
  expect([answer.status, id]).toEqual([303, expect.stringMatching(/./)])
  return app.deps.db.prisma.bankCall.findUniqueOrThrow({ where: { id } })
}

async function newOrder(): Promise<string> {
  await make('payment', GOOD.payment?.())
  return app.sandbox.control.payments().at(-1)?.id ?? ''
}

async function noted(action: string) {
  // The clock stands still; ids are in order all the same.
  return app.deps.db.prisma.auditEvent.findMany({ where: { action }, orderBy: { id: 'asc' } })
}

describe('a call by hand', () => {
  test('is on a list with all that the client can ask', async () => {
    const { text } = await admin.visitor.get(CALLS)
    for (const { api } of app.deps.bank.endpoints) expect(textOf(text)).toContain(api)
  })

  test.each<[string, string, () => Record<string, string> | Promise<Record<string, string>>]>([
    ['accounts', 'accounts.list', () => ({})],
    ['account', 'accounts.detail', () => ({ account: hashOf(EVERYDAY) })],
    ['transactions', 'accounts.transactions', () => ({ account: hashOf(EVERYDAY), ...DAYS })],
    ['orders', 'payments.list', () => ({})],
    ['order', 'payments.detail', async () => ({ order: await newOrder() })],
    ['order-delete', 'payments.delete', async () => ({ order: await newOrder() })],
    ['refresh', 'authorization.refresh', () => ({})],
  ])('of %s leads to its entry in the log, and is noted', async (call, api, fields) => {
    const entry = await entryOf(await make(call, await fields()))
    expect(entry).toMatchObject({ api, outcome: 'ok', actor: 'admin', onBehalfOfId: admin.user.id })
    const lines = await noted('sandbox.call-asked')
    expect(lines.at(-1)).toMatchObject({
      actorId: admin.user.id,
      requestId: entry.requestId,
      detail: expect.objectContaining({ call }),
    })
    const page = await admin.visitor.get(`/admin/calls/${entry.id}`)
    expect(textOf(page.text)).toContain(`Status ${entry.httpStatus}`)
  })

  test('is noted before the bank is asked', async () => {
    const entry = await entryOf(await make('accounts'))
    const line = (await noted('sandbox.call-asked')).at(-1)
    expect(line?.id.localeCompare(entry.id)).toBe(-1)
  })

  test('that the bank refuses leads to the same place', async () => {
    app.sandbox.control.addFault({ kind: 'status', route: 'GET */payments/*', status: 500 })
    const entry = await entryOf(await make('orders'))
    expect(entry).toMatchObject({ api: 'payments.list', outcome: 'server-error', httpStatus: 500 })
  })

  test('whose access can’t be renewed leads to the entry that says so', async () => {
    app.sandbox.control.addFault({ kind: 'status', route: 'POST */token', status: 503 })
    const entry = await entryOf(await make('refresh'))
    expect(entry).toMatchObject({ api: 'authorization.refresh', outcome: 'server-error' })
    expect((await entryOf(await make('refresh'))).outcome).toBe('ok')
  })

  test('of an order that the bank does not know says so in the log', async () => {
    const order = '0198a1de-0000-7000-8000-000000000000'
    expect((await entryOf(await make('order', { order }))).outcome).toBe('not-found')
    expect((await entryOf(await make('order-delete', { order }))).api).toBe('payments.detail')
  })

  test('while we leave the bank alone is an error that says so', async () => {
    app.sandbox.control.addFault({ kind: 'rate-limit', route: 'GET */accounts', retryAfterSeconds: 30 })
    expect((await entryOf(await make('accounts'))).outcome).toBe('rate-limited')
    const answer = await make('accounts')
    expect([answer.status, textOf(answer.text).includes('Nordea asks us to wait')]).toEqual([502, true])
    clock.advance(MINUTE)
  })

  test.each<[string, string, Record<string, string>]>([
    ['transactions', 'to', { ...DAYS, to: '2019-01-01', account: 'a'.repeat(64) }],
    ['transactions', 'from', { ...DAYS, from: 'soon', account: 'a'.repeat(64) }],
    ['transactions', 'account', { ...DAYS, account: 'a'.repeat(64) }],
    ['account', 'account', {}],
    ['order', 'order', { order: 'a b' }],
    ['order-delete', 'order', { order: '' }],
    ['consent', 'country', { country: 'DE', days: '90' }],
    ['consent', 'days', { country: 'DK', days: '181' }],
    ['iban', 'number', { numberType: 'BBAN_DK', number: '1' }],
  ])('of %s with a wrong %s is shown again with what was typed', async (call, field, fields) => {
    const answer = await make(call, fields)
    expect([answer.status, answer.text.includes(`href="#${field}"`)]).toEqual([422, true])
    expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
  })

  test.each(CONSOLE_CALLS.map(({ name }) => name))(
    'of %s with a field that its form does not have is refused, and nobody is asked',
    async (call) => {
      app.sandbox.control.clearRequests()
      const { auditEvent } = app.deps.db.prisma
      const asked = () => auditEvent.count({ where: { action: { startsWith: 'sandbox.' } } })
      const before = await asked()
      const answer = await make(call, { ...GOOD[call]?.(), amountMinor: '1' })
      expect([answer.status, textOf(answer.text).includes('a field that does not belong')]).toEqual([
        422,
        true,
      ])
      expect(app.sandbox.control.requests().filter(({ method }) => method !== 'GET')).toEqual([])
      expect(await asked()).toBe(before)
    },
  )

  test('of nothing there is is not found', async () => {
    for (const name of ['nothing', '__proto__', 'constructor']) {
      expect([name, (await admin.visitor.get(`${CALLS}/${name}`)).status]).toEqual([name, 404])
      expect([name, (await make(name)).status]).toEqual([name, 404])
    }
  })

  test('deletes the order at the bank', async () => {
    const order = await newOrder()
    await make('order-delete', { order })
    const left = app.sandbox.control.payments().find(({ id }) => id === order)
    expect(left?.status ?? 'Cancelled').toBe('Cancelled')
  })

  test('renews the access without losing it, also when it is asked for five times at once', async () => {
    const first = await consentOf(admin)
    const answers = await Promise.all(Array.from({ length: 5 }, () => make('refresh')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(303)
    // Those for whom another one has renewed it have no entry of their own to lead to.
    expect(statuses.filter((status) => ![303, 502].includes(status))).toEqual([])
    const now = await consentOf(admin)
    expect(now.accessTokenSealed).not.toEqual(first.accessTokenSealed)
    expect((await entryOf(await make('accounts'))).outcome).toBe('ok')
  })

  test('shows an IBAN, asks nobody, and keeps no number', async () => {
    const before = await app.deps.db.prisma.bankCall.count()
    const answer = await make('iban', { numberType: 'BBAN_DK', number: EVERYDAY })
    expect(answer.status).toBe(200)
    expect(textOf(answer.text)).toContain(`IBAN ${app.sandbox.control.account(EVERYDAY).iban}`)
    expect(await app.deps.db.prisma.bankCall.count()).toBe(before)
    expect(JSON.stringify(await noted('sandbox.call-asked'))).not.toContain(EVERYDAY)
  })

  test('begins a consent, which the bank’s answer then completes', async () => {
    const before = await consentOf(admin)
    const answer = await make('consent', { country: 'DK', days: '30' })
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/href="\/admin\/calls\/[0-9a-f-]{36}">To the call in the log/)
    expect(textOf(answer.text)).toMatch(/Status \d+ It took \d+ ms/)
    const [, href = ''] = /href="([^"]+)">Go on at the bank/.exec(answer.text) ?? []
    const { pathname, search } = new URL(href.replaceAll('&amp;', '&'))
    expect((await admin.visitor.get(pathname + search)).headers.location).toBe('/bank')
    expect((await consentOf(admin)).id).not.toBe(before.id)
    const [redeemed] = await app.deps.db.prisma.bankCall.findMany({ orderBy: { id: 'desc' }, take: 1 })
    expect(redeemed?.api).toBe('authorization.exchange')
  })

  test('withdraws one’s own consent at the bank, and nobody else’s', async () => {
    const other = await newLinkedSaver(app)
    const leaving = await linkBank(app, await newAdmin(app))
    expect((await entryOf(await make('revoke', {}, leaving))).outcome).toBe('ok')
    expect(await app.deps.models.consents.live(leaving.user.id)).toBeNull()
    expect((await consentOf(other)).revokedAt).toBeNull()
    expect((await make('revoke', {}, leaving)).status).toBe(409)
    expect((await make('accounts', {}, leaving)).status).toBe(409)
  })
})

describe('repeating a call of the log', () => {
  const repeatPath = ({ id }: Pick<BankCall, 'id'>) => `/admin/calls/${id}/repeat`

  test.each<[string, () => Record<string, string> | Promise<Record<string, string>>]>([
    ['accounts', () => ({})],
    ['account', () => ({ account: hashOf(HOLIDAY) })],
    ['transactions', () => ({ account: hashOf(HOLIDAY), ...DAYS })],
    ['orders', () => ({})],
    ['order', async () => ({ order: await newOrder() })],
  ])('makes %s anew, with an entry of its own, as often as one likes', async (call, fields) => {
    const first = await entryOf(await make(call, await fields()))
    expect((await admin.visitor.get(`/admin/calls/${first.id}`)).text).toContain(repeatPath(first))
    const second = await entryOf(await admin.visitor.post(repeatPath(first)))
    const third = await entryOf(await admin.visitor.post(repeatPath(second)))
    const { api, path, method, onBehalfOfId } = first
    for (const again of [second, third]) expect(again).toMatchObject({ api, path, method, onBehalfOfId })
    expect(new Set([first.id, second.id, third.id]).size).toBe(3)
  })

  test('is refused for what acts, and the page says why', async () => {
    const entry = await entryOf(await make('refresh'))
    await refusedFor(entry, 'Only calls that read can be repeated')
  })

  test('is refused for what was asked on behalf of a saver, and makes no call', async () => {
    const saver = await newLinkedSaver(app)
    const entry = await app.deps.db.prisma.bankCall.findFirstOrThrow({
      where: { onBehalfOfId: saver.user.id, api: 'accounts.list' },
    })
    app.sandbox.control.clearRequests()
    await refusedFor(entry, 'not made with your own consent')
    expect(app.sandbox.control.requests()).toEqual([])
  })

  test('is refused for what another admin has asked', async () => {
    const other = await linkBank(app, await newAdmin(app))
    await refusedFor(await entryOf(await make('accounts', {}, other)), 'not made with your own consent')
  })

  test('without knowing which account it was about leads to the form', async () => {
    const facts = { api: 'accounts.detail', onBehalfOfId: admin.user.id, actor: 'admin', method: 'GET' }
    const entry = await app.deps.db.prisma.bankCall.create({
      data: {
        id: crypto.randomUUID(),
        at: clock.now(),
        ...facts,
        path: '/personal/v5/accounts/[redacted]',
        outcome: 'ok',
        durationMs: 1,
      },
    })
    await refusedFor(entry, 'was not kept')
    expect((await admin.visitor.get(`/admin/calls/${entry.id}`)).text).toContain(`href="${CALLS}/account"`)
  })

  test('of a call that is not there is not found', async () => {
    expect((await admin.visitor.post(repeatPath({ id: crypto.randomUUID() }))).status).toBe(404)
  })

  async function refusedFor(entry: BankCall, why: string): Promise<void> {
    const page = await admin.visitor.get(`/admin/calls/${entry.id}`)
    expect(page.text).not.toContain(repeatPath(entry))
    expect(textOf(page.text)).toContain(why)
    const answer = await admin.visitor.post(repeatPath(entry))
    expect([answer.status, textOf(answer.text).includes(why)]).toEqual([409, true])
  }
})

describe('faults of the emulator', () => {
  const wish = { kind: 'status', route: 'GET */accounts', count: '2', delayMs: '5' }

  test('are ordered, listed, struck and cleared, each noted', async () => {
    const answer = await admin.visitor.post(FAULTS, wish)
    expect([answer.status, answer.headers.location]).toEqual([303, FAULTS])
    expect(app.sandbox.control.faults()).toMatchObject([
      { kind: 'status', route: 'GET */accounts', count: 2 },
    ])
    expect((await entryOf(await make('accounts'))).outcome).toBe('server-error')
    expect(textOf((await admin.visitor.get(FAULTS)).text)).toMatch(/status GET \*\/accounts 1/)
    await admin.visitor.post(`${FAULTS}/clear`)
    expect(app.sandbox.control.faults()).toEqual([])
    expect((await entryOf(await make('accounts'))).outcome).toBe('ok')
    expect((await noted('sandbox.fault-asked')).at(-1)?.detail).not.toHaveProperty('delayMs')
    expect(await noted('sandbox.fault-clearing-asked')).toHaveLength(1)
  })

  test.each([...FAULT_KINDS, ...SLOW_FAULT_KINDS])('can be of the kind %s', async (kind) => {
    expect((await admin.visitor.post(FAULTS, { ...wish, kind, route: 'GET /nowhere' })).status).toBe(303)
    expect(app.sandbox.control.faults()).toMatchObject([{ kind }])
    app.sandbox.control.clearFaults()
  })

  test('can be of every kind that the emulator knows, but for the one that needs an outcome', () => {
    expect([...FAULT_KINDS, ...SLOW_FAULT_KINDS, 'course'].sort()).toEqual([...KINDS_OF_THE_EMULATOR].sort())
  })

  test.each([
    ['kind', { kind: 'earthquake' }],
    ['route', { route: 'everything' }],
    ['route', { kind: 'late-status', route: 'POST */payments/*' }],
    ['count', { count: '0' }],
    ['delayMs', { delayMs: 'x' }],
  ])('with a wrong %s are not ordered', async (field, change) => {
    const answer = await admin.visitor.post(FAULTS, { ...wish, ...change })
    expect([answer.status, answer.text.includes(`href="#${field}"`)]).toEqual([422, true])
    expect(app.sandbox.control.faults()).toEqual([])
  })
})

describe('the clock of the emulator', () => {
  test('is moved forward, and noted; our own is not', async () => {
    const [before, ours] = [app.sandbox.control.now().getTime(), clock.now()]
    const answer = await admin.visitor.post(CLOCK, { amount: '3', unit: 'hours' })
    expect([answer.status, answer.headers.location]).toEqual([303, CLOCK])
    expect(app.sandbox.control.now().getTime() - before).toBe(3 * HOUR)
    expect(clock.now()).toEqual(ours)
    expect((await noted('sandbox.clock-move-asked')).at(-1)?.detail).toEqual({ amount: 3, unit: 'hours' })
    expect(textOf((await admin.visitor.get(CLOCK)).text)).toContain('At the bank it is')
  })

  test.each([
    ['amount', { amount: '-1', unit: 'hours' }],
    ['amount', { amount: '0', unit: 'hours' }],
    ['unit', { amount: '1', unit: 'years' }],
  ])('is not moved with a wrong %s', async (field, fields) => {
    const before = app.sandbox.control.now()
    const answer = await admin.visitor.post(CLOCK, fields)
    expect([answer.status, answer.text.includes(`href="#${field}"`)]).toEqual([422, true])
    expect(app.sandbox.control.now()).toEqual(before)
  })
})

describe('without an emulator', () => {
  test('faults and clock say so, and change nothing', async () => {
    const real = await startTestApp({ settings: { SANDBOX_CONTROL_URL: '' } })
    try {
      const { visitor } = await newAdmin(real)
      const now = real.sandbox.control.now()
      for (const path of [FAULTS, CLOCK]) {
        const page = await visitor.get(path)
        expect([path, page.status]).toEqual([path, 200])
        expect(textOf(page.text)).toContain('Not available against the real sandbox')
        expect(page.text).not.toContain(`action="${path}"`)
      }
      const wish = { kind: 'status', route: '* *', count: '1', delayMs: '1' }
      expect((await visitor.post(FAULTS, wish)).status).toBe(409)
      expect((await visitor.post(`${FAULTS}/clear`)).status).toBe(409)
      expect((await visitor.post(CLOCK, { amount: '1', unit: 'days' })).status).toBe(409)
      expect(real.sandbox.control.faults()).toEqual([])
      expect(real.sandbox.control.now()).toEqual(now)
    } finally {
      await real.close()
    }
  })

  test('that answers, the pages name the trouble', async () => {
    const dead = await startTestApp({ settings: { SANDBOX_CONTROL_URL: 'http://127.0.0.1:1/__emulator' } })
    try {
      const { visitor } = await newAdmin(dead)
      for (const path of [FAULTS, CLOCK]) {
        const page = await visitor.get(path)
        expect([page.status, textOf(page.text).includes('The emulator gave no answer')]).toEqual([502, true])
      }
    } finally {
      await dead.close()
    }
  })
})

describe('with version 3 of the bank', () => {
  test('what it can’t do is said before and refused after', async () => {
    const paper = await startTestApp({ settings: { NORDEA_PROFILE: 'paper' } })
    try {
      const { visitor } = await linkBank(paper, await newAdmin(paper))
      for (const call of ['revoke', 'order-delete']) {
        const page = await visitor.get(`${CALLS}/${call}`)
        expect([page.status, textOf(page.text).includes('There is no such call')]).toEqual([200, true])
        const fields: Record<string, string> = call === 'revoke' ? {} : { order: 'x' }
        expect((await visitor.post(`${CALLS}/${call}`, fields)).status).toBe(409)
      }
    } finally {
      await paper.close()
    }
  })
})

function consentOf({ user }: Person) {
  return app.deps.db.prisma.bankConsent.findFirstOrThrow({ where: { userId: user.id, revokedAt: null } })
}
