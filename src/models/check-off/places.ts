import { fromDbDay, Prisma, type Statements } from '../../db.ts'
import type { Account, CheckOff, Habit, HabitCheckpoint, HabitVersion, User } from '../../generated/client.ts'
import { livePlaces, type PlaceJson, placeFrom } from '../habit/checkpoints.ts'
import { scheduleOn } from '../habit/plan.ts'
import { type Place, type Progress, progressOf } from '../habit/progress.ts'
import { type Day, epochDay, fromEpochDay, type Period } from '../habit/schedule.ts'
import { type HabitWithTerms, habitFrom, TERMS, type TermsJson } from '../habit/terms.ts'
import { planOf, versionOn } from '../habit/versions.ts'
import { columns, dated, list, row, type Texts } from '../json-rows.ts'

/** All columns of a check-off by name, for statements that Prisma has no words for. */
export const CHECK_OFF_COLUMNS = Prisma.raw(columns(Prisma.CheckOffScalarFieldEnum, '"CheckOff"'))

/** A check-off that was forgotten can be made up for so many days later. */
export const MOST_DAYS_BACK = 7

/** What a habit asked for on a day, by the terms of that day, and what of it is done. */
export interface DayOfHabit {
  day: Day
  version: HabitVersion
  progress: Progress
}

/** Where the money of a check-off goes from, and where to. */
export interface Sides {
  debtor: Pick<Account, 'id' | 'currency'>
  creditor: Pick<Account, 'id' | 'currency'>
}

/** All that recording asks about. */
export interface Seen {
  habit: HabitWithTerms
  /** Live check-offs: all that count for any day from the one that was asked about on. */
  live: Place[]
  /** The accounts that the saver has chosen; null before they have. */
  sides: Sides | null
  checkpoint: Pick<HabitCheckpoint, 'through' | 'weekStart'> | null
}

interface SeenJson extends TermsJson {
  live: PlaceJson[]
  accounts: (Sides['debtor'] & Pick<Account, 'isDebitor' | 'isCreditor'>)[]
  checkpoint: Texts<NonNullable<Seen['checkpoint']>> | null
}

/** No check-off counts for a day that is further away than the longest period that the habit has had. */
const REST = Prisma.raw(`
  ${livePlaces('habit.id', 'since.day')} AS live,
  ${list(`SELECT account.id, account.currency, account."isDebitor", account."isCreditor" FROM "Account" account
    WHERE account."userId" = habit."userId" AND (account."isDebitor" OR account."isCreditor")`)} AS accounts,
  ${row(`SELECT checkpoint.through, checkpoint."weekStart" FROM "HabitCheckpoint" checkpoint
    WHERE checkpoint."habitId" = habit.id`)} AS checkpoint`)

/** In one statement, because whoever taps waits for it. @throws when the saver has no such habit; pages have looked before. */
export async function lookAt(
  tx: Pick<Statements, '$queryRaw'>,
  user: Pick<User, 'id'>,
  habitId: string,
  from: Day,
): Promise<Seen> {
  const [found] = await tx.$queryRaw<SeenJson[]>`
    SELECT ${TERMS}, ${REST} FROM "Habit" habit, LATERAL (
      SELECT ${from}::date - coalesce(max("interval")::int, 0) AS day FROM "HabitVersion" WHERE "habitId" = habit.id
    ) since
    WHERE habit.id = ${habitId}::uuid AND habit."userId" = ${user.id}::uuid`
  if (!found) throw new Error(`saver ${user.id} has no habit ${habitId}`)
  const { checkpoint, accounts, live } = found
  const debtor = accounts.find((account) => account.isDebitor)
  const creditor = accounts.find((account) => account.isCreditor)
  return {
    habit: habitFrom(found),
    live: live.map(placeFrom),
    sides: debtor && creditor ? { debtor, creditor } : null,
    checkpoint: checkpoint && dated<NonNullable<Seen['checkpoint']>>(checkpoint, ['through']),
  }
}

/** What a habit asks for on days from the one it was looked at for; those before its first version are left out. */
export function daysOf({ habit, live }: Seen, days: readonly Day[], user: User): DayOfHabit[] {
  const plan = planOf(habit, habit.versions, habit.breaks, user)
  return days.flatMap((day) => {
    const version = versionOn(habit.versions, day)
    return version && scheduleOn(plan, day) ? [{ day, version, progress: progressOf(plan, day, live) }] : []
  })
}

/** The earliest day that can still be made up for. */
export function firstDayBack(today: Day): Day {
  return fromEpochDay(epochDay(today) - MOST_DAYS_BACK)
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
  tx: Pick<Statements, '$queryRaw'>,
  habitId: string,
  period: Period,
  slot: number,
): Promise<CheckOff | null> {
  const [holder] = await tx.$queryRaw<CheckOff[]>`
    SELECT ${CHECK_OFF_COLUMNS} FROM "CheckOff"
    WHERE "habitId" = ${habitId}::uuid AND state = 'RECORDED' AND period = ${period.start}::date AND slot = ${slot}`
  return holder ?? null
}
