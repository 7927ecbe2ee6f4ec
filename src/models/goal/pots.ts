import { DAY } from '../../clock.ts'
import { Prisma, type Tx } from '../../db.ts'
import type { Currency } from '../../generated/enums.ts'
import type { WeekSum } from './pace.ts'
import type { HabitMoney, Pots } from './sharing.ts'

const WEEK = 7 * DAY

/** A habit's living goal, as far as its money is of the goal's currency. */
const TIE = Prisma.sql`
  LEFT JOIN ("GoalHabit" tie JOIN "Goal" goal ON goal.id = tie."goalId" AND goal."archivedOn" IS NULL)
    ON tie."habitId" = money."habitId" AND goal.currency = money.currency`

/** What a habit's saved money was used for, by goals that were put away. */
function used(userId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT use."habitId", over.currency, sum(use."amountMinor") AS minor
    FROM "GoalUse" use JOIN "Goal" over ON over.id = use."goalId"
    WHERE use."userId" = ${userId}::uuid GROUP BY use."habitId", over.currency`
}

/** All money of one currency in the books of a saver, in the places that goals know. Minor units. */
export interface Purse {
  saved: Pots
  onItsWay: Pots
  pledged: Pots
  /** Saved, and used by goals that were put away; with `saved` it is all that is saved. */
  usedMinor: number
}

export interface PotRow {
  currency: Currency
  goalId: string | null
  saved: bigint | number
  used: bigint | number
  onItsWay: bigint | number
  pledged: bigint | number
}

/** One statement over the balances of the books, which are one row for each habit and bucket, however long the history. */
export async function pursesOf(tx: Tx, userId: string): Promise<Map<Currency, Purse>> {
  const rows = await tx.$queryRaw<PotRow[]>`
    WITH used AS (${used(userId)}), money AS (
      SELECT "habitId", currency,
        coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'SAVED'), 0) AS saved,
        coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'ON_ITS_WAY'), 0) AS "onItsWay",
        coalesce(sum("balanceMinor") FILTER (WHERE bucket = 'PLEDGED'), 0) AS pledged
      FROM "LedgerBalance" WHERE "userId" = ${userId}::uuid GROUP BY "habitId", currency
    )
    SELECT money.currency, goal.id AS "goalId",
      sum(saved - least(saved, coalesce(used.minor, 0)))::bigint AS saved,
      sum(least(saved, coalesce(used.minor, 0)))::bigint AS used,
      sum("onItsWay")::bigint AS "onItsWay", sum(pledged)::bigint AS pledged
    FROM money LEFT JOIN used USING ("habitId", currency) ${TIE}
    GROUP BY money.currency, goal.id ORDER BY money.currency`
  return pursesIn(rows)
}

export function pursesIn(rows: readonly PotRow[]): Map<Currency, Purse> {
  return new Map(
    [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, own]) => [currency, purseOf(own)]),
  )
}

function purseOf(rows: readonly PotRow[]): Purse {
  const pots = (column: 'saved' | 'onItsWay' | 'pledged'): Pots => ({
    tied: new Map(rows.flatMap((row) => (row.goalId === null ? [] : [[row.goalId, Number(row[column])]]))),
    free: rows.reduce((sum, row) => (row.goalId === null ? sum + Number(row[column]) : sum), 0),
  })
  return {
    saved: pots('saved'),
    onItsWay: pots('onItsWay'),
    pledged: pots('pledged'),
    usedMinor: rows.reduce((sum, row) => sum + Number(row.used), 0),
  }
}

export const EMPTY_PURSE: Purse = {
  saved: { tied: new Map(), free: 0 },
  onItsWay: { tied: new Map(), free: 0 },
  pledged: { tied: new Map(), free: 0 },
  usedMinor: 0,
}

/** What each habit has saved of a currency and no goal has used, oldest habit first. */
export async function habitMoneyOf(tx: Tx, userId: string, currency: Currency): Promise<HabitMoney[]> {
  const rows = await tx.$queryRaw<{ habitId: string; goalId: string | null; availableMinor: bigint }[]>`
    WITH used AS (${used(userId)})
    SELECT money."habitId", goal.id AS "goalId",
      greatest(money."balanceMinor" - coalesce(used.minor, 0), 0)::bigint AS "availableMinor"
    FROM "LedgerBalance" money LEFT JOIN used USING ("habitId", currency) ${TIE}
    WHERE money."userId" = ${userId}::uuid AND money.bucket = 'SAVED' AND money.currency = ${currency}::"Currency"
    ORDER BY money."habitId"`
  return rows.map((row) => ({ ...row, availableMinor: Number(row.availableMinor) }))
}

/** What came in, less what went back, in each of the last weeks. Read from an index of these lines alone, and no further back. */
export async function weekSumsOf(
  tx: Tx,
  userId: string,
  now: Date,
  weeks: number,
): Promise<Map<Currency, WeekSum[]>> {
  const since = new Date(now.getTime() - weeks * WEEK)
  const rows = await tx.$queryRaw<
    { currency: Currency; goalId: string | null; weeksAgo: number; minor: bigint }[]
  >`
    SELECT money.currency, goal.id AS "goalId", sum(money."amountMinor")::bigint AS minor,
      greatest(0, floor(extract(epoch FROM ${now}::timestamptz - money.at) * 1000 / ${WEEK}::float8))::int AS "weeksAgo"
    FROM "LedgerLine" money ${TIE}
    WHERE money."userId" = ${userId}::uuid AND money.bucket = 'SAVED' AND money.at > ${since}::timestamptz
    GROUP BY 1, 2, 4`
  return Map.groupBy(
    rows.map((row) => ({ ...row, minor: Number(row.minor) })),
    ({ currency }) => currency,
  )
}
