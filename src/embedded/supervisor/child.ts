import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { SupervisorOptions } from '../supervisor.ts'
import { becomesReady } from './readiness.ts'

export interface ChildSpec {
  /** Short: it stands before each of its lines. */
  name: string
  /** The program's file, absolute. */
  file: string
  /** On top of this process's own environment. */
  env: Record<string, string>
  /** A line it says, or an address that answers with 2xx, once it does its work. */
  ready: RegExp | { url: string }
}

export interface Supervised {
  name: string
  pid(): number | null
  /** Rejects when the first life ends, or time runs out, before it is ready. */
  ready: Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

interface Life {
  process: ChildProcess
  ended: Promise<string>
  lines: EventTarget
}

/** Makes any child end when we do, without its help; see leash.ts. */
const LEASH = new URL('./leash.ts', import.meta.url).href

/** Keeps one Node program running until told to stop. */
export function superviseOne(
  spec: ChildSpec,
  options: Required<SupervisorOptions> & { label: string },
): Supervised {
  const say = (line: string) => options.log(`${options.label} | ${line}`)
  const stopped = new AbortController()
  let life: Life | null = startLife(spec, say)
  const ready = firstReadiness(spec, life, options.readyWithinMs, stopped.signal)
  // Whoever waits for it hears of it; nobody may be left to.
  ready.catch(() => {})

  const lives = keepAlive()
  async function keepAlive(): Promise<void> {
    let restarts = 0
    while (life) {
      const bornAt = performance.now()
      const reason = await life.ended
      life = null
      const gotReady = await ready.then(
        () => true,
        () => false,
      )
      if (stopped.signal.aborted || !gotReady) return
      if (performance.now() - bornAt >= options.wellAfterMs) restarts = 0
      if (restarts === options.mostRestarts) {
        say(`ended (${reason}) and is given up after ${restarts} restarts in a row`)
        options.onGivenUp(spec.name)
        return
      }
      const pauseMs = Math.min(options.firstPauseMs * 2 ** restarts, options.longestPauseMs)
      restarts += 1
      say(`ended unexpectedly (${reason}); starting again in ${pauseMs} ms`)
      await pause(pauseMs, undefined, { signal: stopped.signal }).catch(() => {})
      if (stopped.signal.aborted) return
      life = startLife(spec, say)
    }
  }

  return {
    name: spec.name,
    pid: () => life?.process.pid ?? null,
    ready,
    async stop() {
      stopped.abort()
      const current = life
      if (current) {
        current.process.kill('SIGTERM')
        const slow = await Promise.race([
          current.ended.then(() => false),
          pause(options.stopWithinMs, true, { ref: false }),
        ])
        if (slow) {
          say(`did not stop within ${options.stopWithinMs} ms and was killed`)
          killGroup(current.process)
        }
      }
      await lives
    },
    async kill() {
      stopped.abort()
      if (life) killGroup(life.process)
      await lives
    },
  }
}

function startLife(spec: ChildSpec, say: (line: string) => void): Life {
  const child = spawn(process.execPath, ['--import', LEASH, spec.file], {
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C in a terminal reaches us alone, and the group can be killed as a whole.
    detached: true,
  })
  const lines = new EventTarget()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      say(line)
      lines.dispatchEvent(new CustomEvent('line', { detail: line }))
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      // What it started itself, and did not stop, goes with it.
      killGroup(child)
      resolve(signal ?? `exit code ${code}`)
    })
  })
  return { process: child, ended, lines }
}

async function firstReadiness(
  spec: ChildSpec,
  life: Life,
  withinMs: number,
  stopped: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const tooLate = AbortSignal.timeout(withinMs)
  const signal = AbortSignal.any([over.signal, tooLate, stopped])
  try {
    const first = await Promise.race([becomesReady(spec.ready, life.lines, signal), life.ended])
    if (first === 'ready') return
    if (first === 'aborted') {
      throw new Error(
        stopped.aborted ? `${spec.name} was stopped` : `${spec.name} was not ready within ${withinMs} ms`,
      )
    }
    throw new Error(`${spec.name} ended before it was ready (${first})`)
  } finally {
    over.abort()
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is empty: nothing is left.
  }
}
