import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY, ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { newHabit, newLinkedSaver } from '../support/people.ts'
import { textOf } from '../support/visitor.ts'

const clock = new ManualClock(new Date('2026-06-17T10:00:00.000Z'))
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ clock })
})

afterAll(() => app.close())

test('a habit’s page shows its last twelve months by the day, and its strength by the week', async () => {
  const saver = await newLinkedSaver(app)
  const { checkOffs, habits, breaks } = app.deps.models
  const by = { kind: 'saver', id: saver.user.id, ip: null, requestId: null } as const
  const id = await newHabit(app, saver, { name: 'Run' })
  const other = await newHabit(app, saver, { name: 'Read' })
  for (let day = 0; day < 10; day += 1) {
    const today = await habits.findOwned(saver.user, id)
    if (today?.progress.next.kind === 'open') {
      const offer = { day: today.today, slot: today.progress.next.slot }
      await checkOffs.record(saver.user, id, offer, by)
    }
    clock.advance(DAY)
  }
  await breaks.add(saver.user, { kind: 'PAUSE', habitId: id, start: '2026-06-27', end: '2026-06-28' }, by)
  const { days, strengths } = await habits.yearOf(saver.user, id)
  const states = Map.groupBy(days, ({ state }) => state)
  expect(states.get('full')?.map(({ day }) => day)).toEqual(
    Array.from({ length: 10 }, (_, at) => `2026-06-${17 + at}`),
  )
  expect(states.get('skipped')?.map(({ day }) => day)).toEqual(['2026-06-27'])
  const shown = await habits.findOwned(saver.user, id)
  expect(strengths.at(-1)).toEqual({ day: '2026-06-27', strength: shown?.strength })
  await saver.visitor.get('/login')
  await saver.visitor.post('/login', { email: saver.email, password: 'Quiet-otter-39-lakes' })
  const page = textOf((await saver.visitor.get(`/habits/${id}`)).text)
  expect(page).toContain('The last twelve months Checked off on 10 days.')
  expect(page).toContain('Strength, week by week')
  expect(textOf((await saver.visitor.get(`/habits/${other}`)).text)).toContain('Checked off on 0 days.')
})

test('somebody else’s year can’t be read', async () => {
  const [saver, stranger] = [await newLinkedSaver(app), await newLinkedSaver(app)]
  const id = await newHabit(app, saver, { name: 'Run' })
  await expect(app.deps.models.habits.yearOf(stranger.user, id)).rejects.toThrow()
})
