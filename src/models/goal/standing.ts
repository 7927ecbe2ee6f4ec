import type { Goal } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import type { SavingsTotals } from '../ledger.ts'
import { EMPTY_PURSE, type Purse } from './pots.ts'
import { type Shares, share, shifted, totalOf } from './sharing.ts'

/** Minor units. What is on its way or pledged would come to this goal by the same rule, and counts only when it is saved. */
export interface GoalStanding {
  goal: Goal
  heldMinor: number
  onItsWayMinor: number
  pledgedMinor: number
}

export interface GoalsStanding {
  currency: Currency
  /** In their order, the first is filled first. */
  goals: GoalStanding[]
  notSetAside: SavingsTotals
  /** Saved, and used by goals that were put away. */
  usedMinor: number
  /** Everything in the books: goals, used, and not set aside together. */
  totals: SavingsTotals
  purse: Purse
}

/** @param goals living ones, in their order. @returns one for each currency that there is money or a goal of. */
export function standingsOf(goals: readonly Goal[], purses: ReadonlyMap<Currency, Purse>): GoalsStanding[] {
  const currencies = [...new Set([...purses.keys(), ...goals.map(({ currency }) => currency)])].sort()
  return currencies.map((currency) =>
    standingOf(
      currency,
      goals.filter((goal) => goal.currency === currency),
      purses.get(currency) ?? EMPTY_PURSE,
    ),
  )
}

function standingOf(currency: Currency, goals: readonly Goal[], purse: Purse): GoalsStanding {
  const withArriving = shifted(purse.saved, purse.onItsWay, 1)
  const saved = share(purse.saved, goals)
  const arriving = share(withArriving, goals)
  const promised = share(shifted(withArriving, purse.pledged, 1), goals)
  const heldIn = ({ held }: Shares, id: string) => held.get(id) ?? 0
  return {
    currency,
    goals: goals.map((goal) => ({
      goal,
      heldMinor: heldIn(saved, goal.id),
      onItsWayMinor: heldIn(arriving, goal.id) - heldIn(saved, goal.id),
      pledgedMinor: heldIn(promised, goal.id) - heldIn(arriving, goal.id),
    })),
    notSetAside: {
      savedMinor: saved.notSetAsideMinor,
      onItsWayMinor: arriving.notSetAsideMinor - saved.notSetAsideMinor,
      pledgedMinor: promised.notSetAsideMinor - arriving.notSetAsideMinor,
    },
    usedMinor: purse.usedMinor,
    totals: {
      savedMinor: totalOf(purse.saved) + purse.usedMinor,
      onItsWayMinor: totalOf(purse.onItsWay),
      pledgedMinor: totalOf(purse.pledged),
    },
    purse,
  }
}
