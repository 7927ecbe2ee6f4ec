/**
 * npm run restore:rehearse: takes a backup of a running database while it is written to, restores it elsewhere, and looks whether
 * everything is there and in order. Ends with 0 when it is, with 1 when it isn't.
 *
 * The backup is PostgreSQL's own online one (its files, between pg_backup_start and pg_backup_stop), because the packaged
 * PostgreSQL has no pg_dump. What is looked at afterwards is what docs/operate.md asks for after any restore.
 */
import { execFile, spawnSync } from 'node:child_process'
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { clusterOf } from '../../src/embedded/postgres/place.ts'
import { removeThrowaway } from '../../src/embedded/postgres/throwaways.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { startTestApp } from '../support/app.ts'
import { checkOff, newHabit, newLinkedSaver } from '../support/people.ts'

const SAVERS = 5
const HABITS = 4
const run = promisify(execFile)
const begun = performance.now()
const say = (line: string) => console.log(`${seconds(begun).padStart(6)} s  ${line}`)
const stops: (() => Promise<unknown>)[] = []

try {
  process.exitCode = (await rehearse()) ? 0 : 1
} finally {
  for (const stop of stops.reverse()) await stop()
}

async function rehearse(): Promise<boolean> {
  const [from, to] = [await place(), await place()]
  const postgres = await startPostgres({ dataDir: from })
  stops.push(() => postgres.stop())
  await prepareDatabase(postgres)
  const asOwner = reader(postgres.ownerUrl)
  const app = await startTestApp({ database: { ...postgres, asOwner, drop: async () => {} } })
  stops.push(() => app.close())
  const savers = []
  for (let count = 0; count < SAVERS; count += 1) {
    const saver = await newLinkedSaver(app)
    for (let habit = 0; habit < HABITS; habit += 1)
      await checkOff(app, saver, await newHabit(app, saver, { name: `Habit ${habit}` }))
    savers.push(saver)
  }
  await app.settleDue()
  await app.deps.models.auditChain.seal()
  say(`A database with ${SAVERS} savers and ${SAVERS * HABITS} check-offs.`)

  const startedAt = performance.now()
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  await admin.query(`SELECT pg_backup_start('rehearsal', true)`)
  const before = await counts(asOwner)
  await run('cp', ['-a', join(from, 'postgres'), to])
  // Written while the backup is being taken: it belongs to it, because it was done before its end.
  const [first] = savers
  if (first) await checkOff(app, first, await newHabit(app, first, { name: 'During the backup' }))
  const noted = await counts(asOwner)
  const label = await admin.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
  await admin.end()
  const [cluster, copy] = [await clusterIn(from), await clusterIn(to)]
  await run('cp', ['-a', join(cluster, 'pg_wal'), copy])
  await writeFile(join(copy, 'backup_label'), label.rows[0]?.labelfile ?? '')
  const { uid, gid } = await stat(copy)
  await chown(join(copy, 'backup_label'), uid, gid)
  await rm(join(copy, 'postmaster.pid'), { force: true })
  await rm(join(to, 'postgres', 'in-use.json'), { force: true })
  const { stdout } = await run('du', ['-sm', copy])
  say(`Backup taken in ${seconds(startedAt)} s while it was written to: ${stdout.split('\t')[0]} MB.`)

  const restoring = performance.now()
  const restored = await startPostgres({ dataDir: to })
  stops.push(() => restored.stop())
  await prepareDatabase(restored)
  say(`Restored in ${seconds(restoring)} s, with migrations and rights.`)

  const found = await counts(reader(restored.ownerUrl))
  const wrong = Object.keys(noted).filter((table) => found[table] !== noted[table])
  const grown = Object.keys(noted).filter((table) => noted[table] !== before[table])
  const rows = Object.values(found).reduce((sum, count) => sum + count, 0)
  say(
    `${rows} rows in ${Object.keys(found).length} tables; ${grown.length} of them had grown during the backup.`,
  )
  for (const table of wrong) say(`  ${table}: ${found[table]} rows instead of ${noted[table]}`)
  const commands = [
    ['books', 'src/reconcile.ts', '--books'],
    ['trail', 'src/audit-verify.ts'],
  ].map(([what = '', ...args]) => {
    const env = { PATH: process.env.PATH, ...app.environment, DATABASE_URL: restored.url }
    const { status, stdout: told, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
    say(`The ${what}: exit code ${status}.\n${indented(told)}`)
    if (status !== 0) console.error(stderr)
    return status
  })
  const isWhole = wrong.length === 0 && commands.every((status) => status === 0)
  say(isWhole ? 'Everything is there and in order.' : 'Something is missing or wrong.')
  return isWhole
}

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-restore-'))
  // PostgreSQL may run under another account than ours; it has to get through.
  await chmod(folder, 0o711)
  stops.push(() => removeThrowaway(folder))
  return folder
}

async function clusterIn(folder: string): Promise<string> {
  const cluster = await clusterOf(join(folder, 'postgres'), () => {})
  if (cluster === null || !cluster.startsWith(folder))
    throw new Error(
      'PostgreSQL keeps its data elsewhere here: set TMPDIR to a folder that its account can reach',
    )
  return cluster
}

function reader(connectionString: string) {
  return async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => {
    const client = new pg.Client({ connectionString })
    await client.connect()
    return client.query<Row>(sql, values).finally(() => client.end())
  }
}

/** Rows by table, all of the app's. */
async function counts(ask: ReturnType<typeof reader>): Promise<Record<string, number>> {
  const { rows } = await ask<{ table: string; count: number }>(
    `SELECT relname AS table,
       (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I', relname), false, true, '')))[1]::text::int AS count
     FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`,
  )
  return Object.fromEntries(rows.map(({ table, count }) => [table, count]))
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1)
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '            ')
}
