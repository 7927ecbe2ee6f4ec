import { chmod, mkdtemp, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { prepareDatabase } from '../prisma/prepare.ts'
import { removeThrowaway } from '../src/embedded/postgres/throwaways.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { spreadOf } from './statistics.ts'

export interface Place {
  databaseUrl: string
  /** Of who may switch the rules off, to make rows by the million. */
  adminUrl: string
  /** For looking at rows and preparing them; never under a clock. */
  pool: pg.Pool
  postgresVersion: string
  /** How long this disk takes to make 8 kB durable, median. */
  flushMs: number
  /** Brings the tables into the state that a database at rest has, so that no housekeeping runs into a measurement. */
  tidy(): Promise<void>
  close(): Promise<void>
}

/** A PostgreSQL of our own that flushes every commit to disk, in a temporary folder that goes with it. */
export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'sparvana-bench-'))
  // PostgreSQL may run under another account than ours; it has to get through.
  await chmod(folder, 0o711)
  const flushMs = await timeToFlush(join(folder, 'flush'))
  const postgres = await startPostgres({ dataDir: folder }).catch(async (error) => {
    await removeThrowaway(folder)
    throw error
  })
  const pool = new pg.Pool({ connectionString: postgres.ownerUrl, max: 2 })
  pool.on('error', () => {})
  const close = async () => {
    await pool.end()
    await postgres.stop()
    await removeThrowaway(folder)
  }
  try {
    await prepareDatabase(postgres)
    const { rows } = await pool.query('SHOW server_version')
    return {
      databaseUrl: postgres.url,
      adminUrl: adminOf(postgres),
      pool,
      postgresVersion: rows[0].server_version,
      flushMs,
      tidy: () => tidy(pool, postgres.adminUrl),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** In the app's database: rules are switched off by whoever owns the whole server, one database at a time. */
function adminOf({ adminUrl, ownerUrl }: { adminUrl: string; ownerUrl: string }): string {
  const url = new URL(adminUrl)
  url.pathname = new URL(ownerUrl).pathname
  return url.href
}

async function tidy(pool: pg.Pool, adminUrl: string): Promise<void> {
  await pool.query('VACUUM ANALYZE')
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query('CHECKPOINT')
  await admin.end()
}

async function timeToFlush(file: string): Promise<number> {
  const handle = await open(file, 'w')
  const page = Buffer.alloc(8_192, 1)
  const times: number[] = []
  for (let round = 0; round < 51; round += 1) {
    await handle.write(page, 0, page.length, round * page.length)
    const startedAt = performance.now()
    await handle.datasync()
    times.push(performance.now() - startedAt)
  }
  await handle.close()
  return spreadOf(times).median
}
