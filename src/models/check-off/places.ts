import { fromDbDay, type Tx, toDbDay } from '../../db.ts'
import type { CheckOff, Habit, HabitVersion } from '../../generated/client.ts'
import {
  type Day,
  epochDay,
  fromEpochDay,
  type Period,
  type Place,
  type Progress,
  periodOf,
  progressOf,
} from '../habit/schedule.ts'
import { placeOf, scheduleOf, versionOn } from '../habit/versions.ts'

/** A check-off that was forgotten can be made up for so many days later. */
export const MOST_DAYS_BACK = 7

export type HabitWithVersions = Habit & { versions: HabitVersion[] }

/** What a habit asked for on a day, by the terms of that day, and what of it is done. */
export interface DayOfHabit {
  day: Day
  version: HabitVersion
  progress: Progress
}

/** The same for several days; those before the habit's first are left out. */
export async function daysOf(
  tx: Pick<Tx, 'checkOff'>,
  habit: HabitWithVersions,
  days: readonly Day[],
  weekStart: number,
): Promise<DayOfHabit[]> {
  const plans = days.flatMap((day) => {
    const version = versionOn(habit.versions, day)
    if (!version) return []
    const schedule = scheduleOf(version, habit.versions)
    return { day, version, schedule, period: periodOf(schedule, day, weekStart) }
  })
  const periods = plans.map((plan) => plan.period)
  const live = await liveIn(tx, habit.id, periods)
  return plans.map(({ day, version, schedule, period }) => ({
    day,
    version,
    progress: progressOf(schedule, period, day, live),
  }))
}

/** The last days before today on which the habit was there, the latest first. */
export function daysBack(habit: Pick<Habit, 'startDate'>, today: Day): Day[] {
  const days = Array.from({ length: MOST_DAYS_BACK }, (_, index) => fromEpochDay(epochDay(today) - 1 - index))
  return days.filter((day) => day >= fromDbDay(habit.startDate))
}

/** Why nothing can be recorded for a past day any more, or yet; null if it can. */
export function notBack(
  habit: Pick<Habit, 'startDate'>,
  day: Day,
  today: Day,
): 'in-future' | 'too-old' | 'before-start' | null {
  if (day >= today) return 'in-future'
  if (epochDay(day) < epochDay(today) - MOST_DAYS_BACK) return 'too-old'
  return day < fromDbDay(habit.startDate) ? 'before-start' : null
}

export async function holderOf(
  tx: Tx,
  habitId: string,
  period: Period,
  slot: number,
): Promise<CheckOff | null> {
  return tx.checkOff.findFirst({
    where: { habitId, state: 'RECORDED', period: toDbDay(period.start), slot },
  })
}

async function liveIn(
  tx: Pick<Tx, 'checkOff'>,
  habitId: string,
  periods: readonly Period[],
): Promise<Place[]> {
  const rows = await tx.checkOff.findMany({
    where: {
      habitId,
      state: 'RECORDED',
      OR: periods.flatMap(({ start, end }) => [
        { period: toDbDay(start) },
        { day: { gte: toDbDay(start), lte: toDbDay(end) } },
      ]),
    },
    select: { slot: true, daySlot: true, day: true, period: true },
  })
  return rows.map(placeOf)
}
