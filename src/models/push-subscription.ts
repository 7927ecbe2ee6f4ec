import { digestOf, uuidv7 } from '../crypto.ts'
import type { PushSubscription } from '../generated/client.ts'
import type { PushTarget } from '../push-target.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { sealedFor } from './sealing.ts'

export const MOST_DEVICES = 10
/** A browser of which nothing was taken so often in a row is not asked any more. */
const MOST_FAILURES = 5

export type Device = Omit<PushSubscription, 'targetSealed'>

export type PushSubscriptions = ReturnType<typeof createPushSubscriptions>

/** The browsers in which a saver wants to be reminded. What reaches them is sealed, and opened only to send. */
export function createPushSubscriptions({ db, clock, sealer }: ModelContext) {
  const withoutTarget = { omit: { targetSealed: true } } as const

  return {
    async list(userId: string): Promise<Device[]> {
      return db.prisma.pushSubscription.findMany({
        where: { userId },
        orderBy: { id: 'asc' },
        ...withoutTarget,
      })
    },

    /** A browser that says the same again is the same; one that was somebody else's is theirs no more. */
    async add(userId: string, target: PushTarget, label: string, by: Actor): Promise<'added' | 'too-many'> {
      const hashedEndpoint = digestOf(target.endpoint)
      return db.transaction(async (tx) => {
        const at = clock.now()
        await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        const [replaced] = await tx.$queryRaw<{ id: string; userId: string }[]>`
          DELETE FROM "PushSubscription" WHERE "hashedEndpoint" = ${hashedEndpoint} RETURNING id, "userId"`
        if (replaced && replaced.userId !== userId) {
          const object = { kind: 'push-subscription', id: replaced.id }
          await audit(tx, { action: 'push.removed', by, at, subjectId: replaced.userId, object })
        }
        if ((await tx.pushSubscription.count({ where: { userId } })) >= MOST_DEVICES) return 'too-many'
        const id = uuidv7()
        await tx.pushSubscription.create({
          data: {
            id,
            userId,
            hashedEndpoint,
            service: new URL(target.endpoint).host,
            label,
            targetSealed: sealer.seal(JSON.stringify(target), sealedFor.pushTarget(id)),
            createdOn: at,
          },
        })
        const object = { kind: 'push-subscription', id }
        await audit(tx, { action: 'push.added', by, at, subjectId: userId, object, detail: { label } })
        return 'added'
      })
    },

    /** @returns false when it isn't theirs. */
    async remove(userId: string, id: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const { count } = await tx.pushSubscription.deleteMany({ where: { id, userId } })
        if (count === 0) return false
        const object = { kind: 'push-subscription', id }
        await audit(tx, { action: 'push.removed', by, at: clock.now(), subjectId: userId, object })
        return true
      })
    },

    /** @returns null when it has been removed meanwhile. @throws when it can't be opened. */
    async target(userId: string, id: string): Promise<PushTarget | null> {
      const row = await db.prisma.pushSubscription.findFirst({ where: { id, userId } })
      return row && JSON.parse(sealer.open(row.targetSealed, sealedFor.pushTarget(id)))
    },

    async noteTaken(id: string): Promise<void> {
      await db.prisma.pushSubscription.updateMany({
        where: { id },
        data: { lastOkOn: clock.now(), failures: 0 },
      })
    },

    /** Nothing to be tried again. One that was refused too often in a row goes. */
    async noteRefusal(userId: string, id: string, by: Actor): Promise<void> {
      const [after] = await db.prisma.pushSubscription.updateManyAndReturn({
        where: { id, userId },
        data: { failures: { increment: 1 } },
        select: { failures: true },
      })
      if ((after?.failures ?? 0) >= MOST_FAILURES) await this.remove(userId, id, by)
    },
  }
}
