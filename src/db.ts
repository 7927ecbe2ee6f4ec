import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { AlreadyExists } from './errors.ts'
import { Prisma, PrismaClient } from './generated/client.ts'

export type Tx = Prisma.TransactionClient

export interface Db {
  /** Reads and single-statement writes. */
  readonly prisma: PrismaClient
  /** The one pool of the process; Prisma, sessions and named statements share it. */
  readonly pool: pg.Pool
  /**
   * One short transaction. No network call belongs inside.
   * @throws AlreadyExists when a unique rule refuses a row.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** How often a transaction is tried again when PostgreSQL breaks a deadlock with it. */
const TRIES = 4
/** A statement gets a name when it comes for this time, and at most so many do in one process. */
const NAMED_FROM = 2
const MOST_NAMED = 400

export function createDb(url: string, poolSize: number): Db {
  const pool = new pg.Pool({
    connectionString: inUtc(url),
    max: poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
  })
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: namesOfStatements() }),
  })
  return {
    prisma,
    pool,
    transaction: (work) => retried(() => prisma.$transaction(work, { maxWait: 15_000, timeout: 15_000 })),
    close: async () => {
      await prisma.$disconnect()
      if (!pool.ended) await pool.end()
    },
  }
}

/** Prisma sends instants without a zone and takes them for UTC; a database may be set to another one. */
function inUtc(url: string): string {
  const utc = new URL(url)
  const options = [utc.searchParams.get('options'), '-c TimeZone=UTC'].filter(Boolean)
  utc.searchParams.set('options', options.join(' '))
  return utc.href
}

/**
 * A statement with a name is parsed and planned once for each connection instead of each time. Only those seen before get
 * one, and only so many, because lists of values make statements that never come again. One with a star has none: after a
 * migration its plan would give other columns than it promised.
 */
function namesOfStatements(): (query: { sql: string }) => string {
  const timesSeen = new Map<string, number>()
  const names = new Map<string, string>()
  return ({ sql }) => {
    const name = names.get(sql)
    if (name) return name
    if (names.size >= MOST_NAMED || sql.includes('*')) return ''
    const seen = (timesSeen.get(sql) ?? 0) + 1
    if (seen < NAMED_FROM) {
      if (timesSeen.size >= MOST_NAMED) timesSeen.clear()
      timesSeen.set(sql, seen)
      return ''
    }
    timesSeen.delete(sql)
    const given = `sparvana_${names.size + 1}`
    names.set(sql, given)
    return given
  }
}

async function retried<T>(run: () => Promise<T>, triesLeft = TRIES): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isDeadlock(error) && triesLeft > 1) return retried(run, triesLeft - 1)
    throw named(error)
  }
}

/** Prisma has a code of its own for it, but passes on PostgreSQL's where the statement was written by hand. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false
  return error.code === 'P2034' || (error.code === 'P2010' && error.message.includes('40P01'))
}

/**
 * Whether this role could rewrite history, or the rules: then only our own code keeps the app from it. Where the database has
 * one role for everything it can; docs/operate.md says how to make two.
 */
export async function mayRewriteHistory({ pool }: Pick<Db, 'pool'>): Promise<boolean> {
  const { rows } = await pool.query<{ may: boolean }>(
    `SELECT has_table_privilege('public."AuditEvent"', 'UPDATE, DELETE, TRUNCATE, TRIGGER')
            OR has_schema_privilege('public', 'CREATE') AS may`,
  )
  return rows[0]?.may === true
}

/** Turns the one database refusal that callers expect into our own error. */
export function named(error: unknown): unknown {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') {
    return new AlreadyExists(String(error.meta?.modelName ?? 'a unique rule'), error)
  }
  return error
}

/** Days are stored as `date`; in code they are 'yyyy-mm-dd'. */
export function toDbDay(day: string): Date {
  return new Date(`${day}T00:00:00.000Z`)
}

export function fromDbDay(day: Date): string {
  return day.toISOString().slice(0, 10)
}

export { Prisma }
