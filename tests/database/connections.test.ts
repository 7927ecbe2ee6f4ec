import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDb, type Db } from '../../src/db.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 1)
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

test('an instant is kept as it is, whatever zone the database is set to', async () => {
  await database.asOwner(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET timezone TO %L', current_database(), 'Asia/Kathmandu');
  END $$`)
  const url = new URL(database.url)
  url.searchParams.set('options', '-c synchronous_commit=off')
  const elsewhere = createDb(url.href, 1)
  try {
    const at = new Date('2026-03-29T01:30:00.000Z')
    await elsewhere.prisma.bankGate.create({ data: { host: 'zone', nextSlotAt: at } })
    const { rows } = await elsewhere.pool.query(
      `SELECT extract(epoch FROM "nextSlotAt")::float8 AS seconds FROM "BankGate" WHERE host = $1`,
      ['zone'],
    )
    expect(rows[0].seconds * 1_000).toBe(at.getTime())
    const found = await elsewhere.prisma.$queryRaw<{ nextSlotAt: Date }[]>`
      SELECT "nextSlotAt" FROM "BankGate" WHERE "nextSlotAt" = ${at}`
    expect(found).toEqual([{ nextSlotAt: at }])
    // Other options of the address still count.
    const setting = await elsewhere.pool.query('SHOW synchronous_commit')
    expect(setting.rows).toEqual([{ synchronous_commit: 'off' }])
  } finally {
    await elsewhere.close()
  }
})

test('a statement that comes again is planned once, unless its columns may change under it', async () => {
  const named = async () => {
    const { rows } = await db.pool.query('SELECT statement FROM pg_prepared_statements')
    return rows.map((row) => row.statement as string)
  }
  const list = () => db.prisma.paymentMove.findMany({ where: { from: 'SCHEDULED' } })
  const star = () => db.prisma.$queryRaw`SELECT * FROM "PaymentMove"`
  await list()
  expect((await named()).filter((text) => text.includes('PaymentMove'))).toEqual([])
  for (let times = 0; times < 3; times += 1) await Promise.all([list(), star()])
  expect((await named()).filter((text) => text.includes('PaymentMove'))).toEqual([
    expect.stringMatching(/^SELECT (?!\*)/),
  ])
})
