import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, ManualClock, MINUTE } from '../../src/clock.ts'
import { DEFAULT_LIMITS } from '../../src/models/limits.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver, newSaver, PASSWORD, type Person } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

const PAGE = '/settings/savings'
const FORM = {
  capPerPayment: '10000',
  capPerDay: '10000.00',
  capPerMonth: '30000,00',
  floor: '0',
  cadence: 'AT_ONCE',
}

let app: TestApp
const clock = new ManualClock('2026-06-17T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const page = async ({ visitor }: Person, path = PAGE) => textOf((await visitor.get(path)).text)
const limitsOf = ({ user }: Person) => app.deps.models.limits.current(user.id)
const userOf = ({ user }: Person) => app.deps.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
const paymentsOf = ({ user }: Person) =>
  app.deps.db.prisma.payment.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })

async function save(saver: Person, change: Partial<typeof FORM> = {}): Promise<string> {
  const answer = await saver.visitor.post(PAGE, { ...FORM, ...change })
  expect([answer.status, answer.headers.location]).toEqual([303, PAGE])
  return saver.visitor.flashes(PAGE)
}

async function press(saver: Person, path: string, fields: Record<string, string> = {}): Promise<string> {
  const answer = await saver.visitor.post(path, fields)
  expect([answer.status, answer.headers.location]).toEqual([303, PAGE])
  return saver.visitor.flashes(PAGE)
}

describe('before there are accounts', () => {
  test('the page says what comes first, and a form is refused with a way on', async () => {
    const saver = await newSaver(app)
    const shown = await saver.visitor.get(PAGE)
    expect(shown.status).toBe(200)
    expect(textOf(shown.text)).toContain('Link your bank and choose your accounts first.')
    expect(shown.text).not.toContain('name="capPerDay"')
    const posted = await saver.visitor.post(PAGE, FORM)
    expect(posted.status).toBe(409)
    expect(posted.text).toContain('href="/bank"')
    expect(await app.deps.db.prisma.savingLimits.count({ where: { userId: saver.user.id } })).toBe(0)
  })

  test('savings can be paused all the same', async () => {
    const saver = await newSaver(app)
    await saver.visitor.get(PAGE)
    expect(await press(saver, `${PAGE}/pause`, { until: '' })).toContain('paused until you resume them')
  })
})

describe('limits', () => {
  test('are shown with their currency, and the form has them filled in', async () => {
    const saver = await newLinkedSaver(app)
    const { text } = await saver.visitor.get(PAGE)
    expect(textOf(text)).toMatch(/At most in one payment 10.000\.00.kr/)
    expect(textOf(text)).toMatch(/Always stays in the account 0\.00.kr/)
    expect(textOf(text)).toContain('What lets more go counts after 24 hours')
    for (const [name, value] of [
      ['capPerPayment', '10000.00'],
      ['capPerDay', '10000.00'],
      ['capPerMonth', '30000.00'],
      ['floor', '0.00'],
    ]) {
      expect(text).toMatch(new RegExp(`name="${name}"[^>]*value="${value}"`))
    }
    expect(text).toMatch(/name="cadence" value="AT_ONCE" checked/)
  })

  test('tightened count at once: for the profile and for habits too', async () => {
    const saver = await newLinkedSaver(app)
    expect(await save(saver, { capPerPayment: '12,50' })).toContain('Saved. It counts from now on.')
    expect(await limitsOf(saver)).toMatchObject({ capPerPaymentMinor: 1_250 })
    expect(await page(saver, '/profile')).toMatch(/At most at a time 12\.50.kr/)
    const refused = await saver.visitor.post('/habits/new', {
      name: 'Run',
      frequency: '1',
      interval: '1',
      amount: '12.51',
    })
    expect(refused.status).toBe(422)
    expect(textOf(refused.text)).toContain('At most 12.50 at a time.')
  })

  test('loosened wait, are announced by mail, and can be taken back', async () => {
    const saver = await newLinkedSaver(app)
    expect(await save(saver, { capPerDay: '20000', floor: '5' })).toContain(
      'What is stricter counts now, the rest counts from 18 Jun 2026, 12:00',
    )
    expect(await limitsOf(saver)).toMatchObject({ capPerDayMinor: 1_000_000, floorMinor: 500 })
    await app.sendMails()
    const [mail] = app.mail.messages().filter((message) => message.to.includes(saver.email))
    expect(mail?.text).toContain(`${app.baseUrl}${PAGE}`)
    const { text } = await saver.visitor.get(PAGE)
    const coming = textOf(/<h3>[\s\S]*?<\/form>/.exec(text)?.[0] ?? '')
    expect(coming).toMatch(/^From 18 Jun 2026, 12:00 At most in a day 20.000\.00.kr Take this back$/)
    expect(text).toMatch(/name="capPerDay"[^>]*value="20000.00"/)
    expect(await press(saver, `${PAGE}/withdraw`)).toContain('Taken back.')
    expect(await press(saver, `${PAGE}/withdraw`)).toContain('Nothing was waiting any more.')
    expect(await page(saver)).not.toContain('Take this back')
    expect(await limitsOf(saver)).toMatchObject({ capPerDayMinor: 1_000_000, floorMinor: 500 })
  })

  test('saved as they are change nothing', async () => {
    const saver = await newLinkedSaver(app)
    const before = await snapshot(app)
    expect(await save(saver)).toContain('Saved.')
    expect(await snapshot(app)).toEqual(before)
  })

  test('of another saver are out of reach', async () => {
    const [saver, other] = [await newLinkedSaver(app), await newLinkedSaver(app)]
    await save(saver, { capPerDay: '20000' })
    await save(other, { capPerPayment: '1' })
    await press(other, `${PAGE}/withdraw`)
    expect(await app.deps.models.limits.coming(saver.user.id)).not.toBeNull()
    expect(await limitsOf(saver)).toMatchObject({ capPerPaymentMinor: DEFAULT_LIMITS.capPerPaymentMinor })
    expect(await page(other)).not.toMatch(/20.000\.00/)
  })
})

describe('a form that can’t be taken', () => {
  let saver: Person
  beforeAll(async () => {
    saver = await newLinkedSaver(app)
    await saver.visitor.get(PAGE)
  })

  test.each([
    ['capPerPayment', '', 'Enter an amount.'],
    ['capPerPayment', '0', 'To send nothing at all, pause your savings.'],
    ['capPerPayment', '-5', 'To send nothing at all, pause your savings.'],
    ['capPerDay', '12,345', 'Use at most two decimals'],
    ['capPerDay', '1.000,00', 'Enter an amount in digits'],
    ['capPerDay', '1e3', 'Enter an amount in digits'],
    ['capPerMonth', '1000000.01', 'At most 1 000 000.00.'],
    ['capPerMonth', '<b>', 'Enter an amount in digits'],
    ['floor', '', 'Enter an amount.'],
    ['floor', '-1', 'Enter 0 or more.'],
    ['floor', '0,001', 'Use at most two decimals'],
    ['cadence', 'HOURLY', 'Choose when the money goes out.'],
  ])(
    'because of %s %j is shown again with a sentence at the field, and nothing typed is lost',
    async (field, value, sentence) => {
      const before = await snapshot(app)
      const typed = { ...FORM, capPerPayment: '77', floor: '3,5', cadence: 'WEEKLY', [field]: value }
      const { status, text } = await saver.visitor.post(PAGE, typed)
      expect(status).toBe(422)
      expect(text).toContain(`href="#${field}"`)
      expect(textOf(new RegExp(`id="${field}-error"[\\s\\S]*?</p>`).exec(text)?.[0] ?? '')).toContain(
        sentence,
      )
      expect(text).not.toContain('value="<b>')
      if (field !== 'capPerPayment') expect(text).toMatch(/name="capPerPayment"[^>]*value="77"/)
      if (field !== 'floor') expect(text).toMatch(/name="floor"[^>]*value="3,5"/)
      if (field !== 'cadence') expect(text).toMatch(/value="WEEKLY" checked/)
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test.each(['0', '0,0', '00.00', ' 12,5 '])('takes %j as what stays in the account', async (floor) => {
    expect(await save(saver, { floor })).toContain('Saved.')
  })

  test('because of a field of the database is refused as a whole', async () => {
    const before = await snapshot(app)
    const { status } = await saver.visitor.post(PAGE, { ...FORM, effectiveFrom: '2020-01-01' })
    expect(status).toBe(422)
    expect(await snapshot(app)).toEqual(before)
  })
})

describe('how often money goes out', () => {
  test('is chosen in words that name the saver’s own day and week', async () => {
    const saver = await newLinkedSaver(app)
    await app.deps.db.prisma.user.update({
      where: { id: saver.user.id },
      data: { dayStartHour: 4, weekStart: 7 },
    })
    const text = await page(saver)
    expect(text).toContain('when the time for taking it back is over')
    expect(text).toContain('when your next day begins, at 04:00')
    expect(text).toContain('when your next week begins, on Sunday at 04:00')
    await save(saver, { cadence: 'WEEKLY' })
    expect(await userOf(saver)).toMatchObject({ cadence: 'WEEKLY' })
    expect((await saver.visitor.get(PAGE)).text).toMatch(/value="WEEKLY" checked/)
  })
})

describe('a pause', () => {
  test('until a day holds back what isn’t sent yet; resuming lets it go', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    expect(await press(saver, `${PAGE}/pause`, { until: '2026-07-01' })).toContain(
      'All savings are paused until 1 Jul 2026.',
    )
    clock.advance(2 * MINUTE)
    await app.settleDue()
    expect(await paymentsOf(saver)).toMatchObject([{ state: 'BLOCKED', reason: 'savings-paused' }])
    expect(await page(saver)).toContain('All savings are paused until 1 Jul 2026.')
    const today = await page(saver, '/dashboard')
    expect(today).toContain('Your savings are paused Nothing is sent until 1 Jul 2026.')
    expect(today).not.toContain('You have paused all savings. It goes on when the pause ends.')
    expect(await press(saver, `${PAGE}/resume`)).toContain('Your savings go on.')
    await app.settleDue()
    const [payment] = await paymentsOf(saver)
    expect(payment?.state).not.toBe('BLOCKED')
    expect(await press(saver, `${PAGE}/resume`)).toContain('Your savings were not paused.')
  })

  test('without a day lasts until the saver resumes, and can be given a day later', async () => {
    const saver = await newLinkedSaver(app)
    await saver.visitor.get(PAGE)
    expect(await press(saver, `${PAGE}/pause`, { until: '' })).toContain('paused until you resume them')
    const { text } = await saver.visitor.get(PAGE)
    expect(text).toMatch(/name="until"[^>]*value=""/)
    expect(textOf(text)).not.toContain('9999')
    await press(saver, `${PAGE}/pause`, { until: '2026-06-20' })
    expect((await saver.visitor.get(PAGE)).text).toMatch(/name="until"[^>]*value="2026-06-20"/)
  })

  test.each([
    ['2026-06-17', 'Choose a day after today'],
    ['2020-01-01', 'Choose a day after today'],
    ['2028-06-18', 'Choose a day within two years'],
    ['2026-02-30', 'Write the day like'],
    ['1 July', 'Write the day like'],
    ['2026-07-01T00:00', 'Write the day like'],
  ])('until %j is refused at its field', async (until, sentence) => {
    const saver = await newLinkedSaver(app)
    const { status, text } = await saver.visitor.post(`${PAGE}/pause`, { until })
    expect(status).toBe(422)
    expect(text).toContain('href="#until"')
    expect(textOf(/id="until-error"[\s\S]*?<\/p>/.exec(text)?.[0] ?? '')).toContain(sentence)
    expect(text).toMatch(new RegExp(`name="until"[^>]*value="${until}"`))
    expect(await userOf(saver)).toMatchObject({ pausedUntil: null })
  })

  test('ends by itself', async () => {
    const saver = await newLinkedSaver(app)
    await saver.visitor.get(PAGE)
    await press(saver, `${PAGE}/pause`, { until: '2026-06-18' })
    clock.advance(13 * HOUR)
    // No session lasts so long.
    await saver.visitor.get('/login')
    await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
    expect(await page(saver)).toContain('Pause all savings')
    expect(await page(saver, '/dashboard')).not.toContain('Your savings are paused')
  })
})

test('the page is linked from settings and from the profile', async () => {
  const saver = await newLinkedSaver(app)
  for (const path of ['/settings', '/profile']) {
    expect((await saver.visitor.get(path)).text).toContain(`href="${PAGE}"`)
  }
})
