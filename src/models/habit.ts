import { fromDbDay, type Tx, toDbDay } from '../db.ts'
import { WrongState } from '../errors.ts'
import type { Habit, HabitVersion, User } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import { t } from '../language.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { doneByDay, planIn } from './habit/checkpoints.ts'
import { type Day, dayOf } from './habit/schedule.ts'
import { createHabitReading, type HabitToday } from './habit/today.ts'
import { versionOn } from './habit/versions.ts'
import {
  COMMITTED_DAYS,
  changedSettings,
  type HabitWish,
  inDays,
  isCommittedOn,
  isEasier,
  laterOf,
  sameTerms,
  settingsOf,
  termsOf,
} from './habit/wish.ts'
import { firstDayOfYear, type HabitYear, yearOf } from './habit/year.ts'
import { type SavingsTotals, totalsOf } from './ledger.ts'

export type { HabitToday } from './habit/today.ts'
export type { HabitWish } from './habit/wish.ts'

export type Habits = ReturnType<typeof createHabits>

/** As many as a page can show, so that none is ever hidden. */
export const MOST_HABITS = 200

/** With a name, for every check-off begins with it. */
const NAME_OWNED = {
  name: 'name of a habit',
  text: 'SELECT id, name FROM "Habit" WHERE id = $1::uuid AND "userId" = $2::uuid',
}

class TooManyHabits extends WrongState {
  constructor() {
    super(
      t('You have {most} habits', { most: MOST_HABITS }),
      t('That is as many as there can be. Delete one you no longer need, then make this one.'),
    )
  }
}

export function createHabits({ db, clock }: ModelContext) {
  const asOfToday = createHabitReading({ db, clock })

  return {
    async create(user: User, wish: HabitWish, currency: Currency, by: Actor): Promise<Habit> {
      const now = clock.now()
      const today = dayOf(now, user.timezone, user.dayStartHour)
      return db.transaction(async (tx) => {
        const position = await nextPosition(tx, user.id)
        const settings = settingsOf(wish, today)
        const terms = termsOf(wish, currency)
        const effectiveFrom = settings.startDate
        const habit = await tx.habit.create({
          data: {
            userId: user.id,
            name: wish.name,
            createdOn: now,
            position,
            ...settings,
            versions: { create: { number: 1, effectiveFrom, createdOn: now, ...terms } },
          },
        })
        await audit(tx, {
          action: 'habit.created',
          by,
          at: now,
          subjectId: user.id,
          object: { kind: 'habit', id: habit.id },
          detail: { ...terms, startDate: fromDbDay(habit.startDate) },
        })
        return habit
      })
    },

    /**
     * Name, order and end change in place; other terms become a new version, from today on or from the first day of a habit that
     * hasn't begun. Of a committed habit what makes it easier waits. One whose last day is over goes on with a later one, or with
     * none; the days in between become a break, since nobody could have checked it off.
     * @returns 'edited-later' when terms wait; 'ended' where the last day is over and no other is wished for.
     */
    async edit(
      user: User,
      habitId: string,
      wish: HabitWish,
      currency: Currency,
      by: Actor,
    ): Promise<'edited' | 'edited-later' | 'archived' | 'ended' | null> {
      const now = clock.now()
      const today = dayOf(now, user.timezone, user.dayStartHour)
      return db.transaction(async (tx) => {
        const habit = await lockedIn(tx, user.id, habitId)
        if (!habit) return null
        if (habit.archivedOn) return 'archived'
        const lastDay = habit.endDate && fromDbDay(habit.endDate)
        const isOver = lastDay !== null && lastDay < today
        if (isOver && !goesOn(wish, today)) return 'ended'
        const settings = changedSettings(habit, wish, today)
        const startDay = fromDbDay(settings.startDate)
        const terms = termsOf(wish, currency)
        const from = effectiveFrom({ ...habit, startDay }, terms, today)
        const [newest] = habit.versions
        const isMoved = startDay !== fromDbDay(habit.startDate)
        const isNew = !newest || isMoved || !sameTerms(newest, terms)
        if (isNew) {
          const effective = {
            number: (newest?.number ?? 0) + 1,
            effectiveFrom: toDbDay(from),
            createdOn: now,
          }
          await tx.habitVersion.create({ data: { habitId, ...effective, ...terms } })
        }
        await tx.habit.update({
          where: { id: habitId, userId: user.id },
          data: { name: wish.name, ...settings },
        })
        if (isOver) await addAway(tx, habit, inDays(lastDay, 1), today)
        await audit(tx, {
          action: 'habit.edited',
          by,
          at: now,
          subjectId: user.id,
          object: { kind: 'habit', id: habitId },
          detail: { ...terms, from },
        })
        return isNew && from > laterOf(today, startDay) ? 'edited-later' : 'edited'
      })
    },

    /** A habit without check-offs disappears; one with a history is archived, because its savings stay true. */
    async remove(userId: string, habitId: string, by: Actor): Promise<'deleted' | 'archived' | null> {
      return db.transaction(async (tx) => {
        if (!(await lockedIn(tx, userId, habitId))) return null
        const used = (await tx.checkOff.count({ where: { habitId } })) > 0
        if (used) await tx.habit.update({ where: { id: habitId, userId }, data: { archivedOn: clock.now() } })
        else await tx.habit.delete({ where: { id: habitId, userId } })
        const result = used ? 'archived' : 'deleted'
        await told(tx, `habit.${result}`, userId, habitId, by)
        return result
      })
    },

    /** Puts a habit away, whether or not it has a history. @returns false when it was away before; null without such a habit. */
    async archive(userId: string, habitId: string, by: Actor): Promise<boolean | null> {
      return db.transaction(async (tx) => {
        const habit = await lockedIn(tx, userId, habitId)
        if (!habit) return null
        if (habit.archivedOn) return false
        await tx.habit.update({ where: { id: habitId, userId }, data: { archivedOn: clock.now() } })
        await told(tx, 'habit.archived', userId, habitId, by)
        return true
      })
    },

    /**
     * Takes a habit back out of the archive. The days it was away become a break: nobody could have checked it off.
     * @returns false when it wasn't away; null without such a habit.
     * @throws TooManyHabits
     */
    async restore(user: User, habitId: string, by: Actor): Promise<boolean | null> {
      const now = clock.now()
      const dayAt = (at: Date) => dayOf(at, user.timezone, user.dayStartHour)
      return db.transaction(async (tx) => {
        const habit = await lockedIn(tx, user.id, habitId)
        if (!habit) return null
        if (!habit.archivedOn) return false
        const position = await nextPosition(tx, user.id)
        await tx.habit.update({
          where: { id: habitId, userId: user.id },
          data: { archivedOn: null, position },
        })
        await addAway(tx, habit, dayAt(habit.archivedOn), dayAt(now))
        await told(tx, 'habit.restored', user.id, habitId, by)
        return true
      })
    },

    /** Changes places with the living habit before or after it; pinned ones stay before all others. */
    async move(
      userId: string,
      habitId: string,
      direction: 'up' | 'down',
      by: Actor,
    ): Promise<boolean | null> {
      return db.transaction(async (tx) => {
        await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
        const habits = await tx.habit.findMany({ where: { userId, archivedOn: null }, orderBy: IN_ORDER })
        const place = habits.findIndex(({ id }) => id === habitId)
        const [moved, other] = [habits[place], habits[direction === 'up' ? place - 1 : place + 1]]
        if (!moved) return null
        if (other?.isPinned !== moved.isPinned) return false
        const order = habits.map((habit) => (habit === moved ? other : habit === other ? moved : habit))
        for (const [position, { id, position: before }] of order.entries())
          if (position !== before) await tx.habit.update({ where: { id, userId }, data: { position } })
        await told(tx, 'habit.moved', userId, habitId, by)
        return true
      })
    },

    /** For who needs no more than to know whose it is, and what it is called. */
    async nameOwned(userId: string, id: string): Promise<Pick<Habit, 'id' | 'name'> | null> {
      const { rows } = await db.pool.query<Pick<Habit, 'id' | 'name'>>({
        ...NAME_OWNED,
        values: [id, userId],
      })
      return rows[0] ?? null
    },

    /** What a page that offered a check-off has shown. @param number of the habit's version. */
    async terms(
      userId: string,
      habitId: string,
      number: number,
    ): Promise<{ name: string; amountMinor: number; currency: Currency } | null> {
      const version = await db.prisma.habitVersion.findFirst({
        where: { habitId, number, habit: { userId } },
        include: { habit: { select: { name: true } } },
      })
      return (
        version && {
          name: version.habit.name,
          amountMinor: version.amountMinor,
          currency: version.currency,
        }
      )
    },

    async findOwned(user: User, habitId: string): Promise<HabitToday | null> {
      const habit = await db.prisma.habit.findFirst({ where: { id: habitId, userId: user.id } })
      if (!habit) return null
      const [today] = await asOfToday(user, [habit])
      return today ?? null
    },

    /** The last twelve months of a habit that is the saver's own. */
    async yearOf(user: User, habitId: string): Promise<HabitYear> {
      const today = dayOf(clock.now(), user.timezone, user.dayStartHour)
      const plan = await planIn(db.prisma, user, habitId)
      const done = await doneByDay(db.prisma, habitId, firstDayOfYear(plan, today))
      return yearOf(plan, done, today)
    },

    /** Living habits: pinned ones first, each in the saver's own order. */
    async listOwned(user: User): Promise<HabitToday[]> {
      const habits = await db.prisma.habit.findMany({
        where: { userId: user.id, archivedOn: null },
        orderBy: IN_ORDER,
        take: MOST_HABITS,
      })
      return asOfToday(user, habits)
    },

    /** The latest put away first. */
    async listArchived(user: User): Promise<HabitToday[]> {
      const habits = await db.prisma.habit.findMany({
        where: { userId: user.id, archivedOn: { not: null } },
        orderBy: [{ archivedOn: 'desc' }, { id: 'asc' }],
        take: MOST_HABITS,
      })
      return asOfToday(user, habits)
    },

    /** All the saver ever saved, archived habits included, by currency. */
    async totalsOf(userId: string): Promise<Map<Currency, SavingsTotals>> {
      const balances = await db.prisma.ledgerBalance.groupBy({
        by: ['currency', 'bucket'],
        where: { userId },
        _sum: { balanceMinor: true },
      })
      const currencies = new Set(balances.map((balance) => balance.currency))
      return new Map(
        [...currencies].map((currency) => [
          currency,
          totalsOf(
            balances
              .filter((balance) => balance.currency === currency)
              .map((balance) => ({ bucket: balance.bucket, balanceMinor: balance._sum.balanceMinor ?? 0n })),
          ),
        ]),
      )
    },
  }

  async function nextPosition(tx: Tx, userId: string): Promise<number> {
    const living = { userId, archivedOn: null }
    const { _count, _max } = await tx.habit.aggregate({
      where: living,
      _count: true,
      _max: { position: true },
    })
    if (_count >= MOST_HABITS) throw new TooManyHabits()
    return (_max.position ?? -1) + 1
  }

  /** Days before today on which the habit wasn't there, as a break. */
  async function addAway(tx: Tx, { id: habitId, userId }: Habit, from: Day, today: Day): Promise<void> {
    const until = inDays(today, -1)
    if (from > until) return
    const days = { startDay: toDbDay(from), endDay: toDbDay(until), createdOn: clock.now() }
    await tx.habitBreak.create({ data: { userId, habitId, kind: 'ARCHIVED', ...days } })
  }

  async function told(tx: Tx, action: string, userId: string, habitId: string, by: Actor): Promise<void> {
    const object = { kind: 'habit', id: habitId }
    await audit(tx, { action, by, at: clock.now(), subjectId: userId, object })
  }
}

const IN_ORDER = [
  { isPinned: 'desc' as const },
  { position: 'asc' as const },
  { createdOn: 'asc' as const },
  { id: 'asc' as const },
]

type LockedHabit = Habit & { versions: HabitVersion[] }

/** Nobody changes it at the same moment, or checks it off. @returns null if this saver has none of that id. */
async function lockedIn(tx: Tx, userId: string, id: string): Promise<LockedHabit | null> {
  const [locked] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Habit" WHERE id = ${id}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`
  if (!locked) return null
  return tx.habit.findUniqueOrThrow({
    where: { id, userId },
    include: { versions: { orderBy: { number: 'desc' } } },
  })
}

function goesOn({ endDate }: HabitWish, today: Day): boolean {
  return endDate === null || (endDate !== undefined && endDate >= today)
}

/** The day on which new terms begin to count. */
function effectiveFrom(
  habit: LockedHabit & { startDay: Day },
  terms: ReturnType<typeof termsOf>,
  today: Day,
): Day {
  const day = laterOf(today, habit.startDay)
  const now = versionOn(habit.versions, day)
  const waits = habit.startDay <= today && isCommittedOn(habit, today) && now && isEasier(now, terms)
  return waits ? inDays(today, COMMITTED_DAYS) : day
}
