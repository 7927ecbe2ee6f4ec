import { fromDbDay, type Tx } from '../../db.ts'
import type { Goal, User } from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'
import { dayOf } from '../habit/schedule.ts'
import { type HistoryPoint, historyOf, latelyOf, type Pace, paceOf, type WeekSum } from './pace.ts'
import { pursesOf, weekSumsOf } from './pots.ts'
import { totalOf } from './sharing.ts'
import { type GoalStanding, type GoalsStanding, standingsOf } from './standing.ts'

/** A living goal with how it gets on. */
export interface GoalAhead extends GoalStanding {
  pace: Pace
}

export interface GoalInFull {
  ahead: GoalAhead
  history: HistoryPoint[]
  /** Those that save for it first. */
  habits: { id: string; name: string }[]
}

/** As many as a page can show in an order that somebody has chosen. */
export const MOST_GOALS = 30
const MOST_PUT_AWAY = 200
/** Half a year is what a history shows. */
export const HISTORY_WEEKS = 26

/** What pages show of goals. */
export function createGoalReading({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /** All of a saver's money by currency, each unit in one place: a goal, used by one, or not set aside. */
    async standing(userId: string): Promise<GoalsStanding[]> {
      return standingsOf(await livingGoals(db.prisma, userId), await pursesOf(db.prisma, userId))
    },

    /** The same, with how each goal gets on. */
    async ahead(user: User): Promise<(Omit<GoalsStanding, 'goals'> & { goals: GoalAhead[] })[]> {
      const [goals, purses, sums] = await Promise.all([
        livingGoals(db.prisma, user.id),
        pursesOf(db.prisma, user.id),
        weekSumsOf(db.prisma, user.id, clock.now(), HISTORY_WEEKS),
      ])
      return standingsOf(goals, purses).map((standing) => ({
        ...standing,
        goals: standing.goals.map((each) => ({
          ...each,
          pace: paceIn(user, standing, each, sums.get(standing.currency) ?? []),
        })),
      }))
    },

    /** One living goal with everything that its page shows. */
    async findAhead(user: User, goalId: string): Promise<GoalInFull | null> {
      const [goals, purses, allSums, habits] = await Promise.all([
        livingGoals(db.prisma, user.id),
        pursesOf(db.prisma, user.id),
        weekSumsOf(db.prisma, user.id, clock.now(), HISTORY_WEEKS),
        db.prisma.habit.findMany({
          where: { userId: user.id, goalTie: { goalId } },
          orderBy: { createdOn: 'asc' },
          select: { id: true, name: true },
        }),
      ])
      const standing = standingsOf(goals, purses).find((each) => each.goals.some(isIt))
      const found = standing?.goals.find(isIt)
      if (!standing || !found) return null
      const sums = allSums.get(standing.currency) ?? []
      const own = standing.goals.map(({ goal }) => goal)
      const history = historyOf(goalId, sums, standing.purse.saved, own, HISTORY_WEEKS)
      return { ahead: { ...found, pace: paceIn(user, standing, found, sums) }, history, habits }

      function isIt({ goal }: GoalStanding): boolean {
        return goal.id === goalId
      }
    },

    async findOwned(userId: string, id: string): Promise<Goal | null> {
      return db.prisma.goal.findFirst({ where: { id, userId } })
    },

    /** With what each had used when it was put away, minor units; the latest first. */
    async archived(userId: string): Promise<{ goal: Goal; usedMinor: number }[]> {
      const goals = await db.prisma.goal.findMany({
        where: { userId, archivedOn: { not: null } },
        include: { uses: { select: { amountMinor: true } } },
        orderBy: [{ archivedOn: 'desc' }, { id: 'desc' }],
        take: MOST_PUT_AWAY,
      })
      return goals.map(({ uses, ...goal }) => ({
        goal,
        usedMinor: uses.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      }))
    },

    /** Living habits, and which goal each saves for first. */
    async habitsToTie(userId: string): Promise<{ id: string; name: string; goal: Goal | null }[]> {
      const habits = await db.prisma.habit.findMany({
        where: { userId, archivedOn: null },
        orderBy: [{ createdOn: 'asc' }, { id: 'asc' }],
        include: { goalTie: { include: { goal: true } } },
      })
      return habits.map(({ id, name, goalTie }) => ({ id, name, goal: goalTie?.goal ?? null }))
    },
  }

  function paceIn(
    user: User,
    { goals, purse }: GoalsStanding,
    { goal }: GoalStanding,
    sums: readonly WeekSum[],
  ): Pace {
    const byDay = goal.byDay && fromDbDay(goal.byDay)
    const today = dayOf(clock.now(), user.timezone, user.dayStartHour)
    const lately = latelyOf(sums, totalOf(purse.saved) + purse.usedMinor)
    return paceOf(
      { ...goal, byDay },
      { pots: purse.saved, goals: goals.map((each) => each.goal), lately, today },
    )
  }
}

export function livingGoals(tx: Tx, userId: string): Promise<Goal[]> {
  return tx.goal.findMany({
    where: { userId, archivedOn: null },
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
  })
}
