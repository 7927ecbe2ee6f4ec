import type { Tx } from '../db.ts'
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
export async function audit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx.auditEvent.create({
    data: {
      at: entry.at,
      actorKind: entry.by.kind,
      actorId: entry.by.id,
      subjectId: entry.subjectId ?? null,
      action: entry.action,
      objectKind: entry.object?.kind ?? null,
      objectId: entry.object?.id ?? null,
      outcome: entry.outcome ?? 'done',
      detail: entry.detail ?? {},
      ip: entry.by.ip,
      requestId: entry.by.requestId,
    },
  })
}
