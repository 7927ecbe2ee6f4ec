/** From what a text says to what exactly would be done with it, given what the saver has. Pure: it looks nothing up. */
import { uuidv7 } from '../../crypto.ts'
import { fromDbDay } from '../../db.ts'
import type { CheckOff, Habit, HabitBreak, HabitVersion, User } from '../../generated/client.ts'
import type { Currency } from '../../money.ts'
import { type Plan as SchedulePlan, scheduleOn } from '../habit/plan.ts'
import { type Place, progressOf } from '../habit/progress.ts'
import { type Day, dayOf, epochDay, fromEpochDay, periodOf } from '../habit/schedule.ts'
import { planOf, versionOn } from '../habit/versions.ts'
import { inDays } from '../habit/wish.ts'
import { type KnownBeside, type PlannedBeside, planBeside } from './beside.ts'
import type { CheckOffColumns, HabitColumns, SettingsColumns, VersionColumns } from './columns.ts'
import type { PlainDay, PlainHabit, Reading, Refusal, WholeHabit } from './shape.ts'
import { nameKey } from './tables.ts'

/** As it will be written; only the owner is added, and what the saver is asked for. */
export interface Plan {
  format: Reading['format']
  /** Null where they are so already. */
  settings: SettingsColumns | null
  habits: PlannedHabit[]
  /** Null where the text has nothing but habits. */
  beside: PlannedBeside | null
  /** How many rows stay out, and the first of them. */
  refused: { count: number; first: Refusal[] }
}

export interface PlannedHabit {
  id: string
  name: string
  /** Null where the saver has it already. */
  made: Omit<HabitColumns, 'id' | 'name'> | null
  versions: PlannedVersion[]
  checkOffs: PlannedCheckOff[]
  /** Check-offs that the saver has already. */
  duplicates: number
}

/** Null is what the text doesn't say and the saver will be asked for. */
type Asked<T> = Omit<T, 'amountMinor' | 'currency'> & {
  amountMinor: number | null
  currency: Currency | null
}
export type PlannedVersion = Omit<Asked<VersionColumns>, 'habitId'>
export type PlannedCheckOff = Omit<Asked<CheckOffColumns>, 'habitId'>

/** A habit that the saver has, with all its check-offs. */
export type KnownHabit = Habit & {
  versions: HabitVersion[]
  checkOffs: KnownCheckOff[]
  breaks: KnownBreak[]
}
type KnownBreak = Pick<HabitBreak, 'startDay' | 'endDay'>
export type KnownCheckOff = Pick<CheckOff, 'day' | 'period' | 'slot' | 'daySlot' | 'state' | 'at'>

export interface Standing {
  user: Pick<User, 'timezone' | 'dayStartHour' | 'weekStart' | 'locale'>
  now: Date
  habits: readonly KnownHabit[]
  /** Of all habits, also of those that an import makes. */
  breaksOfAll: readonly KnownBreak[]
  beside: KnownBeside
  /** How many more habits there can be. */
  room: number
}

/** Of refused rows so many are kept to be shown. */
const MOST_SHOWN = 100

export function planFor(reading: Reading, standing: Standing): Plan {
  const refused: Refusal[] = [...reading.refused]
  const habits: PlannedHabit[] = []
  const byOldId = new Map<string, PlannedHabit>()
  let room = standing.room
  for (const read of reading.habits) {
    const planned =
      read.kind === 'whole' ? planWhole(read, standing, refused) : planPlain(read, standing, refused)
    if (!planned) continue
    const isLiving = planned.made !== null && planned.made.archivedOn === null
    if (isLiving && room === 0)
      refused.push({ table: read.table, line: read.line, because: 'too-many-habits' })
    else {
      habits.push(planned)
      if (read.kind === 'whole') byOldId.set(read.habit.id, planned)
    }
    if (isLiving && room > 0) room -= 1
  }
  const placed = (oldId: string) => {
    const planned = byOldId.get(oldId)
    const known = standing.habits.find(({ id }) => id === planned?.id)
    return planned && { id: planned.id, ...startAndEnd(planned, known) }
  }
  const tomorrow = fromEpochDay(epochDay(todayOf(standing)) + 1)
  const beside = reading.beside && planBeside(reading.beside, standing.beside, placed, tomorrow, refused)
  const { settings } = reading
  const isSame =
    settings &&
    Object.entries(settings).every(([name, value]) => standing.user[name as keyof SettingsColumns] === value)
  return {
    format: reading.format,
    settings: isSame ? null : settings,
    habits,
    beside,
    refused: { count: refused.length, first: refused.sort(byLine).slice(0, MOST_SHOWN) },
  }
}

function startAndEnd({ made }: PlannedHabit, known: KnownHabit | undefined) {
  if (known) return { startDate: fromDbDay(known.startDate), isPutAway: known.archivedOn !== null }
  return { startDate: made?.startDate ?? '', isPutAway: made?.archivedOn !== null }
}

function byLine(one: Refusal, other: Refusal): number {
  return (one.table ?? '').localeCompare(other.table ?? '') || one.line - other.line
}

/** Whether somebody has still to say what the new habits of a plan move each time. */
export function asksForAmount({ habits }: Plan): boolean {
  return habits.some(({ versions }) => versions.some(({ amountMinor }) => amountMinor === null))
}

/** A habit out of our own export: it comes back as it was, but for its money. */
function planWhole(read: WholeHabit, standing: Standing, refused: Refusal[]): PlannedHabit | null {
  const { habit, versions, checkOffs, table, line } = read
  if (versions.length === 0) {
    refused.push({ table, line, because: 'no-schedule' })
    return null
  }
  const known = standing.habits.find((one) => isSameHabit(one, habit))
  const { id: oldId, name, ...rest } = habit
  const own = versions.map(({ habitId, id, ...columns }) => ({
    old: id,
    planned: { ...columns, id: uuidv7() },
  }))
  const taken = new Places(known?.checkOffs ?? [])
  const within = new Places([])
  const planned: PlannedHabit = {
    id: known?.id ?? uuidv7(),
    name: known?.name ?? name,
    made: known ? null : rest,
    versions: known ? [] : own.map((version) => version.planned),
    checkOffs: [],
    duplicates: 0,
  }
  const tomorrow = fromEpochDay(epochDay(todayOf(standing)) + 1)
  const breaks = known?.breaks ?? standing.breaksOfAll
  // As they were recorded: of days in a row, an earlier one decides whether there is a place for a later one.
  const inOrder = [...checkOffs].sort((a, b) => a.columns.at.localeCompare(b.columns.at))
  for (const { columns, ...spot } of inOrder) {
    const { habitId, habitVersionId: oldVersion, ...kept } = columns
    const versionId = known
      ? knownVersion(known, versions, columns)
      : own.find(({ old }) => old === oldVersion)?.planned.id
    if (columns.day > tomorrow) refused.push({ ...spot, because: 'in-future' })
    else if (taken.has(kept)) planned.duplicates += 1
    else if (within.has(kept)) refused.push({ ...spot, because: 'twice' })
    else if (known?.archivedOn) refused.push({ ...spot, because: 'put-away' })
    else if (columns.state === 'RECORDED' && isInBreak(breaks, columns.day))
      refused.push({ ...spot, because: 'put-away' })
    else if (!versionId) refused.push({ ...spot, because: 'before-start' })
    else {
      within.add(kept)
      planned.checkOffs.push({ ...kept, habitVersionId: versionId })
    }
  }
  return planned
}

function isInBreak(breaks: readonly KnownBreak[], day: Day): boolean {
  return breaks.some(
    ({ startDay, endDay }) => fromDbDay(startDay) <= day && (endDay === null || fromDbDay(endDay) >= day),
  )
}

/** The same habit, whoever has renamed it since; or the one that an earlier import has made of it. */
function isSameHabit(known: Habit, habit: HabitColumns): boolean {
  const isCopy =
    nameKey(known.name) === nameKey(habit.name) && known.createdOn.toISOString() === habit.createdOn
  return known.id === habit.id || isCopy
}

function knownVersion(
  known: KnownHabit,
  versions: readonly VersionColumns[],
  columns: CheckOffColumns,
): string | undefined {
  const number = versions.find(({ id }) => id === columns.habitVersionId)?.number
  const same = known.versions.find((one) => one.number === number)
  return (same ?? versionOn(known.versions, columns.day))?.id
}

/** A habit out of a list of days: each takes the place that it would have taken on that day. */
function planPlain(read: PlainHabit, standing: Standing, refused: Refusal[]): PlannedHabit {
  const today = todayOf(standing)
  const [coming, days] = partition(read.days, ({ day }) => day > today)
  refused.push(...coming.map(({ table, line }) => ({ table, line, because: 'in-future' as const })))
  days.sort((a, b) => (a.day === b.day ? 0 : a.day < b.day ? -1 : 1))
  const known = livingFirst(standing.habits).find((one) => nameKey(one.name) === nameKey(read.name))
  const made = known ? null : madeOf(read, days, days[0]?.day ?? today, standing)
  const planned: PlannedHabit = {
    id: known?.id ?? uuidv7(),
    name: known?.name ?? read.name,
    made: made?.habit ?? null,
    versions: made ? [made.version] : [],
    checkOffs: [],
    duplicates: 0,
  }
  const places = new Places(known?.checkOffs ?? [])
  const terms = known ? termsOfKnown(known, standing) : newTerms(made?.version, standing)
  const before = doneBefore(known)
  for (const one of days) {
    const left = before.get(one.day) ?? 0
    if (left > 0) {
      before.set(one.day, left - 1)
      planned.duplicates += 1
      continue
    }
    const placed = placeOn(one, terms, places, standing)
    if (typeof placed === 'string') {
      refused.push({ table: one.table, line: one.line, because: placed })
      continue
    }
    places.add(placed)
    // What a new habit moves each time may have to be asked for.
    planned.checkOffs.push(
      made ? { ...placed, amountMinor: one.amountMinor, currency: one.currency } : placed,
    )
  }
  return planned
}

/** The next free place of a day, by the terms of that day; or why there is none. */
function placeOn(
  one: PlainDay,
  { isPutAway, versions, plan }: Terms,
  places: Places,
  { user, now }: Standing,
): (PlannedCheckOff & Taking) | 'before-start' | 'put-away' | 'enough' {
  const { day } = one
  const version = versionOn(versions, day)
  if (!version) return 'before-start'
  const schedule = scheduleOn(plan, day)
  if (!schedule) return 'before-start'
  const period = periodOf(schedule, day, user.weekStart)
  // Days in a row are looked at on both sides.
  const beside = schedule.kind === 'ROLLING' ? schedule.interval : 0
  const live = places.near(inDays(period.start, -beside), inDays(period.end, beside))
  const { next } = progressOf(plan, day, live)
  if (isPutAway || next.kind === 'on-break' || next.kind === 'ended') return 'put-away'
  if (next.kind === 'not-started') return 'before-start'
  if (next.kind !== 'open') return 'enough'
  const { timezone, dayStartHour } = user
  const at = one.at ?? now.toISOString()
  return {
    habitVersionId: version.id,
    day,
    at,
    timezone,
    dayStartHour,
    period: period.start,
    slot: next.slot,
    daySlot: next.daySlot,
    amountMinor: one.amountMinor ?? version.amountMinor,
    currency: one.currency ?? version.currency,
    state: 'RECORDED',
    undoneAt: null,
    isBackfill: dayOf(new Date(at), timezone, dayStartHour) > day,
  }
}

/** How often a habit was done on each day, before anything is added. */
function doneBefore(known: KnownHabit | undefined): Map<Day, number> {
  const live = known?.checkOffs.filter(({ state }) => state === 'RECORDED') ?? []
  return new Map([...Map.groupBy(live, ({ day }) => fromDbDay(day))].map(([day, all]) => [day, all.length]))
}

function partition<T>(all: readonly T[], isIn: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isIn), all.filter((one) => !isIn(one))]
}

function madeOf(read: PlainHabit, days: PlainHabit['days'], first: Day, { now }: Standing) {
  const last = days.at(-1)
  const perDay = [...Map.groupBy(days, ({ day }) => day).values()].reduce(
    (most, one) => Math.max(most, one.length),
    1,
  )
  const createdOn = now.toISOString()
  const version: PlannedVersion = {
    id: uuidv7(),
    number: 1,
    effectiveFrom: first,
    kind: 'TIMES',
    weekdays: 0,
    freezesPerMonth: 0,
    frequency: read.frequency ?? Math.min(perDay, 10),
    interval: read.interval ?? 1,
    amountMinor: last?.amountMinor ?? null,
    currency: last?.currency ?? null,
    createdOn,
  }
  const habit: Omit<HabitColumns, 'id' | 'name'> = {
    startDate: first,
    createdOn,
    archivedOn: read.isArchived ? createdOn : null,
    endDate: null,
    position: 0,
    isPinned: false,
    tags: [],
    isCommitted: false,
    committedUntil: null,
  }
  return { version, habit }
}

/** What a habit asks for, worked out once for all of its days. */
interface Terms {
  isPutAway: boolean
  versions: readonly HabitVersion[]
  plan: SchedulePlan
}

function termsOfKnown(known: KnownHabit, { user }: Standing): Terms {
  const { versions, breaks, archivedOn } = known
  return { isPutAway: archivedOn !== null, versions, plan: planOf(known, versions, breaks, user) }
}

/** One that is made of a list has been there on all days of the list. */
function newTerms(planned: PlannedVersion | undefined, { user, breaksOfAll }: Standing): Terms {
  const version = asVersion(planned)
  const habit = { startDate: version.effectiveFrom, endDate: null, archivedOn: null }
  return { isPutAway: false, versions: [version], plan: planOf(habit, [version], breaksOfAll, user) }
}

/** A version that isn't there yet, as the rules of schedules see it. */
function asVersion(planned: PlannedVersion | undefined): HabitVersion {
  if (!planned) throw new Error('a new habit has no terms')
  return {
    ...planned,
    habitId: '',
    amountMinor: planned.amountMinor ?? 0,
    currency: planned.currency ?? 'DKK',
    effectiveFrom: new Date(`${planned.effectiveFrom}T00:00:00.000Z`),
    createdOn: new Date(planned.createdOn),
  }
}

function livingFirst(habits: readonly KnownHabit[]): KnownHabit[] {
  return [...habits].sort((a, b) => Number(a.archivedOn !== null) - Number(b.archivedOn !== null))
}

function todayOf({ now, user }: Standing): Day {
  return dayOf(now, user.timezone, user.dayStartHour)
}

type Taking = Pick<CheckOffColumns, 'day' | 'period' | 'slot' | 'daySlot' | 'state' | 'at'>

/** Which places are taken; found by day and by period, so that ten years are looked through as quickly as a week. */
class Places {
  readonly #keys = new Set<string>()
  readonly #byDay = new Map<Day, Place[]>()
  readonly #byPeriod = new Map<Day, Place[]>()

  constructor(known: readonly KnownCheckOff[]) {
    for (const { day, period, at, ...rest } of known)
      this.add({ ...rest, day: fromDbDay(day), period: fromDbDay(period), at: at.toISOString() })
  }

  has(taking: Taking): boolean {
    return keysOf(taking).some((key) => this.#keys.has(key))
  }

  add(taking: Taking): void {
    for (const key of keysOf(taking)) this.#keys.add(key)
    if (taking.state !== 'RECORDED') return
    const { day, period, slot, daySlot } = taking
    push(this.#byDay, day, { day, period, slot, daySlot })
    push(this.#byPeriod, period, { day, period, slot, daySlot })
  }

  /** All that lie in a period, by their day or by their own. */
  near(start: Day, end: Day): Place[] {
    const found = new Set(this.#byPeriod.get(start) ?? [])
    const seen = new Set([...found].map(placeKey))
    for (let day = epochDay(start); day <= epochDay(end); day += 1)
      for (const place of this.#byDay.get(fromEpochDay(day)) ?? [])
        if (!seen.has(placeKey(place))) found.add(place)
    return [...found]
  }
}

function placeKey({ day, daySlot }: Place): string {
  return `${day} ${daySlot}`
}

/** As the database has it: a live check-off holds a place of its period and one of its day; one that was undone holds none. */
function keysOf({ day, period, slot, daySlot, state, at }: Taking): string[] {
  if (state === 'UNDONE') return [`undone ${day} ${period} ${slot} ${at}`]
  return [`period ${period} ${slot}`, `day ${day} ${daySlot}`]
}

function push(map: Map<Day, Place[]>, key: Day, place: Place): void {
  const list = map.get(key)
  if (list) list.push(place)
  else map.set(key, [place])
}
