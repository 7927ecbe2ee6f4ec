/** How saved money is shared out among goals: a pure rule, explained in docs/decisions/0037. All amounts are minor units. */

/** Money that stands together: what the habits of one goal have saved, or what all others have. */
export interface Pots {
  /** By the goal that the habits are tied to. */
  tied: ReadonlyMap<string, number>
  free: number
}

export interface GoalTarget {
  id: string
  targetMinor: number
}

export interface Shares {
  /** What each goal holds; never more than its target. */
  held: Map<string, number>
  notSetAsideMinor: number
}

/**
 * Each goal first takes what its own habits have saved, up to its target. What is left over, and what habits without a goal
 * have saved, fills the goals in their order. Whatever then remains is not set aside. Nothing is lost or counted twice.
 * @param goals living ones of one currency, the first to be filled first.
 */
export function share(pots: Pots, goals: readonly GoalTarget[]): Shares {
  const held = new Map(goals.map((goal) => [goal.id, ownPart(pots, goal)]))
  let left = totalOf(pots) - sumOf(held.values())
  for (const { id, targetMinor } of goals) {
    const own = held.get(id) ?? 0
    const more = Math.min(left, targetMinor - own)
    held.set(id, own + more)
    left -= more
  }
  return { held, notSetAsideMinor: left }
}

export function totalOf({ tied, free }: Pots): number {
  return sumOf(tied.values()) + free
}

/** The same pots with others on top, or with what came later taken out: never less than nothing in any of them. */
export function shifted(pots: Pots, by: Pots, sign: 1 | -1): Pots {
  const ids = new Set([...pots.tied.keys(), ...by.tied.keys()])
  const tied = [...ids].map(
    (id) => [id, Math.max(0, (pots.tied.get(id) ?? 0) + sign * (by.tied.get(id) ?? 0))] as const,
  )
  return { tied: new Map(tied), free: Math.max(0, pots.free + sign * by.free) }
}

export interface HabitMoney {
  habitId: string
  /** The living goal it is tied to. */
  goalId: string | null
  /** What it has saved and no goal has used. */
  availableMinor: number
}

/**
 * Whose savings a goal holds, habit by habit: its own habits first, then those without a goal, then what other goals have no
 * room for. Taking that away leaves every other goal as it is.
 */
export function heldOf(
  goalId: string,
  habits: readonly HabitMoney[],
  goals: readonly GoalTarget[],
): { habitId: string; amountMinor: number }[] {
  const pots = potsOf(habits)
  const spare = new Map(goals.map((goal) => [goal.id, (pots.tied.get(goal.id) ?? 0) - ownPart(pots, goal)]))
  const own = goals.filter(({ id }) => id === goalId).reduce((sum, goal) => sum + ownPart(pots, goal), 0)
  const extra = (share(pots, goals).held.get(goalId) ?? 0) - own
  const others = [...spare].filter(([id]) => id !== goalId)
  let left = extra
  const taken = [take(habits, goalId, own)]
  for (const [id, most] of [[null, pots.free] as const, ...others]) {
    const amount = Math.min(left, most)
    taken.push(take(habits, id, amount))
    left -= amount
  }
  return taken.flat()
}

export function potsOf(habits: readonly HabitMoney[]): Pots {
  const tied = new Map<string, number>()
  let free = 0
  for (const { goalId, availableMinor } of habits) {
    if (goalId === null) free += availableMinor
    else tied.set(goalId, (tied.get(goalId) ?? 0) + availableMinor)
  }
  return { tied, free }
}

function ownPart({ tied }: Pots, { id, targetMinor }: GoalTarget): number {
  return Math.min(tied.get(id) ?? 0, targetMinor)
}

function take(habits: readonly HabitMoney[], goalId: string | null, minor: number) {
  let left = minor
  return habits
    .filter((habit) => habit.goalId === goalId)
    .map(({ habitId, availableMinor }) => {
      const amountMinor = Math.min(left, availableMinor)
      left -= amountMinor
      return { habitId, amountMinor }
    })
    .filter(({ amountMinor }) => amountMinor > 0)
}

function sumOf(amounts: Iterable<number>): number {
  let sum = 0
  for (const amount of amounts) sum += amount
  return sum
}
