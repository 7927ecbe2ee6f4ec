import { formatDay, formatMoney } from '../../format.ts'
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
    ofLabel: `of ${target}`,
    progress: { value: heldMinor, max: goal.targetMinor, label: `${goal.name}: ${heldLabel} of ${target}` },
  }
}

export function badgeOf(isFull: boolean, pace: Pace | null): Badge {
  if (isFull) return { text: 'Reached', tone: 'arrived' }
  if (!pace?.plan) return null
  return pace.plan.onTrack ? { text: 'On track', tone: 'done' } : { text: 'Behind plan', tone: 'waiting' }
}

function comingLines({ goal, onItsWayMinor, pledgedMinor }: GoalStanding): string[] {
  const comingMinor = onItsWayMinor + pledgedMinor
  return comingMinor > 0 ? [`${formatMoney(comingMinor, goal.currency)} more is not there yet.`] : []
}

function paceLines({ missingMinor, full }: Pace): string[] {
  if (missingMinor === 0) return []
  return [full ? `At this pace it is full around ${formatDay(full.day)}.` : 'Not at this pace.']
}

/** Where a goal is full and its saver has not been told yet. */
export function celebrationOf({ goal, heldMinor }: GoalStanding) {
  if (goal.celebratedOn || heldMinor < goal.targetMinor) return null
  return {
    id: `celebration-${goal.id}`,
    title: `You have reached it: ${goal.name}`,
    text: `${formatMoney(goal.targetMinor, goal.currency)} is saved, one small habit after another.`,
    picture: goal.picture,
    action: paths.goalCelebrate(goal.id),
    label: 'Lovely',
  }
}
