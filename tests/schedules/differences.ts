import { outlookOn } from '../../src/models/habit/outlook.ts'
import { type Plan, stretchesOf, tallyOf } from '../../src/models/habit/plan.ts'
import { progressOf } from '../../src/models/habit/progress.ts'
import { type Day, epochDay, fromEpochDay } from '../../src/models/habit/schedule.ts'
import { standingOn, standingThrough } from '../../src/models/habit/standing.ts'
import { doneByDayOf, type Life, placesOf, planOfLife, slowLifeOf } from './lives.ts'
import {
  daysFrom,
  type SlowLife,
  slowAnswer,
  slowAtRisk,
  slowNextDay,
  slowPeriods,
  slowSafeUntil,
  slowStanding,
} from './reference.ts'

/** The fold is done once by days and once by powers: they differ where floating point does. */
const CLOSE = 1e-9
const LOOKED_AHEAD_DAYS = 45
const DAYS_ASKED = 9
const SETTLED_AFTER_DAYS = 32
const LOOKED_BACK_DAYS = 366

/** Everything that the app and the reference don't say alike about a life, in words; nothing if they agree. */
export function differencesIn(life: Life): string[] {
  const plan = planOfLife(life)
  const done = doneByDayOf(life)
  const slow = slowLifeOf(life)
  return [
    ...said(
      'days',
      Object.fromEntries([...done].sort()),
      Object.fromEntries(Object.entries(slow.done).sort()),
    ),
    ...said('periods', periodsOf(plan, life.today), slowPeriods(slow).map(wordsOf(slow))),
    ...standings(plan, done, slow),
    ...checkpoints(plan, done, life.today),
    ...answers(plan, done, slow),
    ...outlooks(plan, done, slow),
  ]
}

function said(what: string, app: unknown, reference: unknown): string[] {
  const [ours, theirs] = [JSON.stringify(app), JSON.stringify(reference)]
  return ours === theirs ? [] : [`${what}: the app says ${ours}, the reference ${theirs}`]
}

function periodsOf(plan: Plan, today: Day): string[] {
  return [...stretchesOf(plan, epochDay(today))].map(({ schedule, start, last, isOver }) => {
    const days = `${fromEpochDay(start)} to ${fromEpochDay(last)}`
    return `${days}, ${schedule.frequency} in ${schedule.interval}${isOver ? ', over' : ''}`
  })
}

function wordsOf(life: SlowLife) {
  return ({ version, days, isWhole }: ReturnType<typeof slowPeriods>[number]) => {
    const [first = '', last = ''] = [days[0], days.at(-1)]
    const isOver = isWhole && last < life.today
    return `${first} to ${last}, ${version.frequency} in ${version.interval}${isOver ? ', over' : ''}`
  }
}

function standings(plan: Plan, done: ReadonlyMap<Day, number>, slow: SlowLife): string[] {
  const { streak, best, strength } = standingOn(plan, tallyOf(done), epochDay(slow.today))
  const expected = slowStanding(slow)
  const isClose = Math.abs(strength - expected.strength) < CLOSE
  return [
    ...said('streak', streak, expected.streak),
    ...said('best streak', best, expected.best),
    ...(isClose ? [] : said('strength', strength, expected.strength)),
  ]
}

/** What was worked out some day, up to what could no longer change then, and gone on from: it comes to the same. */
function checkpoints(plan: Plan, done: ReadonlyMap<Day, number>, today: Day): string[] {
  const now = epochDay(today)
  const whole = standingOn(plan, tallyOf(done), now)
  return [5, 40].flatMap((daysAgo) => {
    const then = now - daysAgo
    const known = new Map([...done].filter(([day]) => epochDay(day) <= then))
    const kept = standingThrough(plan, tallyOf(known), then, then - SETTLED_AFTER_DAYS)
    const needed = epochDay('1970-01-01') + (kept.through ?? 0) - LOOKED_BACK_DAYS
    const later = new Map([...done].filter(([day]) => epochDay(day) > needed))
    const resumed = standingOn(plan, tallyOf(later), now, kept)
    return said(`gone on from ${daysAgo} days ago`, { ...resumed }, { ...whole })
  })
}

function answers(plan: Plan, done: ReadonlyMap<Day, number>, slow: SlowLife): string[] {
  const live = placesOf(done)
  const days = Array.from({ length: DAYS_ASKED }, (_, back) => daysFrom(slow.today, -back))
  return days.flatMap((day) => {
    const expected = slowAnswer(slow, day)
    return expected === null ? [] : said(day, progressOf(plan, day, live).next.kind, expected)
  })
}

function outlooks(plan: Plan, done: ReadonlyMap<Day, number>, slow: SlowLife): string[] {
  const { safeUntil, isAtRisk, nextDay } = outlookOn(plan, tallyOf(done), epochDay(slow.today))
  const from = slow.today < slow.start ? slow.start : slow.today
  const isFarOff = nextDay !== null && nextDay > daysFrom(from, LOOKED_AHEAD_DAYS)
  return [
    ...said('safe until', safeUntil, slowSafeUntil(slow)),
    ...said('at risk', isAtRisk, slowAtRisk(slow)),
    ...said('next day', isFarOff ? null : nextDay, slowNextDay(slow, LOOKED_AHEAD_DAYS)),
  ]
}
