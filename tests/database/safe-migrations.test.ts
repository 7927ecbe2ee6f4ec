/** Migrations run while the version before still works: they may add, and wait for nobody for long. */

import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { applyMigrations } from '../../prisma/engine.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freeAll, held } from '../support/held-tables.ts'
import { BASELINE, objectionsTo, statementsOf } from './safe-migrations.ts'

const FOLDER = 'prisma/migrations'
const names = readdirSync(FOLDER, { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() ? entry.name : []))
  .sort()

test('the baseline is there, and every migration after it is safe for the version that still runs', () => {
  expect(names).toContain(BASELINE)
  const objections = names
    .filter((name) => name > BASELINE)
    .flatMap((name) => {
      const sql = readFileSync(join(FOLDER, name, 'migration.sql'), 'utf8')
      const earlier = names.filter((other) => other < name)
      return objectionsTo(sql, earlier).map((objection) => `${name}: ${objection}`)
    })
  expect(objections).toEqual([])
})

describe('of a migration', () => {
  test.each([
    [
      'a new table with its indexes and rules',
      'CREATE TABLE "A" (id UUID); CREATE UNIQUE INDEX "A_x" ON "A" (id); ALTER TABLE "A" ADD CONSTRAINT c CHECK (true);',
    ],
    [
      'a trigger on a new table',
      'CREATE TABLE "A" (id UUID); CREATE TRIGGER t BEFORE UPDATE ON "A" FOR EACH ROW EXECUTE FUNCTION f();',
    ],
    ['a column that may be empty', 'ALTER TABLE "User" ADD COLUMN "x" TEXT;'],
    [
      'two, one with a default',
      `ALTER TABLE "User" ADD COLUMN "x" TEXT, ADD COLUMN "y" INTEGER NOT NULL DEFAULT 0;`,
    ],
    [
      'a function with semicolons in it',
      `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; RETURN NULL; END $$;`,
    ],
    ['an index made beside the traffic', '-- why\nCREATE INDEX CONCURRENTLY "i" ON "User" ("x");'],
    ['a rule that is looked at later', 'ALTER TABLE "User" VALIDATE CONSTRAINT c;'],
    ['a new value of a list of moves', `INSERT INTO "PaymentMove" VALUES ('A', 'B');`],
  ])('%s is taken', (_what, sql) => {
    expect(objectionsTo(sql, [])).toEqual([])
  })

  test.each([
    ['a column that is dropped', 'ALTER TABLE "User" DROP COLUMN "x";'],
    ['a column that is renamed', 'ALTER TABLE "User" RENAME COLUMN "x" TO "y";'],
    ['a table that is dropped', 'DROP TABLE "User";'],
    ['a table that is renamed', 'ALTER TABLE "User" RENAME TO "Person";'],
    ['a column that must be filled, without a default', 'ALTER TABLE "User" ADD COLUMN "x" TEXT NOT NULL;'],
    ['a column that must be filled from now on', 'ALTER TABLE "User" ALTER COLUMN "x" SET NOT NULL;'],
    ['a column that may be empty from now on', 'ALTER TABLE "User" ALTER COLUMN "x" DROP NOT NULL;'],
    ['another type', 'ALTER TABLE "User" ALTER COLUMN "x" TYPE BIGINT;'],
    [
      'a default that is worked out for each row',
      'ALTER TABLE "User" ADD COLUMN "x" UUID DEFAULT gen_random_uuid();',
    ],
    ['a column that looks something up', 'ALTER TABLE "User" ADD COLUMN "x" UUID REFERENCES "Habit" (id);'],
    ['an index that keeps writers out', 'CREATE INDEX "i" ON "User" ("x");'],
    ['a new unique rule', 'CREATE UNIQUE INDEX CONCURRENTLY "i" ON "User" ("x");'],
    [
      'an index beside other statements',
      'CREATE INDEX CONCURRENTLY "i" ON "User" ("x"); INSERT INTO "A" VALUES (1);',
    ],
    ['a rule for rows that others write', 'ALTER TABLE "User" ADD CONSTRAINT c CHECK (x > 0);'],
    ['all rows written anew', 'UPDATE "User" SET x = 1;'],
    [
      'a trigger on a table in use',
      'CREATE TRIGGER t BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION f();',
    ],
    ['a value more in a type that the version before reads', `ALTER TYPE "Currency" ADD VALUE 'GBP';`],
    ['the drop hidden behind a comment', '-- harmless\nALTER TABLE "User" DROP COLUMN "x";'],
    [
      'a second step without a first',
      '-- second step of 20300101000000_none: nobody reads it\nDROP TABLE "A";',
    ],
    ['a second step of the baseline', `-- second step of ${BASELINE}: nobody reads it\nDROP TABLE "A";`],
  ])('%s is refused', (_what, sql) => {
    expect(objectionsTo(sql, names)).not.toEqual([])
  })

  test('what nobody reads any more goes in a second step that names the first', () => {
    const sql =
      '-- second step of 20300101000000_moved: since then nothing reads it\nALTER TABLE "User" DROP COLUMN "x";'
    expect(objectionsTo(sql, ['20300101000000_moved'])).toEqual([])
  })

  test('comments, quotes and functions hide no statement', () => {
    const sql = `INSERT INTO a VALUES (';''--'); -- one; two\nSELECT "a;b", $f$ ; $f$; DROP TABLE a`
    expect(statementsOf(sql).map(({ text }) => text)).toEqual([
      `INSERT INTO a VALUES (';''--')`,
      'SELECT "a;b", $f$ ; $f$',
      'DROP TABLE a',
    ])
  })
})

describe('at work', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterEach(freeAll)
  afterAll(() => database.drop())

  const apply = async (name: string, sql: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'sparvana-migrations-'))
    await cp(FOLDER, folder, { recursive: true })
    // What this test has applied before is on record, and has to be there.
    for (const [earlier, text] of applied) await put(folder, earlier, text)
    await put(folder, name, sql)
    applied.set(name, sql)
    return applyMigrations(database.ownerUrl, folder).finally(() => rm(folder, { recursive: true }))
  }
  const applied = new Map<string, string>()
  const put = async (folder: string, name: string, sql: string) => {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'migration.sql'), sql)
  }

  test('one that does not get its table lets everybody else pass, and tries again until it does', async () => {
    const table = await held(database, 'Goal')
    const applying = apply('20991231000000_waits', 'ALTER TABLE "Goal" ADD COLUMN "madeUp" TEXT;')
    await table.areWaiting(1)
    await table.areGone()
    await table.areWaiting(1)
    await table.free()
    expect(await applying).toEqual(['20991231000000_waits'])
  })

  test('an index is made CONCURRENTLY, and is good', async () => {
    const sql = 'CREATE INDEX CONCURRENTLY "Goal_madeUp_idx" ON "Goal" ("name");'
    expect(await apply('20991231000100_index', sql)).toEqual(['20991231000100_index'])
    const { rows } = await database.asOwner(
      `SELECT indisvalid FROM pg_index WHERE indexrelid = '"Goal_madeUp_idx"'::regclass`,
    )
    expect(rows).toEqual([{ indisvalid: true }])
  })
})
