import { Prisma } from '../../db.ts'
import type { AuditEvent } from '../../generated/client.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { allOf, type Listed, listed, oneMore, PLANNED_ANEW, type Place } from './paging.ts'

export interface AuditFilter {
  /** The whole word, or the part before the dot: "user.sign-in", "user". */
  action: string | null
  outcome: 'done' | 'refused' | null
  /** Whose data it touched, or who did it. */
  personId: string | null
  objectId: string | null
  from: Date | null
  until: Date | null
}

/** Literally: only what is no parameter can be seen to be part of what an index is for. */
const OUTCOME_IS = { done: `outcome = 'done'`, refused: `outcome = 'refused'` } as const
/** Rows of one statement of an export. */
const AT_ONCE = 1_000

export type AuditSearch = ReturnType<typeof createAuditSearch>

/** The whole trail, for admins. */
export function createAuditSearch({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    list,

    /** Everything that the filter finds, page by page, the newest first. */
    async *all(filter: AuditFilter): AsyncGenerator<AuditEvent[]> {
      let before: Place | null = null
      do {
        const found: Listed<AuditEvent> = await list(filter, { size: AT_ONCE, before })
        yield found.rows
        before = found.next
      } while (before)
    },

    async noteExport(filter: AuditFilter, by: Actor): Promise<void> {
      const { from, until, ...rest } = filter
      const detail = { ...rest, from: from?.toISOString() ?? null, until: until?.toISOString() ?? null }
      await db.transaction((tx) => audit(tx, { action: 'audit.exported', by, at: clock.now(), detail }))
    },

    async find(id: string): Promise<AuditEvent | null> {
      return db.prisma.auditEvent.findUnique({ where: { id } })
    },
  }

  async function list(
    filter: AuditFilter,
    page: { size: number; before: Place | null },
  ): Promise<Listed<AuditEvent>> {
    const wanted = matching(filter, await actionsOf(filter.action), page.before)
    const most = oneMore(page.size)
    const { personId } = filter
    // Two walks along an index each; an OR would collect all lines of a person before it could order them.
    const rows = personId
      ? await db.prisma.$queryRaw<AuditEvent[]>`
          (${lines(Prisma.sql`${wanted} AND "subjectId" = ${personId}::uuid`, most)})
          UNION (${lines(Prisma.sql`${wanted} AND "actorId" = ${personId}::uuid`, most)})
          ORDER BY at DESC, id DESC LIMIT ${most}`
      : await db.prisma.$queryRaw<AuditEvent[]>(lines(wanted, most))
    return listed(rows, page.size, ({ at, id }) => ({ at, id }))
  }

  /** "user" is all of "user.sign-in", "user.locked" …: named one by one, so that PostgreSQL knows how many lines they have. */
  async function actionsOf(action: string | null): Promise<string[] | null> {
    if (action === null || action.includes('.')) return action === null ? null : [action]
    const named = await db.prisma.$queryRaw<{ action: string }[]>`
      WITH RECURSIVE named AS (
        (SELECT action FROM "AuditEvent" ORDER BY action LIMIT 1)
        UNION ALL
        SELECT next.action FROM named, LATERAL (
          SELECT e.action FROM "AuditEvent" e WHERE e.action > named.action ORDER BY e.action LIMIT 1) next)
      SELECT action FROM named WHERE starts_with(action, ${`${action}.`})`
    return named.map((row) => row.action)
  }
}

function lines(wanted: Prisma.Sql, most: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`${PLANNED_ANEW}
    SELECT id, at, "actorKind", "actorId", "subjectId", action, "objectKind", "objectId", outcome, detail, ip, country, "requestId"
    FROM "AuditEvent" WHERE ${wanted} ORDER BY at DESC, id DESC LIMIT ${most}`
}

function matching(filter: AuditFilter, actions: readonly string[] | null, before: Place | null): Prisma.Sql {
  const { outcome, objectId, from, until } = filter
  return allOf([
    actions === null ? null : ofActions(actions),
    outcome === null ? null : Prisma.raw(OUTCOME_IS[outcome]),
    objectId === null ? null : Prisma.sql`"objectId" = ${objectId}`,
    from && Prisma.sql`at >= ${from}`,
    until && Prisma.sql`at < ${until}`,
    before && Prisma.sql`(at, id) < (${before.at}, ${before.id}::uuid)`,
  ])
}

function ofActions(actions: readonly string[]): Prisma.Sql {
  return actions.length === 1
    ? Prisma.sql`action = ${actions[0]}`
    : Prisma.sql`action = ANY (${[...actions]})`
}
