import { fromDbDay } from '../../db.ts'
import type { Habit, HabitBreak, HabitVersion, User } from '../../generated/client.ts'
import type { Plan } from './plan.ts'
import { type Day, dayOf, type Schedule } from './schedule.ts'

type Terms = Omit<HabitVersion, 'id' | 'habitId' | 'createdOn' | 'amountMinor' | 'currency'>
/** A version's row, and the day from which it counts: the habit's first day is the first of any version. */
interface Dated {
  row: Terms
  from: Day
}

/** The version in force on a day: the newest of those that had taken effect. */
export function versionOn<V extends Pick<HabitVersion, 'number' | 'effectiveFrom'>>(
  versions: readonly V[],
  day: Day,
): V | undefined {
  return [...versions]
    .sort((a, b) => b.number - a.number)
    .find((version) => fromDbDay(version.effectiveFrom) <= day)
}

/** What the pure rules need to know of a habit. From the saver's day on which one was put away it has a break. */
export function planOf(
  habit: Pick<Habit, 'startDate' | 'endDate' | 'archivedOn'>,
  versions: readonly Terms[],
  breaks: readonly Pick<HabitBreak, 'startDay' | 'endDay'>[],
  saver: Pick<User, 'timezone' | 'dayStartHour' | 'weekStart'>,
): Plan {
  const { archivedOn, endDate } = habit
  const away = archivedOn && dayOf(archivedOn, saver.timezone, saver.dayStartHour)
  return {
    versions: schedulesOf(versions, fromDbDay(habit.startDate)),
    startDay: fromDbDay(habit.startDate),
    endDay: endDate && fromDbDay(endDate),
    breaks: [
      ...breaks.map(({ startDay, endDay }) => ({
        start: fromDbDay(startDay),
        end: endDay && fromDbDay(endDay),
      })),
      ...(away ? [{ start: away, end: null }] : []),
    ],
    weekStart: saver.weekStart,
  }
}

/** @returns newest first. */
function schedulesOf(versions: readonly Terms[], startDay: Day): Schedule[] {
  const dated = [...versions]
    .sort((a, b) => b.number - a.number)
    .map((row) => ({ row, from: later(fromDbDay(row.effectiveFrom), startDay) }))
  return dated.map((version, index) => ({
    kind: version.row.kind,
    frequency: version.row.frequency,
    interval: version.row.interval,
    weekdays: version.row.weekdays,
    freezesPerMonth: version.row.freezesPerMonth,
    effectiveFrom: version.from,
    countedFrom: firstOfItsPeriods(version, dated.slice(index + 1)),
  }))
}

/** The first day of the versions in a row that count alike; those replaced on their first day never counted. */
function firstOfItsPeriods(version: Dated, older: readonly Dated[]): Day {
  let first = version
  for (const other of older) {
    if (other.from >= first.from) continue
    if (!countAlike(other.row, version.row)) break
    first = other
  }
  return first.from
}

/** Days in a row that ask for another number begin anew: nothing that was asked then can be missed now. */
function countAlike(a: Terms, b: Terms): boolean {
  if (a.kind !== b.kind || a.interval !== b.interval) return false
  return a.kind !== 'ROLLING' || a.frequency === b.frequency
}

function later(a: Day, b: Day): Day {
  return a > b ? a : b
}
