/** npm run prove:schedules -- --cases 200000 [--seed N] */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { differencesIn } from './differences.ts'
import { lives } from './lives.ts'

const SAY_EVERY_MS = 10_000

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '200000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
})
const [cases, seed] = [Number(values.cases), Number(values.seed)]
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
  console.error('--cases is a whole number from 1, --seed any whole number')
  process.exit(2)
}

console.log(`${cases} lives from seed ${seed}`)
const begun = Date.now()
let compared = 0
let saidAt = begun

const outcome = fc.check(
  fc.property(lives, (life) => {
    const differences = differencesIn(life)
    compared += 1
    sayNowAndThen()
    if (differences.length > 0) throw new Error(differences.join('\n'))
  }),
  { numRuns: cases, seed },
)
const seconds = ((Date.now() - begun) / 1_000).toFixed(0)
if (outcome.failed) {
  console.error(`After ${outcome.numRuns} lives, and made as small as it would go:`)
  console.error(JSON.stringify(outcome.counterexample?.[0], null, 2))
  console.error(
    outcome.errorInstance instanceof Error ? outcome.errorInstance.message : outcome.errorInstance,
  )
  process.exitCode = 1
} else {
  console.log(`${outcome.numRuns} lives in ${seconds} s: no difference.`)
}

function sayNowAndThen(): void {
  if (Date.now() - saidAt < SAY_EVERY_MS) return
  saidAt = Date.now()
  console.log(`${String(compared).padStart(6)} lives`)
}
