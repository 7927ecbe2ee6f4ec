import { uuidv7 } from '../crypto.ts'
import { Prisma, type Statements } from '../db.ts'
import type { Actor } from './context.ts'

export interface AuditEntry {
  action: string
  by: Actor
  at: Date
  /** Whose data it touches. */
  subjectId?: string | null
  object?: { kind: string; id: string }
  outcome?: 'done' | 'refused'
  detail?: Record<string, string | number | boolean | null>
}

/** Written in the transaction of the change it tells of: neither can exist without the other. */
export async function audit(tx: Pick<Statements, '$executeRaw'>, entry: AuditEntry): Promise<void> {
  await tx.$executeRaw(auditLine(entry))
}

/** The same as a part of a larger statement. @param source where given, one line is written for each of its rows. */
export function auditLine(entry: AuditEntry, source = Prisma.empty): Prisma.Sql {
  const { by, object } = entry
  const detail = by.via === undefined ? entry.detail : { ...entry.detail, via: by.via }
  return Prisma.sql`
    INSERT INTO "AuditEvent" (id, at, "actorKind", "actorId", "subjectId", action, "objectKind", "objectId", outcome, detail,
      ip, country, "requestId")
    SELECT ${uuidv7()}::uuid, ${entry.at}::timestamptz, ${by.kind}, ${by.id}::uuid, ${entry.subjectId ?? null}::uuid,
      ${entry.action}, ${object?.kind ?? null}, ${object?.id ?? null}, ${entry.outcome ?? 'done'},
      ${JSON.stringify(detail ?? {})}::jsonb, ${by.ip}, ${by.country ?? null}, ${by.requestId}
    ${source}`
}
