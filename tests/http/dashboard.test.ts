/** The page that is opened every day: what it shows, and what it costs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock, MINUTE } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import {
  checkOff,
  newGoal,
  newHabit,
  newLinkedSaver,
  offerOf,
  PASSWORD,
  type Person,
} from '../support/people.ts'
import { statementsOf } from '../support/statements.ts'
import { textOf } from '../support/visitor.ts'

/** What a look asks of the database: the session with its user, and where that says that something has changed, everything else. */
const UNCHANGED = 1
const CHANGED = 2
/** Of a saver with a habit, a payment and a goal. */
const STATEMENTS: Record<string, number> = {
  '/dashboard': 1,
  '/habits/:id': 14,
  '/statement': 4,
  '/payments': 6,
  '/goals': 6,
  '/settings': 1,
}

/**
 * The session with its user, the habit's name, a transaction with one look and one statement that writes all rows, and the
 * sentence for the next page.
 */
const CHECK_OFF = 7
/** A habit's first has to make its balances. */
const FIRST_CHECK_OFF = CHECK_OFF + 3

// A Wednesday.
const clock = new ManualClock('2026-06-17T10:00:00.000Z')
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

const page = async ({ visitor }: Person) => textOf((await visitor.get('/dashboard')).text)

/** A session is over after a day without its owner. */
async function later({ visitor, email }: Person, days: number): Promise<void> {
  clock.advance(days * DAY)
  await visitor.get('/login')
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/dashboard')
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) {
    clock.advance(2 * MINUTE)
    await app.settleDue()
  }
}

/** @returns the statements of one look at a page, when everything has been looked at before. */
async function statementsFor({ visitor }: Person, path = '/dashboard'): Promise<string[]> {
  await visitor.get(path)
  return statementsOf(() => visitor.get(path))
}

describe('today', () => {
  test('has what asks for nothing today apart, below what does', async () => {
    const saver = await newLinkedSaver(app)
    const lunch = { name: 'Lunch', amount: '25', kind: 'WEEKDAYS', friday: 'on' }
    await saver.visitor.post('/habits/new', lunch)
    await newHabit(app, saver, { name: 'Walk' })
    // What it says once about new habits has been read.
    await saver.visitor.get('/dashboard')
    const { text } = await saver.visitor.get('/dashboard')
    const [due = '', resting = ''] = text.split('id="resting"')
    expect(textOf(due)).toContain('Walk')
    expect(textOf(due)).not.toContain('Lunch')
    expect(textOf(resting)).toContain('Lunch')
    expect(text).toContain('href="/habits/order"')
  })

  test('has habits first, then what waits, then the money', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver))
    await newGoal(saver)
    await saver.visitor.post('/settings/savings/pause', { until: '' })
    const { text } = await saver.visitor.get('/dashboard')
    const places = ['Habits', 'Waiting for you', 'Savings', 'Goals', 'This week', 'Recent payments']
    const headings = [...text.matchAll(/<(?:h2|figcaption)[^>]*>([^<]+)</g)].map(([, words]) => words)
    expect(headings.filter((words) => places.includes(words ?? ''))).toEqual(places)
    expect(textOf(text)).toContain('1 thing waits for you')
    expect(text).toMatch(/<section[^>]*aria-labelledby="waiting">[\s\S]*?<ul[\s\S]*?Your savings are paused/)
  })

  test('shows the week day by day, by where the money is now', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 10 })
    await checkOff(app, saver, habit)
    await settled()
    await later(saver, 1)
    const done = await checkOff(app, saver, habit)
    await settled()
    await checkOff(app, saver, habit)
    expect(await page(saver)).toMatch(/50\.00.kr saved so far, 25\.00.kr not there yet\./)
    expect(await page(saver)).toMatch(
      /Tuesday 16 June 0\.00.kr 0\.00.kr Wednesday 17 June 25\.00.kr 0\.00.kr Thursday 18 June 25\.00.kr 25\.00.kr/,
    )
    await settled()
    expect(await page(saver)).toMatch(/75\.00.kr saved so far\./)
    await saver.visitor.post(`/checkoffs/${done}/move-back`)
    // Until it is sent, the money is where it was.
    expect(await page(saver)).toMatch(/75\.00.kr saved so far\./)
    await settled()
    expect(await page(saver)).toMatch(/50\.00.kr saved so far\./)
    await later(saver, 7)
    expect(await page(saver)).not.toContain('saved so far')
  })

  test('leads to a first goal, and shows the next ones to be filled', async () => {
    const saver = await newLinkedSaver(app)
    await checkOff(app, saver, await newHabit(app, saver, { amount: '50' }))
    await settled()
    expect(await page(saver)).toContain('Give your savings a goal')
    for (const [name, target] of [
      ['Full', '10'],
      ['One', '20'],
      ['Two', '100'],
      ['Three', '100'],
    ] as const)
      await newGoal(saver, { name, target })
    await newGoal(saver, { name: 'Last' })
    const text = await page(saver)
    expect(text).toMatch(/Two 20\.00.kr of 100\.00.kr Three 0\.00.kr of 100\.00.kr Last 0\.00.kr of/)
    expect(text).not.toContain('Give your savings a goal')
  })
})

describe('the statements of the page', () => {
  test(`are ${UNCHANGED} as long as nothing changes, and ${CHANGED} then, with ten habits as with one, after years, and with goals`, async () => {
    const saver = await newLinkedSaver(app)
    const habits = [await newHabit(app, saver)]
    await checkOff(app, saver, habits[0] ?? '')
    await settled()
    await newGoal(saver)
    const first = await statementsOfBoth(saver, habits)
    for (let count = 1; count < 10; count += 1)
      habits.push(await newHabit(app, saver, { name: `Habit ${count}` }))
    for (const habit of habits.slice(1)) await checkOff(app, saver, habit)
    await settled()
    for (let count = 0; count < 5; count += 1) await newGoal(saver, {}, habits.slice(count, count + 1))
    await addYears(saver, 3)
    const last = await statementsOfBoth(saver, habits)
    expect([first, last]).toEqual([
      [UNCHANGED, CHANGED],
      [UNCHANGED, CHANGED],
    ])
  })

  test('of the pages that are looked at most are so many', async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver)
    await checkOff(app, saver, habit)
    await settled()
    await newGoal(saver)
    const counted: Record<string, number> = {}
    for (const path of Object.keys(STATEMENTS))
      counted[path] = (await statementsFor(saver, path.replace(':id', habit))).length
    expect(counted).toEqual(STATEMENTS)
  })
})

describe('the statements of a check-off', () => {
  test(`are ${CHECK_OFF}, of a habit's first ${FIRST_CHECK_OFF}, and no more after months`, async () => {
    const saver = await newLinkedSaver(app)
    const habit = await newHabit(app, saver, { frequency: 5 })
    expect(await statementsOfCheckOff(saver, habit)).toBe(FIRST_CHECK_OFF)
    expect(await statementsOfCheckOff(saver, habit)).toBe(CHECK_OFF)
    await later(saver, 70)
    // The first one after so long also writes down what is settled by now.
    await checkOff(app, saver, habit)
    expect(await statementsOfCheckOff(saver, habit)).toBe(CHECK_OFF)
  })
})

async function statementsOfCheckOff(saver: Person, habit: string): Promise<number> {
  const offer = await offerOf(app, saver, habit)
  const statements = await statementsOf(async () => {
    const { status } = await saver.visitor.post(`/habits/${habit}/checkoff`, offer)
    expect(status).toBe(303)
  })
  return statements.length
}

/** @returns how many a look needs that finds nothing changed, and one after a change. */
async function statementsOfBoth(saver: Person, [habit = '']: string[]): Promise<[number, number]> {
  const unchanged = await statementsFor(saver)
  await app.deps.db.pool.query('UPDATE "Habit" SET name = name WHERE id = $1', [habit])
  const changed = await statementsOf(() => page(saver))
  return [unchanged.length, changed.length]
}

/** Check-offs on every day of the years before, recorded without money. */
async function addYears({ user }: Person, years: number): Promise<void> {
  await app.deps.db.pool.query(`UPDATE "Habit" SET "startDate" = "startDate" - $2::int WHERE "userId" = $1`, [
    user.id,
    years * 365,
  ])
  const { rowCount } = await app.deps.db.pool.query(
    `INSERT INTO "CheckOff" (id, "userId", "habitId", "habitVersionId", day, at, timezone, "dayStartHour", period, slot,
       "daySlot", "amountMinor", currency, "recordOnly")
     SELECT gen_random_uuid(), h."userId", h.id, v.id, d.day, d.day, 'UTC', 0, d.day, 1, 1, v."amountMinor", v.currency, true
     FROM "Habit" h JOIN "HabitVersion" v ON v."habitId" = h.id,
       generate_series(h."startDate", h."startDate" + $2::int - 1, interval '1 day') AS d (day)
     WHERE h."userId" = $1`,
    [user.id, years * 365],
  )
  expect(rowCount).toBe(10 * years * 365)
}
