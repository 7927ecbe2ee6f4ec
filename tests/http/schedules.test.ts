import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { checkOff, confirming, newHabit, newLinkedSaver, offerOf, PASSWORD } from '../support/people.ts'

/** A Wednesday. */
const clock = new ManualClock('2026-06-17T10:00:00.000Z')
const FIELDS = { name: 'Run', amount: '25' }
/** What a page without scripts sends of the kinds that weren't chosen. */
const UNREAD = { frequency: '1', interval: '1', rollingTimes: '3', rollingDays: '7' }

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})

afterAll(() => app.close())

describe('a new habit', () => {
  test('is of the kind that was chosen, whatever stands in the fields of the others', async () => {
    const { visitor, user } = await newLinkedSaver(app)
    await visitor.post('/habits/new', {
      ...FIELDS,
      ...UNREAD,
      name: 'Lunch',
      kind: 'WEEKDAYS',
      monday: 'on',
      friday: 'on',
    })
    await visitor.post('/habits/new', { ...FIELDS, ...UNREAD, name: 'Yoga', kind: 'ROLLING', frequency: 'x' })
    const versions = await app.deps.db.prisma.habitVersion.findMany({
      where: { habit: { userId: user.id } },
      orderBy: { createdOn: 'asc' },
    })
    expect(versions).toMatchObject([
      { kind: 'WEEKDAYS', frequency: 1, interval: 1, weekdays: 17 },
      { kind: 'ROLLING', frequency: 3, interval: 7, weekdays: 0 },
    ])
    const { text } = await visitor.get('/dashboard')
    expect(text).toContain('Monday and Friday')
    expect(text).toContain('3 times in any 7 days')
    expect(text).toContain('Not today. Next: 19 Jun 2026')
  })

  test.each([
    [{ kind: 'WEEKDAYS' }, 'monday', 'Choose at least one day of the week.'],
    [{ kind: 'ROLLING', rollingTimes: '8', rollingDays: '7' }, 'rollingTimes', 'at most once a day'],
    [{ kind: 'ROLLING', rollingTimes: '1', rollingDays: '1' }, 'rollingDays', 'from 2 to 366'],
    [{ startDate: '2026-06-16' }, 'startDate', 'today or later'],
    [{ endDate: '2026-06-16' }, 'endDate', 'today or later'],
    [{ startDate: '2026-06-20', endDate: '2026-06-19' }, 'endDate', 'comes after the first'],
    [{ freezes: '5' }, 'freezes', 'from 0 to 4'],
    [{ tags: 'a,b,c,d,e,f,g,h,i' }, 'tags', 'at most 8 tags'],
    [{ tags: 'x'.repeat(31) }, 'tags', 'at most 30'],
    [{ kind: 'SOMETIMES' }, 'kind', 'Choose a kind.'],
  ])('with %o is refused at the field, and nothing typed is lost', async (typed, field, sentence) => {
    const { visitor } = await newLinkedSaver(app)
    const answer = await visitor.post('/habits/new', { ...FIELDS, ...UNREAD, ...typed, name: 'Early bird' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`href="#${field}"`)
    expect(answer.text).toContain(sentence)
    expect(answer.text).toContain('value="Early bird"')
  })

  test('can begin with one of our suggestions', async () => {
    const { visitor } = await newLinkedSaver(app)
    expect((await visitor.get('/habits/new')).text).toContain('/habits/new?starter=run')
    const { text } = await visitor.get('/habits/new?starter=run')
    expect(text).toContain('value="Go for a run"')
    expect(text).toMatch(/value="ROLLING"[^>]*checked/)
    expect((await visitor.get('/habits/new?starter=__proto__')).status).toBe(200)
  })
})

describe('the page of a habit', () => {
  test('shows streak, best and strength with its formula, and until when it is safe', async () => {
    const saver = await newLinkedSaver(app)
    const id = await newHabit(app, saver, { ...FIELDS, ...ROLLING_FIELDS })
    await checkOff(app, saver, id)
    const { text } = await saver.visitor.get(`/habits/${id}`)
    for (const words of ['In a row', 'Best', 'Strength', 'new = old × k', 'Safe until 19 Jun 2026'])
      expect(text).toContain(words)
  })

  test('of a committed habit says what changes, and when', async () => {
    const saver = await newLinkedSaver(app)
    const id = await newHabit(app, saver, { ...FIELDS, frequency: 3, interval: 7, committed: 'on' })
    const easier = { ...FIELDS, frequency: '1', interval: '7', committed: 'on' }
    await saver.visitor.post(`/habits/${id}/edit`, easier)
    const { text } = await saver.visitor.get(`/habits/${id}`)
    expect(text).toContain('it counts in seven days')
    expect(text).toContain('From 24 Jun 2026: once a week')
    expect((await saver.visitor.get(`/habits/${id}/edit`)).text).toContain('From 24 Jun 2026')
  })

  test('keeps a note for a day, with what was written made harmless', async () => {
    const saver = await newLinkedSaver(app)
    const id = await newHabit(app, saver)
    await saver.visitor.post(`/habits/${id}/notes`, { day: '2026-06-17', text: '<b>Rain</b>' })
    expect((await saver.visitor.get(`/habits/${id}`)).text).toContain('&lt;b&gt;Rain&lt;/b&gt;')
    const later = await saver.visitor.post(`/habits/${id}/notes`, { day: '2026-06-18', text: 'Later' })
    expect(later.status).toBe(422)
    expect(later.text).toContain('That day is yet to come.')
    expect(later.text).toContain('value="Later"')
  })
})

describe('breaks', () => {
  test('a skipped day has no button, and takes it back when the skip is taken away', async () => {
    const saver = await newLinkedSaver(app)
    const id = await newHabit(app, saver)
    const offer = await offerOf(app, saver, id)
    await saver.visitor.post(`/habits/${id}/skip`)
    const skipped = await saver.visitor.get('/dashboard')
    expect(skipped.text).toContain('Skipped today')
    await saver.visitor.post(`/habits/${id}/checkoff`, { ...offer, slot: String(offer.slot), version: '1' })
    expect((await saver.visitor.get('/dashboard')).text).toContain('has a break on that day')
    const breaks = await saver.visitor.get(`/habits/${id}/breaks`)
    const end = /action="(\/breaks\/[0-9a-f-]{36}\/end)"/.exec(breaks.text)?.[1] ?? ''
    await saver.visitor.post(end)
    await checkOff(app, saver, id)
  })

  test('of all habits stand on a page of their own, and a bad one is refused at its field', async () => {
    const saver = await newLinkedSaver(app)
    const id = await newHabit(app, saver)
    const bad = await saver.visitor.post('/habits/breaks', { kind: 'VACATION', start: '2026-06-01', end: '' })
    expect(bad.status).toBe(422)
    expect(bad.text).toContain('A break begins today or later; only illness up to 31 days back.')
    const good = await saver.visitor.post('/habits/breaks', {
      kind: 'SICK',
      start: '2026-06-01',
      end: '2026-06-20',
    })
    expect(good.headers.location).toBe('/habits/breaks')
    expect((await saver.visitor.get('/habits/breaks')).text).toContain('1 Jun 2026 to 20 Jun 2026')
    expect((await saver.visitor.get(`/habits/${id}`)).text).toContain('Ill until 20 Jun 2026')
  })
})

test('habits are put in order with two buttons, put away and taken back out', async () => {
  const saver = await newLinkedSaver(app)
  const [a, b] = [await newHabit(app, saver, { name: 'Alpha' }), await newHabit(app, saver, { name: 'Beta' })]
  await saver.visitor.post(`/habits/${b}/move`, { direction: 'up' })
  const order = (await saver.visitor.get('/habits/order')).text
  expect(order.indexOf(`href="/habits/${b}"`)).toBeLessThan(order.indexOf(`href="/habits/${a}"`))
  await saver.visitor.post(`/habits/${a}/archive`)
  expect((await saver.visitor.get('/habits/archived')).text).toContain('Alpha')
  const away = await saver.visitor.get(`/habits/${a}`)
  expect(away.text).toContain('has been put away')
  expect((await saver.visitor.post(`/habits/${a}/restore`)).headers.location).toBe(`/habits/${a}`)
  expect((await saver.visitor.get('/habits/archived')).text).toContain('Nothing has been put away.')
})

const ROLLING_FIELDS = { kind: 'ROLLING', rollingTimes: '1', rollingDays: '3' } as const

test('a habit that has ended goes on when its owner gives it a later last day', async () => {
  const saver = await newLinkedSaver(app)
  const { visitor, user } = saver
  const wish = { name: 'Sauna', frequency: 1, interval: 1, amountMinor: 2_500, endDate: '2026-06-17' }
  const by = { kind: 'saver', id: user.id, ip: null, requestId: null } as const
  const { id } = await app.deps.models.habits.create(user, wish, 'DKK', by)
  clock.advance(3 * DAY)
  await visitor.get('/login')
  await visitor.post('/login', { email: saver.email, password: PASSWORD })
  expect((await visitor.get('/dashboard')).text).toContain('It has ended')
  const page = await visitor.get(`/habits/${id}/edit`)
  expect([page.status, page.text.includes('value="2026-06-17"')]).toEqual([200, true])
  const fields = { ...FIELDS, ...UNREAD, name: 'Sauna' }
  const past = await visitor.post(`/habits/${id}/edit`, { ...fields, endDate: '2026-06-17' })
  expect([past.status, past.text.includes('The last day is today or later.')]).toEqual([422, true])
  const late = await visitor.post(`/habits/${id}/edit`, { ...fields, endDate: '2026-07-31' })
  const saved = late.status === 403 ? await visitor.post(`/habits/${id}/edit`, confirming(late)) : late
  expect([saved.status, saved.headers.location]).toEqual([303, `/habits/${id}`])
  expect((await offerOf(app, saver, id)).day).toBe('2026-06-20')
})
