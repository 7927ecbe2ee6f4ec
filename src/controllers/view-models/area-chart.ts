import { formatDay } from '../../format.ts'
import type { Day } from '../../models/habit/schedule.ts'

/** What something came to at the end of a week; of the plot's height from 0 to 1. */
export interface AreaPoint {
  day: Day
  share: number
  text: string
}

/** A line through weeks with what is below it, and the table behind it, the latest first; see area-chart.ejs. @param points two or more. */
export function areaOf(points: readonly AreaPoint[]) {
  const line = points
    .map(({ share }, at) => `${percent(at / (points.length - 1))},${percent(1 - share)}`)
    .join(' ')
  const label = (point: AreaPoint | undefined) => (point ? formatDay(point.day) : '')
  return {
    line,
    area: `0,100 ${line} 100,100`,
    labels: [
      { text: label(points[0]), x: 0, anchor: 'start' },
      { text: label(points.at(-1)), x: 100, anchor: 'end' },
    ],
    rows: points.map(({ day, text }) => ({ label: formatDay(day), valueText: text })).reverse(),
  }
}

/** Of a square of 100; two decimals are finer than any screen. */
function percent(share: number): number {
  return Math.round(share * 10_000) / 100
}
