import { DAY } from '../../clock.ts'
import { type BreakFinder, breaksOf, type Plan, type Stretch, stretchesOf, type Tally } from './plan.ts'
import { asksOn, epochDay, type Schedule } from './schedule.ts'

/** What became of all periods up to a day: enough to go on from there without those before. */
export interface Standing {
  /** Completed periods in a row. */
  streak: number
  best: number
  /** 0 to 1. */
  strength: number
  /** The calendar month of the last missed period, counted from year 0, and how many of its freezes are used. */
  month: number
  freezesUsed: number
}

export const NOTHING_YET: Standing = { streak: 0, best: 0, strength: 0, month: 0, freezesUsed: 0 }

/** A standing, and the day up to which it holds. */
export interface StandingUntil extends Standing {
  /** The last day of the last period in it; null before the first. */
  through: number | null
}

export const BEGINNING: StandingUntil = { ...NOTHING_YET, through: null }

/** The strength of who did nothing would halve in so many days: two weeks of a daily habit, eight of a weekly one. */
const DAYS_OF_HALF_LIFE = { always: 7, perDayBetween: 7 }

/**
 * Goes on from a standing to today. A period counts once it is complete, whatever else; one that was missed uses a freeze of its
 * month or ends the streak; one that isn't over, was cut short, or has a day of a break in it does neither.
 * @param tally of the days after `since.through`, and of those in a row before them that a rolling schedule looks back at.
 */
export function standingOn(
  plan: Plan,
  tally: Tally,
  today: number,
  since: StandingUntil = BEGINNING,
): Standing {
  return fold(plan, tally, today, since, today)
}

/** The same up to the last period that ends by a day. What comes later of it can go on from here. */
export function standingThrough(
  plan: Plan,
  tally: Tally,
  today: number,
  through: number,
  since: StandingUntil = BEGINNING,
): StandingUntil {
  return fold(plan, tally, today, since, through)
}

function fold(plan: Plan, tally: Tally, today: number, since: StandingUntil, through: number): StandingUntil {
  const isBroken = breaksOf(plan)
  const firstDay = epochDay(plan.startDay)
  const standing = { ...since }
  for (const stretch of stretchesOf(plan, today, since.through ?? undefined, through)) {
    const fulfilment = fulfilmentOf(stretch, tally)
    if (fulfilment === 1 || (fulfilment !== null && !isExcused(stretch, firstDay, isBroken)))
      count(standing, stretch, fulfilment)
    standing.through = stretch.last
  }
  return standing
}

/** How much of what was asked was done, 0 to 1; null where nothing was asked. */
function fulfilmentOf(stretch: Stretch, tally: Tally): number | null {
  const { schedule, start, last } = stretch
  if (!asksOn(schedule, start)) return null
  return Math.min(1, tally(lookedAtFrom(stretch), last) / schedule.frequency)
}

function isExcused(stretch: Stretch, firstDay: number, isBroken: BreakFinder): boolean {
  const { schedule, start, last, isOver } = stretch
  return !isOver || isPartial(schedule, start, firstDay) || isBroken(lookedAtFrom(stretch), last)
}

function lookedAtFrom({ schedule, start }: Stretch): number {
  return schedule.kind === 'ROLLING' ? start - schedule.interval + 1 : start
}

/** The first one of a habit, and the first days in a row of a rolling one, had less time than they ask for. */
export function isPartial(schedule: Schedule, start: number, firstDay: number): boolean {
  if (schedule.kind === 'ROLLING') return start < epochDay(schedule.countedFrom) + schedule.interval - 1
  return start < firstDay
}

/** Changes the standing, for there may be years of periods. */
function count(standing: Standing, { schedule, start, last }: Stretch, fulfilment: number): void {
  standing.strength = smoothed(standing.strength, fulfilment, last - start + 1, halfLifeOf(schedule))
  if (fulfilment === 1) {
    standing.streak += 1
    standing.best = Math.max(standing.best, standing.streak)
    return
  }
  const month = monthOf(last)
  const used = month === standing.month ? standing.freezesUsed : 0
  const isFrozen = used < schedule.freezesPerMonth
  standing.month = month
  standing.freezesUsed = isFrozen ? used + 1 : used
  if (!isFrozen) standing.streak = 0
}

/** Each day moves it towards what that day's period came to, so that it halves in a half-life of nothing. */
export function smoothed(strength: number, fulfilment: number, days: number, halfLife: number): number {
  const kept = 0.5 ** (days / halfLife)
  return strength * kept + fulfilment * (1 - kept)
}

/** Days on which something is asked. */
export function halfLifeOf(schedule: Pick<Schedule, 'frequency' | 'interval'>): number {
  const between = Math.max(1, schedule.interval / schedule.frequency)
  return DAYS_OF_HALF_LIFE.always + DAYS_OF_HALF_LIFE.perDayBetween * between
}

function monthOf(day: number): number {
  const date = new Date(day * DAY)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}
