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
import { textOf, Visitor } from '../support/visitor.ts'
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
  ['10000.01', 'At most 10 000.00 at a time.'],
  ['999999999999999', 'At most 10 000.00 at a time.'],
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
    const caps = { capPerPaymentMinor: 5_000, capPerDayMinor: 5_000, capPerMonthMinor: 5_000, floorMinor: 0 }
    await app.deps.db.prisma.savingLimits.create({
      data: { userId: careful.user.id, effectiveFrom: clock.now(), createdOn: clock.now(), ...caps },
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
    const answer = await saver.visitor.post(`/habits/${habit}/checkoff`, { version: 1, ...offer })
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
    const answer = await saver.visitor.post(`/habits/${habit}/checkoff`, {
      version: '1',
      ...(offer as Record<string, string>),
    })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('Nothing was changed.')
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

describe('a batch', () => {
  async function batch(): Promise<{ saver: Person; path: string; undo: string[] }> {
    const saver = await newLinkedSaver(app)
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { cadence: 'WEEKLY' } })
    const names = ['Run', 'Read & write', 'Swim']
    const ids = []
    for (const name of names) ids.push(await checkOff(app, saver, await newHabit(app, saver, { name })))
    const [payment] = await paymentsOf(saver)
    return { saver, path: `/payments/${payment?.id}`, undo: ids.map((id) => `/checkoffs/${id}/undo`) }
  }

  test('is one payment that says when it goes out and lets each habit be taken back on its own', async () => {
    const { saver, path, undo } = await batch()
    expect(await paymentsOf(saver)).toMatchObject([{ amountMinor: 7_500, isBatch: true }])
    const { text } = await saver.visitor.get(path)
    expect(textOf(text)).toContain('Run, Read & write, Swim')
    expect(textOf(text)).toContain('It goes out at the time below, with what else you check off until then.')
    expect(textOf(text)).toMatch(/Goes out \d{1,2} \w{3} \d{4}, 00:00/)
    for (const action of undo) expect(text).toContain(`action="${action}"`)
    // What waits for days is not asked about every few seconds.
    expect(text).not.toContain('data-refresh-seconds')
    expect(await page(saver, '/payments')).toMatch(/goes out \d{1,2} \w{3} \d{4}, 00:00/)

    await saver.visitor.post(undo[1] ?? '')
    expect(await saver.visitor.flashes()).toContain('Taken back. No money moves for it.')
    const after = await saver.visitor.get(path)
    expect(textOf(after.text)).toMatch(/50\.00\skr/)
    expect(after.text).toContain('<h1>Run, Swim</h1>')
    expect(after.text).toContain(`action="${undo[0]}"`)
    expect(after.text).not.toContain(`action="${undo[1]}"`)
    expect(await paymentsOf(saver)).toMatchObject([{ amountMinor: 5_000, state: 'SCHEDULED' }])
  })
})

describe('a payment that waits', () => {
  test('is tried at once when the saver says so, and nobody else', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    const [payment] = await paymentsOf(saver)
    const path = `/payments/${payment?.id}`
    await saver.visitor.get(path)
    await saver.visitor.post(`${path}/try-now`)
    expect(await saver.visitor.flashes(path)).toContain('It isn’t waiting. Here is where it stands.')
    await app.deps.db.prisma.user.update({
      where: { id: saver.user.id },
      data: { pausedUntil: new Date(clock.now().getTime() + DAY) },
    })
    await settle()
    expect(await page(saver, path)).toContain('Try now')
    const other = await newLinkedSaver(app)
    const before = await paymentsOf(saver)
    expect((await other.visitor.post(`${path}/try-now`)).status).toBe(404)
    expect((await new Visitor(app).post(`${path}/try-now`)).headers.location).toBe('/login')
    expect((await saver.visitor.post(`${path}/try-now`, { at: 'once' })).status).toBe(422)
    expect(await paymentsOf(saver)).toEqual(before)
    await app.deps.db.prisma.user.update({ where: { id: saver.user.id }, data: { pausedUntil: null } })
    await saver.visitor.get(path)
    const answer = await saver.visitor.post(`${path}/try-now`)
    expect([answer.status, answer.headers.location]).toEqual([303, path])
    expect(await saver.visitor.flashes(path)).toContain('We are trying it now.')
    await app.settleDue()
    await settle()
    expect(await paymentsOf(saver)).toMatchObject([{ state: 'PAID' }])
  })
})

describe('a payment that came to nothing', () => {
  /** As the worker writes down that the bank refused it. */
  async function refused(): Promise<{ saver: Person; id: string; path: string; checkOffId: string }> {
    const saver = await newLinkedSaver(app)
    const checkOffId = await checkOff(app, saver, await newHabit(app, saver))
    clock.advance(2 * MINUTE)
    const { payments } = app.deps.models
    const by = { kind: 'worker', id: null, ip: null, requestId: null } as const
    const [claim] = await payments.claimDue(saver.user.id)
    if (!claim) throw new Error('nothing is due')
    const sending = await payments.move(claim, { to: 'SENDING', keepLease: true }, by)
    await payments.move(sending, { to: 'REJECTED', reason: 'insufficient-funds' }, by)
    return { saver, id: claim.payment.id, path: `/payments/${claim.payment.id}`, checkOffId }
  }

  test('can be tried again, once, and leads to the payment that does', async () => {
    const { saver, id, path } = await refused()
    expect(await page(saver, path)).toContain('There was not enough money in the account.')
    expect(await page(saver, path)).toContain('Try again')
    const first = await saver.visitor.post(`${path}/again`)
    const newer = (await paymentsOf(saver)).find((payment) => payment.id !== id)
    expect([first.status, first.headers.location]).toEqual([303, `/payments/${newer?.id}`])
    expect(await saver.visitor.flashes(`/payments/${newer?.id}`)).toContain('Scheduled again.')
    const second = await saver.visitor.post(`${path}/again`)
    expect(second.headers.location).toBe(`/payments/${newer?.id}`)
    expect(await paymentsOf(saver)).toHaveLength(2)
    const old = await saver.visitor.get(path)
    expect(old.text).toContain(`href="/payments/${newer?.id}"`)
    expect(old.text).not.toContain(`${path}/again`)
    await settle()
    await settle()
    expect(await page(saver, `/payments/${newer?.id}`)).toContain('The money is in your savings account.')
    expect(await page(saver, '/payments')).toContain('Tried again')
  })

  test('can be taken back instead, and then there is nothing left to try', async () => {
    const { saver, path, checkOffId } = await refused()
    expect((await saver.visitor.get(path)).text).toContain(`action="/checkoffs/${checkOffId}/undo"`)
    await saver.visitor.post(`/checkoffs/${checkOffId}/undo`)
    expect(await saver.visitor.flashes()).toContain('Taken back. No money moves for it.')
    expect(await page(saver, path)).not.toContain('Try again')
    const answer = await saver.visitor.post(`${path}/again`)
    expect(answer.status).toBe(409)
    expect(textOf(answer.text)).toContain('Nothing is left to pay here')
    expect(await paymentsOf(saver)).toHaveLength(1)
  })

  test.each([
    ['no accounts', { isDebitor: false }, 'Choose your accounts first'],
    ['another currency', { currency: 'EUR' as const }, 'Your account is in another currency'],
  ])('is not tried again with %s, and the page says why', async (_name, data, sentence) => {
    const { saver, path } = await refused()
    await app.deps.db.prisma.account.updateMany({ where: { userId: saver.user.id, isDebitor: true }, data })
    const answer = await saver.visitor.post(`${path}/again`)
    expect(answer.status).toBe(409)
    expect(textOf(answer.text)).toContain(sentence)
    expect(await paymentsOf(saver)).toHaveLength(1)
  })

  test('is not tried again while it may still move money, nor by somebody else', async () => {
    const { path } = await refused()
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    const [own] = await paymentsOf(saver)
    const before = await snapshot(app)
    const answer = await saver.visitor.post(`/payments/${own?.id}/again`)
    expect(answer.status).toBe(409)
    expect(textOf(answer.text)).toContain('This payment has not failed')
    expect((await saver.visitor.post(`${path}/again`)).status).toBe(404)
    expect((await new Visitor(app).post(`${path}/again`)).headers.location).toBe('/login')
    expect(await snapshot(app)).toEqual(before)
  })
})
