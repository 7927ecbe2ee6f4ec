import { formatDay, formatIsoDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
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
      { label: t('Saved'), text: money(heldMinor), tone: 'arrived' as const },
      { label: t('On its way'), text: money(ahead.onItsWayMinor), tone: 'waiting' as const },
      { label: t('Pledged'), text: money(ahead.pledgedMinor), tone: 'plain' as const },
      { label: t('Missing'), text: money(pace.missingMinor), tone: 'plain' as const },
    ],
    facts: factsOf(ahead),
    formula: formulaOf(ahead),
    chart: goalChart(goal, history, today),
    habits: habits.map(({ id, name }) => ({ name, href: paths.habit(id) })),
  }
}

function onceFullText(reachedOn: Date, timezone: string): string {
  return t(
    'It was full on {day}. Since then money has been moved back, the target has changed, or your savings are shared out differently.',
    { day: formatDay(formatIsoDay(reachedOn, timezone)) },
  )
}

function factsOf({ goal, pace }: GoalAhead) {
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const byDay = dayIn(goal)
  return [
    { term: t('A week, lately'), text: money(pace.perWeekMinor) },
    ...(pace.missingMinor > 0
      ? [
          {
            term: t('Full at this pace'),
            text: pace.full ? t('around {day}', { day: formatDay(pace.full.day) }) : t('Not at this pace'),
          },
        ]
      : []),
    ...(byDay ? [{ term: t('Wanted by'), text: formatDay(byDay) }] : []),
    ...(pace.plan ? [neededFact(pace.plan, money)] : []),
  ]
}

function neededFact({ neededPerWeekMinor }: NonNullable<Pace['plan']>, money: (minor: number) => string) {
  return {
    term: t('Needed a week'),
    text: neededPerWeekMinor === null ? t('The day has come') : money(neededPerWeekMinor),
  }
}

/** The sums in words, with the figures they were made of. */
function formulaOf({ goal, pace }: GoalAhead): string[] {
  const money = (minor: number) => formatMoney(minor, goal.currency)
  const { gainedMinor, weeks, perWeekMinor, missingMinor, full, plan } = pace
  const missing = money(missingMinor)
  const sums = [
    t(
      'Pace: over the last {weeks, plural, one {week} other {# weeks}} this goal gained {gained}, and {gained} ÷ {weeks} = {perWeek} a week.',
      { weeks, gained: money(gainedMinor), perWeek: money(perWeekMinor) },
    ),
  ]
  if (missingMinor > 0)
    sums.push(
      full
        ? t(
            'Day: {missing} is missing. If every habit goes on saving as it did over the last {weeks, plural, one {week} other {# weeks}}, this goal is full after {left, plural, one {# week} other {# weeks}}. What other goals no longer need comes to it.',
            { missing, weeks, left: full.weeks },
          )
        : t(
            'Day: {missing} is missing. If every habit goes on saving as it did over the last {weeks, plural, one {week} other {# weeks}}, the goal is not full within ten years.',
            { missing, weeks },
          ),
    )
  if (plan && plan.neededPerWeekMinor !== null)
    sums.push(
      plan.daysLeft < 7
        ? t('Needed: less than a week is left, so all of {missing}.', { missing })
        : t('Needed: {missing} ÷ {days} days × 7 = {perWeek} a week.', {
            missing,
            days: plan.daysLeft,
            perWeek: money(plan.neededPerWeekMinor),
          }),
    )
  return sums
}
