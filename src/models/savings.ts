import type { Tx } from '../db.ts'
import type { User } from '../generated/client.ts'
import type { Cadence } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import { wakeWaiting } from './payment/waking.ts'
import { startOfDay } from './payment/windows.ts'

/** A pause without a day: it ends when the saver ends it. */
const UNTIL_RESUMED = new Date('9999-01-01T00:00:00.000Z')

export type Savings = ReturnType<typeof createSavings>

/** How and whether a saver's money goes out at all. */
export function createSavings({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** For check-offs from now on; what is scheduled keeps its time. */
    async changeCadence(user: User, cadence: Cadence, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        const { count } = await tx.user.updateMany({
          where: { id: user.id, cadence: { not: cadence } },
          data: { cadence },
        })
        if (count === 0) return
        await audit(tx, {
          action: 'savings.cadence-changed',
          by,
          at: clock.now(),
          subjectId: user.id,
          detail: { cadence },
        })
      })
    },

    /**
     * From now on nothing is sent that isn't sent yet.
     * @param until the saver's day on which savings go on; null for until they say so.
     * @returns false for a day that has begun already.
     */
    async pause(user: User, until: Day | null, by: Actor): Promise<boolean> {
      const now = clock.now()
      const pausedUntil = until === null ? UNTIL_RESUMED : startOfDay(until, user)
      if (pausedUntil <= now) return false
      await db.transaction(async (tx) => {
        await tx.user.update({ where: { id: user.id }, data: { pausedUntil, pausedByAlarmId: null } })
        // A pause that is now shorter may have left payments asleep until the end of the longer one.
        await wakeWaiting(tx, user.id, now)
        await audit(tx, { action: 'savings.paused', by, at: now, subjectId: user.id, detail: { until } })
      })
      return true
    },

    /** @returns false when there was no pause. */
    async resume(userId: string, by: Actor): Promise<boolean> {
      const now = clock.now()
      return db.transaction(async (tx) => {
        const { count } = await tx.user.updateMany({
          where: { id: userId, pausedUntil: { gt: now } },
          data: { pausedUntil: null, pausedByAlarmId: null },
        })
        if (count === 0) return false
        await wakeWaiting(tx, userId, now)
        await audit(tx, { action: 'savings.resumed', by, at: now, subjectId: userId })
        return true
      })
    },
  }
}

/**
 * In the transaction of an alarm: nothing more is sent until the saver says so, whatever pause there was.
 * @returns false when an alarm had stopped them before.
 */
export async function holdSavings(
  tx: Tx,
  { userId, alarmId, at }: { userId: string; alarmId: string; at: Date },
  by: Actor,
): Promise<boolean> {
  const { count } = await tx.user.updateMany({
    where: { id: userId, pausedByAlarmId: null },
    data: { pausedUntil: UNTIL_RESUMED, pausedByAlarmId: alarmId },
  })
  if (count === 0) return false
  const object = { kind: 'alarm', id: alarmId }
  await audit(tx, { action: 'savings.paused', by, at, subjectId: userId, object, detail: { until: null } })
  return true
}

/** The saver's day on which a pause ends; `until: null` if only they can end it. */
export interface Pause {
  until: Day | null
}

/** @returns null when savings aren't paused at that instant. */
export function pauseAt(
  { pausedUntil, timezone, dayStartHour }: Pick<User, 'pausedUntil' | 'timezone' | 'dayStartHour'>,
  now: Date,
): Pause | null {
  if (!pausedUntil || pausedUntil <= now) return null
  return { until: pausedUntil >= UNTIL_RESUMED ? null : dayOf(pausedUntil, timezone, dayStartHour) }
}
