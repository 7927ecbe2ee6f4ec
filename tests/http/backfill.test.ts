import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver, PASSWORD, type Person } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { snapshot } from './support/snapshot.ts'

let app: TestApp
// Noon in Copenhagen on a Wednesday, so that no test runs over midnight or the week's end.
const clock = new ManualClock('2026-06-10T10:00:00.000Z')

beforeAll(async () => {
  app = await startTestApp({ clock })
})
afterAll(() => app.close())

interface Scene {
  saver: Person
  habit: string
  path: string
  /** Fills in the form of the page and reads what the next page says. */
  send(fields: Record<string, string>): Promise<string>
}

/** A saver, signed in, whose habit began on the days before. */
async function scene(days = 7, fields: Parameters<typeof newHabit>[2] = {}): Promise<Scene> {
  const saver = await newLinkedSaver(app)
  const habit = await newHabit(app, saver, fields)
  clock.advance(days * DAY)
  await signInAgain(saver)
  const path = `/habits/${habit}`
  const send = async (form: Record<string, string>) => {
    const answer = await saver.visitor.post(`${path}/backfill`, { version: '1', ...form })
    expect([answer.status, answer.headers.location]).toEqual([303, path])
    return saver.visitor.flashes(path)
  }
  return { saver, habit, path, send }
}

/** No session lasts for a day. */
async function signInAgain({ visitor, email }: Person): Promise<void> {
  await visitor.get('/login')
  await visitor.post('/login', { email, password: PASSWORD })
  await visitor.get('/dashboard')
}

const dayBack = (days: number) => new Date(clock.now().getTime() - days * DAY).toISOString().slice(0, 10)
const paymentsOf = ({ user }: Person) => app.deps.db.prisma.payment.findMany({ where: { userId: user.id } })
const checkOffsOf = ({ user }: Person) => app.deps.db.prisma.checkOff.findMany({ where: { userId: user.id } })

/** The forms of “Forgot one?”, as a browser without JavaScript would send them. */
function formsIn(html: string) {
  return [...html.matchAll(/<form[^>]*action="\/habits\/[0-9a-f-]+\/backfill"[\s\S]*?<\/form>/g)].map(
    ([form]) => ({
      day: /name="day" value="([^"]+)"/.exec(form)?.[1] ?? '',
      slot: /name="slot" value="([^"]+)"/.exec(form)?.[1] ?? '',
      version: /name="version" value="([^"]+)"/.exec(form)?.[1] ?? '',
      choices: [...form.matchAll(/name="pays" value="([^"]+)"[^>]*>([^<]+)</g)].map((match) =>
        match.slice(1).join(': '),
      ),
      hasToken: form.includes('name="_csrf"'),
    }),
  )
}

describe('“Forgot one?”', () => {
  test('offers each open day with its place and both choices', async () => {
    const { saver, path } = await scene()
    const { text } = await saver.visitor.get(path)
    expect(textOf(text)).toContain('Forgot one?')
    const forms = formsIn(text)
    expect(forms.map((form) => form.day)).toEqual([1, 2, 3, 4, 5, 6, 7].map(dayBack))
    for (const form of forms) {
      expect(form).toMatchObject({ slot: '1', version: '1', hasToken: true })
      expect(form.choices).toEqual([expect.stringMatching(/^yes: Save 25\.00\skr$/), 'no: Record only'])
    }
  })

  test('is not there on the first day, nor for a habit that was put away', async () => {
    const fresh = await scene(0)
    expect((await fresh.saver.visitor.get(fresh.path)).text).not.toContain('Forgot one?')
    const old = await scene()
    await old.send({ day: dayBack(1), slot: '1', pays: 'no' })
    await old.saver.visitor.post(`${old.path}/delete`)
    expect((await old.saver.visitor.get(old.path)).text).not.toContain('Forgot one?')
  })

  test('takes what it offers, day by day, until nothing is left', async () => {
    const { saver, path, send } = await scene(2)
    const [first] = formsIn((await saver.visitor.get(path)).text)
    const pledged = await send({ day: first?.day ?? '', slot: first?.slot ?? '', pays: 'yes' })
    expect(pledged).toMatch(/Run, .+: recorded\. 25\.00\skr pledged\./)
    const [second, ...more] = formsIn((await saver.visitor.get(path)).text)
    expect(more).toEqual([])
    const recorded = await send({ day: second?.day ?? '', slot: second?.slot ?? '', pays: 'no' })
    expect(recorded).toContain('recorded. No money moves for it.')
    expect((await saver.visitor.get(path)).text).not.toContain('Forgot one?')
    expect(await paymentsOf(saver)).toHaveLength(1)
    expect(await checkOffsOf(saver)).toHaveLength(2)
    const text = textOf((await saver.visitor.get(path)).text)
    expect(text).toContain('Recorded later')
    expect(text).toContain('Recorded only')
    expect(text).toContain('In a row 2 days')
  })

  test('that was only recorded can be taken back from the history', async () => {
    const { saver, path, send } = await scene()
    await send({ day: dayBack(1), slot: '1', pays: 'no' })
    const { text } = await saver.visitor.get(path)
    const undo = /action="(\/checkoffs\/[0-9a-f-]+\/undo)"/.exec(text)?.[1] ?? ''
    expect((await saver.visitor.post(undo)).headers.location).toBe('/dashboard')
    expect(await checkOffsOf(saver)).toMatchObject([{ state: 'UNDONE' }])
    const after = await saver.visitor.get(path)
    expect(formsIn(after.text)).toHaveLength(7)
    expect(after.text).not.toContain(undo)
  })
})

describe('what is refused says why, and records nothing', () => {
  test.each([
    ['eight days ago', 8, 'is more than 7 days ago. Nothing was recorded.'],
    ['today', 0, 'is not over yet. Nothing was recorded'],
    ['tomorrow', -1, 'is not over yet. Nothing was recorded'],
  ])('%s', async (_name, days, sentence) => {
    const { saver, send } = await scene(10)
    expect(await send({ day: dayBack(days), slot: '1', pays: 'yes' })).toContain(sentence)
    expect(await checkOffsOf(saver)).toEqual([])
  })

  test('before the habit began', async () => {
    const { saver, send } = await scene(2)
    expect(await send({ day: dayBack(3), slot: '1', pays: 'yes' })).toContain('Run began after')
    expect(await checkOffsOf(saver)).toEqual([])
  })

  test('twice, too often on a day, and beyond the period', async () => {
    const { saver, send } = await scene(2, { frequency: 2, interval: 7 })
    const monday = { day: dayBack(2), pays: 'yes' }
    expect(await send({ ...monday, slot: '1' })).toContain('recorded.')
    expect(await send({ ...monday, slot: '1' })).toContain('already. It counts once.')
    expect(await send({ ...monday, slot: '2' })).toContain('already. Nothing was added.')
    expect(await send({ day: dayBack(1), slot: '1', pays: 'yes' })).toContain('The page was out of date.')
    expect(await send({ day: dayBack(1), slot: '2', pays: 'yes' })).toContain('recorded.')
    expect(await send({ day: dayBack(1), slot: '3', pays: 'yes' })).toContain('was complete for that period')
    expect(await paymentsOf(saver)).toHaveLength(2)
  })

  test('of a habit that was put away', async () => {
    const { saver, habit, send } = await scene()
    await app.deps.db.prisma.habit.update({ where: { id: habit }, data: { archivedOn: clock.now() } })
    expect(await send({ day: dayBack(1), slot: '1', pays: 'yes' })).toContain(
      'Run has been put away. Nothing was recorded.',
    )
    expect(await checkOffsOf(saver)).toEqual([])
  })

  test.each<[string, Record<string, string>]>([
    ['no choice', { slot: '1' }],
    ['a choice we don’t know', { slot: '1', pays: 'maybe' }],
    ['no place', { pays: 'yes' }],
    ['an amount of its own', { slot: '1', pays: 'yes', amountMinor: '1' }],
    ['a flag of the database', { slot: '1', pays: 'yes', isBackfill: 'false' }],
  ])('with %s', async (_name, fields) => {
    const { saver, path } = await scene(1)
    const before = await snapshot(app)
    const answer = await saver.visitor.post(`${path}/backfill`, {
      day: dayBack(1),
      version: '1',
      ...fields,
    })
    expect(answer.status).toBe(422)
    expect(textOf(answer.text)).toContain('This is not what the page offered')
    expect(await snapshot(app)).toEqual(before)
  })

  test('from somebody else, or from nobody', async () => {
    const { path } = await scene(1)
    const fields = { day: dayBack(1), slot: '1', pays: 'yes' }
    const other = await newLinkedSaver(app)
    const before = await snapshot(app)
    expect((await other.visitor.post(`${path}/backfill`, fields)).status).toBe(404)
    const nobody = await new Visitor(app).post(`${path}/backfill`, fields)
    expect([nobody.status, nobody.headers.location]).toEqual([303, '/login'])
    expect(await snapshot(app)).toEqual(before)
  })
})
