/** The demo saver takes a copy, is erased, and begins anew with it (I5). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_SAVER, seedDemo } from '../../prisma/seed.ts'
import { createDb, type Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { compared, differencesOf, toldInFigures } from '../support/copies.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { testEnvironment } from '../support/settings.ts'
import { newUser, SOMEBODY, WORKER, type World, worldAt } from './support.ts'

/** Long enough for one of the demo's habits to begin in it; with 100 there are two, and it takes twice as long. */
const DAYS = 52

let database: TestDatabase
let db: Db
let world: World
const folder = mkdtempSync(join(tmpdir(), 'demo-copy-'))

beforeAll(async () => {
  database = await testDatabase()
  const environment = testEnvironment({ DATABASE_URL: database.url })
  await seedDemo(environment, { stateFile: join(folder, 'bank.db'), days: DAYS, progress: () => {} })
  db = createDb(database.url, 4)
  world = worldAt(db, new Date().toISOString())
}, 300_000)
afterAll(async () => {
  await db.close()
  await database.drop()
  rmSync(folder, { recursive: true })
})

async function copyOf({ id }: User): Promise<string> {
  const pieces: string[] = []
  for await (const piece of world.models.exports.write(id)) pieces.push(piece)
  return pieces.join('')
}

test('a copy that was taken before the erasure comes back into another account, value by value', async () => {
  const saver = await db.prisma.user.findUniqueOrThrow({ where: { email: DEMO_SAVER.email } })
  const before = await copyOf(saver)
  const { erasures, imports } = world.models
  expect((await erasures.ask(saver, SOMEBODY)).kind).toBe('closed')
  await erasures.erase(saver.id, null, WORKER)

  const newcomer = await newUser(world)
  expect(await imports.read(newcomer, before, SOMEBODY)).toEqual({ kind: 'read' })
  const draft = await imports.draft(newcomer.id)
  expect(draft?.plan.refused.count).toBe(0)
  expect((await imports.confirm(newcomer, draft?.id ?? '', null, SOMEBODY)).kind).toBe('imported')

  const tables = compared(before, await copyOf(newcomer))
  console.info(toldInFigures(tables))
  expect(differencesOf(tables)).toEqual([])
  expect(await db.prisma.payment.count({ where: { userId: newcomer.id } })).toBe(0)
})
