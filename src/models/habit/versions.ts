import { fromDbDay } from '../../db.ts'
import type { HabitVersion } from '../../generated/client.ts'
import type { Day, Schedule } from './schedule.ts'

/** The version in force on a day: the newest of those that had taken effect. */
export function versionOn(versions: readonly HabitVersion[], day: Day): HabitVersion | undefined {
  return [...versions]
    .sort((a, b) => b.number - a.number)
    .find((version) => fromDbDay(version.effectiveFrom) <= day)
}

export function scheduleOf(version: HabitVersion): Schedule {
  return {
    frequency: version.frequency,
    interval: version.interval,
    effectiveFrom: fromDbDay(version.effectiveFrom),
  }
}
