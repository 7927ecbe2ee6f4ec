import type { CheckOffState, Currency, PaymentState } from '../generated/enums.ts'
import { type Day, epochDay, fromEpochDay } from './habit/schedule.ts'
import { bucketOf } from './payment/states.ts'

/** What the check-offs of one day have saved, by where the money stands now. Minor units. */
export interface SavedDay {
  day: Day
  savedMinor: number
  /** Pledged or on its way. */
  comingMinor: number
}

export interface SavedWeek {
  currency: Currency
  /** The seven days of the saver's week, from its first. */
  days: SavedDay[]
}

/** What the check-offs of one day come to that stand alike. */
export interface SavedSum {
  day: Day
  currency: Currency
  state: CheckOffState
  paid: PaymentState
  broughtBack: PaymentState | null
  minor: bigint | number
}

const WEEK_DAYS = 7

/** The saver's week that a day lies in. @param weekStart ISO weekday. */
export function weekOf(day: Day, weekStart: number): { first: Day; last: Day } {
  const first = firstOfWeek(day, weekStart)
  return { first, last: dayAfter(first, WEEK_DAYS - 1) }
}

/** @returns one for each currency that was saved in. */
export function weeksFrom(first: Day, sums: readonly SavedSum[]): SavedWeek[] {
  const byCurrency = Map.groupBy(sums, ({ currency }) => currency)
  return [...byCurrency].map(([currency, own]) => ({ currency, days: daysFrom(first, own) }))
}

function daysFrom(first: Day, sums: readonly SavedSum[]): SavedDay[] {
  return Array.from({ length: WEEK_DAYS }, (_, index) => {
    const day = dayAfter(first, index)
    const own = sums.filter((sum) => sum.day === day)
    const sumIn = (...buckets: string[]) =>
      own
        .filter((sum) => buckets.includes(standsIn(sum)))
        .reduce((total, sum) => total + Number(sum.minor), 0)
    return { day, savedMinor: sumIn('SAVED'), comingMinor: sumIn('PLEDGED', 'ON_ITS_WAY') }
  })
}

/** Where the books have the money of a check-off. */
function standsIn({ state, paid, broughtBack }: SavedSum): string {
  if (broughtBack) return bucketOf('REVERSAL', broughtBack)
  return state === 'RECORDED' ? bucketOf('SAVING', paid) : 'OPEN'
}

function firstOfWeek(day: Day, weekStart: number): Day {
  // 1970-01-01 was a Thursday, the fourth day of the ISO week.
  const weekday = ((epochDay(day) + 3) % WEEK_DAYS) + 1
  return dayAfter(day, -((weekday - weekStart + WEEK_DAYS) % WEEK_DAYS))
}

function dayAfter(day: Day, days: number): Day {
  return fromEpochDay(epochDay(day) + days)
}
