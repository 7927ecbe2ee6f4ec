/** The demo saver takes a copy, is erased, signs up anew and brings the copy back, all through the pages (I5). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_SAVER } from '../../prisma/demo.ts'
import { seedDemo } from '../../prisma/seed.ts'
import { ManualClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { compared, differencesOf, toldInFigures } from '../support/copies.ts'
import { testDatabase } from '../support/database.ts'
import { newSaver } from '../support/people.ts'
import { testEnvironment } from '../support/settings.ts'
import { textOf, Visitor } from '../support/visitor.ts'
import { SOMEBODY, WORKER } from './support.ts'

/** Long enough for habits of all kinds to begin in it. */
const DAYS = 52
/** What the story was written with, the app has to read it with. */
const SHARED = ['PASSWORD_PEPPER', 'ACCOUNT_HASH_KEY', 'TOKEN_KEYS', 'NORDEA_CLIENT_SECRET']

let app: TestApp
const folder = mkdtempSync(join(tmpdir(), 'demo-copy-'))

beforeAll(async () => {
  const database = await testDatabase()
  const environment = testEnvironment({ DATABASE_URL: database.url })
  await seedDemo(environment, { stateFile: join(folder, 'bank.db'), days: DAYS, progress: () => {} })
  const settings = Object.fromEntries(SHARED.map((name) => [name, environment[name] ?? '']))
  app = await startTestApp({ database, settings, clock: new ManualClock(new Date()) })
}, 300_000)
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

async function copyOf(visitor: Visitor): Promise<string> {
  await visitor.get('/settings/data')
  const { status, text } = await visitor.post('/settings/data/export')
  if (status !== 200) throw new Error(`there was no copy: ${status}`)
  return text
}

/** The demo has no letters about itself; its saver wants some before the copy is taken. */
async function wishForReminders(userId: string): Promise<void> {
  const { reminders } = app.deps.models
  const wish = { byMail: true, mostPerDay: 2, digestWeekday: 7, tellsAmounts: true }
  await reminders.change(userId, wish, SOMEBODY)
  const run = await app.deps.db.prisma.habit.findFirstOrThrow({ where: { userId, name: 'Gym' } })
  await reminders.setTime(userId, run.id, 20 * 60, SOMEBODY)
}

test('after a copy of the demo saver, an erasure and an import nothing differs but what is listed, with its reason', async () => {
  const visitor = new Visitor(app)
  await visitor.get('/login')
  const { email, password } = DEMO_SAVER
  expect((await visitor.post('/login', { email, password })).status).toBe(303)
  const saver = await app.deps.db.prisma.user.findUniqueOrThrow({ where: { email } })
  await wishForReminders(saver.id)
  const before = await copyOf(visitor)

  await visitor.get('/settings/data/erase')
  expect((await visitor.post('/settings/data/erase', { email })).headers.location).toBe('/')
  await app.deps.models.erasures.erase(saver.id, null, WORKER)
  expect((await app.deps.db.prisma.user.findMany({ where: { email } })).length).toBe(0)

  const newcomer = await newSaver(app, DEMO_SAVER.fullName)
  await newcomer.visitor.get('/import')
  await newcomer.visitor.post('/import', { text: before })
  const preview = await newcomer.visitor.get('/import/preview')
  const shown = textOf(preview.text)
  expect(shown).toContain('Goals 3 without money')
  expect(shown).toContain('Left out 0')
  expect(shown).toContain('What stays behind')
  expect(shown).toContain('Goals begin empty here')
  const draft = /name="draft" value="([^"]+)"/.exec(preview.text)?.[1] ?? ''
  expect((await newcomer.visitor.post('/import/confirm', { draft })).headers.location).toBe('/dashboard')

  const tables = compared(before, await copyOf(newcomer.visitor))
  console.info(toldInFigures(tables))
  expect(differencesOf(tables)).toEqual([])
  const compare = tables.filter(({ columns }) => columns.length > 0)
  expect(compare.filter(({ rows }) => rows.before === 0).map(({ table }) => table)).toEqual([])
  expect(await app.deps.db.prisma.payment.count({ where: { userId: newcomer.user.id } })).toBe(0)
  expect(await app.deps.db.prisma.ledgerLine.count({ where: { userId: newcomer.user.id } })).toBe(0)
})
