import { DAY } from '../clock.ts'
import { Prisma } from '../db.ts'
import type { ModelContext } from './context.ts'
import { TABLES, type TableFacts } from './data-inventory.ts'

/** Rows that one statement takes: it is over in milliseconds, and nobody waits long for its locks. */
const BATCH = 1_000
/** More than any day brings; what is left has its turn the next day. */
const MOST_BATCHES = 10_000
/** Nobody has shown that the address is theirs. */
const UNCONFIRMED_DAYS = 30

/** How many rows went, or were emptied, by table or column. */
export type Forgotten = Record<string, number>

export type Retention = ReturnType<typeof createRetention>

/** What has been kept for as long as the inventory says goes. */
export function createRetention({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** @param stopping the rest has its turn the next time. */
    async sweep(stopping?: AbortSignal): Promise<Forgotten> {
      const forgotten: Forgotten = {}
      for (const [name, rule] of rules(clock.now())) {
        if (stopping?.aborted) break
        forgotten[name] = await inBatches(rule, stopping)
      }
      return forgotten
    },
  }

  async function inBatches(rule: Prisma.Sql, stopping?: AbortSignal): Promise<number> {
    let total = 0
    for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
      const [row] = await db.prisma.$queryRaw<{ count: number }[]>(rule)
      total += row?.count ?? 0
      if ((row?.count ?? 0) < BATCH || stopping?.aborted) break
    }
    return total
  }
}

/** Each takes one batch and says how many that were. */
function rules(now: Date): [name: string, statement: Prisma.Sql][] {
  const ago = (days: number) => new Date(now.getTime() - days * DAY)
  const ofInventory = Object.entries(TABLES).flatMap(([table, facts]) => rulesOf(table, facts, ago))
  return [...ofInventory, ['User', unconfirmed(ago(UNCONFIRMED_DAYS))]]
}

function rulesOf(
  table: string,
  { removed, cleared }: TableFacts,
  ago: (days: number) => Date,
): [string, Prisma.Sql][] {
  const rules: [string, Prisma.Sql][] = []
  if (removed) {
    const old = Prisma.sql`SELECT ctid FROM ${nameOf(table)} WHERE ${nameOf(removed.by)} < ${ago(removed.days)} LIMIT ${BATCH}`
    rules.push([table, counted(Prisma.sql`DELETE FROM ${nameOf(table)} WHERE ctid = ANY (ARRAY(${old}))`)])
  }
  if (cleared && table === 'AuditEvent') {
    // The one function that may: it looks at the database's own clock as well.
    const forget = Prisma.sql`SELECT forget_old_addresses(${ago(cleared.days)}, ${BATCH}::int) AS count`
    rules.push([`${table}.${cleared.column}`, forget])
  } else if (cleared) {
    const column = nameOf(cleared.column)
    const old = Prisma.sql`SELECT ctid FROM ${nameOf(table)}
      WHERE ${nameOf(cleared.by)} < ${ago(cleared.days)} AND ${column} IS NOT NULL LIMIT ${BATCH}`
    const clear = Prisma.sql`UPDATE ${nameOf(table)} SET ${column} = NULL WHERE ctid = ANY (ARRAY(${old} FOR UPDATE SKIP LOCKED))`
    rules.push([`${table}.${cleared.column}`, counted(clear)])
  }
  return rules
}

/** Whoever never came back to their letter; nothing hangs on such an account but its letters. */
function unconfirmed(before: Date): Prisma.Sql {
  return counted(Prisma.sql`
    DELETE FROM "User" WHERE id = ANY (ARRAY(
      SELECT id FROM "User" u
      WHERE u."emailConfirmedOn" IS NULL AND u."createdOn" < ${before} AND u.status <> 'CLOSED' AND u.role = 'SAVER'
        AND NOT EXISTS (SELECT 1 FROM "Habit" h WHERE h."userId" = u.id)
        AND NOT EXISTS (SELECT 1 FROM "Account" a WHERE a."userId" = u.id)
        AND NOT EXISTS (SELECT 1 FROM "EmailToken" t WHERE t."userId" = u.id AND t."createdOn" >= ${before})
      LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`)
}

function counted(change: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`WITH done AS (${change} RETURNING 1) SELECT count(*)::int AS count FROM done`
}

/** Names of tables and columns are those of our own inventory. */
function nameOf(name: string): Prisma.Sql {
  return Prisma.raw(`"${name}"`)
}
