import { expect, inject, test } from 'vitest'
import { createDb } from '../../src/db.ts'
import { testDatabase } from '../support/database.ts'
import { TEMPLATE } from '../support/global-setup.ts'
import { live } from './life.ts'
import { scenarioOf } from './lives.ts'
import { simulate, wordsFor } from './simulate.ts'

const RUNS = 300
const SEED = 20_261_121

test(`in ${RUNS} lives with crashes and faults, every check-off is paid once or visibly not`, async () => {
  const outcome = await simulate({
    server: inject('database'),
    template: TEMPLATE,
    runs: RUNS,
    seed: SEED,
    shrink: false,
  })
  console.log(`${outcome.lives} lives from seed ${SEED}: ${wordsFor(outcome.counts)}`)
  expect(outcome.failure, 'live it again: npm run simulate -- --runs 1 --seed <seed>').toBeNull()
  expect(outcome.lives).toBe(RUNS)
  // A simulation in which nothing goes wrong shows nothing.
  expect(outcome.counts.crashes).toBeGreaterThan(RUNS / 3)
  expect(outcome.counts.faults).toBeGreaterThan(RUNS)
  expect(outcome.counts.recoveries).toBeGreaterThan(RUNS / 10)
}, 900_000)

test('lives are lived again step by step from their seeds', async () => {
  const database = await testDatabase()
  const db = createDb(database.url, 4)
  try {
    let points = 0
    for (const seed of [7, 8, 9]) {
      const [once, again] = [await live(scenarioOf(seed), db), await live(scenarioOf(seed), db)]
      expect(again.trace).toBe(once.trace)
      expect(again.counts).toEqual(once.counts)
      points += once.counts.points
    }
    expect(points).toBeGreaterThan(100)
  } finally {
    await db.close()
    await database.drop()
  }
})
