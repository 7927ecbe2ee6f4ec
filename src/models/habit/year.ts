import { DAY } from '../../clock.ts'
import { breaksOf, type Plan, scheduleOn, tallyOf } from './plan.ts'
import { type Day, epochDay, fromEpochDay } from './schedule.ts'
import { halfLifeOf, NOTHING_YET, type StandingUntil, standingOn, standingThrough } from './standing.ts'

/** Calendar months that are looked back on, this one among them. */
const MONTHS = 12
const WEEKS = 52

/** 'outside': later than today, or not a day of the habit. */
export type DayState = 'full' | 'some' | 'empty' | 'skipped' | 'outside'

export interface HabitYear {
  /** Every day of twelve calendar months, up to the end of this one. */
  days: { day: Day; state: DayState }[]
  /** From 0 to 1, at the end of each of the last 52 weeks of seven days, as far as the habit goes back. */
  strengths: { day: Day; strength: number }[]
}

/** After so many half-lives less than a thousandth is left of what was before. */
const HALF_LIVES = 10

/** The first day that a year needs: those before weigh nothing in its strengths any more. */
export function firstDayOfYear(plan: Plan, today: Day): Day {
  const halfLives = plan.versions.map(halfLifeOf)
  const intervals = plan.versions.map(({ interval }) => interval)
  const back = 7 * WEEKS + HALF_LIVES * Math.max(0, ...halfLives) + Math.max(0, ...intervals)
  return fromEpochDay(epochDay(today) - Math.ceil(back))
}

/** @param doneOn the days since `firstDayOfYear` on which it was checked off, with how often. */
export function yearOf(plan: Plan, doneOn: ReadonlyMap<Day, number>, today: Day): HabitYear {
  return { days: daysOf(plan, doneOn, today), strengths: strengthsOf(plan, doneOn, today) }
}

function daysOf(plan: Plan, doneOn: ReadonlyMap<Day, number>, today: Day): HabitYear['days'] {
  const isBroken = breaksOf(plan)
  const [year = 0, month = 0] = today.split('-').map(Number)
  const first = Date.UTC(year, month - MONTHS, 1) / DAY
  const last = Date.UTC(year, month, 0) / DAY
  return Array.from({ length: last - first + 1 }, (_, at) => {
    const day = fromEpochDay(first + at)
    return { day, state: stateOf(day) }
  })

  function stateOf(day: Day): DayState {
    if (day > today || day < plan.startDay || (plan.endDay !== null && day > plan.endDay)) return 'outside'
    const count = doneOn.get(day) ?? 0
    if (count >= askedOn(plan, day)) return 'full'
    if (count > 0) return 'some'
    return isBroken(epochDay(day), epochDay(day)) ? 'skipped' : 'empty'
  }
}

/** Of what is asked several times a day each time counts; of anything else one time is all that a day can bring. */
function askedOn(plan: Plan, day: Day): number {
  const schedule = scheduleOn(plan, day)
  return schedule?.kind === 'TIMES' && schedule.interval === 1 ? schedule.frequency : 1
}

function strengthsOf(plan: Plan, doneOn: ReadonlyMap<Day, number>, day: Day): HabitYear['strengths'] {
  const today = epochDay(day)
  const tally = tallyOf(doneOn)
  const begun = epochDay(plan.startDay)
  const ends = Array.from({ length: WEEKS }, (_, weeksAgo) => today - 7 * weeksAgo)
    .filter((end) => end >= begun)
    .reverse()
  let since: StandingUntil = { ...NOTHING_YET, through: epochDay(firstDayOfYear(plan, day)) - 1 }
  return ends.map((end) => {
    // Of the week that goes on what is complete counts already.
    if (end === today)
      return { day: fromEpochDay(end), strength: standingOn(plan, tally, today, since).strength }
    since = standingThrough(plan, tally, today, end, since)
    return { day: fromEpochDay(end), strength: since.strength }
  })
}
