import { uuidv7 } from '../crypto.ts'
import type { Tx } from '../db.ts'
import type { Alarm } from '../generated/client.ts'
import type { Queue } from '../jobs/queue.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

/** Of the comparison of books and bank; all other alarms have the name of a rule in detection/rules.ts. */
export const BOOKS_DIFFER = 'books-differ'

export interface NewAlarm {
  rule: string
  /** Whom or what it is about: while one is open, more of the same is the same alarm. */
  key: string
  subjectId: string | null
  detail: Record<string, string | number>
  /** So many that are open are told by mail; whoever looks then sees the rest beside them. Left out: all. */
  mostTold?: number
}

/** The alarm, its line in the trail and its letters to the admins, in the caller's transaction. @returns null when one is open. */
export async function raiseAlarm(
  tx: Tx,
  queue: Queue,
  { rule, key, subjectId, detail, mostTold = Infinity }: NewAlarm,
  { by, at }: { by: Actor; at: Date },
): Promise<string | null> {
  const id = uuidv7()
  const written = await tx.$executeRaw`
    INSERT INTO "Alarm" (id, rule, key, "subjectId", at, detail)
    VALUES (${id}::uuid, ${rule}, ${key}, ${subjectId}::uuid, ${at}, ${JSON.stringify(detail)}::jsonb)
    ON CONFLICT (rule, key) WHERE "acknowledgedOn" IS NULL DO NOTHING`
  if (written === 0) return null
  const object = { kind: 'alarm', id }
  await audit(tx, { action: 'alarm.raised', by, at, subjectId, object, detail: { rule, ...detail } })
  const open = await tx.alarm.count({ where: { rule, acknowledgedOn: null } })
  if (open <= mostTold) await tellAdmins(tx, queue, id)
  return id
}

async function tellAdmins(tx: Tx, queue: Queue, alarmId: string): Promise<void> {
  const admins = await tx.user.findMany({
    where: { role: 'ADMIN', status: 'ACTIVE', emailConfirmedOn: { not: null } },
    select: { id: true },
  })
  for (const { id } of admins) await queue.enqueue(tx, 'send-mail', { userId: id, kind: 'alarm', alarmId })
}

export type Alarms = ReturnType<typeof createAlarms>

/** What was seen, for admins to look at. */
export function createAlarms({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async find(id: string): Promise<Alarm | null> {
      return db.prisma.alarm.findUnique({ where: { id } })
    },

    async openCount(): Promise<number> {
      return db.prisma.alarm.count({ where: { acknowledgedOn: null } })
    },

    /** The newest first. */
    async list({ open, most }: { open: boolean; most: number }): Promise<Alarm[]> {
      return db.prisma.alarm.findMany({
        where: { acknowledgedOn: open ? null : { not: null } },
        orderBy: { at: 'desc' },
        take: most,
      })
    },

    /** An admin has looked at it; more of the same is a new alarm. @returns false when somebody has before. */
    async acknowledge(id: string, by: Actor): Promise<boolean> {
      const at = clock.now()
      return db.transaction(async (tx) => {
        const [alarm] = await tx.alarm.updateManyAndReturn({
          where: { id, acknowledgedOn: null },
          data: { acknowledgedOn: at, acknowledgedById: by.id },
        })
        if (!alarm) return false
        const { subjectId, rule } = alarm
        const object = { kind: 'alarm', id }
        await audit(tx, { action: 'alarm.acknowledged', by, at, subjectId, object, detail: { rule } })
        return true
      })
    },
  }
}
