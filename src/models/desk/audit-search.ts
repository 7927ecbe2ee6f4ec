import { Prisma } from '../../db.ts'
import type { AuditEvent } from '../../generated/client.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { allOf, type Listed, listed, oneMore, type Place } from './paging.ts'

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
    const rows = await db.prisma.$queryRaw<AuditEvent[]>`
        SELECT id, at, "actorKind", "actorId", "subjectId", action, "objectKind", "objectId", outcome, detail, ip, country, "requestId"
        FROM "AuditEvent" WHERE ${matching(filter, page.before)}
        ORDER BY at DESC, id DESC LIMIT ${oneMore(page.size)}`
    return listed(rows, page.size, ({ at, id }) => ({ at, id }))
  }
}

function matching(filter: AuditFilter, before: Place | null): Prisma.Sql {
  const { action, outcome, personId, objectId, from, until } = filter
  return allOf([
    action === null ? null : actionIs(action),
    outcome === null ? null : Prisma.sql`outcome = ${outcome}`,
    personId === null ? null : Prisma.sql`("subjectId" = ${personId}::uuid OR "actorId" = ${personId}::uuid)`,
    objectId === null ? null : Prisma.sql`"objectId" = ${objectId}`,
    from && Prisma.sql`at >= ${from}`,
    until && Prisma.sql`at < ${until}`,
    before && Prisma.sql`(at, id) < (${before.at}, ${before.id}::uuid)`,
  ])
}

function actionIs(action: string): Prisma.Sql {
  return action.includes('.')
    ? Prisma.sql`action = ${action}`
    : Prisma.sql`starts_with(action, ${`${action}.`})`
}
