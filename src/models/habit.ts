import { fromDbDay, toDbDay } from '../db.ts'
import { WrongState } from '../errors.ts'
import type { Habit, HabitVersion, User } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import {
  type Day,
  dayOf,
  daysLeft,
  epochDay,
  fromEpochDay,
  type Progress,
  periodOf,
  progressOf,
} from './habit/schedule.ts'
import { currentStreak } from './habit/streak.ts'
import { placeOf, scheduleOf, versionOn } from './habit/versions.ts'
import { NOTHING_SAVED, type SavingsTotals, totalsOf } from './ledger.ts'

export interface HabitWish {
  name: string
  frequency: number
  interval: number
  amountMinor: number
}

/** A habit as it stands today, with everything derived that pages show. */
export interface HabitToday {
  habit: Habit
  version: HabitVersion
  today: Day
  progress: Progress
  daysLeft: number
  isCompleted: boolean
  streak: number
  totals: SavingsTotals
}

export type Habits = ReturnType<typeof createHabits>

/** As many as a page can show, so that none is ever hidden. */
export const MOST_HABITS = 200

class TooManyHabits extends WrongState {
  constructor() {
    super(
      `You have ${MOST_HABITS} habits`,
      'That is as many as there can be. Delete one you no longer need, then make this one.',
    )
  }
}

export function createHabits({ db, clock }: ModelContext) {
  return {
    async create(user: User, wish: HabitWish, currency: Currency, by: Actor): Promise<Habit> {
      const now = clock.now()
      const today = dayOf(now, user.timezone, user.dayStartHour)
      return db.transaction(async (tx) => {
        const living = await tx.habit.count({ where: { userId: user.id, archivedOn: null } })
        if (living >= MOST_HABITS) throw new TooManyHabits()
        const habit = await tx.habit.create({
          data: {
            userId: user.id,
            name: wish.name,
            startDate: toDbDay(today),
            createdOn: now,
            versions: {
              create: {
                number: 1,
                effectiveFrom: toDbDay(today),
                createdOn: now,
                ...termsOf(wish, currency),
              },
            },
          },
        })
        await audit(tx, {
          action: 'habit.created',
          by,
          at: now,
          subjectId: user.id,
          object: { kind: 'habit', id: habit.id },
          detail: { ...termsOf(wish, currency) },
        })
        return habit
      })
    },

    /** The name changes in place; other terms become a new version from today on, and the past keeps its own. */
    async edit(
      user: User,
      habitId: string,
      wish: HabitWish,
      currency: Currency,
      by: Actor,
    ): Promise<'edited' | 'archived' | null> {
      const now = clock.now()
      const today = dayOf(now, user.timezone, user.dayStartHour)
      return db.transaction(async (tx) => {
        const [locked] = await tx.$queryRaw<{ id: string }[]>`
          SELECT id FROM "Habit" WHERE id = ${habitId}::uuid AND "userId" = ${user.id}::uuid FOR UPDATE`
        if (!locked) return null
        const habit = await tx.habit.findUniqueOrThrow({
          where: { id: habitId, userId: user.id },
          include: { versions: { orderBy: { number: 'desc' }, take: 1 } },
        })
        if (habit.archivedOn) return 'archived'
        const [current] = habit.versions
        const terms = termsOf(wish, currency)
        if (!current || !sameTerms(current, terms)) {
          await tx.habitVersion.create({
            data: {
              habitId,
              number: (current?.number ?? 0) + 1,
              effectiveFrom: toDbDay(today),
              createdOn: now,
              ...terms,
            },
          })
        }
        await tx.habit.update({ where: { id: habitId, userId: user.id }, data: { name: wish.name } })
        await audit(tx, {
          action: 'habit.edited',
          by,
          at: now,
          subjectId: user.id,
          object: { kind: 'habit', id: habitId },
          detail: { ...terms },
        })
        return 'edited'
      })
    },

    /** A habit without check-offs disappears; one with a history is archived, because its savings stay true. */
    async remove(userId: string, habitId: string, by: Actor): Promise<'deleted' | 'archived' | null> {
      const now = clock.now()
      return db.transaction(async (tx) => {
        const [locked] = await tx.$queryRaw<{ id: string }[]>`
          SELECT id FROM "Habit" WHERE id = ${habitId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`
        if (!locked) return null
        const used = (await tx.checkOff.count({ where: { habitId } })) > 0
        if (used) await tx.habit.update({ where: { id: habitId, userId }, data: { archivedOn: now } })
        else await tx.habit.delete({ where: { id: habitId, userId } })
        const result = used ? 'archived' : 'deleted'
        await audit(tx, {
          action: `habit.${result}`,
          by,
          at: now,
          subjectId: userId,
          object: { kind: 'habit', id: habitId },
        })
        return result
      })
    },

    /** For who needs no more than to know whose it is, and what it is called. */
    async nameOwned(userId: string, id: string): Promise<Pick<Habit, 'id' | 'name'> | null> {
      return db.prisma.habit.findFirst({ where: { id, userId }, select: { id: true, name: true } })
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

    /** Living habits, oldest first. */
    async listOwned(user: User): Promise<HabitToday[]> {
      const habits = await db.prisma.habit.findMany({
        where: { userId: user.id, archivedOn: null },
        orderBy: [{ createdOn: 'asc' }, { id: 'asc' }],
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

  async function asOfToday(user: User, habits: readonly Habit[]): Promise<HabitToday[]> {
    if (habits.length === 0) return []
    const localToday = dayOf(clock.now(), user.timezone, user.dayStartHour)
    const habitId = { in: habits.map((habit) => habit.id) }
    const [versions, done, lately, balances] = await Promise.all([
      db.prisma.habitVersion.findMany({ where: { habitId }, orderBy: { number: 'desc' } }),
      db.prisma.checkOff.groupBy({
        by: ['habitId', 'day'],
        where: { habitId, state: 'RECORDED' },
        _count: { _all: true },
      }),
      db.prisma.checkOff.findMany({
        where: { habitId, state: 'RECORDED', day: { gte: toDbDay(earliestPeriodDay(localToday)) } },
        select: { habitId: true, slot: true, daySlot: true, day: true, period: true },
      }),
      db.prisma.ledgerBalance.findMany({ where: { userId: user.id, habitId } }),
    ])
    const versionsOf = Map.groupBy(versions, (row) => row.habitId)
    const doneOf = Map.groupBy(done, (row) => row.habitId)
    const latelyOf = Map.groupBy(lately, (row) => row.habitId)
    return habits.flatMap((habit) => {
      const own = versionsOf.get(habit.id) ?? []
      // A saver who has travelled west since may still be in the day before the habit's first.
      const firstDay = fromDbDay(habit.startDate)
      const today = localToday < firstDay ? firstDay : localToday
      const version = versionOn(own, today)
      if (!version) return []
      const schedule = scheduleOf(version, own)
      const period = periodOf(schedule, today, user.weekStart)
      const live = latelyOf.get(habit.id) ?? []
      const progress = progressOf(schedule, period, today, live.map(placeOf))
      const doneByDay = new Map(
        (doneOf.get(habit.id) ?? []).map((row) => [fromDbDay(row.day), row._count._all]),
      )
      const ownBalances = balances.filter(
        (row) => row.habitId === habit.id && row.currency === version.currency,
      )
      return {
        habit,
        version,
        today,
        progress,
        daysLeft: daysLeft(period, today),
        isCompleted: progress.next.kind === 'period-complete',
        streak: currentStreak(
          own.map((each) => scheduleOf(each, own)),
          doneByDay,
          today,
          user.weekStart,
        ),
        totals: ownBalances.length > 0 ? totalsOf(ownBalances) : NOTHING_SAVED,
      }
    })
  }
}

function termsOf(wish: HabitWish, currency: Currency) {
  return { frequency: wish.frequency, interval: wish.interval, amountMinor: wish.amountMinor, currency }
}

function sameTerms(version: HabitVersion, terms: ReturnType<typeof termsOf>): boolean {
  return (
    version.frequency === terms.frequency &&
    version.interval === terms.interval &&
    version.amountMinor === terms.amountMinor &&
    version.currency === terms.currency
  )
}

/** No period is longer than 366 days (a rule of the database), so no older check-off can lie in the current one. */
function earliestPeriodDay(today: Day): Day {
  return fromEpochDay(epochDay(today) - 366)
}
