import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlQuery,
} from '@prisma/driver-adapter-utils'
import type { DiffParams, MigrationList, SchemasContainer } from '@prisma/schema-engine-wasm'
import * as binding from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { Pool } from 'pg'

const PRISMA_DIR = dirname(fileURLToPath(import.meta.url))
const MIGRATIONS_DIR = join(PRISMA_DIR, 'migrations')
// Node has it; TypeScript describes it only together with the browser.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, () => void> } }>
}

const NO_FILTERS = { externalTables: [], externalEnums: [] }

/**
 * Prisma's own schema engine, compiled to WebAssembly: the same migrations table and checksums as its command line,
 * without a platform binary to download.
 */
export async function withSchemaEngine<T>(
  databaseUrl: string,
  use: (engine: binding.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadWebAssembly()
  const factory = new MigrationAdapterFactory(databaseUrl)
  const engine = await binding.SchemaEngine.new(
    { datamodels: (await schemaFiles()).files.map(toPair) },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  try {
    return await use(engine)
  } finally {
    engine.free()
    await factory.closeAll()
  }
}

/**
 * Applies what is missing, while the app works: none waits for a lock so long that requests queue up behind it.
 * @param folder where they are, each in a folder of its own.
 * @returns the names of the migrations that were applied.
 */
export async function applyMigrations(databaseUrl: string, folder = MIGRATIONS_DIR): Promise<string[]> {
  return withSchemaEngine(databaseUrl, async (engine) => {
    const done = await engine.applyMigrations({
      migrationsList: await migrationsIn(folder),
      filters: NO_FILTERS,
    })
    return done.appliedMigrationNames
  })
}

/**
 * Applies the migrations to a database made for it beside `databaseUrl`, and drops it again.
 * @returns the SQL that the migrations lack to reach schema.prisma; empty when they agree.
 */
export async function missingFromMigrations(databaseUrl: string): Promise<string> {
  return withSchemaEngine(databaseUrl, async (engine) => {
    const result = await engine.diff({
      from: { tag: 'migrations', ...(await migrationsIn(MIGRATIONS_DIR)) },
      to: { tag: 'schemaDatamodel', ...(await schemaFiles()) },
      script: true,
      exitCode: true,
      filters: NO_FILTERS,
    } satisfies Omit<DiffParams, 'shadowDatabaseUrl'> as DiffParams)
    return result.exitCode === 0 ? '' : (result.stdout ?? '')
  })
}

async function schemaFiles(): Promise<SchemasContainer> {
  const path = join(PRISMA_DIR, 'schema.prisma')
  return { files: [{ path, content: await readFile(path, 'utf8') }] }
}

async function migrationsIn(folder: string): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return {
    baseDir: folder,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(join(folder, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(folder, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  }
}

const INTERNAL_CHAR_OID = 18
const TEXT_OID = 25

/** What the driver adapter keeps inside, as far as it has to be mended. */
interface AdapterInside {
  client: Pool
  /** Throws, in the words that the engine understands. */
  onError(error: unknown): never
  performIO(query: SqlQuery): Promise<{ fields: { dataTypeID: number }[] }>
}

/**
 * Two mends to the driver adapter, which was made for queries and not for migrations.
 * It doesn't know PostgreSQL's internal one-byte "char" type, which the engine's catalogue queries return and expect.
 * And it cuts scripts at every semicolon, also inside a function's body: sent whole, PostgreSQL parses them itself and
 * runs each as one transaction.
 */
function fitForMigrations<T extends SqlDriverAdapter>(adapter: T): T {
  const inside = adapter as unknown as AdapterInside
  const performIO = inside.performIO.bind(adapter)
  const queryRaw = adapter.queryRaw.bind(adapter)
  const charColumns = new WeakMap<SqlQuery, number[]>()
  inside.performIO = async (query) => {
    const result = await performIO(query)
    const columns = [...result.fields.keys()].filter(
      (at) => result.fields[at]?.dataTypeID === INTERNAL_CHAR_OID,
    )
    for (const at of columns) Object.assign(result.fields[at] as object, { dataTypeID: TEXT_OID })
    charColumns.set(query, columns)
    return result
  }
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query)
    for (const at of charColumns.get(query) ?? []) result.columnTypes[at] = ColumnTypeEnum.Character
    return result
  }
  adapter.executeScript = async (script) => {
    await runGently(inside.client, script).catch((error) => inside.onError(error))
  }
  adapter.dispose = once(adapter.dispose.bind(adapter))
  return adapter
}

/** While a script waits for a table, everybody who wants that table waits behind it; they can bear this long. */
const LOCK_WITHIN_MS = 1_000
/** Together about two minutes, in which whatever holds the table ends: no transaction of the app's takes longer than 15 seconds. */
const TRIES = 60
const TRY_AGAIN_MS = 1_000
/** PostgreSQL's codes: a lock was not to be had in time; two waited for each other. */
const HELD_UP = ['55P03', '40P01']
/** What PostgreSQL does in no transaction: indexes beside the app's work, and the engine's own database for comparing. */
const ALONE = /\bINDEX\s+CONCURRENTLY\b|\b(?:CREATE|DROP)\s+DATABASE\b/i

/**
 * A script is one transaction, so one that was held up has left nothing behind and is run again. An index that is made
 * CONCURRENTLY keeps nobody out while it waits; PostgreSQL takes that only as the one statement of a script.
 */
async function runGently(client: Pool, script: string, triesLeft = TRIES): Promise<void> {
  const bounded = `SET LOCAL lock_timeout = ${LOCK_WITHIN_MS};\n${script}`
  try {
    await client.query(ALONE.test(script) ? script : bounded)
  } catch (error) {
    const isHeldUp = HELD_UP.includes((error as { code?: string }).code ?? '')
    if (!isHeldUp || triesLeft <= 1 || ALONE.test(script)) throw error
    await pause(TRY_AGAIN_MS)
    await runGently(client, script, triesLeft - 1)
  }
}

/** The engine closes some of what it opened, and leaves some to us. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | null = null
  return () => (closing ??= close())
}

class MigrationAdapterFactory extends PrismaPg {
  readonly #url: string
  readonly #opened: { dispose(): Promise<void> }[] = []

  constructor(url: string) {
    super({ connectionString: url })
    this.#url = url
  }

  override async connect() {
    const adapter = fitForMigrations(await super.connect())
    this.#opened.push(adapter)
    return adapter
  }

  /** The adapter's own way loses the shadow database's name when it was given a connection string. */
  override async connectToShadowDb() {
    const name = `sparvana_shadow_${randomUUID().replaceAll('-', '')}`
    const main = await this.connect()
    await main.executeScript(`CREATE DATABASE "${name}"`)
    const url = new URL(this.#url)
    url.pathname = `/${name}`
    const shadow = fitForMigrations(await new PrismaPg({ connectionString: url.href }).connect())
    const endPool = shadow.dispose
    shadow.dispose = once(async () => {
      await endPool()
      await main.executeScript(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    })
    this.#opened.unshift(shadow)
    return shadow
  }

  async closeAll(): Promise<void> {
    for (const adapter of this.#opened) await adapter.dispose()
  }
}

let loaded: Promise<void> | null = null

/** The package imports its .wasm as a module, which Node still calls experimental; this does the same by hand, once. */
function loadWebAssembly(): Promise<void> {
  loaded ??= (async () => {
    const folder = dirname(
      createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'),
    )
    const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'))
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': binding })
    binding.__wbg_set_wasm(instance.exports)
    instance.exports.__wbindgen_start?.()
  })()
  return loaded
}

function toPair(file: { path: string; content: string }): [string, string] {
  return [file.path, file.content]
}
