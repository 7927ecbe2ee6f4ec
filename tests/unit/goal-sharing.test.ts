/** How saved money is shared out among goals, and what is said of the time ahead. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { historyOf, latelyOf, paceOf } from '../../src/models/goal/pace.ts'
import {
  type GoalTarget,
  type HabitMoney,
  heldOf,
  type Pots,
  potsOf,
  share,
  shifted,
  totalOf,
} from '../../src/models/goal/sharing.ts'

const IDS = ['bike', 'trip', 'roof', 'gift', 'boat']
const goalsOf = (targets: readonly number[]): GoalTarget[] =>
  targets.map((targetMinor, at) => ({ id: IDS[at] ?? '', targetMinor }))
const pots = (free: number, tied: Record<string, number> = {}): Pots => ({
  free,
  tied: new Map(Object.entries(tied)),
})
const heldIn = (some: Pots, goals: readonly GoalTarget[]) => Object.fromEntries(share(some, goals).held)

const amount = fc.nat({ max: 5_000 })
const anyGoals = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: IDS.length }).map(goalsOf)
/** Habits of goals that there are, and of none. */
const anyHabits = (goals: readonly GoalTarget[]) =>
  fc
    .array(
      fc.record({ goalId: fc.constantFrom(null, ...goals.map(({ id }) => id)), availableMinor: amount }),
      { maxLength: 8 },
    )
    .map((habits) => habits.map((habit, at): HabitMoney => ({ ...habit, habitId: `habit-${at}` })))
const anyCase = anyGoals.chain((goals) => fc.record({ goals: fc.constant(goals), habits: anyHabits(goals) }))

describe('sharing', () => {
  test('fills goals in their order, and says what is left', () => {
    const goals = goalsOf([1_000, 500])
    expect(share(pots(700), goals)).toEqual({
      held: new Map([
        ['bike', 700],
        ['trip', 0],
      ]),
      notSetAsideMinor: 0,
    })
    expect(share(pots(1_800), goals)).toEqual({
      held: new Map([
        ['bike', 1_000],
        ['trip', 500],
      ]),
      notSetAsideMinor: 300,
    })
  })

  test('gives a goal first what its own habits have saved, however far down it stands', () => {
    const goals = goalsOf([1_000, 500])
    expect(heldIn(pots(100, { trip: 400 }), goals)).toEqual({ bike: 100, trip: 400 })
    expect(heldIn(pots(0, { trip: 800 }), goals)).toEqual({ bike: 300, trip: 500 })
  })

  test('never loses or doubles anything, and never fills a goal above its target', () => {
    fc.assert(
      fc.property(anyCase, ({ goals, habits }) => {
        const all = potsOf(habits)
        const { held, notSetAsideMinor } = share(all, goals)
        const inGoals = [...held.values()].reduce((sum, minor) => sum + minor, 0)
        expect(inGoals + notSetAsideMinor).toBe(totalOf(all))
        expect(totalOf(all)).toBe(habits.reduce((sum, habit) => sum + habit.availableMinor, 0))
        expect(notSetAsideMinor).toBeGreaterThanOrEqual(0)
        for (const { id, targetMinor } of goals) {
          expect(held.get(id)).toBeGreaterThanOrEqual(0)
          expect(held.get(id)).toBeLessThanOrEqual(targetMinor)
        }
        const isAnyOpen = goals.some(({ id, targetMinor }) => (held.get(id) ?? 0) < targetMinor)
        if (isAnyOpen) expect(notSetAsideMinor).toBe(0)
      }),
    )
  })

  test('takes nothing from any goal when more is saved', () => {
    fc.assert(
      fc.property(anyCase, amount, fc.nat(), ({ goals, habits }, more, which) => {
        const before = share(potsOf(habits), goals)
        const luckyId = [null, ...goals.map(({ id }) => id)][which % (goals.length + 1)] ?? null
        const after = share(
          potsOf([...habits, { habitId: 'new', goalId: luckyId, availableMinor: more }]),
          goals,
        )
        for (const { id } of goals)
          expect(after.held.get(id)).toBeGreaterThanOrEqual(before.held.get(id) ?? 0)
        expect(after.notSetAsideMinor).toBeGreaterThanOrEqual(before.notSetAsideMinor)
      }),
    )
  })
})

describe('putting a goal away with the money it held', () => {
  test('takes just that, and leaves every other goal as it is', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ goals, habits }, which) => {
        fc.pre(goals.length > 0)
        const gone = goals[which % goals.length] as GoalTarget
        const before = share(potsOf(habits), goals)
        const uses = heldOf(gone.id, habits, goals)
        expect(uses.reduce((sum, use) => sum + use.amountMinor, 0)).toBe(before.held.get(gone.id))
        const usedOf = (habitId: string) => uses.find((use) => use.habitId === habitId)?.amountMinor ?? 0
        const left = habits.map((habit) => ({
          habitId: habit.habitId,
          goalId: habit.goalId === gone.id ? null : habit.goalId,
          availableMinor: habit.availableMinor - usedOf(habit.habitId),
        }))
        expect(left.every(({ availableMinor }) => availableMinor >= 0)).toBe(true)
        const others = goals.filter(({ id }) => id !== gone.id)
        const after = share(potsOf(left), others)
        for (const { id } of others) expect(after.held.get(id)).toBe(before.held.get(id))
        expect(after.notSetAsideMinor).toBe(before.notSetAsideMinor)
      }),
    )
  })
})

describe('the pace of a goal', () => {
  const goals = goalsOf([10_000, 5_000])
  const today = '2026-06-17'
  const [bike, trip] = goals as [GoalTarget, GoalTarget]
  const about = (goal: GoalTarget, byDay: string | null, lately: number, saved = 6_000) =>
    paceOf({ ...goal, byDay }, { pots: pots(saved), goals, lately: { pots: pots(lately), weeks: 8 }, today })

  test('is what came in during the last weeks, by the week', () => {
    expect(about(bike, null, 4_000)).toMatchObject({
      heldMinor: 6_000,
      missingMinor: 4_000,
      gainedMinor: 4_000,
      perWeekMinor: 500,
      full: { weeks: 8, day: '2026-08-12' },
      plan: null,
    })
  })

  test('lets a goal that waits for another have its turn', () => {
    expect(about(trip, null, 4_000)).toMatchObject({
      heldMinor: 0,
      gainedMinor: 0,
      full: { weeks: 18, day: '2026-10-21' },
    })
  })

  test('says so when nothing came in, or more went back', () => {
    expect(about(bike, '2026-12-31', 0)).toMatchObject({
      perWeekMinor: 0,
      full: null,
      plan: { onTrack: false },
    })
    expect(about(bike, null, -800)).toMatchObject({ gainedMinor: -800, perWeekMinor: -100, full: null })
  })

  test('is held against the day, with what a week would have to bring', () => {
    expect(about(bike, '2026-08-12', 4_000).plan).toEqual({
      onTrack: true,
      daysLeft: 56,
      neededPerWeekMinor: 500,
    })
    expect(about(bike, '2026-08-11', 4_000).plan).toEqual({
      onTrack: false,
      daysLeft: 55,
      neededPerWeekMinor: 510,
    })
    expect(about(bike, '2026-06-20', 4_000).plan).toMatchObject({ daysLeft: 3, neededPerWeekMinor: 4_000 })
    expect(about(bike, '2026-06-17', 4_000).plan).toMatchObject({ daysLeft: 0, neededPerWeekMinor: null })
  })

  test('of a full goal is at its end', () => {
    expect(about(bike, '2026-06-20', 4_000, 10_000)).toMatchObject({
      missingMinor: 0,
      full: null,
      plan: null,
    })
  })

  test('projects the first week in which the rule fills the goal, whatever the pots', () => {
    fc.assert(
      fc.property(
        anyCase,
        anyCase,
        fc.integer({ min: 1, max: 8 }),
        ({ goals: some, habits }, { habits: news }, weeks) => {
          const now = potsOf(habits)
          const known = news.map((habit) =>
            some.some(({ id }) => id === habit.goalId) ? habit : { ...habit, goalId: null },
          )
          const lately = { pots: potsOf(known), weeks }
          for (const goal of some) {
            const { full, missingMinor } = paceOf(
              { ...goal, byDay: null },
              { pots: now, goals: some, lately, today },
            )
            const heldAfter = (count: number) => {
              const grown = (minor: number) => Math.floor((minor * count) / weeks)
              const by = {
                free: grown(lately.pots.free),
                tied: new Map([...lately.pots.tied].map(([id, minor]) => [id, grown(minor)])),
              }
              return share(shifted(now, by, 1), some).held.get(goal.id) ?? 0
            }
            if (full) {
              expect(heldAfter(full.weeks)).toBe(goal.targetMinor)
              expect(heldAfter(full.weeks - 1)).toBeLessThan(goal.targetMinor)
            } else if (missingMinor > 0) expect(heldAfter(520)).toBeLessThan(goal.targetMinor)
          }
        },
      ),
    )
  })
})

describe('what came in lately', () => {
  const sum = (weeksAgo: number, minor: number) => ({ weeksAgo, minor, goalId: null })

  test('is that of eight weeks, or of as many as there have been', () => {
    expect(latelyOf([sum(0, 100), sum(2, 50)], 150)).toEqual({ pots: pots(150), weeks: 3 })
    expect(latelyOf([sum(0, 100), sum(9, 50)], 150)).toEqual({ pots: pots(100), weeks: 8 })
    expect(latelyOf([sum(0, 100)], 5_000)).toEqual({ pots: pots(100), weeks: 8 })
    expect(latelyOf([], 0)).toEqual({ pots: pots(0), weeks: 1 })
  })

  test('makes a history that ends with what the goal holds now', () => {
    const sums = [sum(0, 300), sum(1, 200), sum(3, 100)]
    const history = historyOf('bike', sums, pots(600), goalsOf([550, 100]), 26)
    expect(history.map(({ weeksAgo, heldMinor }) => [weeksAgo, heldMinor])).toEqual([
      [4, 0],
      [3, 100],
      [2, 100],
      [1, 300],
      [0, 550],
    ])
    expect(historyOf('bike', [], pots(0), goalsOf([550]), 26)).toEqual([])
  })
})
