import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock, MINUTE } from '../../src/clock.ts'
import type { Actor } from '../../src/models/context.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/models/limits.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, newSaver, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

const PAGE = '/payments/preview'

let app: TestApp
const clock = new ManualClock('2026-06-17T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock, settings: { UNATTENDED_READS_PER_DAY: '4' } })
})
afterAll(() => app.close())

const by = ({ user }: Person): Actor => ({ kind: 'saver', id: user.id, ip: null, requestId: null })
const page = async ({ visitor }: Person) => textOf((await visitor.get(PAGE)).text)
const limit = (saver: Person, limits: Partial<Limits>) =>
  app.deps.models.limits.change(saver.user.id, { ...DEFAULT_LIMITS, ...limits }, by(saver))
const paymentsOf = ({ user }: Person) =>
  app.deps.db.prisma.payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })

async function saveOnce(saver: Person, name: string, amount: string): Promise<void> {
  await checkOff(app, saver, await newHabit(app, saver, { name, amount }))
}

/** The table as text: what, when, what would happen, how much. */
async function rowsOf({ visitor }: Person): Promise<string[]> {
  const { text } = await visitor.get(PAGE)
  const body = /<tbody[\s\S]*?<\/tbody>/.exec(text)?.[0] ?? ''
  return [...body.matchAll(/<tr[\s\S]*?<\/tr>/g)].map(([row]) => textOf(row))
}

async function settle(): Promise<void> {
  clock.advance(2 * MINUTE)
  await app.settleDue()
}

describe('the preview', () => {
  test('of nothing says so, and what the account and the bank allow', async () => {
    const text = await page(await newLinkedSaver(app))
    expect(text).toContain('Nothing is waiting to go out')
    expect(text).toMatch(/Balance now [\d\s]+\.\d\d.kr/)
    expect(text).toContain('Looks at your account while you are away 4 left for these 24 hours')
    expect(text).toContain('None of your payments has been there yet.')
  })

  test('shows a payment with its time and amount, the balance after it and what is left', async () => {
    const saver = await newLinkedSaver(app)
    await limit(saver, { capPerDayMinor: 10_000, capPerMonthMinor: 20_000, floorMinor: 700 })
    await saveOnce(saver, 'Run', '25')
    expect(await rowsOf(saver)).toEqual([
      expect.stringMatching(/^Run 17 Jun 2026, 12:01 Would go out 25\.00.kr$/),
    ])
    const text = await page(saver)
    const amountAfter = (label: string) =>
      Number(new RegExp(`${label} ([\\d\\s]+\\.\\d\\d).kr`).exec(text)?.[1]?.replace(/[^\d]/g, ''))
    expect(amountAfter('Balance now') - amountAfter('Balance after all this')).toBe(2_500)
    expect(text).toMatch(/Always stays there 7\.00.kr/)
    expect(text).toMatch(/Left for today, after all this 75\.00.kr of 100\.00.kr/)
    expect(text).toMatch(/Left for this month, after all this 175\.00.kr of 200\.00.kr/)
  })

  test('changes nothing by being looked at, and sends nothing', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    clock.advance(2 * MINUTE)
    const { BankConsent: _lastUsed, ...before } = await snapshot(app)
    const orders = app.sandbox.control.payments().length
    await saver.visitor.get(PAGE)
    const { BankConsent: _usedNow, ...after } = await snapshot(app)
    expect(after).toEqual(before)
    expect(app.sandbox.control.payments()).toHaveLength(orders)
    await app.settleDue()
  })

  test('of another saver is their own', async () => {
    const [saver, other] = [await newLinkedSaver(app), await newLinkedSaver(app)]
    await saveOnce(saver, 'Secret swim', '25')
    expect(await page(other)).not.toContain('Secret swim')
    await settle()
  })

  test('is linked from the payments and from the limits', async () => {
    const saver = await newLinkedSaver(app)
    for (const path of ['/payments', '/settings/savings']) {
      expect((await saver.visitor.get(path)).text).toContain(`href="${PAGE}"`)
    }
  })
})

describe('what the preview says', () => {
  /** Three payments of 25.00, 30.00 and 10.00, in this order. */
  const CASES: [string, Partial<Limits>, string[]][] = [
    ['without limits in the way', {}, ['goes', 'goes', 'goes']],
    ['a cap per payment', { capPerPaymentMinor: 2_999 }, ['goes', 'cap-per-payment', 'goes']],
    ['a cap per day', { capPerDayMinor: 3_500 }, ['goes', 'cap-per-day', 'goes']],
    ['a cap per day that is used up', { capPerDayMinor: 3_499 }, ['goes', 'cap-per-day', 'cap-per-day']],
    ['a cap per month', { capPerMonthMinor: 5_500 }, ['goes', 'goes', 'cap-per-month']],
    ['a floor above the balance', { floorMinor: 99_999_999 }, ['below-floor', 'below-floor', 'below-floor']],
  ]

  test.each(CASES)('about %s is what happens', async (_name, limits, expected) => {
    const saver = await newLinkedSaver(app)
    for (const [name, amount] of [
      ['One', '25'],
      ['Two', '30'],
      ['Three', '10'],
    ] as const) {
      await saveOnce(saver, name, amount)
      clock.advance(1_000)
    }
    await limit(saver, limits)
    const rows = await rowsOf(saver)
    expect(rows.map((row) => (row.includes('Would go out') ? 'goes' : 'waits'))).toEqual(
      expected.map((each) => (each === 'goes' ? 'goes' : 'waits')),
    )
    await settle()
    const payments = await paymentsOf(saver)
    expect(payments.map(({ state, reason }) => (state === 'BLOCKED' ? reason : 'goes'))).toEqual(expected)
    // What waits is still there afterwards, for the same reason, and only that.
    const waiting = await rowsOf(saver)
    expect(waiting).toHaveLength(expected.filter((each) => each !== 'goes').length)
    for (const row of waiting) expect(row).toContain('Now Would wait')
    await app.deps.models.savings.pause(saver.user, null, by(saver))
  })

  test('about a floor counts what would go before', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'First', '25')
    clock.advance(1_000)
    await saveOnce(saver, 'Second', '30')
    const text = await page(saver)
    const now = Number(/Balance now ([\d\s]+\.\d\d)/.exec(text)?.[1]?.replace(/[^\d]/g, ''))
    await limit(saver, { floorMinor: now - 2_500 })
    expect(await rowsOf(saver)).toEqual([
      expect.stringContaining('First 17 Jun'),
      expect.stringMatching(/^Second .* Would wait Your current account would fall below/),
    ])
    await app.deps.models.savings.pause(saver.user, null, by(saver))
  })

  test('about a pause and about a stop by Sparvana names them', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    await app.deps.models.savings.pause(saver.user, null, by(saver))
    expect(await rowsOf(saver)).toEqual([expect.stringContaining('You have paused all savings.')])
    await app.deps.models.stops.start('test', by(saver))
    expect(await rowsOf(saver)).toEqual([expect.stringContaining('Sparvana has paused all payments.')])
    await app.deps.models.stops.end(by(saver))
  })

  test('about other accounts chosen since names them', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    const { prisma } = app.deps.db
    const accounts = await prisma.account.findMany({ where: { userId: saver.user.id } })
    const [debtor, creditor] = [
      accounts.find((each) => each.isDebitor),
      accounts.find((each) => each.isCreditor),
    ]
    await prisma.account.updateMany({
      where: { userId: saver.user.id },
      data: { isDebitor: false, isCreditor: false },
    })
    await prisma.account.update({ where: { id: debtor?.id ?? '' }, data: { isCreditor: true } })
    await prisma.account.update({ where: { id: creditor?.id ?? '' }, data: { isDebitor: true } })
    expect(await rowsOf(saver)).toEqual([expect.stringContaining('You have chosen other accounts since.')])
  })

  test('about approvals counts the last payments that the bank has finished with', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    await settle()
    await settle()
    const [payment] = await paymentsOf(saver)
    expect(payment?.state).toBe('PAID')
    expect(await page(saver)).toContain(
      'Nordea decides whether it wants one. Your last payment went without.',
    )
  })
})

describe('without the bank', () => {
  test('a saver who has linked none is told so, with a link', async () => {
    const { visitor } = await newSaver(app)
    const { status, text } = await visitor.get(PAGE)
    expect(status).toBe(200)
    expect(textOf(text)).toContain('Your bank is not linked')
    expect(textOf(text)).toContain('No account chosen yet')
    expect(text).toContain('href="/bank"')
  })

  test('payments of a saver whose consent has gone would wait for a new one', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    await app.deps.db.prisma.bankConsent.updateMany({
      where: { userId: saver.user.id },
      data: { expiresAt: clock.now() },
    })
    const text = await page(saver)
    expect(text).toContain('Your consent at Nordea has ended')
    expect(text).toContain('Would wait Your consent at Nordea has ended.')
    expect(text).toContain('Balance now Not known')
  })

  test('that can’t be reached the page shows all the rest', async () => {
    const saver = await newLinkedSaver(app)
    await saveOnce(saver, 'Run', '25')
    app.sandbox.control.addFault({ route: 'GET */accounts*', kind: 'status', status: 503, count: null })
    const { status, text } = await saver.visitor.get(PAGE)
    app.sandbox.control.clearFaults()
    expect(status).toBe(200)
    expect(textOf(text)).toContain('Nordea has trouble right now.')
    expect(textOf(text)).toContain('by our own books, without your balance')
    expect(textOf(text)).toContain('Would go out')
    expect(textOf(text)).toContain('Balance now Not known')
    expect(textOf(text)).toContain('Balance after all this Not known')
  })
})
