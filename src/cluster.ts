/**
 * Looks after the web processes of one machine: they share its port, one that dies is replaced, and all of them are replaced one
 * after another on SIGHUP. Nothing of the app is loaded here, so that it stays small and has nothing to die of.
 */
import cluster, { type Worker } from 'node:cluster'

/** All times in milliseconds. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** One that lived so long counts as well: the next death is the first again. */
const WELL_AFTER_MS = 60_000
const READY_WITHIN_MS = 60_000
/** They end themselves after 25 seconds; the platform kills everything after 30. */
const KILL_AFTER_MS = 27_000
const LEVELS = ['error', 'warn', 'info', 'debug']

type Level = 'error' | 'warn' | 'info'

/**
 * Starts the first, and the others as soon as it is ready; from then on there are as many as wanted. Ends with the process: with
 * 0 when told to (SIGTERM, SIGINT, or the parent has gone), and with the exit code of the first one if that never got ready.
 */
export function superviseWeb(wanted: number, { logLevel }: { logLevel: string }): void {
  const say = createSay(logLevel)
  /** Those that shall go on, and since when; whoever was told to leave is no longer among them. */
  const lives = new Map<Worker, number>()
  let hasBeenReady = false
  let isStopping = false
  let deathsInARow = 0
  let rolling: Promise<void> | null = null
  let rollsAgain = false

  cluster.on('exit', (worker, code, signal) => {
    const since = lives.get(worker)
    lives.delete(worker)
    if (since === undefined || isStopping) return
    say('error', 'a web process has died', { process: worker.process.pid, code, signal })
    if (!hasBeenReady) return void stop('the first one did not get ready', code || 1)
    if (performance.now() - since >= WELL_AFTER_MS) deathsInARow = 0
    const pauseMs =
      deathsInARow === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (deathsInARow - 1), LONGEST_PAUSE_MS)
    deathsInARow += 1
    setTimeout(startMissing, pauseMs)
  })
  cluster.on('listening', (worker) => {
    if (hasBeenReady || !lives.has(worker)) return
    hasBeenReady = true
    startMissing()
  })
  process.on('SIGTERM', () => stop('SIGTERM', 0))
  process.on('SIGINT', () => stop('SIGINT', 0))
  process.on('SIGHUP', roll)
  process.on('disconnect', () => stop('parent gone', 0))
  start()

  function start(): Worker {
    const worker = cluster.fork()
    lives.set(worker, performance.now())
    return worker
  }

  function startMissing(): void {
    while (!isStopping && lives.size < wanted) {
      const { pid } = start().process
      say('info', 'a web process starts', { process: pid })
    }
  }

  /** Also after another version has been put in our place on the disk: whoever is started anew runs that. */
  function roll(): void {
    rollsAgain = rolling !== null
    rolling ??= rollAll().finally(() => {
      rolling = null
      if (rollsAgain) roll()
    })
  }

  async function rollAll(): Promise<void> {
    const old = [...lives.keys()]
    say('info', 'rolling restart', { processes: old.length })
    for (const [turn, worker] of old.entries()) {
      if (isStopping) return
      const fresh = start()
      if (!(await becomesReady(fresh))) {
        fresh.process.kill('SIGKILL')
        return say('error', 'rolling restart given up: the new process did not get ready', {
          done: turn,
          of: old.length,
        })
      }
      await leave(worker)
      say('info', 'a web process was replaced', { old: worker.process.pid, process: fresh.process.pid })
    }
    say('info', 'rolling restart done', { processes: old.length })
  }

  async function stop(why: string, exitCode: number): Promise<void> {
    if (isStopping) return
    isStopping = true
    say('info', 'all web processes stop', { why })
    // Also those that are leaving already: without us they would end in the middle of an answer.
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && leave(worker)))
    process.exit(exitCode)
  }

  /** Tells one to stop, which answers what is under way; resolves when it has ended. */
  async function leave(worker: Worker): Promise<void> {
    lives.delete(worker)
    if (worker.isDead()) return
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const kill = setTimeout(() => {
      say('error', 'a web process did not stop in time', { process: worker.process.pid })
      worker.process.kill('SIGKILL')
    }, KILL_AFTER_MS)
    worker.process.kill('SIGTERM')
    await ended
    clearTimeout(kill)
  }
}

function becomesReady(worker: Worker): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), READY_WITHIN_MS)
    const decided = (isReady: boolean) => {
      clearTimeout(late)
      resolve(isReady)
    }
    worker.once('listening', () => decided(true))
    worker.once('exit', () => decided(false))
  })
}

/** Lines as the web processes write them, without what makes theirs large. */
function createSay(logLevel: string) {
  const most = Math.max(0, LEVELS.indexOf(logLevel))
  return (level: Level, message: string, details: Record<string, unknown> = {}) => {
    if (LEVELS.indexOf(level) > most) return
    const timestamp = new Date().toISOString()
    console.log(JSON.stringify({ level, message, service: 'web', ...details, timestamp }))
  }
}
