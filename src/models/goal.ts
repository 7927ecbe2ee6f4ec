import { type Tx, toDbDay } from '../db.ts'
import { WrongState } from '../errors.ts'
import type { Goal } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import { t } from '../language.ts'
import { paths } from '../paths.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { habitMoneyOf } from './goal/pots.ts'
import { noteReachedIn } from './goal/reached.ts'
import { createGoalReading, livingGoals, MOST_GOALS } from './goal/reading.ts'
import { heldOf } from './goal/sharing.ts'
import type { Day } from './habit/schedule.ts'

export type { HistoryPoint, Pace } from './goal/pace.ts'
export { type GoalAhead, type GoalInFull, HISTORY_WEEKS } from './goal/reading.ts'
export type { GoalStanding, GoalsStanding } from './goal/standing.ts'

export interface GoalWish {
  name: string
  targetMinor: number
  byDay: Day | null
  picture: string
  /** Habits whose savings go to it first; of other goals they are taken away. */
  habitIds: readonly string[]
}

class TooManyGoals extends WrongState {
  constructor() {
    super(
      t('You have {most} goals', { most: MOST_GOALS }),
      t('That is as many as there can be. Put one away, then make this one.'),
      [{ href: paths.goals, label: t('To your goals') }],
    )
  }
}

export type Goals = ReturnType<typeof createGoals>

/** What somebody saves for. No money moves here: goals only say what saved money is for. */
export function createGoals({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    ...createGoalReading({ db, clock }),

    /** @throws TooManyGoals */
    async create(userId: string, wish: GoalWish, currency: Currency, by: Actor): Promise<Goal> {
      const at = clock.now()
      return db.transaction(async (tx) => {
        await lockGoals(tx, userId)
        const goals = await livingGoals(tx, userId)
        if (goals.length >= MOST_GOALS) throw new TooManyGoals()
        const position = (goals.at(-1)?.position ?? 0) + 1
        const goal = await tx.goal.create({
          data: { userId, currency, position, createdOn: at, ...termsOf(wish) },
        })
        await tie(tx, goal, wish.habitIds)
        await note(tx, 'goal.created', goal, by, { ...wordsOf(wish), currency })
        await noteReached(tx, userId, by)
        return goal
      })
    },

    /** The currency stays. @returns null for a goal that there isn't, 'archived' for one that was put away. */
    async edit(userId: string, id: string, wish: GoalWish, by: Actor): Promise<'edited' | 'archived' | null> {
      return db.transaction(async (tx) => {
        const goal = await lockGoal(tx, userId, id)
        if (!goal) return null
        if (goal.archivedOn) return 'archived'
        await tx.goal.update({ where: { id, userId }, data: termsOf(wish) })
        await tie(tx, goal, wish.habitIds)
        await note(tx, 'goal.edited', goal, by, wordsOf(wish))
        await noteReached(tx, userId, by)
        return 'edited'
      })
    },

    /** One place up or down among the living goals. @returns false where there is no such place, null without such a goal. */
    async move(userId: string, id: string, direction: 'up' | 'down', by: Actor): Promise<boolean | null> {
      return db.transaction(async (tx) => {
        await lockGoals(tx, userId)
        const goals = await livingGoals(tx, userId)
        const from = goals.findIndex((goal) => goal.id === id)
        const goal = goals[from]
        if (!goal) return null
        const ids = goals.filter((each) => each.currency === goal.currency).map((each) => each.id)
        const place = ids.indexOf(id)
        const to = place + (direction === 'up' ? -1 : 1)
        const other = ids[to]
        if (other === undefined) return false
        const order = goals.map((each) => (each.id === id ? other : each.id === other ? id : each.id))
        await tx.$executeRaw`
          UPDATE "Goal" SET position = place.number
          FROM unnest(${order}::uuid[]) WITH ORDINALITY AS place (id, number)
          WHERE "Goal".id = place.id AND "Goal"."userId" = ${userId}::uuid`
        await note(tx, 'goal.moved', goal, by, { direction })
        await noteReached(tx, userId, by)
        return true
      })
    },

    /**
     * Puts a goal away. Money that was used stays with it, and no other goal gets it; otherwise it is shared out anew.
     * @returns false for one that was put away before, null without such a goal.
     */
    async archive(userId: string, id: string, isUsed: boolean, by: Actor): Promise<boolean | null> {
      return db.transaction(async (tx) => {
        const goal = await lockGoal(tx, userId, id)
        if (!goal) return null
        if (goal.archivedOn) return false
        const uses = isUsed ? await usesOf(tx, goal) : []
        await tx.goal.update({ where: { id, userId }, data: { archivedOn: clock.now() } })
        await tx.goalUse.createMany({ data: uses.map((use) => ({ ...use, goalId: id, userId })) })
        const usedMinor = uses.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
        await note(tx, 'goal.archived', goal, by, { usedMinor })
        await noteReached(tx, userId, by)
        return true
      })
    },

    /** Brings back what was put away, as the last of the goals; what it had used is shared out again. */
    async restore(userId: string, id: string, by: Actor): Promise<boolean | null> {
      return db.transaction(async (tx) => {
        const goal = await lockGoal(tx, userId, id)
        if (!goal) return null
        if (!goal.archivedOn) return false
        const goals = await livingGoals(tx, userId)
        if (goals.length >= MOST_GOALS) throw new TooManyGoals()
        const position = (goals.at(-1)?.position ?? 0) + 1
        await tx.goal.update({ where: { id, userId }, data: { archivedOn: null, position } })
        await note(tx, 'goal.restored', goal, by)
        await noteReached(tx, userId, by)
        return true
      })
    },

    /** The goal goes, and the money that it held or had used is shared out anew. */
    async remove(userId: string, id: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const goal = await lockGoal(tx, userId, id)
        if (!goal) return false
        await tx.goal.delete({ where: { id, userId } })
        await note(tx, 'goal.deleted', goal, by)
        await noteReached(tx, userId, by)
        return true
      })
    },

    /** Its saver has seen that a goal was reached; it isn't celebrated again. @returns false where there was nothing to see. */
    async celebrate(userId: string, id: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        await lockGoals(tx, userId)
        await noteReached(tx, userId, by)
        const { count } = await tx.goal.updateMany({
          where: { id, userId, reachedOn: { not: null }, celebratedOn: null },
          data: { celebratedOn: clock.now() },
        })
        if (count === 0) return false
        await note(tx, 'goal.celebrated', { id, userId }, by)
        return true
      })
    },

    /** After money has arrived: writes down which goals are full for the first time. */
    async noteReached(userId: string, by: Actor): Promise<void> {
      const isAnyOpen = await db.prisma.goal.findFirst({
        where: { userId, reachedOn: null, archivedOn: null },
        select: { id: true },
      })
      if (!isAnyOpen) return
      await db.transaction(async (tx) => {
        await lockGoals(tx, userId)
        await noteReached(tx, userId, by)
      })
    },
  }

  function noteReached(tx: Tx, userId: string, by: Actor): Promise<void> {
    return noteReachedIn(tx, userId, clock.now(), by)
  }

  async function note(
    tx: Tx,
    action: string,
    { id, userId }: Pick<Goal, 'id' | 'userId'>,
    by: Actor,
    detail: Record<string, string | number | null> = {},
  ): Promise<void> {
    await audit(tx, {
      action,
      by,
      at: clock.now(),
      subjectId: userId,
      object: { kind: 'goal', id },
      detail,
    })
  }
}

/** Goals depend on each other, so what is done with them is done one after the other. Foreign keys don't wait for it. */
async function lockGoals(tx: Tx, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
}

async function lockGoal(tx: Tx, userId: string, id: string): Promise<Goal | null> {
  await lockGoals(tx, userId)
  return tx.goal.findFirst({ where: { id, userId } })
}

/** A habit saves for one goal at most: who is tied here is tied nowhere else. Habits put away aren't asked for, and stay. */
async function tie(tx: Tx, { id, userId }: Goal, habitIds: readonly string[]): Promise<void> {
  const untied = [{ goalId: id, habit: { archivedOn: null } }, { habitId: { in: [...habitIds] } }]
  await tx.goalHabit.deleteMany({ where: { userId, OR: untied } })
  await tx.goalHabit.createMany({ data: habitIds.map((habitId) => ({ habitId, goalId: id, userId })) })
}

async function usesOf(tx: Tx, { id, userId, currency }: Goal) {
  const goals = (await livingGoals(tx, userId)).filter((goal) => goal.currency === currency)
  return heldOf(id, await habitMoneyOf(tx, userId, currency), goals)
}

function termsOf({ name, targetMinor, byDay, picture }: GoalWish) {
  return { name, targetMinor, byDay: byDay === null ? null : toDbDay(byDay), picture }
}

function wordsOf({ targetMinor, byDay, habitIds }: GoalWish) {
  return { targetMinor, byDay, habits: habitIds.length }
}
