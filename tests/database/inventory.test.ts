import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDb, type Db } from '../../src/db.ts'
import { factsOf, inventoryTable, TABLES } from '../../src/models/data-inventory.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const DOCUMENT = new URL('../../docs/data.md', import.meta.url)
const [BEGIN, END] = ['<!-- inventory -->\n', '\n<!-- /inventory -->']
/** Columns that say by their name that they point at a user. */
const USER_LINK = /^(userId|subjectId|actorId|adminId|onBehalfOfId)$|ById$/

interface Column {
  table: string
  column: string
  /** It refers to the table of users. */
  isLink: boolean
}

let database: TestDatabase
let db: Db
let columns: Column[]

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 2)
  const { rows } = await db.pool.query<Column>(`
    SELECT CASE n.nspname WHEN 'public' THEN t.relname ELSE n.nspname || '.' || t.relname END AS table,
           a.attname AS column,
           EXISTS (SELECT 1 FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = t.oid
                   AND c.confrelid = '"User"'::regclass AND a.attnum = ANY (c.conkey)) AS "isLink"
    FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND t.relkind IN ('r', 'p', 'v', 'm')
      AND NOT t.relispartition`)
  columns = rows
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

test('every column of the database, the queue’s and the sessions’ included, has its row (S-046, S-083)', () => {
  expect(columns.length).toBeGreaterThan(250)
  const forgotten = columns.filter(({ table, column }) => factsOf(table, column) === null)
  expect(forgotten.map(({ table, column }) => `${table}.${column}`)).toEqual([])
})

test('nothing is described that is not there', () => {
  const there = new Set(columns.map(({ table, column }) => `${table}.${column}`))
  const described = Object.entries(TABLES).flatMap(([table, facts]) =>
    [
      ...Object.keys(facts.columns).filter((column) => column !== '*'),
      facts.removed?.by ?? [],
      facts.cleared?.by ?? [],
    ]
      .flat()
      .map((column) => `${table}.${column}`),
  )
  expect(described.filter((place) => !there.has(place))).toEqual([])
})

test('our own tables are described column by column', () => {
  const own = Object.entries(TABLES).filter(([name]) => !/^(pgboss\.|_prisma)/.test(name))
  expect(own.filter(([, { columns }]) => '*' in columns).map(([name]) => name)).toEqual([])
})

test('every table that knows of savers is exported, or says why not (S-085)', () => {
  const linked = columns.filter(({ column, isLink }) => isLink || USER_LINK.test(column))
  const tables = [...new Set(linked.map(({ table }) => table))]
  expect(tables.length).toBeGreaterThan(15)
  const unexplained = tables.filter((table) => {
    const { owner, unexported } = TABLES[table] ?? {}
    return !owner && !unexported
  })
  expect(unexplained).toEqual([])
})

test('what opens something is in no export, and erasing leaves nothing of it', () => {
  const wrong = columns.filter(({ table, column }) => {
    const facts = factsOf(table, column)
    return facts?.class === 'credential' && (facts.export === 'exported' || facts.erasure === 'stays')
  })
  expect(wrong).toEqual([])
})

test('nothing that identifies somebody outlives their erasure, but for where audited deeds came from', () => {
  const staying = columns.filter(({ table, column }) => {
    const facts = factsOf(table, column)
    return facts?.class === 'identifying' && facts.erasure === 'stays'
  })
  expect(staying.map(({ table, column }) => `${table}.${column}`)).toEqual(['AuditEvent.ip'])
})

/** After a change of the inventory: UPDATE_DOCS=1 npx vitest run tests/database/inventory.test.ts */
test('docs/data.md shows the same', () => {
  const document = readFileSync(DOCUMENT, 'utf8')
  const [before = '', rest = ''] = document.split(BEGIN)
  const [shown, after = ''] = rest.split(END)
  if (process.env.UPDATE_DOCS === '1')
    writeFileSync(DOCUMENT, [before, BEGIN, inventoryTable(), END, after].join(''))
  else expect(shown).toBe(inventoryTable())
})
