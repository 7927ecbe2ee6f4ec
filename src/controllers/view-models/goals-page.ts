import { formatDay, formatMoney } from '../../format.ts'
import type { Goal } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { GoalAhead, GoalsStanding } from '../../models/goal.ts'
import { paths } from '../../paths.ts'
import { goalCard } from './goal-card.ts'

type Standing = Omit<GoalsStanding, 'goals'> & { goals: GoalAhead[] }

/** All goals, where all saved money is, and what was put away. */
export function goalsPage(
  standings: readonly Standing[],
  archived: readonly { goal: Goal; usedMinor: number }[],
) {
  const isEmpty = standings.every(({ goals }) => goals.length === 0)
  return {
    groups: standings.map((standing) => ({
      heading:
        standings.length > 1
          ? t('In {currency}', { currency: standing.currency })
          : t('Where your savings are'),
      goals: standing.goals.map((each, index) => ({
        card: goalCard(each, each.pace),
        movePath: paths.goalMove(each.goal.id),
        canUp: index > 0,
        canDown: index < standing.goals.length - 1,
      })),
      rows: placesOf(standing),
    })),
    archived: archived.map(archivedCard),
    emptyState: isEmpty
      ? {
          title: t('What are you saving for?'),
          text: t('Give it a name, an amount and a picture. What your habits save fills it up.'),
          action: { href: paths.goalNew, label: t('Make a goal') },
        }
      : null,
  }
}

export function archivedCard({ goal, usedMinor }: { goal: Goal; usedMinor: number }) {
  return {
    name: goal.name,
    href: paths.goal(goal.id),
    picture: goal.picture,
    targetLabel: formatMoney(goal.targetMinor, goal.currency),
    whenLabel: goal.archivedOn ? t('Put away on {day}.', { day: formatDay(goal.archivedOn) }) : '',
    usedLabel:
      usedMinor > 0
        ? t('{amount} was used.', { amount: formatMoney(usedMinor, goal.currency) })
        : t('No money was used.'),
    restorePath: paths.goalRestore(goal.id),
    deletePath: paths.goalDelete(goal.id),
  }
}

/** Every minor unit in one line, and the sum of all of them beneath. */
function placesOf({ currency, goals, usedMinor, notSetAside, totals }: Standing) {
  const row = (text: string, href: string | null, saved: number, onItsWay: number, pledged: number) => ({
    cells: [
      href ? { text, href } : { text },
      {
        money: {
          text: formatMoney(saved, currency),
          tone: saved > 0 ? ('arrived' as const) : ('plain' as const),
        },
      },
      { money: { text: formatMoney(onItsWay, currency), tone: 'waiting' as const } },
      { money: { text: formatMoney(pledged, currency), tone: 'plain' as const } },
    ],
  })
  const { savedMinor, onItsWayMinor, pledgedMinor } = notSetAside
  return [
    ...goals.map(({ goal, heldMinor, ...coming }) =>
      row(goal.name, paths.goal(goal.id), heldMinor, coming.onItsWayMinor, coming.pledgedMinor),
    ),
    ...(usedMinor > 0 ? [row(t('Used by goals put away'), null, usedMinor, 0, 0)] : []),
    row(t('Not set aside'), null, savedMinor, onItsWayMinor, pledgedMinor),
    row(t('Together'), null, totals.savedMinor, totals.onItsWayMinor, totals.pledgedMinor),
  ]
}
