import { formatDay, formatMoney, plural } from '../../format.ts'
import type { GoalAhead, GoalInFull, Pace } from '../../models/goal.ts'
import type { Day } from '../../models/habit/schedule.ts'
import { paths } from '../../paths.ts'
import { badgeOf, celebrationOf, goalProgress } from './goal-card.ts'
import { goalChart } from './goal-chart.ts'
import { dayIn } from './goal-fields.ts'

/** One goal: what it holds, when it will be full, and how that was worked out. @param today the saver's. */
export function goalPage({ ahead, history, habits }: GoalInFull, timezone: string, today: Day) {
  const { goal, pace, heldMinor } = ahead
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const isFull = pace.missingMinor === 0
  return {
    goal: { name: goal.name, picture: goal.picture, ...goalProgress(ahead), badge: badgeOf(isFull, pace) },
    celebration: celebrationOf(ahead),
    onceFull: goal.reachedOn && !isFull ? onceFullText(goal.reachedOn, timezone) : null,
    paths: {
      edit: paths.goalEdit(goal.id),
      archive: paths.goalArchive(goal.id),
      delete: paths.goalDelete(goal.id),
    },
    stats: [
      { label: 'Saved', text: money(heldMinor), tone: 'arrived' as const },
      { label: 'On its way', text: money(ahead.onItsWayMinor), tone: 'waiting' as const },
      { label: 'Pledged', text: money(ahead.pledgedMinor), tone: 'plain' as const },
      { label: 'Missing', text: money(pace.missingMinor), tone: 'plain' as const },
    ],
    facts: factsOf(ahead),
    formula: formulaOf(ahead),
    chart: goalChart(goal, history, today),
    habits: habits.map(({ id, name }) => ({ name, href: paths.habit(id) })),
  }
}

function onceFullText(reachedOn: Date, timezone: string): string {
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(reachedOn)
  return `It was full on ${formatDay(day)}. Since then money has been moved back, the target has changed, or your savings are shared out differently.`
}

function factsOf({ goal, pace }: GoalAhead) {
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const byDay = dayIn(goal)
  return [
    { term: 'A week, lately', text: money(pace.perWeekMinor) },
    ...(pace.missingMinor > 0
      ? [
          {
            term: 'Full at this pace',
            text: pace.full ? `around ${formatDay(pace.full.day)}` : 'Not at this pace',
          },
        ]
      : []),
    ...(byDay ? [{ term: 'Wanted by', text: formatDay(byDay) }] : []),
    ...(pace.plan ? [neededFact(pace.plan, money)] : []),
  ]
}

function neededFact({ neededPerWeekMinor }: NonNullable<Pace['plan']>, money: (minor: number) => string) {
  return {
    term: 'Needed a week',
    text: neededPerWeekMinor === null ? 'The day has come' : money(neededPerWeekMinor),
  }
}

/** The sums in words, with the figures they were made of. */
function formulaOf({ goal, pace }: GoalAhead): string[] {
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const { gainedMinor, weeks, perWeekMinor, missingMinor, full, plan } = pace
  const lately = weeks === 1 ? 'the last week' : `the last ${weeks} weeks`
  const sums = [
    `Pace: over ${lately} this goal gained ${money(gainedMinor)}, and ${money(gainedMinor)} ÷ ${weeks} = ${money(perWeekMinor)} a week.`,
  ]
  if (missingMinor > 0)
    sums.push(
      full
        ? `Day: ${money(missingMinor)} is missing. If every habit goes on saving as it did over ${lately}, this goal is full after ${plural(full.weeks, 'week')}. What other goals no longer need comes to it.`
        : `Day: ${money(missingMinor)} is missing. If every habit goes on saving as it did over ${lately}, the goal is not full within ten years.`,
    )
  if (plan && plan.neededPerWeekMinor !== null)
    sums.push(
      plan.daysLeft < 7
        ? `Needed: less than a week is left, so all of ${money(missingMinor)}.`
        : `Needed: ${money(missingMinor)} ÷ ${plan.daysLeft} days × 7 = ${money(plan.neededPerWeekMinor)} a week.`,
    )
  return sums
}
