import { formatDay, formatMoney } from '../../format.ts'
import type { Goal } from '../../generated/client.ts'
import { t } from '../../language.ts'
import type { HistoryPoint } from '../../models/goal.ts'
import { type Day, epochDay, fromEpochDay } from '../../models/habit/schedule.ts'

/** From so much of the target on the chart reaches up to it; before, what there is would be a thin line at the bottom. */
const TARGET_IN_SIGHT = 1 / 3

/** What a goal held week by week, as a drawing, in words and as a table. @returns null while there is nothing to draw. */
export function goalChart(goal: Goal, history: readonly HistoryPoint[], today: Day) {
  if (history.length < 2) return null
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const dayOf = ({ weeksAgo }: HistoryPoint) => fromEpochDay(epochDay(today) - 7 * weeksAgo)
  const highest = Math.max(...history.map(({ heldMinor }) => heldMinor))
  const top = highest >= goal.targetMinor * TARGET_IN_SIGHT ? goal.targetMinor : highest
  const heightOf = (minor: number) => percent(100 - (100 * minor) / top)
  const line = history
    .map(({ heldMinor }, at) => `${percent((100 * at) / (history.length - 1))},${heightOf(heldMinor)}`)
    .join(' ')
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
    line,
    area: `0,100 ${line} 100,100`,
    isMoney: true,
    goalY: top === goal.targetMinor ? 0 : null,
    labels: [
      { text: formatDay(dayOf(first)), x: 0, anchor: 'start' },
      { text: formatDay(dayOf(last)), x: 100, anchor: 'end' },
    ],
    columns: [t('Week until'), t('Held')],
    rows: history
      .map((point) => ({ label: formatDay(dayOf(point)), valueText: money(point.heldMinor) }))
      .reverse(),
  }
}

/** Two decimals are finer than any screen. */
function percent(value: number): number {
  return Math.round(value * 100) / 100
}
