/** Holds a table, so that whoever needs it waits at a place that is known: nothing sleeps and hopes. */
import pg from 'pg'
import { expect } from 'vitest'
import type { TestDatabase } from './database.ts'

export interface Held {
  /** Resolves when at least so many connections wait for a lock. */
  areWaiting(least: number): Promise<void>
  /** Resolves when nobody waits: whoever did has given up. */
  areGone(): Promise<void>
  /** As a migration does that changes several tables. Resolves when it has this one as well. */
  takesToo(table: string): Promise<void>
  free(): Promise<void>
}

const open = new Set<pg.Client>()
const WAITING = `SELECT count(DISTINCT pid)::int AS waiting FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE NOT granted AND datname = current_database()`

/** @param isolation of its transaction; one that repeats its reads keeps what it has seen from going. */
export async function held(
  { ownerUrl, asOwner }: TestDatabase,
  table: string,
  isolation: 'READ COMMITTED' | 'REPEATABLE READ' = 'READ COMMITTED',
): Promise<Held> {
  const client = new pg.Client({ connectionString: ownerUrl })
  client.on('error', () => {})
  open.add(client)
  await client.connect()
  const take = async (name: string) => {
    await client.query(`LOCK TABLE "${name}" IN ACCESS EXCLUSIVE MODE`)
  }
  await client.query(`BEGIN ISOLATION LEVEL ${isolation}`)
  await take(table)
  // A snapshot, which a lock alone doesn't take.
  await client.query('SELECT 1')
  const waiting = async () => (await asOwner<{ waiting: number }>(WAITING)).rows[0]?.waiting
  return {
    areWaiting: (least) =>
      expect.poll(waiting, { timeout: 40_000, interval: 10 }).toBeGreaterThanOrEqual(least),
    areGone: () => expect.poll(waiting, { timeout: 40_000, interval: 10 }).toBe(0),
    takesToo: take,
    free: async () => {
      open.delete(client)
      await client.end()
    },
  }
}

/** After a test, however it ended. */
export async function freeAll(): Promise<void> {
  for (const client of open) await client.end()
  open.clear()
}
