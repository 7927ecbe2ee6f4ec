import { fromDbDay, type Tx, toDbDay } from '../db.ts'
import { AlreadyExists } from '../errors.ts'
import type { HabitBreak, User } from '../generated/client.ts'
import type { BreakKind } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import { inDays } from './habit/wish.ts'

/** Illness is often told of only afterwards. */
export const SICK_DAYS_BACK = 31
/** Of one habit, or of all; far more than anybody has, and every page reads them. */
export const MOST_BREAKS = 500

export interface BreakWish {
  kind: Exclude<BreakKind, 'ARCHIVED'>
  /** Null for all habits of the saver. */
  habitId: string | null
  start: Day
  /** The last day; null until further notice. */
  end: Day | null
}

export type BreakResult = 'added' | 'too-early' | 'too-many'

export type Breaks = ReturnType<typeof createBreaks>

/** Days on which nothing is asked. They never move money, and what was recorded on them before stays. */
export function createBreaks({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** Of an illness up to 31 days back, of everything else from today on. @returns null without such a habit. */
    async add(user: User, wish: BreakWish, by: Actor): Promise<BreakResult | null> {
      const now = clock.now()
      const today = todayOf(user)
      if (wish.start < (wish.kind === 'SICK' ? inDays(today, -SICK_DAYS_BACK) : today)) return 'too-early'
      const { kind, habitId } = wish
      const days = { startDay: toDbDay(wish.start), endDay: wish.end && toDbDay(wish.end) }
      return onceOnly(() =>
        db.transaction(async (tx) => {
          if (
            habitId &&
            !(await tx.habit.findFirst({ where: { id: habitId, userId: user.id, archivedOn: null } }))
          )
            return null
          if ((await tx.habitBreak.count({ where: { userId: user.id, habitId } })) >= MOST_BREAKS)
            return 'too-many'
          const added = await tx.habitBreak.create({
            data: { userId: user.id, habitId, kind, ...days, createdOn: now },
          })
          await told(tx, 'habit.break-added', added, by)
          return 'added'
        }),
      )
    },

    /**
     * From today on everything counts again; a break that would have begun today or later goes altogether.
     * @returns 'over' for one whose days are past, which stay as they were; null without such a break.
     */
    async end(user: User, breakId: string, by: Actor): Promise<'ended' | 'over' | null> {
      const today = todayOf(user)
      return db.transaction(async (tx) => {
        await tx.$queryRaw`SELECT id FROM "HabitBreak" WHERE id = ${breakId}::uuid FOR UPDATE`
        const found = await tx.habitBreak.findFirst({ where: { id: breakId, userId: user.id } })
        if (!found) return null
        if (found.endDay && fromDbDay(found.endDay) < today) return 'over'
        const where = { id: breakId, userId: user.id }
        if (fromDbDay(found.startDay) >= today) await tx.habitBreak.delete({ where })
        else await tx.habitBreak.update({ where, data: { endDay: toDbDay(inDays(today, -1)) } })
        await told(tx, 'habit.break-ended', found, by)
        return 'ended'
      })
    },

    /** Of one habit, or those of all; the latest first. */
    async list(userId: string, habitId: string | null, most: number): Promise<HabitBreak[]> {
      const orderBy = [{ startDay: 'desc' as const }, { id: 'desc' as const }]
      return db.prisma.habitBreak.findMany({ where: { userId, habitId }, orderBy, take: most })
    },

    /** For who comes back to where it is listed. */
    async findOwned(userId: string, id: string): Promise<HabitBreak | null> {
      return db.prisma.habitBreak.findFirst({ where: { id, userId } })
    },
  }

  function todayOf(user: User): Day {
    return dayOf(clock.now(), user.timezone, user.dayStartHour)
  }

  async function told(tx: Tx, action: string, row: HabitBreak, by: Actor): Promise<void> {
    await audit(tx, {
      action,
      by,
      at: clock.now(),
      subjectId: row.userId,
      object: row.habitId ? { kind: 'habit', id: row.habitId } : { kind: 'break', id: row.id },
      detail: { kind: row.kind, start: fromDbDay(row.startDay), end: row.endDay && fromDbDay(row.endDay) },
    })
  }
}

/** A day that is skipped twice is skipped once. */
async function onceOnly<T>(add: () => Promise<T>): Promise<T | 'added'> {
  try {
    return await add()
  } catch (error) {
    if (error instanceof AlreadyExists) return 'added'
    throw error
  }
}
