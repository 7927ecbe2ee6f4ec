import { DAY } from '../../clock.ts'
import { type Db, toDbDay } from '../../db.ts'
import type { User } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import { type Day, epochDay, fromEpochDay } from '../habit/schedule.ts'
import type { Habits } from '../habit.ts'

const WEEK = 7
/** One in a row is no row. */
const LEAST_STREAK = 2

/** What moved in the seven days before a day. Amounts in minor units. */
export interface Week {
  checkOffs: number
  /** Arrived in the savings account within the week. */
  saved: [currency: Currency, minor: bigint][]
  /** Pledged or at the bank by now, whenever it was checked off. */
  onItsWay: [currency: Currency, minor: bigint][]
  streaks: { name: string; streak: number }[]
}

/** @param day the first that isn't in it any more. */
export async function weekBefore(
  { db, habits }: { db: Db; habits: Habits },
  user: User,
  { day, dueAt }: { day: Day; dueAt: Date },
): Promise<Week> {
  const first = fromEpochDay(epochDay(day) - WEEK)
  const since = new Date(dueAt.getTime() - WEEK * DAY)
  const [checkOffs, saved, onItsWay, living] = await Promise.all([
    db.prisma.checkOff.count({
      where: { userId: user.id, state: 'RECORDED', day: { gte: toDbDay(first), lt: toDbDay(day) } },
    }),
    db.prisma.ledgerLine.groupBy({
      by: ['currency'],
      where: { userId: user.id, bucket: 'SAVED', at: { gte: since, lt: dueAt } },
      _sum: { amountMinor: true },
    }),
    db.prisma.ledgerBalance.groupBy({
      by: ['currency'],
      where: { userId: user.id, bucket: { in: ['PLEDGED', 'ON_ITS_WAY'] } },
      _sum: { balanceMinor: true },
    }),
    habits.listOwned(user),
  ])
  return {
    checkOffs,
    saved: positive(saved.map(({ currency, _sum }) => [currency, BigInt(_sum.amountMinor ?? 0)])),
    onItsWay: positive(onItsWay.map(({ currency, _sum }) => [currency, _sum.balanceMinor ?? 0n])),
    streaks: living
      .filter(({ streak }) => streak >= LEAST_STREAK)
      .map(({ habit, streak }) => ({ name: habit.name, streak })),
  }
}

/** A streak alone is no news: it stands on the dashboard, and somebody who did nothing has nothing to read. */
export function isWorthALetter({ checkOffs, saved, onItsWay }: Week): boolean {
  return checkOffs > 0 || saved.length > 0 || onItsWay.length > 0
}

function positive(sums: [Currency, bigint][]): [Currency, bigint][] {
  return sums.filter(([, minor]) => minor > 0n)
}
