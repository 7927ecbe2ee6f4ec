import { HOUR } from '../clock.ts'
import { Prisma } from '../db.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { exportedColumns, LEFT_OUT, type Owner, TABLES } from './data-inventory.ts'
import type { Throttles } from './throttle.ts'

/** Read and sent so many rows at a time, so that no export is ever whole in memory. */
const PAGE = 500
/** An export reads everything that somebody has, and whoever steals a session would begin with it. */
const MOST = { times: 3, windowMs: HOUR }
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

export type Exports = ReturnType<typeof createExports>

/** Everything we know of one saver, as the inventory of our data says, and nothing of anybody else. */
export function createExports({ db, clock }: ModelContext, throttles: Throttles) {
  return {
    /** Written down before anything is read. @returns for how many milliseconds there is none; 0 if it may begin. */
    async begin(userId: string, by: Actor): Promise<number> {
      const waitMs = await throttles.withinWindow(`export ${userId}`, MOST.times, MOST.windowMs)
      if (waitMs > 0) return waitMs
      await db.transaction((tx) =>
        audit(tx, { action: 'user.exported', by, at: clock.now(), subjectId: userId }),
      )
      return 0
    },

    /** One JSON text, piece by piece; each table is read as it is when its turn comes. */
    async *write(userId: string): AsyncGenerator<string> {
      const about = {
        whose: userId,
        at: clock.now().toISOString(),
        amounts: 'in minor units: 2500 with currency DKK is 25.00 kroner',
        leftOut: LEFT_OUT,
      }
      yield `{"about":${JSON.stringify(about)},"tables":{`
      let separator = ''
      for (const table of exportedTables()) {
        yield `${separator}\n${JSON.stringify(table)}:[`
        yield* rowsOf(table, userId)
        yield ']'
        separator = ','
      }
      yield '\n}}\n'
    },
  }

  async function* rowsOf(table: string, userId: string): AsyncGenerator<string> {
    const hasId = exportedColumns(table).includes('id')
    let after = BEFORE_ALL
    let separator = ''
    for (;;) {
      const page = await db.prisma.$queryRaw<{ row: { id?: string } }[]>`
        SELECT to_jsonb(shown) AS row FROM (
          SELECT ${shown(table, userId)} FROM ${nameOf(table)}
          WHERE ${isOf(table, userId)} ${hasId ? Prisma.sql`AND id > ${after}::uuid ORDER BY id LIMIT ${PAGE}` : Prisma.empty}
        ) shown`
      for (const { row } of page) {
        yield `${separator}\n${JSON.stringify(row)}`
        separator = ','
      }
      if (!hasId || page.length < PAGE) return
      after = page.at(-1)?.row.id ?? after
    }
  }
}

export function exportedTables(): string[] {
  return Object.entries(TABLES).flatMap(([name, { owner, unexported }]) =>
    owner && !unexported ? [name] : [],
  )
}

/** Names of tables and columns are those of our own inventory. */
function nameOf(name: string): Prisma.Sql {
  return Prisma.raw(`"${name}"`)
}

function shown(table: string, userId: string): Prisma.Sql {
  if (table === 'session') {
    return Prisma.sql`sess ->> 'agent' AS browser, sess ->> 'ip' AS ip, expire,
      to_timestamp((sess ->> 'signedInAt')::float8 / 1000) AS "signedInOn",
      to_timestamp((sess ->> 'lastSeenAt')::float8 / 1000) AS "lastSeenOn"`
  }
  const columns = exportedColumns(table)
  if (table !== 'AuditEvent') return Prisma.join(columns.map(nameOf))
  // Somebody else may have been at work on the account: where they came from is not the saver's.
  const isTheirs = Prisma.sql`CASE WHEN "actorId" = ${userId}::uuid`
  const without = columns.filter((column) => column !== 'ip' && column !== 'country').map(nameOf)
  return Prisma.sql`${Prisma.join(without)}, ${isTheirs} THEN ip END AS ip, ${isTheirs} THEN country END AS country`
}

/** Which rows are this saver's. */
function isOf(table: string, userId: string): Prisma.Sql {
  const owner = TABLES[table]?.owner as Owner
  if (table === 'AuditEvent') {
    return Prisma.sql`("subjectId" = ${userId}::uuid OR ("subjectId" IS NULL AND "actorId" = ${userId}::uuid))`
  }
  if ('json' in owner) return Prisma.sql`sess #>> '{passport,user}' = ${userId}`
  if ('of' in owner) {
    return Prisma.sql`${nameOf(owner.column)} IN (SELECT id FROM ${nameOf(owner.of)} WHERE "userId" = ${userId}::uuid)`
  }
  return Prisma.sql`${nameOf(owner.column)} = ${userId}::uuid`
}
