import { formatDay, formatMoney } from '../../format.ts'
import type { Goal } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { HistoryPoint } from '../../models/goal.ts'
import { type Day, epochDay, fromEpochDay } from '../../models/habit/schedule.ts'
import { areaOf } from './area-chart.ts'

/** From so much of the target on the chart reaches up to it; before, what there is would be a thin line at the bottom. */
const TARGET_IN_SIGHT = 1 / 3

/** What a goal held week by week, as a drawing, in words and as a table. @returns null while there is nothing to draw. */
export function goalChart(goal: Goal, history: readonly HistoryPoint[], today: Day) {
  if (history.length < 2) return null
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const dayOf = ({ weeksAgo }: HistoryPoint) => fromEpochDay(epochDay(today) - 7 * weeksAgo)
  const highest = Math.max(...history.map(({ heldMinor }) => heldMinor))
  const top = highest >= goal.targetMinor * TARGET_IN_SIGHT ? goal.targetMinor : highest
  const [first, last] = [history[0] as HistoryPoint, history.at(-1) as HistoryPoint]
  return {
    id: 'history',
    title: t('Week by week'),
    description: t(
      'From {first} on {firstDay} to {last} on {lastDay}, as your savings are shared out today. The target is {target}.',
      {
        first: money(first.heldMinor),
        firstDay: formatDay(dayOf(first)),
        last: money(last.heldMinor),
        lastDay: formatDay(dayOf(last)),
        target: money(goal.targetMinor),
      },
    ),
    isMoney: true,
    goalY: top === goal.targetMinor ? 0 : null,
    columns: [t('Week until'), t('Held')],
    ...areaOf(
      history.map((point) => ({
        day: dayOf(point),
        share: point.heldMinor / top,
        text: money(point.heldMinor),
      })),
    ),
  }
}
