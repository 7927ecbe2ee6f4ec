import { type Day, epochDay, fromEpochDay } from '../habit/schedule.ts'
import { type GoalTarget, type Pots, share, shifted } from './sharing.ts'

/** So many weeks tell how somebody saves; who began later has fewer. */
export const PACE_WEEKS = 8
/** Further ahead nobody can see. */
const FURTHEST_WEEKS = 520
const WEEK_DAYS = 7

export interface Lately {
  /** What came in during the last weeks, less what went back. Minor units. */
  pots: Pots
  /** How many weeks that is, 1 to 8. */
  weeks: number
}

export interface Pace {
  heldMinor: number
  missingMinor: number
  /** What this goal holds more than it would have held so many weeks ago. */
  gainedMinor: number
  weeks: number
  perWeekMinor: number
  /** When it will be full if all habits go on like this; null where it won't be, or is full. */
  full: { weeks: number; day: Day } | null
  /** Against the day that its saver has set; null without one, or when it is full. */
  plan: { onTrack: boolean; daysLeft: number; neededPerWeekMinor: number | null } | null
}

/**
 * How a goal gets on. The projection is the first week in which the rule of sharing fills the goal, every pot growing by what it
 * has grown by lately, so a goal that waits for others gets its turn when they are full.
 * @param byDay the saver's day by which it should be full.
 */
export function paceOf(
  goal: GoalTarget & { byDay: Day | null },
  { pots, goals, lately, today }: { pots: Pots; goals: readonly GoalTarget[]; lately: Lately; today: Day },
): Pace {
  const heldIn = (some: Pots) => share(some, goals).held.get(goal.id) ?? 0
  const heldMinor = heldIn(pots)
  const missingMinor = goal.targetMinor - heldMinor
  const gainedMinor = heldMinor - heldIn(shifted(pots, lately.pots, -1))
  const weeks = missingMinor === 0 ? null : weeksUntil(goal.targetMinor, pots, lately, heldIn)
  const full = weeks === null ? null : { weeks, day: fromEpochDay(epochDay(today) + weeks * WEEK_DAYS) }
  const plan =
    goal.byDay === null || missingMinor === 0 ? null : planOf(goal.byDay, missingMinor, full, today)
  const perWeekMinor = Math.trunc(gainedMinor / lately.weeks)
  return { heldMinor, missingMinor, gainedMinor, weeks: lately.weeks, perWeekMinor, full, plan }
}

/** Nothing that any goal holds shrinks as the pots grow, so the first week can be searched by halves. */
function weeksUntil(
  targetMinor: number,
  pots: Pots,
  lately: Lately,
  heldIn: (pots: Pots) => number,
): number | null {
  const isFullAfter = (weeks: number) => heldIn(shifted(pots, grown(lately, weeks), 1)) >= targetMinor
  if (!isFullAfter(FURTHEST_WEEKS)) return null
  let [early, late] = [0, FURTHEST_WEEKS]
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2)
    if (isFullAfter(middle)) late = middle
    else early = middle
  }
  return late
}

/** What will have come in after so many weeks; a pot that shrank lately is taken to stand still. */
function grown({ pots, weeks: over }: Lately, weeks: number): Pots {
  const after = (minor: number) => Math.max(0, Math.floor((minor * weeks) / over))
  return { tied: new Map([...pots.tied].map(([id, minor]) => [id, after(minor)])), free: after(pots.free) }
}

function planOf(byDay: Day, missingMinor: number, full: Pace['full'], today: Day): Pace['plan'] {
  const daysLeft = epochDay(byDay) - epochDay(today)
  return {
    onTrack: full !== null && full.day <= byDay,
    daysLeft,
    neededPerWeekMinor:
      daysLeft > 0 ? Math.ceil((missingMinor * WEEK_DAYS) / Math.max(daysLeft, WEEK_DAYS)) : null,
  }
}

export interface WeekSum {
  /** 0 is the seven days that end now, 1 the seven before. */
  weeksAgo: number
  goalId: string | null
  minor: number
}

/** @param savedMinor all that is saved: if the weeks don't explain it, some of it is older than they are. */
export function latelyOf(sums: readonly WeekSum[], savedMinor: number): Lately {
  const oldest = Math.max(0, ...sums.map(({ weeksAgo }) => weeksAgo))
  const isOlder = savedMinor > sums.reduce((sum, { minor }) => sum + minor, 0)
  const weeks = isOlder ? PACE_WEEKS : Math.min(PACE_WEEKS, oldest + 1)
  return { pots: sumOfWeeks(sums.filter(({ weeksAgo }) => weeksAgo < weeks)), weeks }
}

export interface HistoryPoint {
  weeksAgo: number
  heldMinor: number
}

/** What the rule, as it is today, would have given this goal at the end of each week; begins where there was nothing yet. */
export function historyOf(
  goalId: string,
  sums: readonly WeekSum[],
  pots: Pots,
  goals: readonly GoalTarget[],
  weeks: number,
): HistoryPoint[] {
  const points = Array.from({ length: weeks + 1 }, (_, index) => {
    const weeksAgo = weeks - index
    const later = sumOfWeeks(sums.filter((sum) => sum.weeksAgo < weeksAgo))
    return { weeksAgo, heldMinor: share(shifted(pots, later, -1), goals).held.get(goalId) ?? 0 }
  })
  const first = points.findIndex(({ heldMinor }) => heldMinor > 0)
  return first === -1 ? [] : points.slice(Math.max(0, first - 1))
}

function sumOfWeeks(sums: readonly WeekSum[]): Pots {
  const tied = new Map<string, number>()
  let free = 0
  for (const { goalId, minor } of sums) {
    if (goalId === null) free += minor
    else tied.set(goalId, (tied.get(goalId) ?? 0) + minor)
  }
  return { tied, free }
}
