import { Prisma } from '../db.ts'
import { auditLine } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

export interface Refusal {
  /** Method and pattern, as in the table of routes. */
  route: string
  object: { kind: string; id: string } | null
  /** The name of the error the page was made of. */
  because: string
}

/** What somebody looked at. */
export type Look = Pick<Refusal, 'route' | 'object'>

export type Access = ReturnType<typeof createAccess>

/** Of one person: a trail that nothing is ever taken out of must not grow as fast as somebody can ask. */
const MOST_A_MINUTE = 60

export function createAccess({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** Somebody signed in was refused. What comes faster than once a second stands in the log alone. */
    async noteRefusal({ route, object, because }: Refusal, by: Actor): Promise<void> {
      const at = clock.now()
      const entry = {
        action: 'access.refused',
        outcome: 'refused',
        by,
        at,
        detail: { route, because },
      } as const
      const isRare = Prisma.sql`WHERE ${MOST_A_MINUTE} > (
        SELECT count(*) FROM "AuditEvent"
        WHERE action = 'access.refused' AND "actorId" = ${by.id}::uuid AND at > ${at}::timestamptz - interval '1 minute')`
      await db.prisma.$executeRaw(auditLine({ ...entry, ...(object ? { object } : {}) }, isRare))
    },

    /** An admin looks at what is others', and changes nothing by it. */
    async noteLook({ route, object }: Look, by: Actor): Promise<void> {
      const entry = { action: 'admin.looked', by, at: clock.now(), detail: { route } }
      await db.prisma.$executeRaw(auditLine({ ...entry, ...(object ? { object } : {}) }))
    },
  }
}
