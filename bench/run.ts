/**
 * npm run bench [-- --quick] [-- --only name] [-- --profile]. See README.md beside this: the parts have their names there.
 * A whole run writes results/latest.json and the table of the project's README.
 */
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { onInterrupt } from '../src/embedded/interrupts.ts'
import { checkOff } from './check-off.ts'
import { dashboard } from './dashboard.ts'
import { growth } from './growth.ts'
import { MONTHS } from './history/both.ts'
import { overload } from './overload.ts'
import { pages } from './pages.ts'
import { Bench, type Part } from './part.ts'
import { headline, type Kept, keep, type Plan, writeBetweenMarks } from './report.ts'
import { restart } from './restart.ts'
import { settling } from './settling.ts'
import { slowBank } from './slow-bank.ts'
import { start } from './start.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    profile: { type: 'boolean', default: false },
  },
})
const plan: Plan = {
  quick: options.quick,
  connections: 8,
  ...(options.quick
    ? {
        pairs: 3,
        secondsPerRun: 2,
        warmUpSeconds: 2,
        overloadSeconds: 20,
        growth: { months: 13, savers: 2_000, pairs: 3, secondsPerRun: 1.5, warmUpSeconds: 1 },
      }
    : {
        pairs: 5,
        secondsPerRun: 4,
        // A process runs for a day; V8 takes some thousand requests to compile what they come through as well as it can.
        warmUpSeconds: 10,
        overloadSeconds: 300,
        growth: { months: MONTHS, savers: 100_000, pairs: 11, secondsPerRun: 3, warmUpSeconds: 10 },
      }),
  settling: options.quick
    ? { rounds: 3, secondsPerRun: 1, warmUpSeconds: 1, limitedSeconds: 2, savers: 300 }
    : { rounds: 5, secondsPerRun: 4, warmUpSeconds: 3, limitedSeconds: 10, savers: 1_500 },
}
const KEPT_IN = fileURLToPath(new URL('results/latest.json', import.meta.url))
/** Not kept with the code: they are large, and of one machine. */
const PROFILES = fileURLToPath(new URL('results/profiles/', import.meta.url))
const README = fileURLToPath(new URL('../README.md', import.meta.url))

/** A part whose results only itself understands. */
type AnyPart = Pick<Part, 'name' | 'inQuick'> & {
  run(bench: Bench): Promise<unknown>
  wordsOf(kept: Kept): string[]
}

/** Those that share a stage stand together. */
const PARTS: AnyPart[] = [
  part(dashboard),
  part(checkOff),
  part(pages),
  part(restart),
  part(overload),
  part(slowBank),
  part(growth),
  part(settling),
  part(start),
]

function part<Result>({ name, inQuick, measure, words }: Part<Result>): AnyPart {
  return {
    name,
    inQuick,
    run: measure,
    wordsOf: ({ result, plan }) => words(result as Result, plan),
  }
}

const bench = new Bench(plan, options.profile ? PROFILES : null)
let isStopped = false
const stop = () => {
  isStopped = true
  return bench.takeDown()
}

onInterrupt({
  stop,
  kill: stop,
  log: (line) => console.log(line),
  // Stopping went well, but nothing was measured.
  exit: (code) => process.exit(code || 130),
})
try {
  await measureAll()
  await bench.takeDown()
  process.exit()
} catch (error) {
  // Interrupted: what fails from then on fails because its other side has been stopped. Whoever was asked to stop ends this.
  if (!isStopped) {
    console.error(error)
    await bench.takeDown()
    process.exit(1)
  }
}

/** What has been measured in full is kept part by part, so that a part can be measured again by itself. */
async function measureAll(): Promise<void> {
  const { only, quick, profile } = options
  const wanted = only.split(',').filter(Boolean)
  const chosen = PARTS.filter(({ name, inQuick }) =>
    wanted.length === 0 ? inQuick || !quick : wanted.includes(name),
  )
  if (chosen.length === 0)
    throw new Error(`there is nothing called ${only}, but ${PARTS.map(({ name }) => name).join(', ')}`)
  const measured: Record<string, Kept> = {}
  for (const { name, run } of chosen) {
    const loadBefore = loadavg()[0] ?? 0
    const result = await run(bench)
    const date = new Date().toISOString()
    measured[name] = { date, machine: { ...bench.machine, loadBefore }, plan, result }
    console.log(`\n${textOf(chosen, measured)}\n`)
    if (quick || profile) continue
    const kept = await keep({ [name]: measured[name] }, KEPT_IN)
    await writeBetweenMarks(textOf(PARTS, kept), README)
    console.log(`${name} is in bench/results/latest.json and in README.md.`)
  }
}

function textOf(parts: readonly AnyPart[], kept: Record<string, Kept>): string {
  return parts
    .flatMap(({ name, wordsOf }) => {
      const of = kept[name]
      return of ? [headline(name, of), '', ...wordsOf(of), ''] : []
    })
    .join('\n')
    .trimEnd()
}
