import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  newGoal,
  newHabit,
  newLinkedSaver,
  newSaver,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { textOf } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

const clock = new ManualClock('2026-06-17T10:00:00.000Z')
const FORM = { name: 'Bicycle', target: '2500', byDay: '', picture: 'bicycle' }

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const textAt = async ({ visitor }: Person, path: string) => textOf((await visitor.get(path)).text)
const goalIn = (id: string) => app.deps.db.prisma.goal.findUnique({ where: { id } })

async function save(saver: Person, habitId: string): Promise<string> {
  const id = await checkOff(app, saver, habitId)
  for (let turn = 0; turn < 2; turn += 1) {
    clock.advance(2 * MINUTE)
    await app.settleDue()
  }
  return id
}

async function press(saver: Person, path: string, fields: Record<string, string>, to: string): Promise<void> {
  const answer = await saver.visitor.post(path, fields)
  expect([answer.status, answer.headers.location]).toEqual([303, to])
}

describe('making a goal', () => {
  test('needs accounts first, and says so', async () => {
    const saver = await newSaver(app)
    expect(await textAt(saver, '/goals')).toContain('What are you saving for?')
    const asked = await saver.visitor.get('/goals/new')
    expect(asked.status).toBe(409)
    expect(asked.text).toContain('href="/bank"')
  })

  test('leads to its page; both kinds of decimals are read', async () => {
    const saver = await newLinkedSaver(app)
    await saver.visitor.get('/goals/new')
    const id = await newGoal(saver, { target: '1234,50', byDay: '2026-12-24' })
    expect(await goalIn(id)).toMatchObject({ targetMinor: 123_450, currency: 'DKK', position: 1 })
    const text = await textAt(saver, `/goals/${id}`)
    expect(text).toMatch(/Wanted by 24 Dec 2026/)
    expect(text).toMatch(/Needed a week 45\.49/)
    expect(text).toContain('Not at this pace')
    const { text: html } = await saver.visitor.get('/goals')
    expect(html).toContain(`href="/goals/${id}"`)
  })

  test.each([
    ['no name', { name: ' ' }, 'Give the goal a name.', 'name'],
    ['no amount', { target: '' }, 'Enter an amount.', 'target'],
    ['too much', { target: '1000000,01' }, 'At most 1 000 000.00.', 'target'],
    ['a day that is over', { byDay: '2026-06-17' }, 'Choose a day after today', 'byDay'],
    ['a day that is none', { byDay: '2026-02-30' }, 'Write the day like 2026-07-01', 'byDay'],
    ['a day beyond reason', { byDay: '2099-01-01' }, 'Choose a day within 50 years', 'byDay'],
    ['a picture that isn’t ours', { picture: '../icons/coin' }, 'Choose a picture.', 'picture'],
  ])('is refused with %s, at the field, and keeps what was typed', async (_, change, sentence, field) => {
    const saver = await newLinkedSaver(app)
    await saver.visitor.get('/goals/new')
    const before = await snapshot(app)
    const answer = await saver.visitor.post('/goals/new', { ...FORM, name: 'A boat', ...change })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain(sentence)
    expect(answer.text).toContain(`<a href="#${field}">`)
    if (field !== 'name') expect(answer.text).toContain('value="A boat"')
    expect(await snapshot(app)).toEqual(before)
  })

  test('takes no habit of somebody else', async () => {
    const [saver, other] = [await newLinkedSaver(app), await newLinkedSaver(app)]
    const habit = await newHabit(app, other)
    await saver.visitor.get('/goals/new')
    const answer = await saver.visitor.post('/goals/new', { ...FORM, [`habit-${habit}`]: 'yes' })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('The form had a field that does not belong to it.')
  })
})

describe('a goal’s page', () => {
  test('shows what is saved, on its way and pledged apart, with pace, formula, chart and table', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 10 })
    const id = await newGoal(saver, { target: '1000', byDay: '2026-12-24' }, [habit])
    await save(saver, habit)
    clock.advance(7 * DAY)
    // The session is over by then.
    await saver.visitor.get('/login')
    await saver.visitor.post('/login', { email: saver.email, password: PASSWORD })
    await saver.visitor.get('/dashboard')
    await save(saver, habit)
    await checkOff(app, saver, habit)
    const { text: html } = await saver.visitor.get(`/goals/${id}`)
    const text = textOf(html)
    expect(text).toMatch(/Saved 50\.00.kr On its way 0\.00.kr Pledged 25\.00.kr Missing 950\.00.kr/)
    expect(text).toMatch(
      /over the last 2 weeks this goal gained 50\.00.kr, and 50\.00.kr ÷ 2 = 25\.00.kr a week/,
    )
    expect(text).toMatch(/this goal is full after 38 weeks/)
    expect(text).toContain('Behind plan')
    expect(html).toMatch(
      /<svg class="bars__chart"[^>]*role="img" aria-labelledby="history-title history-description">/,
    )
    expect(text).toMatch(/Week until Held 24 Jun 2026 50\.00.kr 17 Jun 2026 25\.00.kr 10 Jun 2026 0\.00.kr/)
    expect(html).toContain(`href="/habits/${habit}"`)
  })

  test('celebrates once, with words, and says when it was full once', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    const id = await newGoal(saver, { target: '25' })
    const done = await save(saver, habit)
    expect((await goalIn(id))?.reachedOn).not.toBeNull()
    for (const path of ['/dashboard', `/goals/${id}`])
      expect(await textAt(saver, path)).toContain('You have reached it: Bicycle')
    await press(saver, `/goals/${id}/celebrate`, {}, `/goals/${id}`)
    for (const path of ['/dashboard', `/goals/${id}`])
      expect(await textAt(saver, path)).not.toContain('You have reached it')
    expect(await textAt(saver, '/goals')).toContain('Reached')
    await saver.visitor.post(`/checkoffs/${done}/move-back`)
    clock.advance(2 * MINUTE)
    await app.settleDue()
    expect(await textAt(saver, `/goals/${id}`)).toContain('Once it was full')
  })
})

describe('the list of goals', () => {
  test('adds up to all that is saved, and changes its order', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { amount: '100' })
    await save(saver, habit)
    const bike = await newGoal(saver, { target: '60' })
    const trip = await newGoal(saver, { name: 'Trip', target: '30' })
    const places = async () => {
      const text = await textAt(saver, '/goals')
      return [...text.matchAll(/(Bicycle|Trip|Not set aside|Together) ([\d.]+).kr 0\.00/g)].map(
        ([, ...found]) => found,
      )
    }
    expect(await places()).toEqual([
      ['Bicycle', '60.00'],
      ['Trip', '30.00'],
      ['Not set aside', '10.00'],
      ['Together', '100.00'],
    ])
    await press(saver, `/goals/${trip}/move`, { direction: 'up' }, '/goals')
    expect((await places()).map(([name]) => name)).toEqual(['Trip', 'Bicycle', 'Not set aside', 'Together'])
    const { text } = await saver.visitor.get('/goals')
    expect(text).not.toContain('Move Trip up')
    await press(saver, `/goals/${trip}/move`, { direction: 'up' }, '/goals')
    expect(await saver.visitor.flashes('/goals')).toContain('It cannot go any further.')
    expect((await goalIn(bike))?.position).toBe(2)
  })
})

describe('a goal comes to its end', () => {
  test('by being put away with its money, brought back, and deleted', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    await save(saver, habit)
    const id = await newGoal(saver, {}, [habit])
    expect(await textAt(saver, `/goals/${id}/archive`)).toMatch(/What about the 25\.00.kr in it\?/)
    const unsaid = await saver.visitor.post(`/goals/${id}/archive`, {})
    expect([unsaid.status, textOf(unsaid.text).includes('Choose what becomes of the money.')]).toEqual([
      422,
      true,
    ])
    await press(saver, `/goals/${id}/archive`, { money: 'used' }, '/goals')
    expect(await textAt(saver, '/goals')).toMatch(/Used by goals put away 25\.00/)
    expect(await textAt(saver, `/goals/${id}`)).toMatch(/25\.00.kr was used\./)
    expect((await saver.visitor.get(`/goals/${id}/edit`)).status).toBe(409)
    await press(saver, `/goals/${id}/restore`, {}, `/goals/${id}`)
    expect(await textAt(saver, `/goals/${id}`)).toMatch(/25\.00.kr of 2.500\.00/)
    expect(await textAt(saver, `/goals/${id}/delete`)).toMatch(/25\.00.kr is shared out/)
    await press(saver, `/goals/${id}/delete`, {}, '/goals')
    expect(await goalIn(id)).toBeNull()
    expect(await textAt(saver, '/activity/account?kind=saving')).toContain('A goal was deleted')
  })
})

test('editing keeps a day that is over, and takes away habits that are no longer ticked', async () => {
  const saver = await newLinkedSaver(app)
  const habit = await newHabit(app, saver)
  const id = await newGoal(saver, { byDay: '2026-12-24' }, [habit])
  const { text } = await saver.visitor.get(`/goals/${id}/edit`)
  expect(text).toMatch(new RegExp(`name="habit-${habit}" value="yes" checked`))
  expect(text).toMatch(/name="byDay"[^>]*value="2026-12-24"|value="2026-12-24"/)
  await app.deps.db.prisma.goal.update({ where: { id }, data: { byDay: new Date('2026-01-02') } })
  const change = { ...FORM, name: 'E-bike', byDay: '2026-01-02' }
  await press(saver, `/goals/${id}/edit`, change, `/goals/${id}`)
  expect(await goalIn(id)).toMatchObject({ name: 'E-bike' })
  expect(await app.deps.db.prisma.goalHabit.count({ where: { goalId: id } })).toBe(0)
})
