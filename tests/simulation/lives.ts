/** Many lives, each from a seed of its own, so that one that fails is lived again by its number. */
import fc from 'fast-check'
import type { Db } from '../../src/db.ts'
import { addUp, type Counts, live, type Told } from './life.ts'
import { type Scenario, scenario } from './scenario.ts'

export interface Failure {
  seed: number
  /** The smallest scenario that still fails, or the first if nobody looked for a smaller one. */
  scenario: Scenario
  broken: string[]
}

export interface Outcome {
  lives: number
  counts: Counts
  failure: Failure | null
}

export interface Wish {
  runs: number
  seed: number
  /** Look for a smaller scenario that fails too. */
  shrink: boolean
  onLife?: (done: number, counts: Counts) => void
}

/** History is never removed, so many lives go to a new database instead. */
export type OpenDatabase = () => Promise<{ db: Db; close(): Promise<void> }>
const LIVES_A_DATABASE = 200
const SHRINK_MOST_MS = 120_000

/** Stops at the first life that breaks the promise. */
export async function liveMany(database: OpenDatabase, wish: Wish): Promise<Outcome> {
  let counts = addUp([])
  for (let from = 0; from < wish.runs; from += LIVES_A_DATABASE) {
    const { db, close } = await database()
    try {
      for (let run = from; run < Math.min(from + LIVES_A_DATABASE, wish.runs); run += 1) {
        const seed = wish.seed + run
        const told = await live(scenarioOf(seed), db)
        counts = addUp([counts, told.counts])
        if (told.broken.length > 0)
          return { lives: run + 1, counts, failure: await failureOf(db, seed, told, wish.shrink) }
        wish.onLife?.(run + 1, counts)
      }
    } finally {
      await close()
    }
  }
  return { lives: wish.runs, counts, failure: null }
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
