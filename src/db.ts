import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { AlreadyExists } from './errors.ts'
import { Prisma, PrismaClient } from './generated/client.ts'

export type Tx = Prisma.TransactionClient

/** What statements written by hand need of a transaction, whoever sends them. */
export interface Statements {
  $queryRaw<Rows>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows>
  /** @returns how many rows it has changed. */
  $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
}

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
  /**
   * The same for what is often waited for and written by hand alone: without Prisma, whose part in a statement costs several
   * times what `pg` does. Days, instants and big integers come as Prisma gives them; lists of these, decimals and bytes don't.
   */
  transactionByHand<T>(work: (tx: Statements) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** How often a transaction, or a statement that is one by itself, is tried again when PostgreSQL breaks a deadlock with it. */
const TRIES = 4
/** A statement gets a name when it comes for this time, and at most so many do in one process. */
const NAMED_FROM = 2
const MOST_NAMED = 400
/** No transaction takes longer, whatever it waits for. */
const LONGEST_MS = 15_000
const BEGIN = `BEGIN; SET LOCAL transaction_timeout = ${LONGEST_MS}`

export function createDb(url: string, poolSize: number): Db {
  const pool = new PatientPool({
    connectionString: inUtc(url),
    max: poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
  })
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  // One list for both, since they share connections, and a connection knows a name once.
  const nameOf = namesOfStatements()
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { statementNameGenerator: nameOf }) })
  return {
    prisma,
    pool,
    transaction: (work) =>
      inOurWords(() => prisma.$transaction(work, { maxWait: LONGEST_MS, timeout: LONGEST_MS })),
    transactionByHand: (work) =>
      inOurWords(() => onOwnConnection(pool, (client) => work(byHand(client, nameOf)))),
    close: async () => {
      await prisma.$disconnect()
      if (!pool.ended) await pool.end()
    },
  }
}

/**
 * A statement outside of any transaction is one by itself, and a migration that changes several tables can meet even a look at two
 * of them. All such statements come through here: Prisma's, the sessions', the queue's.
 */
class PatientPool extends pg.Pool {
  readonly #examples: unknown[] = []

  constructor(config: pg.PoolConfig) {
    super(config)
    this.once('connect', ({ connection }) => {
      for (const kind of OF_EVERY_ANSWER)
        connection.once(kind, (first: unknown) => this.#examples.push(first))
    })
  }

  override query(...given: unknown[]): never {
    const send = async () => (super.query as (...given: unknown[]) => unknown)(...given)
    return retried(send, () => !IN_STEPS.test(textOf(given))) as never
  }
}

/**
 * Messages that come and go with each statement. Told to spare memory, V8 lets go of the hidden class of whatever isn't there at the
 * moment of a collection, and of all code that was compiled for it; the first message of each kind is kept as an example (0049).
 */
const OF_EVERY_ANSWER = ['rowDescription', 'dataRow', 'commandComplete', 'readyForQuery']

/** The one kind that commits on its way, so that a deadlock doesn't undo all of it. */
const IN_STEPS = /\bCONCURRENTLY\b/i

function textOf([first]: readonly unknown[]): string {
  return typeof first === 'string' ? first : ((first as { text?: string }).text ?? '')
}

async function onOwnConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // Whoever waits for an answer hears of a broken connection by that; without a listener it would end the process.
  const ignore = () => {}
  client.on('error', ignore)
  const release = (isBroken: boolean) => {
    client.off('error', ignore)
    client.release(isBroken)
  }
  try {
    await client.query(BEGIN)
    const result = await work(client)
    const { command } = await client.query('COMMIT')
    // PostgreSQL's answer to who has not noticed that a statement was refused.
    if (command !== 'COMMIT') throw new Error('a transaction was rolled back instead of committed')
    release(false)
    return result
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => release(false),
      () => release(true),
    )
    throw error
  }
}

function byHand(client: pg.PoolClient, nameOf: (query: { sql: string }) => string): Statements {
  const send = (query: TemplateStringsArray | Prisma.Sql, values: unknown[]) => {
    const { text, values: given } = query instanceof Prisma.Sql ? query : Prisma.sql(query, ...values)
    return client.query({ name: nameOf({ sql: text }), text, values: given.map(inWords), types: AS_PRISMA })
  }
  return {
    $queryRaw: async <Rows>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) =>
      (await send(query, values)).rows as Rows,
    $executeRaw: async (query, ...values) => (await send(query, values)).rowCount ?? 0,
  }
}

/** By itself pg writes instants in the process's own zone, in which a day may be another one. */
function inWords(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value
}

/** By itself pg takes days for midnight in the process's own zone, and big integers for text. */
const AS_PRISMA: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (format !== 'binary' && oid === pg.types.builtins.DATE) return toDbDay
    if (format !== 'binary' && oid === pg.types.builtins.INT8) return BigInt
    return pg.types.getTypeParser(oid, format)
  },
}

/** Prisma sends instants without a zone and takes them for UTC; a database may be set to another one. */
function inUtc(url: string): string {
  const utc = new URL(url)
  const options = [utc.searchParams.get('options'), '-c TimeZone=UTC'].filter(Boolean)
  utc.searchParams.set('options', options.join(' '))
  return utc.href
}

/** Not in arithmetic, and not in count(*). */
const ALL_COLUMNS = /(?:\b(?:SELECT|RETURNING|DISTINCT|ALL)\s+|[.,]\s*)\*|\)\s*\*\s*(?:FROM\b|,|$)/i

/**
 * A statement with a name is parsed and planned once for each connection instead of each time. Only those seen before get
 * one, and only so many, because lists of values make statements that never come again. One that asks for all columns has
 * none: after a migration its plan would give others than it promised.
 */
function namesOfStatements(): (query: { sql: string }) => string {
  const timesSeen = new Map<string, number>()
  const names = new Map<string, string>()
  return ({ sql }) => {
    const name = names.get(sql)
    if (name) return name
    if (names.size >= MOST_NAMED || ALL_COLUMNS.test(sql)) return ''
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

/** @param isUndone whether a deadlock has undone all of it. */
async function retried<T>(run: () => Promise<T>, isUndone = () => true, triesLeft = TRIES): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isDeadlock(error) && triesLeft > 1 && isUndone()) return retried(run, isUndone, triesLeft - 1)
    throw error
  }
}

async function inOurWords<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await retried(run)
  } catch (error) {
    throw named(error)
  }
}

/** Prisma has a code of its own for it, but passes on PostgreSQL's where the statement was written by hand. */
function isDeadlock(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code === '40P01'
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
  if (error instanceof pg.DatabaseError && error.code === '23505')
    return new AlreadyExists(error.constraint ?? error.table ?? 'a unique rule', error)
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
