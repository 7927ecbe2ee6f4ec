import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { readSettings } from '../../src/config.ts'
import { createDb, type Db } from '../../src/db.ts'
import { createDeps } from '../../src/deps.ts'
import { createLogger } from '../../src/logger.ts'
import { createModels } from '../../src/models/index.ts'
import { checkOff, newHabit, newLinkedUser, worldAt } from '../models/support.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { testEnvironment } from '../support/settings.ts'

/** S: sees, I: adds, U: changes, D: removes. Nothing else is given to anybody, TRUNCATE, REFERENCES and TRIGGER included. */
const EXPECTED: Record<string, string> = {
  _prisma_migrations: 'S',
  Account: 'SIUD',
  Alarm: 'SIUD',
  ApiAnswer: 'SIUD',
  ApiToken: 'SIUD',
  AuditEvent: 'SI',
  AuditUnsealed: 'SD',
  AuditSeal: 'SI',
  JobRun: 'SIU',
  BackupCode: 'SIUD',
  BankCall: 'SIUD',
  BankConsent: 'SIU',
  BankGate: 'SIU',
  CheckOff: 'SIU',
  ConsentRequest: 'SIUD',
  EmailChange: 'SIUD',
  EmailToken: 'SIUD',
  Erasure: 'SIU',
  FactorReset: 'SIUD',
  Goal: 'SIUD',
  GoalHabit: 'SIUD',
  GoalUse: 'SIUD',
  Habit: 'SIUD',
  HabitReminder: 'SIUD',
  HabitVersion: 'SI',
  ImportDraft: 'SID',
  PushSubscription: 'SIUD',
  Reminder: 'SIUD',
  ReminderWish: 'SIUD',
  HabitBreak: 'SIUD',
  HabitNote: 'SIUD',
  HabitCheckpoint: 'SIUD',
  SaverRevision: 'S',
  KnownCountry: 'SIUD',
  KnownDevice: 'SIUD',
  LedgerBalance: 'SIU',
  LedgerLine: 'SI',
  Passkey: 'SIUD',
  Payment: 'SIU',
  PaymentEvent: 'SI',
  PaymentMove: 'S',
  PaymentStop: 'SIU',
  ReconciliationDifference: 'SIUD',
  ReconciliationRun: 'SIUD',
  SavingLimits: 'SIUD',
  session: 'SIUD',
  SpentProof: 'SIUD',
  Throttle: 'SIUD',
  User: 'SIUD',
}
const RIGHTS = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'TRUNCATE',
  'REFERENCES',
  'TRIGGER',
  'MAINTAIN',
] as const

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 4)
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

/** As first letters; what has no letter of its own is spelt out. */
async function rightsOf(schema: string): Promise<Record<string, string>> {
  const { rows } = await db.pool.query<{ table: string; held: string[] }>(
    `SELECT relname AS table, array(
       SELECT name FROM unnest($2::text[]) WITH ORDINALITY AS asked (name, place)
       WHERE has_table_privilege(current_user, oid, name) ORDER BY place) AS held
     FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname`,
    [schema, RIGHTS],
  )
  const short = (right: string) => (/^[SIUD]/.test(right) ? right.slice(0, 1) : ` ${right}`)
  return Object.fromEntries(rows.map(({ table, held }) => [table, held.map(short).join('')]))
}

describe('the app’s role (S-065, S-074)', () => {
  test('has for each table the rights that stand here, and no others', async () => {
    expect(await rightsOf('public')).toEqual(EXPECTED)
  })

  test('reads and writes the queue’s rows, and can’t change its tables', async () => {
    const rights = await rightsOf('pgboss')
    expect(Object.keys(rights)).toContain('job')
    expect(new Set(Object.values(rights))).toEqual(new Set(['SIUD']))
  })

  test('is no superuser, makes no roles, databases or copies, passes no rule by, and belongs to no other role', async () => {
    const { rows } = await db.pool.query(
      `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
              ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid) AS belongs
       FROM pg_roles r WHERE rolname = current_user`,
    )
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolbypassrls: false,
        belongs: [],
      },
    ])
  })

  test('owns nothing, and makes nothing anywhere', async () => {
    const { rows } = await db.pool.query(
      `SELECT (SELECT count(*)::int FROM pg_class WHERE relowner = current_user::regrole) AS relations,
              (SELECT count(*)::int FROM pg_proc WHERE proowner = current_user::regrole) AS functions,
              (SELECT count(*)::int FROM pg_database WHERE datdba = current_user::regrole) AS databases,
              has_database_privilege(current_database(), 'CREATE') AS schemas,
              has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
              ARRAY(SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')) AS "createsIn"`,
    )
    expect(rows).toEqual([
      { relations: 0, functions: 0, databases: 0, schemas: false, temporary: false, createsIn: [] },
    ])
  })

  test('calls the one function that may change the trail, and none that isn’t meant for it', async () => {
    const { rows } = await db.pool.query<{ name: string }>(
      `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       AND has_function_privilege(oid, 'EXECUTE') ORDER BY proname`,
    )
    expect(rows.map(({ name }) => name)).toEqual(['forget_old_addresses', 'payment_is_the_sum'])
  })

  test('gets nothing of a table that nobody has thought about', async () => {
    await database.asOwner('CREATE TABLE forgotten (id int)')
    await prepareDatabase(database)
    expect((await rightsOf('public')).forgotten).toBe('')
    await database.asOwner('DROP TABLE forgotten')
  })
})

describe('the app cannot change its own trail', () => {
  let client: pg.Client

  beforeAll(async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await checkOff(world, user, (await newHabit(world, user)).id)
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  afterAll(() => client.end())
  beforeEach(async () => {
    for (const table of ['AuditEvent', 'PaymentEvent', 'LedgerLine', 'HabitVersion'])
      expect((await client.query(`SELECT 1 FROM "${table}"`)).rowCount).toBeGreaterThan(0)
  })

  const attempts = ['AuditEvent', 'PaymentEvent', 'LedgerLine', 'HabitVersion', 'PaymentMove'].flatMap(
    (table) => [
      `UPDATE "${table}" SET ${table === 'PaymentMove' ? '"to" = "to"' : 'id = id'}`,
      `DELETE FROM "${table}"`,
      `TRUNCATE "${table}" CASCADE`,
      `ALTER TABLE "${table}" DISABLE TRIGGER ALL`,
      `ALTER TABLE "${table}" DISABLE TRIGGER USER`,
      `ALTER TABLE "${table}" ADD COLUMN more text`,
      `ALTER TABLE "${table}" OWNER TO current_user`,
      `DROP TABLE "${table}" CASCADE`,
      `CREATE RULE hidden AS ON INSERT TO "${table}" DO INSTEAD NOTHING`,
      `CREATE TRIGGER mine BEFORE INSERT ON "${table}" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    ],
  )

  test.each([
    ...attempts,
    'DROP TRIGGER "AuditEvent_append_only" ON "AuditEvent"',
    'DROP TRIGGER "Payment_moves" ON "Payment"',
    `INSERT INTO "PaymentMove" ("from", "to") VALUES ('PAID', 'SCHEDULED')`,
    'CREATE TEMPORARY TABLE "PaymentMove" ("from" text, "to" text)',
    'CREATE TABLE public.mine (id int)',
    'CREATE SCHEMA mine',
    'CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    `CREATE OR REPLACE FUNCTION public.history_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`,
    'SET session_replication_role = replica',
    'SET ROLE sparvana',
    'SET SESSION AUTHORIZATION sparvana',
    'CREATE ROLE mine SUPERUSER',
    'DELETE FROM "Payment"',
    'DELETE FROM "CheckOff"',
    'DELETE FROM "LedgerBalance"',
    'UPDATE _prisma_migrations SET finished_at = NULL',
    'DROP TABLE pgboss.job CASCADE',
    `COPY "User" TO PROGRAM 'cat'`,
    `SELECT pg_read_file('postmaster.pid')`,
  ])('%s', async (statement) => {
    await expect(client.query(statement)).rejects.toThrow(
      /permission denied|must be owner|must have|must be able|must inherit/,
    )
  })

  test('nor give itself what it lacks', async () => {
    // PostgreSQL refuses it by a warning only.
    await client.query('GRANT ALL ON "AuditEvent", "PaymentEvent", "LedgerLine", "User" TO current_user')
    expect(await rightsOf('public')).toEqual(EXPECTED)
  })

  test('and an old address goes by the one function only', async () => {
    const { rows } = await client.query(`SELECT forget_old_addresses(now(), 10) AS forgotten`)
    expect(rows).toEqual([{ forgotten: 0 }])
  })
})

describe('rights are given', () => {
  test('as often as the release command runs, also while the app works', async () => {
    const models = createModels(worldAt(db).context)
    const looking = Array.from({ length: 20 }, () => models.overview.backlog())
    await Promise.all([prepareDatabase(database), prepareDatabase(database), ...looking])
    expect(await rightsOf('public')).toEqual(EXPECTED)
  })

  test('to nobody where there is one role only: it owns everything, as on small plans', async () => {
    const { ownerUrl: url } = database
    expect(await prepareDatabase({ url, ownerUrl: url })).toEqual([])
    expect(await rightsOf('public')).toEqual(EXPECTED)
  })

  test.each([
    ['the owner of everything', 'ownerUrl', 1],
    ['its own small one', 'url', 0],
  ] as const)(
    'or not, and in production the app says at its start that its role is %s, or nothing',
    async (_what, which, lines) => {
      const settings = readSettings(testEnvironment({ DATABASE_URL: database[which] }))
      const warn = vi.fn()
      const log = Object.assign(createLogger('web', 'error'), { warn })
      for (const NODE_ENV of ['production', 'development'] as const) {
        const deps = await createDeps(
          { ...settings, NODE_ENV, NORDEA_BASE_URL: 'https://bank.example' },
          'web',
          { log },
        )
        await deps.close()
      }
      expect(warn.mock.calls).toEqual(
        Array(lines).fill([expect.stringContaining('give it a role of its own')]),
      )
    },
  )

  test('to no role that there isn’t', async () => {
    const url = database.url.replace('sparvana_app', 'sparvana_nobody')
    await expect(prepareDatabase({ ...database, url })).rejects.toThrow(
      /role "sparvana_nobody" does not exist/,
    )
  })
})
