import { fromDbDay, toDbDay } from '../db.ts'
import type { HabitNote, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Day, dayOf } from './habit/schedule.ts'

export type Notes = ReturnType<typeof createNotes>

/** What a saver writes down about a day of a habit: one text for each day. */
export function createNotes({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /**
     * Takes the place of what was written for that day before; nothing written takes it away.
     * @returns 'not-then' for a day to come or before the habit's first; null without such a habit.
     */
    async write(
      user: User,
      habitId: string,
      { day, text }: { day: Day; text: string },
      by: Actor,
    ): Promise<'written' | 'removed' | 'not-then' | null> {
      const now = clock.now()
      return db.transaction(async (tx) => {
        const habit = await tx.habit.findFirst({ where: { id: habitId, userId: user.id } })
        if (!habit) return null
        const today = dayOf(now, user.timezone, user.dayStartHour)
        if (day > today || day < fromDbDay(habit.startDate)) return 'not-then'
        const place = { habitId, day: toDbDay(day) }
        const facts = { text, writtenOn: now }
        if (text === '') await tx.habitNote.deleteMany({ where: { ...place, userId: user.id } })
        else
          await tx.habitNote.upsert({
            where: { habitId_day: place },
            create: { ...place, userId: user.id, ...facts },
            update: facts,
          })
        const action = text === '' ? 'habit.note-removed' : 'habit.noted'
        const object = { kind: 'habit', id: habitId }
        await audit(tx, { action, by, at: now, subjectId: user.id, object, detail: { day } })
        return text === '' ? 'removed' : 'written'
      })
    },

    /** The latest day first. */
    async list(userId: string, habitId: string, most: number): Promise<HabitNote[]> {
      return db.prisma.habitNote.findMany({
        where: { userId, habitId },
        orderBy: { day: 'desc' },
        take: most,
      })
    },
  }
}
