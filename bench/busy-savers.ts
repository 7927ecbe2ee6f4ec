import type pg from 'pg'
import type { User } from '../src/generated/client.ts'
import { dayOf } from '../src/models/habit/schedule.ts'

/** A habit may be done ten times a day: ten places for ten check-offs. */
const PLACES_PER_HABIT = 10
/** More than any of the programs gets through in a second on one connection. */
const PLACES_PER_SECOND = 400

export interface Habit {
  habitId: string
  habitVersionId: string
}

/** A saver with habits that wait to be checked off. */
export interface Busy {
  user: User
  habits: Habit[]
  debtorAccountId: string
  creditorAccountId: string
  day: string
}

/** Enough for a saver who checks off as fast as answers come. */
export function habitsFor(seconds: number): number {
  return Math.ceil((seconds * PLACES_PER_SECOND) / PLACES_PER_HABIT)
}

/** So many new habits. Their balances exist, as they do from a habit's first check-off on. */
export async function makeBusy(pool: pg.Pool, user: User, count: number): Promise<Busy> {
  const day = dayOf(new Date(), user.timezone, user.dayStartHour)
  const { rows: habits } = await pool.query<Habit>(
    `WITH habits AS (
       INSERT INTO "Habit" (id, "userId", name, "startDate", "createdOn")
       SELECT uuidv7(), $1::uuid, 'Habit ' || n, $2::date, now() FROM generate_series(1, $3::int) n RETURNING id
     ), balances AS (
       INSERT INTO "LedgerBalance" ("userId", "habitId", bucket, currency)
       SELECT $1::uuid, id, unnest('{OPEN,PLEDGED}'::"LedgerBucket"[]), 'DKK' FROM habits
     )
     INSERT INTO "HabitVersion"
       (id, "habitId", number, "effectiveFrom", frequency, "interval", "amountMinor", currency, "createdOn")
     SELECT uuidv7(), id, 1, $2::date, $4::int, 1, 2500, 'DKK', now() FROM habits
     RETURNING "habitId", id AS "habitVersionId"`,
    [user.id, day, count, PLACES_PER_HABIT],
  )
  const { rows: accounts } = await pool.query(`SELECT id, "isDebitor" FROM "Account" WHERE "userId" = $1`, [
    user.id,
  ])
  const idWhere = (isDebitor: boolean) => accounts.find((account) => account.isDebitor === isDebitor)?.id
  return { user, habits, day, debtorAccountId: idWhere(true), creditorAccountId: idWhere(false) }
}

/** What is offered: a habit's places are taken one after the other, and none before the one before it. */
export function offersOf({ habits, day }: Busy) {
  let [habitAt, slot] = [0, 0]
  return {
    next(): { habit: Habit; day: string; slot: string } {
      if (slot === PLACES_PER_HABIT) [habitAt, slot] = [habitAt + 1, 0]
      slot += 1
      const habit = habits[habitAt]
      if (!habit) throw new Error('there are no habits left to check off')
      return { habit, day, slot: String(slot) }
    },
    /** The last place was not taken, so the others of its habit can't be. */
    leaveHabit(): void {
      slot = PLACES_PER_HABIT
    },
  }
}
