import { fromDbDay } from '../../db.ts'
import type { CheckOff, HabitVersion } from '../../generated/client.ts'
import type { Day, Place, Schedule } from './schedule.ts'

/** The version in force on a day: the newest of those that had taken effect. */
export function versionOn(versions: readonly HabitVersion[], day: Day): HabitVersion | undefined {
  return [...versions]
    .sort((a, b) => b.number - a.number)
    .find((version) => fromDbDay(version.effectiveFrom) <= day)
}

/** @param versions all of the habit, because the periods of a version can go back to earlier ones. */
export function scheduleOf(version: HabitVersion, versions: readonly HabitVersion[]): Schedule {
  return {
    frequency: version.frequency,
    interval: version.interval,
    effectiveFrom: fromDbDay(version.effectiveFrom),
    countedFrom: fromDbDay(firstOfInterval(version, versions).effectiveFrom),
  }
}

/** The oldest of the versions in a row that have this one's interval; those replaced on their first day never counted. */
function firstOfInterval(version: HabitVersion, versions: readonly HabitVersion[]): HabitVersion {
  const older = versions.filter((other) => other.number < version.number).sort((a, b) => b.number - a.number)
  let first = version
  for (const other of older) {
    if (other.effectiveFrom >= first.effectiveFrom) continue
    if (other.interval !== version.interval) break
    first = other
  }
  return first
}

/** A check-off's row as the pure rules see it. */
export function placeOf(row: Pick<CheckOff, 'period' | 'day' | 'slot' | 'daySlot'>): Place {
  return { period: fromDbDay(row.period), day: fromDbDay(row.day), slot: row.slot, daySlot: row.daySlot }
}
