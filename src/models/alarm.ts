import type { Alarm } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

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
