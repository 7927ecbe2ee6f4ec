/** Many lives, each from a seed of its own, so that one that fails is lived again by its number. */
import fc from 'fast-check'
import type { Db } from '../../src/db.ts'
import { type Counts, live, type Told } from './life.ts'
import { type Scenario, scenario } from './scenario.ts'

export interface Failure {
  seed: number
  /** The smallest scenario that still fails, or the first if nobody looked for a smaller one. */
  scenario: Scenario
  broken: string[]
}

export interface Wish {
  seeds: readonly number[]
  /** Look for a smaller scenario that fails too. */
  shrink: boolean
  onLife: (counts: Counts) => void
}

/** History is never removed, so many lives go to a new database instead. */
export type OpenDatabase = () => Promise<{ db: Db; close(): Promise<void> }>
const LIVES_A_DATABASE = 200
/** Much of a life is waiting for the database and for calls that time out. */
const LANES = 3
const SHRINK_MOST_MS = 120_000

/**
 * Lives go on side by side, each lane in a database of its own.
 * @returns the first one that broke the promise; then no more are begun.
 */
export async function liveMany(
  database: OpenDatabase,
  { seeds, shrink, onLife }: Wish,
): Promise<Failure | null> {
  const waiting = [...seeds]
  let failure: Failure | null = null
  const liveOne = async (db: Db, seed: number) => {
    const told = await live(scenarioOf(seed), db)
    onLife(told.counts)
    if (told.broken.length > 0 && !failure) failure = await failureOf(db, seed, told, shrink)
  }
  const lane = async () => {
    while (waiting.length > 0 && !failure) {
      const { db, close } = await database()
      try {
        for (let lives = 0; lives < LIVES_A_DATABASE && !failure; lives += 1) {
          const seed = waiting.shift()
          if (seed === undefined) break
          await liveOne(db, seed)
        }
      } finally {
        await close()
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return failure
}

export function scenarioOf(seed: number): Scenario {
  const [found] = fc.sample(scenario, { seed, numRuns: 1 })
  if (!found) throw new Error('no scenario')
  return found
}

async function failureOf(db: Db, seed: number, told: Told, shrink: boolean): Promise<Failure> {
  const first = { seed, scenario: scenarioOf(seed), broken: told.broken }
  if (!shrink) return first
  let smallest = first
  const property = fc.asyncProperty(scenario, async (smaller) => {
    const again = await live(smaller, db)
    if (again.broken.length === 0) return true
    smallest = { seed, scenario: smaller, broken: again.broken }
    return false
  })
  await fc.check(property, {
    seed,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MOST_MS,
    markInterruptAsFailure: true,
  })
  return smallest
}
