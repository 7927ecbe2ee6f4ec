/** npm run simulate -- --runs 10000 [--seed N] [--no-shrink] */
import { parseArgs } from 'node:util'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { createDatabase, startPostgres } from '../../src/embedded/postgres.ts'
import { type Outcome, simulate, wordsFor } from './simulate.ts'

const SAY_EVERY_MS = 10_000
const TEMPLATE = 'simulation_template'

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

console.log(`${runs} lives from seed ${seed}`)
const begun = Date.now()
const postgres = await startPostgres({ quick: true })
try {
  await prepareDatabase(await createDatabase(postgres, TEMPLATE))
  const wish = { server: postgres, template: TEMPLATE, runs, seed, shrink: !values['no-shrink'] }
  const outcome = await simulate({ ...wish, onLife: sayNowAndThen() })
  process.exitCode = tell(outcome)
} finally {
  await postgres.stop()
}

function sayNowAndThen(): (outcome: Outcome) => void {
  let saidAt = Date.now()
  return ({ lives, counts }) => {
    if (Date.now() - saidAt < SAY_EVERY_MS) return
    saidAt = Date.now()
    console.log(`${String(lives).padStart(6)} lives, ${wordsFor(counts)}`)
  }
}

/** @returns the exit code. */
function tell({ lives, counts, failure }: Outcome): number {
  const seconds = ((Date.now() - begun) / 1_000).toFixed(0)
  console.log(`${lives} lives in ${seconds} s: ${wordsFor(counts)}`)
  if (!failure) {
    console.log('The promise was kept in every one.')
    return 0
  }
  console.error(`\nThe promise was broken in the life of seed ${failure.seed}:`)
  for (const sentence of failure.broken) console.error(`  - ${sentence}`)
  console.error(`\n${JSON.stringify(failure.scenario, null, 2)}`)
  console.error(`\nLive it again: npm run simulate -- --runs 1 --seed ${failure.seed}`)
  return 1
}
