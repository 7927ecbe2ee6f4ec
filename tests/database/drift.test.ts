import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { missingFromMigrations } from '../../prisma/engine.ts'
import { createDb, type Db } from '../../src/db.ts'
import { MOVES } from '../../src/models/payment/states.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 3)
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

test('the migrations lead to exactly what schema.prisma describes', async () => {
  expect(await missingFromMigrations(inject('database').adminUrl)).toBe('')
})

test('the table of payment moves in the database is the one in the code', async () => {
  const rows = await db.prisma.paymentMove.findMany()
  const inDatabase = rows.map(({ from, to }) => `${from} → ${to}`).sort()
  const inCode = Object.entries(MOVES).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`))
  expect(inDatabase).toEqual(inCode.sort())
})
