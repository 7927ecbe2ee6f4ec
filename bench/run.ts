/** npm run bench [-- --quick] [-- --only dashboard|check-off|settling] [-- --profile folder]. See README.md beside this. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { onInterrupt } from '../src/embedded/interrupts.ts'
import { measureCheckOff } from './check-off.ts'
import { measureDashboard } from './dashboard.ts'
import { machine, type Plan, type Results, table, write } from './report.ts'
import { profileSettling } from './settling/profile.ts'
import { setSettlingStage } from './settling/stage.ts'
import { measureSettling } from './settling.ts'
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
  settling: options.quick
    ? { rounds: 3, secondsPerRun: 1, warmUpSeconds: 1, limitedSeconds: 2, savers: 300 }
    : { rounds: 5, secondsPerRun: 6, warmUpSeconds: 4, limitedSeconds: 10, savers: 1_500 },
}
const KEPT_IN = fileURLToPath(new URL('results/latest.json', import.meta.url))

/** Newest last; all of it goes down again in reverse, whatever happens. */
const stops: Stops = []
let stopping: Promise<void> | undefined
let goingDown: Promise<void> = Promise.resolve()

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
  const { only } = options
  const isMeasured = (name: string) => only === '' || only === name
  const date = new Date().toISOString()
  const web = isMeasured('dashboard') || isMeasured('check-off') ? await measureWeb(isMeasured) : null
  const settling = isMeasured('settling') ? await measureWorker() : null
  const on = web?.on ?? settling?.on
  if (!on) throw new Error(`there is nothing called ${only}`)
  return {
    date,
    machine: on,
    plan,
    dashboard: web?.dashboard ?? null,
    checkOff: web?.checkOff ?? null,
    settling: settling?.results ?? null,
  }
}

async function measureWeb(isMeasured: (name: string) => boolean) {
  console.log('Preparing a database and a saver with a month of habits …')
  const profiling = options.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const stage = await setStage(plan, stops, profiling)
  const on = machine(stage.place)
  const dashboard = isMeasured('dashboard') ? await measureDashboard(stage) : null
  const checkOff = isMeasured('check-off') ? await measureCheckOff(stage) : null
  // The worker gets a database and the machine for itself.
  await takeDown()
  return { on, dashboard, checkOff }
}

async function measureWorker() {
  console.log('Preparing a database, an emulated bank and savers who are linked to it …')
  const stage = await setSettlingStage(plan.settling.savers, stops)
  const on = machine(stage.place)
  const results = await measureSettling(stage, plan)
  if (options.profile !== '') await profileSettling(stage, options.profile)
  return { on, results }
}

/** Only a whole run is worth keeping. */
async function keep(results: Results): Promise<void> {
  if (options.quick || options.only !== '' || options.profile !== '') return
  await write(results, KEPT_IN)
  console.log('\nEvery run is in bench/results/latest.json.')
}

function stopAll(): Promise<void> {
  stopping ??= takeDown()
  return stopping
}

/** Whoever asks while something is going down already waits for that too. */
function takeDown(): Promise<void> {
  goingDown = goingDown.then(async () => {
    for (let part = stops.pop(); part; part = stops.pop()) await part.stop()
  })
  return goingDown
}
