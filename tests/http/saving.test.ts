import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE, SECOND } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  newHabit,
  newLinkedSaver,
  newSaver,
  offerOf,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

let app: TestApp
const clock = new ManualClock(new Date())

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const HABIT = { name: 'Walk to work', frequency: '3', interval: '7', amount: '12,50' }
const habitsOf = ({ user }: Person) => app.deps.db.prisma.habit.count({ where: { userId: user.id } })
const page = async ({ visitor }: Person, path: string) => textOf((await visitor.get(path)).text)
const paymentsOf = ({ user }: Person) =>
  app.deps.db.prisma.payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })

async function settle(): Promise<void> {
  clock.advance(2 * MINUTE)
  await app.settleDue()
}

/** No session lasts for a day. */
async function signInAgain({ visitor, email }: Person): Promise<void> {
  await visitor.get('/login')
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/dashboard')
}

describe('arriving', () => {
  test('without a bank, today says what comes first', async () => {
    const text = await page(await newSaver(app), '/dashboard')
    expect(text).toContain('First, link your bank')
    expect(text).not.toContain('Recent payments')
  })

  test('with a bank and no habit, today asks for the first habit', async () => {
    const saver = await newLinkedSaver(app)
    expect(await page(saver, '/dashboard')).toContain('Your first habit')
    expect(await page(saver, '/payments')).toContain('No payments yet')
  })

  test('a habit before the accounts is not possible, and the page says what is', async () => {
    const saver = await newSaver(app)
    for (const answer of [
      await saver.visitor.get('/habits/new'),
      await saver.visitor.post('/habits/new', HABIT),
    ]) {
      expect(answer.status).toBe(409)
      expect(textOf(answer.text)).toContain('Choose your accounts first')
      expect(answer.text).toContain('href="/bank"')
    }
    expect(await habitsOf(saver)).toBe(0)
  })
})

const BAD_AMOUNTS: [string, string][] = [
  ['', 'Enter an amount.'],
  [' ', 'Enter an amount.'],
  ['0', 'The amount must be more than 0.'],
  ['0,00', 'The amount must be more than 0.'],
  ['-5', 'The amount must be more than 0.'],
  ['−5', 'The amount must be more than 0.'],
  ['NaN', 'Enter an amount in digits'],
  ['Infinity', 'Enter an amount in digits'],
  ['1e9', 'Enter an amount in digits'],
  ['0x10', 'Enter an amount in digits'],
  ['12,345', 'Use at most two decimals'],
  ['12.345', 'Use at most two decimals'],
  ['0.001', 'Use at most two decimals'],
  ['1.000,00', 'Enter an amount in digits'],
  ['1 000', 'Enter an amount in digits'],
  ['25 kr', 'Enter an amount in digits'],
  ['+5', 'Enter an amount in digits'],
  ['.5', 'Enter an amount in digits'],
  ['5.', 'Enter an amount in digits'],
  ['٢٥', 'Enter an amount in digits'],
  ['💶', 'Enter an amount in digits'],
  ["1' OR '1'='1", 'Enter an amount in digits'],
  ['10000.01', 'At most 10000.00 at a time.'],
  ['999999999999999', 'At most 10000.00 at a time.'],
  ['9'.repeat(400), 'Enter an amount in digits'],
]

describe('a new habit', () => {
  let saver: Person
  beforeAll(async () => {
    saver = await newLinkedSaver(app)
    await saver.visitor.get('/habits/new')
  })

  test.each(BAD_AMOUNTS)('can’t be worth %j', async (amount, sentence) => {
    const before = await habitsOf(saver)
    const answer = await saver.visitor.post('/habits/new', { ...HABIT, amount })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#amount"')
    expect(textOf(/id="amount-error"[\s\S]*?<\/p>/.exec(answer.text)?.[0] ?? '')).toContain(sentence)
    expect(answer.text).toMatch(/id="amount"[^>]*aria-invalid="true"/)
    expect(answer.text).toContain('value="Walk to work"')
    expect(answer.text).toMatch(/<option value="7" selected>/)
    expect(await habitsOf(saver)).toBe(before)
  })

  test.each([
    ['0,01', 1],
    ['1', 100],
    ['12.5', 1_250],
    [' 25 ', 2_500],
    ['10000', 1_000_000],
  ])('can be worth %j', async (amount, minor) => {
    const name = `Worth ${amount.trim()}`
    expect((await saver.visitor.post('/habits/new', { ...HABIT, name, amount })).headers.location).toBe(
      '/dashboard',
    )
    const { versions } = await app.deps.db.prisma.habit.findFirstOrThrow({
      where: { userId: saver.user.id, name },
      include: { versions: true },
    })
    expect(versions).toMatchObject([{ amountMinor: minor, currency: 'DKK', number: 1 }])
  })

  test('can’t be worth more than the saver’s own limit', async () => {
    const careful = await newLinkedSaver(app)
    await app.deps.db.prisma.user.update({
      where: { id: careful.user.id },
      data: { capPerPaymentMinor: 5_000 },
    })
    const answer = await careful.visitor.post('/habits/new', { ...HABIT, amount: '50,01' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('At most 50.00 at a time.')
    expect((await careful.visitor.post('/habits/new', { ...HABIT, amount: '50' })).status).toBe(303)
  })

  test.each([
    ['name', { name: '' }],
    ['name', { name: '\t' }],
    ['name', { name: 'x'.repeat(81) }],
    ['name', { name: 'a\u0000b' }],
    ['name', { name: '\u200b' }],
    ['frequency', { frequency: '0' }],
    ['frequency', { frequency: '-1' }],
    ['frequency', { frequency: '1.5' }],
    ['frequency', { frequency: '101' }],
    ['frequency', { frequency: '11', interval: '1' }],
    ['frequency', { frequency: '1e2' }],
    ['interval', { interval: '0' }],
    ['interval', { interval: '367' }],
    ['interval', { interval: 'week' }],
  ])('with a wrong %s (%o) is shown again', async (field, change) => {
    const before = await habitsOf(saver)
    const answer = await saver.visitor.post('/habits/new', { ...HABIT, ...change } as Record<string, string>)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
    expect(answer.text).toContain('value="12,50"')
    expect(await habitsOf(saver)).toBe(before)
  })

  test('has its name shown as text, wherever it stands', async () => {
    const person = await newLinkedSaver(app)
    const name = '<img src=x onerror=alert(1)>"\'&'
    const habit = await newHabit(app, person, { name })
    await checkOff(app, person, habit)
    const [payment] = await paymentsOf(person)
    for (const path of [
      '/dashboard',
      `/habits/${habit}`,
      `/habits/${habit}/edit`,
      '/payments',
      `/payments/${payment?.id}`,
    ]) {
      const { text } = await person.visitor.get(path)
      expect(text).not.toContain('<img')
      expect(text).toContain('&lt;img src=x')
    }
  })
})

describe('a habit that is there', () => {
  test('shows its numbers with their units', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    expect(await page(saver, `/habits/${habit}`)).toContain('In a row 0 days')
    await checkOff(app, saver, habit)
    expect(await page(saver, `/habits/${habit}`)).toContain('In a row 1 day ')
  })

  test.each(BAD_AMOUNTS.slice(2, 11))('can’t come to be worth %j', async (amount) => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const before = await snapshot(app)
    const answer = await saver.visitor.post(`/habits/${habit}/edit`, { ...HABIT, name: 'Typed', amount })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('href="#amount"')
    expect(answer.text).toContain('value="Typed"')
    expect(await snapshot(app)).toEqual(before)
  })

  test('without a history it disappears; with one it is put away, and says so', async () => {
    const saver = await newLinkedSaver(app)
    const unused = await newHabit(app, saver, { name: 'Unused' })
    const used = await newHabit(app, saver, { name: 'Used' })
    await checkOff(app, saver, used)
    await saver.visitor.post(`/habits/${unused}/delete`)
    expect((await saver.visitor.get(`/habits/${unused}`)).status).toBe(404)
    await saver.visitor.post(`/habits/${used}/delete`)
    const text = await page(saver, `/habits/${used}`)
    expect(text).toContain('This habit has been put away')
    expect(text).not.toContain('Done for today')
    expect(await page(saver, '/dashboard')).toContain('Your first habit')
  })

  test('put away, it can neither be changed nor put away again', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    await checkOff(app, saver, habit)
    await saver.visitor.post(`/habits/${habit}/delete`)
    const before = await snapshot(app)
    clock.advance(MINUTE)
    for (const answer of [
      await saver.visitor.get(`/habits/${habit}/edit`),
      await saver.visitor.get(`/habits/${habit}/delete`),
      await saver.visitor.post(`/habits/${habit}/edit`, HABIT),
      await saver.visitor.post(`/habits/${habit}/delete`),
    ]) {
      expect(answer.status).toBe(409)
      expect(textOf(answer.text)).toContain('This habit has been put away')
      expect(answer.text).toContain(`href="/habits/${habit}"`)
    }
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('checking off', () => {
  const press = async (saver: Person, habit: string, offer: { day: string; slot: number }) => {
    const answer = await saver.visitor.post(`/habits/${habit}/checkoff`, offer)
    expect([answer.status, answer.headers.location]).toEqual([303, '/dashboard'])
    return saver.visitor.flashes()
  }

  test('records once, however often the same form arrives', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const offer = await offerOf(app, saver, habit)
    expect(await press(saver, habit, offer)).toMatch(/Run: done\. 25\.00\skr pledged\./)
    expect(await press(saver, habit, offer)).toContain('Run was checked off already. It counts once.')
    expect(await paymentsOf(saver)).toHaveLength(1)
    await saver.visitor.get('/dashboard')
    expect(await paymentsOf(saver)).toHaveLength(1)
  })

  test('from yesterday’s page records nothing', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const offer = await offerOf(app, saver, habit)
    clock.advance(DAY)
    await signInAgain(saver)
    expect(await press(saver, habit, offer)).toContain('The page was from another day. Nothing was recorded')
    expect(await paymentsOf(saver)).toHaveLength(0)
  })

  test('more than belongs into one day is enough for today', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 2, interval: 7 })
    const { day } = await offerOf(app, saver, habit)
    await press(saver, habit, { day, slot: 1 })
    expect(await press(saver, habit, { day, slot: 2 })).toContain('Run is done for today.')
    expect(await paymentsOf(saver)).toHaveLength(1)
  })

  test('more than belongs into the period is refused', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 1, interval: 1 })
    const { day } = await offerOf(app, saver, habit)
    await press(saver, habit, { day, slot: 1 })
    expect(await press(saver, habit, { day, slot: 2 })).toContain('Run is complete for this period.')
    expect(await paymentsOf(saver)).toHaveLength(1)
  })

  test('a habit that was put away records nothing', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const offer = await offerOf(app, saver, habit)
    await app.deps.db.prisma.habit.update({ where: { id: habit }, data: { archivedOn: clock.now() } })
    expect(await press(saver, habit, offer)).toContain('Run has been put away. Nothing was recorded.')
    expect(await paymentsOf(saver)).toHaveLength(0)
  })

  test.each([
    ['no day', { slot: '1' }],
    ['a day that is none', { day: '2026-02-30', slot: '1' }],
    ['a day with more behind it', { day: '2026-02-03T00:00', slot: '1' }],
    ['slot 0', { day: '2026-02-03', slot: '0' }],
    ['half a slot', { day: '2026-02-03', slot: '1.5' }],
    ['an amount of its own', { day: '2026-02-03', slot: '1', amountMinor: '1' }],
  ])('with %s is no offer of ours', async (_name, offer) => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const answer = await saver.visitor.post(`/habits/${habit}/checkoff`, offer as Record<string, string>)
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Nothing was recorded.')
    expect(answer.text).toContain('href="/dashboard"')
    expect(await paymentsOf(saver)).toHaveLength(0)
  })

  test('can be taken back until the money is sent', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const id = await checkOff(app, saver, habit)
    expect((await saver.visitor.post(`/checkoffs/${id}/undo`)).headers.location).toBe('/dashboard')
    expect(await saver.visitor.flashes()).toContain('Taken back. No money moves for it.')
    expect((await saver.visitor.post(`/checkoffs/${id}/undo`)).headers.location).toBe('/dashboard')
    expect(await paymentsOf(saver)).toMatchObject([{ state: 'CANCELLED' }])
    clock.advance(SECOND)
    const again = await checkOff(app, saver, habit)
    await settle()
    const tooLate = await saver.visitor.post(`/checkoffs/${again}/undo`)
    const [, sent] = await paymentsOf(saver)
    expect([tooLate.status, tooLate.headers.location]).toEqual([303, `/payments/${sent?.id}`])
    expect(await saver.visitor.flashes(`/payments/${sent?.id}`)).toContain('Too late to take it back')
  })
})

describe('a payment', () => {
  async function one(): Promise<{ saver: Person; path: string }> {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    const [payment] = await paymentsOf(saver)
    return { saver, path: `/payments/${payment?.id}` }
  }

  test('is followed from scheduled to saved', async () => {
    const { saver, path } = await one()
    const scheduled = await saver.visitor.get(path)
    expect(textOf(scheduled.text)).toContain('Scheduled')
    expect(scheduled.text).toContain('data-refresh-seconds')
    expect(scheduled.text).toContain('Take back')
    await settle()
    await settle()
    const saved = await saver.visitor.get(path)
    expect(textOf(saved.text)).toContain('The money is in your savings account.')
    expect(saved.text).not.toContain('data-refresh-seconds')
    expect(saved.text).not.toContain('Take back')
    expect(await page(saver, '/payments')).toContain('Saved')
  })

  test('that waits for the bank link leads there', async () => {
    const { saver, path } = await one()
    const consent = await app.deps.db.prisma.bankConsent.findFirstOrThrow({
      where: { userId: saver.user.id },
    })
    await saver.visitor.post(`/bank/${consent.id}/revoke`)
    await settle()
    const { text } = await saver.visitor.get(path)
    expect(textOf(text)).toContain('The link to your bank is missing.')
    expect(text).toContain('<a class="button button--primary" href="/bank">To your bank link</a>')
  })

  test('that waits for the accounts leads there', async () => {
    const { saver, path } = await one()
    const { hashedAccNo } = (await app.deps.models.accounts.chosenBy(saver.user.id))?.creditor ?? {}
    const unknown = (hashedAccNo ?? '').replace(/^./, (first) => (first === 'a' ? 'b' : 'a'))
    await app.deps.db.prisma.account.updateMany({
      where: { userId: saver.user.id, isCreditor: true },
      data: { hashedAccNo: unknown },
    })
    await settle()
    const { text } = await saver.visitor.get(path)
    expect(textOf(text)).toContain('Nordea no longer shows one of your two accounts.')
    expect(text).toContain('<a class="button button--primary" href="/accounts/load">Choose your accounts</a>')
  })

  test('whose order got no clear answer is not called failed, and nothing is said twice', async () => {
    const { saver, path } = await one()
    app.sandbox.control.addFault({ kind: 'drop-after', route: 'POST */payments/*', count: null })
    await settle().finally(() => app.sandbox.control.clearFaults())
    const text = await page(saver, path)
    expect(text).toContain('Not known yet')
    const [card = ''] = text.split('What has happened')
    expect(card.match(/nothing is sent twice/g)).toHaveLength(1)
    expect(card).not.toContain('Refused')
    expect(await page(saver, '/dashboard')).toContain('not known yet')
  })

  test('lists go on after 25, and end', async () => {
    const saver = await newLinkedSaver(app)
    const habits = await Promise.all(
      Array.from({ length: 3 }, (_, index) => newHabit(app, saver, { name: `Sip ${index}`, frequency: 10 })),
    )
    for (const habit of habits) for (let time = 0; time < 9; time += 1) await checkOff(app, saver, habit)
    const first = await saver.visitor.get('/payments')
    const older = /href="(\/payments\?before=[0-9a-f-]+)"/.exec(first.text)?.[1] ?? ''
    expect(first.text.match(/href="\/payments\/[0-9a-f-]{36}"/g)).toHaveLength(25)
    const second = await saver.visitor.get(older)
    expect(second.text.match(/href="\/payments\/[0-9a-f-]{36}"/g)).toHaveLength(2)
    expect(second.text).toContain('href="/payments"')
    expect(second.text).not.toContain('?before=')
  })

  test('coming back from the bank leads to it', async () => {
    const { saver, path } = await one()
    const id = path.split('/')[2] ?? ''
    const own = await saver.visitor.get(`/payments/return?state=${id}&success=true`)
    expect([own.status, own.headers.location]).toEqual([303, path])
    for (const query of ['', '?state=x', `?state=${id}&state=${id}`, '?state[]=x', '?success=true']) {
      const answer = await saver.visitor.get(`/payments/return${query}`)
      expect([answer.status, answer.headers.location]).toEqual([303, '/payments'])
    }
    const [payment] = await paymentsOf(saver)
    expect(payment?.state).toBe('SCHEDULED')
  })
})
