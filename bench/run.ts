/** npm run bench [-- --quick] [-- --only dashboard|check-off] [-- --profile folder]. See README.md beside this. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { onInterrupt } from '../src/embedded/interrupts.ts'
import { measureCheckOff } from './check-off.ts'
import { measureDashboard } from './dashboard.ts'
import { machine, type Plan, type Results, table, write } from './report.ts'
import { type Stops, setStage } from './stage.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    profile: { type: 'string', default: '' },
  },
})
const plan: Plan = {
  quick: options.quick,
  connections: 8,
  ...(options.quick
    ? { pairs: 3, secondsPerRun: 2, warmUpSeconds: 2 }
    : { pairs: 5, secondsPerRun: 6, warmUpSeconds: 4 }),
}
const KEPT_IN = fileURLToPath(new URL('results/latest.json', import.meta.url))

/** Newest last; all of it goes down again in reverse, whatever happens. */
const stops: Stops = []
let stopping: Promise<void> | undefined

onInterrupt({
  stop: stopAll,
  kill: stopAll,
  log: (line) => console.log(line),
  // Stopping went well, but nothing was measured.
  exit: (code) => process.exit(code || 130),
})
try {
  const results = await measure()
  await stopAll()
  console.log(`\n${table(results)}`)
  await keep(results)
  process.exit()
} catch (error) {
  // Interrupted: what fails from then on fails because its other side has been stopped.
  if (stopping) await stopping
  else {
    console.error(error)
    await stopAll()
    process.exit(1)
  }
}

async function measure(): Promise<Results> {
  console.log('Preparing a database and a saver with a month of habits …')
  const profiling = options.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const stage = await setStage(plan, stops, profiling)
  return {
    date: new Date().toISOString(),
    machine: machine(stage.place),
    plan,
    dashboard: options.only === 'check-off' ? null : await measureDashboard(stage),
    checkOff: options.only === 'dashboard' ? null : await measureCheckOff(stage),
  }
}

/** Only a whole run is worth keeping. */
async function keep(results: Results): Promise<void> {
  if (options.quick || options.only !== '' || options.profile !== '') return
  await write(results, KEPT_IN)
  console.log('\nEvery run is in bench/results/latest.json.')
}

function stopAll(): Promise<void> {
  stopping ??= (async () => {
    for (const part of stops.toReversed()) await part.stop()
  })()
  return stopping
}
