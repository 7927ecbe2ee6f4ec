import { formatDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { GoalStanding, Pace } from '../../models/goal.ts'
import { paths } from '../../paths.ts'

type Badge = { text: string; tone: 'arrived' | 'done' | 'waiting' } | null

/** A goal in a list. @param pace where it is shown how it gets on. */
export function goalCard(standing: GoalStanding, pace: Pace | null = null) {
  const { goal, heldMinor } = standing
  return {
    name: goal.name,
    href: paths.goal(goal.id),
    picture: goal.picture,
    ...goalProgress(standing),
    badge: badgeOf(heldMinor >= goal.targetMinor, pace),
    lines: [...comingLines(standing), ...(pace ? paceLines(pace) : [])],
  }
}

export function goalProgress({ goal, heldMinor }: GoalStanding) {
  const heldLabel = formatMoney(heldMinor, goal.currency)
  const target = formatMoney(goal.targetMinor, goal.currency)
  return {
    heldLabel,
    ofLabel: t('of {amount}', { amount: target }),
    progress: {
      value: heldMinor,
      max: goal.targetMinor,
      label: t('{name}: {held} of {target}', { name: goal.name, held: heldLabel, target }),
    },
  }
}

export function badgeOf(isFull: boolean, pace: Pace | null): Badge {
  if (isFull) return { text: t('Reached'), tone: 'arrived' }
  if (!pace?.plan) return null
  return pace.plan.onTrack
    ? { text: t('On track'), tone: 'done' }
    : { text: t('Behind plan'), tone: 'waiting' }
}

function comingLines({ goal, onItsWayMinor, pledgedMinor }: GoalStanding): string[] {
  const comingMinor = onItsWayMinor + pledgedMinor
  if (comingMinor === 0) return []
  return [t('{amount} more is not there yet.', { amount: formatMoney(comingMinor, goal.currency) })]
}

function paceLines({ missingMinor, full }: Pace): string[] {
  if (missingMinor === 0) return []
  if (!full) return [t('Not at this pace.')]
  return [t('At this pace it is full around {day}.', { day: formatDay(full.day) })]
}

/** Where a goal is full and its saver has not been told yet. */
export function celebrationOf({ goal, heldMinor }: GoalStanding) {
  if (goal.celebratedOn || heldMinor < goal.targetMinor) return null
  return {
    id: `celebration-${goal.id}`,
    title: t('You have reached it: {name}', { name: goal.name }),
    text: t('{amount} is saved, one small habit after another.', {
      amount: formatMoney(goal.targetMinor, goal.currency),
    }),
    picture: goal.picture,
    action: paths.goalCelebrate(goal.id),
    label: t('Lovely'),
  }
}
