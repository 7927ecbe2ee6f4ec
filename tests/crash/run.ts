/**
 * npm run test:crash -- [--kills N] [--seed N] [--logs folder]
 * Kills web, workers, bank and database again and again while savers check off, and then counts: nothing may have been paid
 * twice, and nothing be lost.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { onInterrupt } from '../../src/embedded/interrupts.ts'
import { Journal } from './journal.ts'
import { KillLog } from './kill-log.ts'
import { createKiller } from './killer.ts'
import { keepCheckingOff } from './load.ts'
import { createRandom } from './random.ts'
import { keepLinked, unlinked } from './relinking.ts'
import { progressLine, type Run, report } from './report.ts'
import { comeToRest } from './rest.ts'
import { type Stops, setStage } from './stage.ts'
import { judge } from './verdict/index.ts'

const PROGRESS_EVERY_MS = 5_000

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    logs: { type: 'string' },
  },
})
const kills = wholeNumber(options.kills)
const seed = wholeNumber(options.seed)

/** Newest last; all of it goes down again in reverse, whatever happens. */
const stops: Stops = []
let stoppingAll: Promise<void> | undefined
const interrupted = new AbortController()

onInterrupt({
  stop: stopAll,
  kill: stopAll,
  log: (line) => console.log(line),
  // Stopping went well, but nothing was proved.
  exit: (code) => process.exit(code || 130),
})
try {
  const isKept = await killAndCount()
  await stopAll()
  process.exit(isKept ? 0 : 1)
} catch (error) {
  // Interrupted: what fails from then on fails because its other side has been stopped.
  if (interrupted.signal.aborted) await stopAll()
  else {
    console.error(error)
    console.error(`seed ${seed}`)
    await stopAll()
    process.exit(1)
  }
}

/** @returns whether the promise was kept. */
async function killAndCount(): Promise<boolean> {
  const begunAt = performance.now()
  const random = createRandom(seed)
  const log = new KillLog()
  const killer = createKiller(random, log)
  console.log(`Bringing up a database, a bank, a web process, two workers and their savers; seed ${seed} …`)
  const stage = await setStage(stops, options.logs ?? null, killer.onStep)
  const run: Run = { seed, kills, begunAt, stage, journal: new Journal(), log }

  const done = new AbortController()
  const over = AbortSignal.any([interrupted.signal, done.signal])
  const restMs = await Promise.race([
    untilRest(run, () => killer.run(stage, kills, over)),
    tellProgress(run, over),
  ]).finally(() => done.abort())
  const verdict = await judge(stage, run.journal, log)
  console.log(report(run, verdict, restMs))
  return verdict.faults.length === 0 && restMs !== null
}

/** Savers check off while things die; then nobody dies any more, and all that is under way comes to its end. */
async function untilRest({ stage, journal }: Run, die: () => Promise<void>): Promise<number | null> {
  const enough = new AbortController()
  const linked = new AbortController()
  const untilStopped = (own: AbortController) => AbortSignal.any([interrupted.signal, own.signal])
  const world = { look: stage.look, journal, random: createRandom(seed + 1) }
  const load = Promise.all(stage.savers.map((saver) => keepCheckingOff(saver, world, untilStopped(enough))))
  const linking = keepLinked(stage.savers, stage.look, journal, untilStopped(linked))
  await Promise.race([die(), load, linking])
  enough.abort()
  await Promise.race([load, linking])
  const restMs = await Promise.race([comeToRest(stage, interrupted.signal), linking])
  linked.abort()
  await linking
  const left = await unlinked(stage.savers, stage.look)
  if (left.length > 0) console.log(`${left.length} savers have no bank link at the end`)
  return restMs ?? null
}

async function tellProgress(run: Run, over: AbortSignal): Promise<never> {
  for (;;) {
    await pause(PROGRESS_EVERY_MS, undefined, { signal: over })
    console.log(await progressLine(run))
  }
}

function stopAll(): Promise<void> {
  interrupted.abort()
  stoppingAll ??= (async () => {
    for (const stop of stops.toReversed())
      await stop().catch((error: unknown) => console.error('while stopping:', error))
  })()
  return stoppingAll
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is not a whole number`)
  return Number(text)
}
