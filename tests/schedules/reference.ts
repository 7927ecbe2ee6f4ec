/**
 * The rules of schedules once more: slowly, day by day, on a calendar of Temporal's, and without a line of the app's. What it
 * says in so many words is what src/models/habit has to come to by arithmetic.
 */
import { Temporal } from 'temporal-polyfill'

export interface SlowVersion {
  kind: 'TIMES' | 'WEEKDAYS' | 'ROLLING'
  frequency: number
  interval: number
  /** ISO weekdays, 1 = Monday. */
  weekdays: number[]
  freezes: number
  from: string
}

export interface SlowLife {
  /** Oldest first. */
  versions: SlowVersion[]
  start: string
  end: string | null
  breaks: { start: string; end: string | null }[]
  weekStart: number
  /** How often it was done, by day. */
  done: Record<string, number>
  today: string
}

const EARLIEST = Temporal.PlainDate.from('2022-06-01')
const LATEST = Temporal.PlainDate.from('2031-12-31')

interface CalendarDay {
  text: string
  weekday: number
  month: string
}

/** Every day that any life can touch, in order, so that the day after is the next one. */
const CALENDAR: CalendarDay[] = []
for (let date = EARLIEST; Temporal.PlainDate.compare(date, LATEST) <= 0; date = date.add({ days: 1 }))
  CALENDAR.push({ text: date.toString(), weekday: date.dayOfWeek, month: date.toString().slice(0, 7) })
const PLACE_IN_CALENDAR = new Map(CALENDAR.map(({ text }, place) => [text, place]))

export function daysFrom(text: string, howMany: number): string {
  return at(place(text) + howMany).text
}

function place(text: string): number {
  const found = PLACE_IN_CALENDAR.get(text)
  if (found === undefined) throw new Error(`${text} is on no page of the calendar`)
  return found
}

function at(index: number): CalendarDay {
  const day = CALENDAR[index]
  if (!day) throw new Error('the calendar has no such page')
  return day
}

/** The version that a day goes by: of those begun, the one that was written last. */
function inForce(life: SlowLife, day: string): SlowVersion | null {
  const begun = life.versions.filter((version) => begins(life, version) <= day)
  return begun.at(-1) ?? null
}

function begins(life: SlowLife, version: SlowVersion): string {
  return version.from < life.start ? life.start : version.from
}

/** From which day a version counts off its days: back over those before it that count in the same way. */
function countsFrom(life: SlowLife, version: SlowVersion): string {
  let first = begins(life, version)
  for (const earlier of life.versions.slice(0, life.versions.indexOf(version)).reverse()) {
    if (begins(life, earlier) >= first) continue
    const isAlike =
      earlier.kind === version.kind &&
      earlier.interval === version.interval &&
      (version.kind !== 'ROLLING' || earlier.frequency === version.frequency)
    if (!isAlike) break
    first = begins(life, earlier)
  }
  return first
}

/** The days of the period that a day lies in by a version, found by stepping. */
function daysOfPeriod(life: SlowLife, version: SlowVersion, day: string): string[] {
  if (version.kind !== 'TIMES') return [day]
  let first: number
  if (version.interval === 7) {
    first = place(day)
    while (at(first).weekday !== life.weekStart) first -= 1
  } else {
    first = place(countsFrom(life, version))
    while (first + version.interval <= place(day)) first += version.interval
  }
  return Array.from({ length: version.interval }, (_, index) => at(first + index).text)
}

export interface SlowPeriod {
  version: SlowVersion
  days: string[]
  isWhole: boolean
}

/** Backwards from today: each period takes all of its days, and leaves to those before what is left. */
export function slowPeriods(life: SlowLife): SlowPeriod[] {
  const periods: SlowPeriod[] = []
  let day = life.end !== null && life.end < life.today ? life.end : life.today
  for (;;) {
    const version = inForce(life, day)
    if (!version) return periods.reverse()
    const whole = daysOfPeriod(life, version, day)
    const lastDay = day
    const days = whole.filter((each) => each <= lastDay)
    periods.push({ version, days, isWhole: days.length === whole.length })
    day = at(place(days[0] ?? day) - 1).text
  }
}

function isBroken(life: SlowLife, day: string): boolean {
  return life.breaks.some(({ start, end }) => start <= day && (end === null || day <= end))
}

/** The days whose check-offs count for a period of these days. */
function lookedAt(version: SlowVersion, days: string[]): string[] {
  if (version.kind !== 'ROLLING') return days
  const last = place(days[0] ?? '')
  return Array.from({ length: version.interval }, (_, back) => at(last - back).text)
}

function doneOn(life: SlowLife, days: string[]): number {
  return days.reduce((sum, day) => sum + (life.done[day] ?? 0), 0)
}

function isAsked(version: SlowVersion, day: string): boolean {
  return version.kind !== 'WEEKDAYS' || version.weekdays.includes(at(place(day)).weekday)
}

/** Too early to ask for all of it. */
function isEarly(life: SlowLife, version: SlowVersion, days: string[]): boolean {
  const asked = version.kind === 'ROLLING' ? lookedAt(version, days) : days
  const first = version.kind === 'ROLLING' ? countsFrom(life, version) : life.start
  return asked.some((day) => day < first)
}

export interface SlowStanding {
  streak: number
  best: number
  strength: number
}

export function slowStanding(life: SlowLife): SlowStanding {
  let [streak, best, strength] = [0, 0, 0]
  const frozen = new Map<string, number>()
  for (const { version, days, isWhole } of slowPeriods(life)) {
    const last = days.at(-1) ?? ''
    if (!days.some((day) => isAsked(version, day))) continue
    const counted = lookedAt(version, days)
    const done = doneOn(life, counted)
    const isComplete = done >= version.frequency
    const isOver = isWhole && last < life.today
    const isExcused = counted.some((day) => isBroken(life, day)) || isEarly(life, version, days)
    if (!isComplete && (!isOver || isExcused)) continue
    for (const _day of days) strength = oneDay(strength, Math.min(1, done / version.frequency), version)
    if (isComplete) {
      streak += 1
      best = Math.max(best, streak)
      continue
    }
    const { month } = at(place(last))
    const used = frozen.get(month) ?? 0
    if (used < version.freezes) frozen.set(month, used + 1)
    else streak = 0
  }
  return { streak, best, strength }
}

/** One day nearer to what was done: after a half-life of nothing, half is left. */
function oneDay(strength: number, fulfilment: number, version: SlowVersion): number {
  const daysBetween = version.kind === 'WEEKDAYS' ? 1 : version.interval / version.frequency
  const halfLife = 7 + 7 * (daysBetween < 1 ? 1 : daysBetween)
  const forgotten = 1 - Math.exp(-Math.LN2 / halfLife)
  return strength + forgotten * (fulfilment - strength)
}

export type SlowAnswer =
  | 'open'
  | 'not-started'
  | 'ended'
  | 'on-break'
  | 'not-today'
  | 'period-complete'
  | 'enough-today'

/** Whether a day has a place left. Null where no version is known of yet. */
export function slowAnswer(life: SlowLife, day: string): SlowAnswer | null {
  const version = inForce(life, day)
  if (!version) return null
  if (day < life.start) return 'not-started'
  if (life.end !== null && day > life.end) return 'ended'
  if (isBroken(life, day)) return 'on-break'
  if (!isAsked(version, day)) return 'not-today'
  const today = life.done[day] ?? 0
  if (version.kind === 'ROLLING') return slowRolling(life, version, day)
  const days = daysOfPeriod(life, version, day)
  if (doneOn(life, days) >= version.frequency) return 'period-complete'
  let perDay = 1
  while (perDay * version.interval < version.frequency) perDay += 1
  return today >= perDay ? 'enough-today' : 'open'
}

function slowRolling(life: SlowLife, version: SlowVersion, day: string): SlowAnswer {
  if ((life.done[day] ?? 0) > 0) return 'enough-today'
  for (let ahead = 0; ahead < version.interval; ahead += 1) {
    const window = lookedAt(version, [at(place(day) + ahead).text])
    if (doneOn(life, window) >= version.frequency) return 'period-complete'
  }
  return 'open'
}

/** The last day on which the days in a row hold enough, if nothing more is done. */
export function slowSafeUntil(life: SlowLife): string | null {
  const version = inForce(life, life.today)
  if (version?.kind !== 'ROLLING') return null
  let safe: string | null = null
  for (let ahead = 0; ahead <= version.interval; ahead += 1) {
    const day = at(place(life.today) + ahead).text
    if (doneOn(life, lookedAt(version, [day])) < version.frequency) return safe
    safe = day
  }
  return safe
}

/**
 * Whether it has to be today: there is a period that comes out complete if from today on it is done as often as a day allows,
 * and doesn't if that begins tomorrow.
 */
export function slowAtRisk(life: SlowLife): boolean {
  if (slowAnswer(life, life.today) !== 'open') return false
  const version = inForce(life, life.today)
  if (!version) return false
  const periods =
    version.kind === 'ROLLING'
      ? Array.from({ length: version.interval }, (_, ahead) => [at(place(life.today) + ahead).text])
      : [daysOfPeriod(life, version, life.today)]
  return periods.some((days) => {
    const last = days.at(-1) ?? ''
    const counted = lookedAt(version, days)
    const isJudged =
      (life.end === null || last <= life.end) &&
      !isEarly(life, version, days) &&
      !counted.some((day) => isBroken(life, day))
    return (
      isJudged &&
      mostIn(life, version, counted, life.today) >= version.frequency &&
      mostIn(life, version, counted, daysFrom(life.today, 1)) < version.frequency
    )
  })
}

/** What these days come to if, from one of them on, each has as many as a day allows. */
function mostIn(life: SlowLife, version: SlowVersion, days: string[], from: string): number {
  const perDay = version.kind === 'ROLLING' ? 1 : Math.ceil(version.frequency / version.interval)
  return days.reduce((sum, day) => {
    const done = life.done[day] ?? 0
    return sum + (day >= from ? Math.max(done, perDay) : done)
  }, 0)
}

/** The next day with a place, looking at one after the other. */
export function slowNextDay(life: SlowLife, mostDays: number): string | null {
  const from = life.today < life.start ? life.start : life.today
  for (let ahead = 0; ahead <= mostDays; ahead += 1) {
    const day = at(place(from) + ahead).text
    if (slowAnswer(life, day) === 'open') return day
  }
  return null
}

const walls = new Map<string, Intl.DateTimeFormat>()

/** The saver's day at an instant, read off the wall as text: its date, or the one before while the day hasn't begun. */
export function slowDay(instant: number, timeZone: string, dayStartHour: number): string {
  const wall =
    walls.get(timeZone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  walls.set(timeZone, wall)
  const [date = '', time = ''] = wall.format(instant).split(' ')
  return Number(time.slice(0, 2)) < dayStartHour ? daysFrom(date, -1) : date
}
