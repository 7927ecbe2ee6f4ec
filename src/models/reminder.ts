import { HOUR } from '../clock.ts'
import { fromDbDay, type Tx, toDbDay } from '../db.ts'
import type { HabitReminder, Reminder, ReminderWish, User } from '../generated/client.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import type { Habits, HabitToday } from './habit.ts'
import { type LetterKind, letterToken, readLetterToken } from './letter-link.ts'
import { asksToday } from './reminder/due.ts'
import { nextDigest, nextTime } from './reminder/times.ts'
import { isWorthALetter, type Week, weekBefore } from './reminder/week.ts'

/** What is later than this is not sent any more. */
export const STALE_AFTER_MS = 2 * HOUR
/** Savers whose turn one round has; the rest have theirs seconds later. */
const MOST_SAVERS = 500

export type Wish = Pick<ReminderWish, 'byMail' | 'mostPerDay' | 'digestWeekday' | 'tellsAmounts'>

/** Off, until somebody wishes otherwise. */
export const NO_WISH: Wish = { byMail: false, mostPerDay: 3, digestWeekday: null, tellsAmounts: false }

/** What one round did: letters and notifications are counted as one each, however many ways they go. */
export interface Told {
  sent: number
  /** Too late, because no worker was there in time. */
  stale: number
}

/** What is left to say when a reminder is written: habits that still ask something, and to whom. */
export interface ToSay {
  user: User
  wish: Wish
  reminder: Reminder
  habits: HabitToday[]
}

export type Reminders = ReturnType<typeof createReminders>

export function createReminders(context: ModelContext, habits: Habits) {
  const { db, clock, queue, rules } = context

  return {
    async wishOf(userId: string): Promise<Wish> {
      return (await db.prisma.reminderWish.findUnique({ where: { userId } })) ?? NO_WISH
    },

    async change(userId: string, wish: Wish, by: Actor): Promise<void> {
      await db.transaction(async (tx) => {
        // Reckoned by the worker, a moment later.
        const data = { ...wish, nextDigestAt: null, changedOn: clock.now() }
        await tx.reminderWish.upsert({ where: { userId }, create: { userId, ...data }, update: data })
        await audit(tx, {
          action: 'reminder.wishes-changed',
          by,
          at: clock.now(),
          subjectId: userId,
          detail: { ...wish },
        })
      })
    },

    /** Minutes of the day by habit. */
    async timesOf(userId: string): Promise<Map<string, number>> {
      const rows = await db.prisma.habitReminder.findMany({ where: { userId } })
      return new Map(rows.map(({ habitId, minuteOfDay }) => [habitId, minuteOfDay]))
    },

    /** @param minuteOfDay null: no reminder. @returns false when it is no living habit of theirs. */
    async setTime(userId: string, habitId: string, minuteOfDay: number | null, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const [habit] = await tx.$queryRaw<{ id: string }[]>`
          SELECT id FROM "Habit" WHERE id = ${habitId}::uuid AND "userId" = ${userId}::uuid AND "archivedOn" IS NULL
          FOR NO KEY UPDATE`
        if (!habit) return false
        if (minuteOfDay === null) await tx.habitReminder.deleteMany({ where: { habitId, userId } })
        else {
          // At another time it may come on the same day, too; said again, it may not.
          await tx.habitReminder.deleteMany({ where: { habitId, userId, minuteOfDay: { not: minuteOfDay } } })
          await tx.habitReminder.createMany({
            data: [{ habitId, userId, minuteOfDay }],
            skipDuplicates: true,
          })
        }
        await audit(tx, {
          action: 'reminder.time-changed',
          by,
          at: clock.now(),
          subjectId: userId,
          object: { kind: 'habit', id: habitId },
          detail: { minuteOfDay },
        })
        return true
      })
    },

    /** Sends what is due by now. All workers may do it at once, and as often as they like. */
    async tellDue(): Promise<Told> {
      const told: Told = { sent: 0, stale: 0 }
      for (const userId of await saversWithTimes()) await tellOfHabits(userId, told)
      for (const userId of await saversWithDigests()) await tellOfWeek(userId, told)
      return told
    },

    /** @returns null when there is nothing to say any more: it was done meanwhile, is too old, or is nobody's wish. */
    async toSay(userId: string, reminderId: string): Promise<ToSay | null> {
      const [user, reminder] = [
        await db.prisma.user.findUnique({ where: { id: userId } }),
        await db.prisma.reminder.findFirst({ where: { id: reminderId, userId } }),
      ]
      if (!user || !reminder || !mayBeTold(user) || isStale(reminder.dueAt)) return null
      const wish = (await db.prisma.reminderWish.findUnique({ where: { userId } })) ?? NO_WISH
      if (reminder.kind === 'DIGEST') return { user, wish, reminder, habits: [] }
      const own = new Set(reminder.habitIds)
      const living = await habits.listOwned(user)
      const open = living.filter((each) => own.has(each.habit.id) && asksToday(each))
      return open.length > 0 ? { user, wish, reminder, habits: open } : null
    },

    async weekOf({ user, reminder }: Pick<ToSay, 'user' | 'reminder'>): Promise<Week> {
      return weekBefore({ db, habits }, user, { day: fromDbDay(reminder.day), dueAt: reminder.dueAt })
    },

    tokenFor: (userId: string, kind: LetterKind): string => letterToken(userId, kind, rules.letterKey),

    /** Looks, and changes nothing. @returns null for a link that isn't ours, or is about somebody who is gone. */
    async behindLink(token: string): Promise<{ kind: LetterKind; isOn: boolean } | null> {
      const link = readLetterToken(token, rules.letterKey)
      const user = link && (await db.prisma.user.findUnique({ where: { id: link.userId } }))
      if (!link || !user || user.status === 'CLOSED') return null
      const wish = (await db.prisma.reminderWish.findUnique({ where: { userId: user.id } })) ?? NO_WISH
      return { kind: link.kind, isOn: link.kind === 'digest' ? wish.digestWeekday !== null : wish.byMail }
    },

    /** Ends one kind of letter; again does nothing. @returns as `behindLink`, after it. */
    async turnOff(token: string, by: Actor): Promise<LetterKind | null> {
      const link = readLetterToken(token, rules.letterKey)
      if (!link) return null
      const { userId, kind } = link
      return db.transaction(async (tx) => {
        const off = kind === 'digest' ? { digestWeekday: null, nextDigestAt: null } : { byMail: false }
        const { count } = await tx.reminderWish.updateMany({
          where: { userId, ...(kind === 'digest' ? { digestWeekday: { not: null } } : { byMail: true }) },
          data: { ...off, changedOn: clock.now() },
        })
        if (count > 0) {
          const detail = { kind }
          await audit(tx, { action: 'reminder.turned-off', by, at: clock.now(), subjectId: userId, detail })
        }
        return kind
      })
    },
  }

  async function saversWithTimes(): Promise<string[]> {
    const rows = await db.prisma.$queryRaw<{ userId: string }[]>`
      SELECT DISTINCT "userId" FROM (
        SELECT "userId" FROM "HabitReminder" WHERE "nextAt" IS NULL OR "nextAt" <= ${clock.now()}
        ORDER BY "nextAt" NULLS FIRST LIMIT ${MOST_SAVERS}
      ) due`
    return rows.map(({ userId }) => userId)
  }

  async function saversWithDigests(): Promise<string[]> {
    const rows = await db.prisma.$queryRaw<{ userId: string }[]>`
      SELECT "userId" FROM "ReminderWish"
      WHERE "digestWeekday" IS NOT NULL AND ("nextDigestAt" IS NULL OR "nextDigestAt" <= ${clock.now()})
      ORDER BY "nextDigestAt" NULLS FIRST LIMIT ${MOST_SAVERS}`
    return rows.map(({ userId }) => userId)
  }

  /** Habits are read before the transaction, which then only decides and writes. */
  async function tellOfHabits(userId: string, told: Told): Promise<void> {
    const before = await db.prisma.user.findUniqueOrThrow({ where: { id: userId } })
    const asking = mayBeTold(before) ? (await habits.listOwned(before)).filter(asksToday) : []
    const open = new Set(asking.map(({ habit }) => habit.id))
    const done = await db.transaction(async (tx): Promise<Told> => {
      const user = await heldClock(tx, userId)
      // The clock was changed in between: the next round sees both, the clock and the habits.
      if (!user || !isSameClock(user, before)) return { sent: 0, stale: 0 }
      const wish = await heldWish(tx, userId)
      const due = await tx.$queryRaw<HabitReminder[]>`
        SELECT * FROM "HabitReminder" WHERE "userId" = ${userId}::uuid AND ("nextAt" IS NULL OR "nextAt" <= ${clock.now()})
        ORDER BY "nextAt", "habitId" FOR UPDATE`
      const outcomes: Told = { sent: 0, stale: 0 }
      for (const [at, rows] of Map.groupBy(due, ({ nextAt }) => nextAt?.getTime() ?? null)) {
        const day = at === null ? null : dayOf(new Date(at), user.timezone, user.dayStartHour)
        if (at !== null && day !== null) {
          const outcome = await tell(tx, { user, wish, day, dueAt: new Date(at), rows, open })
          if (outcome !== 'nothing') outcomes[outcome] += 1
        }
        for (const row of rows) await reckon(tx, row, user, day)
      }
      return outcomes
    })
    told.sent += done.sent
    told.stale += done.stale
  }

  /** One letter and one notification for all habits of the same quarter of an hour that still ask something. */
  async function tell(
    tx: Tx,
    {
      user,
      wish,
      day,
      dueAt,
      rows,
      open,
    }: {
      user: User
      wish: ReminderWish | null
      day: Day
      dueAt: Date
      rows: readonly HabitReminder[]
      open: ReadonlySet<string>
    },
  ): Promise<keyof Told | 'nothing'> {
    const devices = await tx.pushSubscription.findMany({ where: { userId: user.id }, select: { id: true } })
    const isWished = wish !== null && (wish.byMail || devices.length > 0)
    if (!isWished || !mayBeTold(user)) return 'nothing'
    if (isOver(dueAt, day, user)) return 'stale'
    const habitIds = rows.map(({ habitId }) => habitId).filter((id) => open.has(id))
    const where = { userId: user.id, kind: 'HABITS', day: toDbDay(day) } as const
    if (habitIds.length === 0 || (await tx.reminder.count({ where })) >= wish.mostPerDay) return 'nothing'
    const minuteOfDay = rows[0]?.minuteOfDay ?? 0
    const reminder = await claim(tx, { ...where, minuteOfDay, dueAt, habitIds })
    if (!reminder) return 'nothing'
    const job = { userId: user.id, reminderId: reminder.id }
    if (wish.byMail)
      await queue.enqueue(tx, 'send-mail', { userId: user.id, kind: 'reminder', aboutId: reminder.id })
    for (const { id } of devices) await queue.enqueue(tx, 'send-push', { ...job, subscriptionId: id })
    return 'sent'
  }

  /** Its next time, and never one of a day that has had its own. */
  async function reckon(tx: Tx, row: HabitReminder, user: User, day: Day | null): Promise<void> {
    const last = latest(day, row.lastDay && fromDbDay(row.lastDay))
    const next = nextTime(row.minuteOfDay, user, clock.now(), last)
    await tx.habitReminder.update({
      where: { habitId: row.habitId, userId: row.userId },
      data: { nextAt: next.at, lastDay: last && toDbDay(last) },
    })
  }

  async function tellOfWeek(userId: string, told: Told): Promise<void> {
    const before = await db.prisma.user.findUniqueOrThrow({ where: { id: userId } })
    const wished = await db.prisma.reminderWish.findUnique({ where: { userId } })
    const dueAt = wished?.nextDigestAt ?? null
    const day = dueAt && dayOf(dueAt, before.timezone, before.dayStartHour)
    const isFresh = dueAt !== null && day !== null && mayBeTold(before) && !isOver(dueAt, day, before)
    const hasNews = isFresh && isWorthALetter(await weekBefore({ db, habits }, before, { day, dueAt }))
    const outcome = await db.transaction(async (tx): Promise<keyof Told | 'nothing'> => {
      const user = await heldClock(tx, userId)
      const wish = await heldWish(tx, userId)
      const isAsBefore = wish?.nextDigestAt?.getTime() === dueAt?.getTime()
      if (!user || !wish?.digestWeekday || !isSameClock(user, before) || !isAsBefore) return 'nothing'
      const next = nextDigest(wish.digestWeekday, user, clock.now())
      await tx.reminderWish.update({ where: { userId }, data: { nextDigestAt: next.at } })
      if (dueAt === null || day === null || !mayBeTold(user)) return 'nothing'
      if (!isFresh) return 'stale'
      if (!hasNews) return 'nothing'
      const facts = { userId, kind: 'DIGEST', day: toDbDay(day), minuteOfDay: next.minuteOfDay } as const
      const reminder = await claim(tx, { ...facts, dueAt, habitIds: [] })
      if (!reminder) return 'nothing'
      await queue.enqueue(tx, 'send-mail', { userId, kind: 'digest', aboutId: reminder.id })
      return 'sent'
    })
    if (outcome !== 'nothing') told[outcome] += 1
  }

  /** The index over saver, kind, day and time decides: whoever makes the row sends it. */
  async function claim(tx: Tx, facts: Omit<Reminder, 'id' | 'madeOn'>): Promise<Reminder | null> {
    const [made] = await tx.reminder.createManyAndReturn({
      data: [{ ...facts, madeOn: clock.now() }],
      skipDuplicates: true,
    })
    return made ?? null
  }

  function isStale(dueAt: Date): boolean {
    return clock.now().getTime() - dueAt.getTime() > STALE_AFTER_MS
  }

  /** Too late, or of a day that is over for its saver by now. */
  function isOver(dueAt: Date, day: Day, { timezone, dayStartHour }: User): boolean {
    return isStale(dueAt) || dayOf(clock.now(), timezone, dayStartHour) !== day
  }
}

/** Whoever changes the saver's clock waits, or is waited for. */
async function heldClock(tx: Tx, userId: string): Promise<User | null> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR SHARE`
  return tx.user.findUnique({ where: { id: userId } })
}

/** One worker after the other, so that they count the same day together. */
async function heldWish(tx: Tx, userId: string): Promise<ReminderWish | null> {
  await tx.$queryRaw`SELECT 1 FROM "ReminderWish" WHERE "userId" = ${userId}::uuid FOR UPDATE`
  return tx.reminderWish.findUnique({ where: { userId } })
}

function mayBeTold({ status, emailConfirmedOn }: User): boolean {
  return status === 'ACTIVE' && emailConfirmedOn !== null
}

function isSameClock(one: User, other: User): boolean {
  return one.timezone === other.timezone && one.dayStartHour === other.dayStartHour
}

function latest(one: Day | null, other: Day | null): Day | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
