/** While savers look at their dashboards and check off, everything is renewed under them: no request of theirs may fail. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyMigrations } from '../../prisma/engine.ts'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { systemClock } from '../../src/clock.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { beBusy, missingOrDouble, newBusySaver, type Saver } from './support/savers.ts'
import { lives, Server } from './support/server.ts'

const TABLES = ['User', 'session', 'Habit', 'HabitVersion', 'CheckOff', 'Payment', 'LedgerBalance']

/**
 * Of the kind that tests/database/safe-migrations.test.ts allows, on the tables that every request reads or writes. Several, because
 * one has little chance of meeting a request that holds what it wants and wants what it holds.
 */
const MADE_UP: Record<string, string> = Object.fromEntries([
  ...[1, 2, 3, 4, 5].map((nth) => [
    `2099123100000${nth}_columns`,
    TABLES.map(
      (table) =>
        `ALTER TABLE "${table}" ADD COLUMN "text${nth}" TEXT, ADD COLUMN "count${nth}" INTEGER NOT NULL DEFAULT 0;`,
    ).join('\n'),
  ]),
  ['20991231000100_index', 'CREATE INDEX CONCURRENTLY "CheckOff_text1_idx" ON "CheckOff" ("text1");'],
])

/** Half a minute where nothing else runs; it starts four processes, one after another. */
const PATIENT_MS = 300_000

let database: TestDatabase
let balancer: Balancer
let app: TestApp
let savers: Saver[]
let first: Server
const servers: Server[] = []

beforeAll(async () => {
  database = await testDatabase()
  balancer = await startBalancer()
  const addresses = ['/bank/callback', '/payments/return'].map((path) => balancer.url + path)
  const started = await startTestApp({
    clock: systemClock,
    database,
    settings: {
      BASE_URL: balancer.url,
      NORDEA_REDIRECT_URI: `${balancer.url}/bank/callback`,
      WEB_CONCURRENCY: '2',
      DRAIN_SECONDS: '1',
      DATABASE_POOL: '4',
    },
    sandbox: { redirectUris: addresses },
  })
  app = { ...started, baseUrl: balancer.url }
  first = await start()
  balancer.sendTo([first.origin])
  savers = []
  for (let count = 0; count < 3; count += 1) savers.push(await newBusySaver(app))
}, PATIENT_MS)
afterAll(async () => {
  for (const server of servers) await server.end('SIGKILL')
  await balancer.close()
  await app.close()
})

async function start(): Promise<Server> {
  const server = await Server.ready(app.environment)
  servers.push(server)
  return server
}

test(
  'nobody notices a rolling restart, a migration, and a second machine that comes and goes',
  async () => {
    const over = new AbortController()
    const [one, two, three] = savers as [Saver, Saver, Saver]
    const busy = Promise.all([
      beBusy(app, one, over.signal),
      beBusy(app, two, over.signal),
      // Without anybody in front.
      beBusy(app, three, over.signal, first.origin),
    ])

    const before = first.pids
    first.child.kill('SIGHUP')
    await first.says('rolling restart done')
    expect(before.filter(lives)).toEqual([])
    expect(first.pids.filter(lives)).toHaveLength(2)

    expect(await migrate()).toEqual(Object.keys(MADE_UP))
    await prepareDatabase(database)

    const second = await start()
    balancer.sendTo([first.origin, second.origin])
    await pause(1_000)
    expect(await second.end('SIGTERM')).toBe(0)
    balancer.sendTo([first.origin])
    await pause(300)

    over.abort()
    const outcomes = await busy
    const errors = first.lines.filter(({ level }) => level === 'error')
    expect({ failures: outcomes.flatMap(({ failures }) => failures), errors }).toEqual({
      failures: [],
      errors: [],
    })
    expect(balancer.troubles).toEqual([])
    expect(await missingOrDouble(app, savers, outcomes)).toEqual([])
    for (const { requests } of outcomes) expect(requests).toBeGreaterThan(20)
    expect(await first.end()).toBe(0)
  },
  PATIENT_MS,
)

/** All that there are, and two more. @returns the names of those that were applied. */
async function migrate(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-migrations-'))
  await cp('prisma/migrations', folder, { recursive: true })
  for (const [name, sql] of Object.entries(MADE_UP)) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'migration.sql'), sql)
  }
  return applyMigrations(database.ownerUrl, folder).finally(() => rm(folder, { recursive: true }))
}
