/** npm run simulate -- --runs 10000 [--seed N] [--no-shrink] */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { applyMigrations } from '../../prisma/engine.ts'
import { createDb } from '../../src/db.ts'
import { createDatabase, dropDatabase, startPostgres } from '../../src/embedded/postgres.ts'
import type { Counts } from './life.ts'
import { liveMany, type OpenDatabase } from './lives.ts'

const SAY_EVERY_MS = 5_000

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000_000)) },
    'no-shrink': { type: 'boolean', default: false },
  },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  console.error('--runs is a whole number from 1, --seed any whole number')
  process.exit(2)
}

const TEMPLATE = 'simulation_template'
const postgres = await startPostgres({ quick: true })
try {
  await applyMigrations(await createDatabase(postgres, TEMPLATE))
  process.exitCode = await simulate(async () => {
    const name = `simulation_${randomUUID().replaceAll('-', '')}`
    const db = createDb(await createDatabase(postgres, name, { template: TEMPLATE }), 4)
    return {
      db,
      close: async () => {
        await db.close()
        await dropDatabase(postgres, name)
      },
    }
  })
} finally {
  await postgres.stop()
}

async function simulate(database: OpenDatabase): Promise<number> {
  const begun = Date.now()
  let saidAt = begun
  console.log(`${runs} lives from seed ${seed}`)
  const outcome = await liveMany(database, {
    runs,
    seed,
    shrink: !values['no-shrink'],
    onLife: (done, counts) => {
      if (Date.now() - saidAt < SAY_EVERY_MS) return
      saidAt = Date.now()
      console.log(`${String(done).padStart(6)} lives, ${wordsFor(counts)}`)
    },
  })
  const seconds = ((Date.now() - begun) / 1_000).toFixed(0)
  console.log(`${outcome.lives} lives in ${seconds} s: ${wordsFor(outcome.counts)}`)
  if (!outcome.failure) {
    console.log('The promise was kept in every one.')
    return 0
  }
  const { failure } = outcome
  console.error(`\nThe promise was broken in the life of seed ${failure.seed}:`)
  for (const sentence of failure.broken) console.error(`  - ${sentence}`)
  console.error(`\n${JSON.stringify(failure.scenario, null, 2)}`)
  console.error(`\nLive it again: npm run simulate -- --runs 1 --seed ${failure.seed}`)
  return 1
}

function wordsFor(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}
