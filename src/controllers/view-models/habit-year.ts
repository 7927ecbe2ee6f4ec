import { formatDay, formatMonth, formatShare } from '../../format.ts'
import { t } from '../../language.ts'
import { type Day, epochDay, weekdayOf } from '../../models/habit/schedule.ts'
import type { DayState, HabitYear } from '../../models/habit/year.ts'
import { areaOf } from './area-chart.ts'

/** The last twelve months, a square for each day, in words and as a table. @param weekStart 1 = Monday. */
export function heatmapOf({ days }: HabitYear, weekStart: number) {
  const months = [...Map.groupBy(days, ({ day }) => day.slice(0, 7)).values()]
  return {
    id: 'year',
    title: t('The last twelve months'),
    description: t(
      '{count, plural, one {Checked off on # day.} other {Checked off on # days.}} A dashed square is a day of a break.',
      { count: countIn(days) },
    ),
    months: months.map((month) => ({
      label: formatMonth(month[0]?.day ?? ''),
      days: month.map(({ day, state }, at) => ({
        state,
        label: labelOf(state, formatDay(day)),
        ...(at === 0 ? { column: columnOf(day, weekStart) } : {}),
      })),
    })),
    columns: [t('Month'), t('Days')],
    rows: months
      .filter((month) => month.some(({ state }) => state !== 'outside'))
      .map((month) => ({ label: formatMonth(month[0]?.day ?? ''), valueText: String(countIn(month)) }))
      .reverse(),
  }
}

/** How strong the habit was, week by week, up to what it is today. @returns null while there is nothing to draw. */
export function trendOf(year: HabitYear, strengthToday: number) {
  const [first, newest] = [year.strengths[0], year.strengths.at(-1)]
  if (!first || !newest || year.strengths.length < 2) return null
  const last = { day: newest.day, strength: strengthToday }
  const strengths = [...year.strengths.slice(0, -1), last]
  return {
    id: 'trend',
    title: t('Strength, week by week'),
    description: t('From {first} on {firstDay} to {last} on {lastDay}.', {
      first: formatShare(first.strength),
      firstDay: formatDay(first.day),
      last: formatShare(last.strength),
      lastDay: formatDay(last.day),
    }),
    goalY: null,
    isMoney: false,
    columns: [t('Week until'), t('Strength')],
    ...areaOf(strengths.map(({ day, strength }) => ({ day, share: strength, text: formatShare(strength) }))),
  }
}

function labelOf(state: DayState, day: string): string {
  switch (state) {
    case 'full':
      return t('{day}: checked off', { day })
    case 'some':
      return t('{day}: checked off in part', { day })
    case 'skipped':
      return t('{day}: a break', { day })
    case 'empty':
      return t('{day}: nothing', { day })
    case 'outside':
      return ''
  }
}

function countIn(days: HabitYear['days']): number {
  return days.filter(({ state }) => state === 'full' || state === 'some').length
}

/** From 1 to 7, in the saver's week. */
function columnOf(day: Day, weekStart: number): number {
  return ((weekdayOf(epochDay(day)) - weekStart + 7) % 7) + 1
}
