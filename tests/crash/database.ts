import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { clusterOf } from '../../src/embedded/postgres/place.ts'
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts'
import type { Span } from './program.ts'

/** `fast` cuts all sessions and writes everything; `immediate` ends at once and recovers at the next start. */
export type Shutdown = 'fast' | 'immediate'

/** A PostgreSQL that flushes every commit, and that can be taken down and brought up again where it was. */
export class Database {
  /** When it was down. */
  readonly downs: Span[] = []
  readonly #folder: string
  #postgres: Postgres
  #isClosed = false

  private constructor(folder: string, postgres: Postgres) {
    this.#folder = folder
    this.#postgres = postgres
  }

  static async open(folder: string): Promise<Database> {
    const postgres = await startPostgres({ dataDir: folder })
    const database = new Database(folder, postgres)
    await prepareDatabase(postgres)
    return database
  }

  get url(): string {
    return this.#postgres.url
  }

  get ownerUrl(): string {
    return this.#postgres.ownerUrl
  }

  async goDown(how: Shutdown): Promise<void> {
    this.downs.push({ from: Date.now(), to: null })
    if (how === 'immediate') {
      process.kill(await this.#pid(), 'SIGQUIT')
      await this.#postgres.ended
    }
    await this.#postgres.stop()
  }

  async comeUp(): Promise<void> {
    if (this.#isClosed) return
    this.#postgres = await startPostgres({ dataDir: this.#folder, port: this.#postgres.port })
    const down = this.downs.at(-1)
    if (down) down.to = Date.now()
    if (this.#isClosed) await this.#postgres.stop()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#postgres.stop()
  }

  async #pid(): Promise<number> {
    const cluster = await clusterOf(join(this.#folder, 'postgres'), () => {})
    const [first = ''] = (await readFile(join(cluster ?? '', 'postmaster.pid'), 'utf8')).split('\n')
    const pid = Number.parseInt(first, 10)
    if (!(pid > 1)) throw new Error('PostgreSQL has no process')
    return pid
  }
}

/** Reads the database beside the app, across its restarts. */
export interface Look {
  rows<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

const TRIES = 120
const TRY_AGAIN_MS = 250

export function openLook(url: string): Look {
  const pool = new pg.Pool({ connectionString: url, max: 3, connectionTimeoutMillis: 5_000 })
  pool.on('error', () => {})
  const rows = async <Row extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
    triesLeft = TRIES,
  ): Promise<Row[]> => {
    try {
      return (await pool.query<Row>(text, values)).rows
    } catch (error) {
      // What PostgreSQL itself refuses has a code of its own class; connections that broke are tried again.
      if (!isAboutConnection(error) || triesLeft === 0) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS))
    return rows(text, values, triesLeft - 1)
  }
  return { rows, close: () => pool.end() }
}

/** 57P0x: it is going down or coming up. 08: the connection is gone. */
function isAboutConnection(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return typeof code !== 'string' || /^(57P|08|E[A-Z])/.test(code)
}
