import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

export interface Program {
  /** Empty for one that listens nowhere. */
  origin: string
  /** Sends a message over the channel and waits for what comes back. */
  tell(message: unknown): Promise<unknown>
  /** The process stands still where it is, until it is resumed. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export interface ProgramSpec {
  file: string
  env: Record<string, string>
  nodeOptions?: readonly string[]
  port?: number
  /** What tells that it does its work: an address that answers 200, or a line it says. */
  ready: { path: string } | { line: string }
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
/** A program that can't do its work says so again and again. */
const ERRORS_SHOWN = 3

/**
 * Starts a Node program as a process of its own. It sees only the environment it is given, and the channel to it makes
 * it end when this process ends in whatever way. A group of its own keeps Ctrl-C for us: we stop it, by its id.
 */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const child = spawn(process.execPath, [...(spec.nodeOptions ?? []), spec.file], {
    env: { PATH: process.env.PATH, ...spec.env },
    stdio: ['ignore', 'line' in spec.ready ? 'pipe' : 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  const ended = once(child, 'exit').then(() => 'ended' as const)
  const origin = spec.port === undefined ? '' : `http://127.0.0.1:${spec.port}`
  try {
    if ('path' in spec.ready) await becomesReady(origin + spec.ready.path, child)
    else await saysLine(child, spec.ready.line, ended)
  } catch (error) {
    await stop(child, ended)
    throw error
  }
  return {
    origin,
    tell: async (message) => {
      const answer = Promise.race([once(child, 'message'), ended])
      child.send(message as object)
      const came = await answer
      if (came === 'ended') throw new Error(`${spec.file} ended instead of answering`)
      return came[0]
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: () => stop(child, ended),
  }
}

async function becomesReady(url: string, child: ChildProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 50) {
    if (hasEnded(child)) throw new Error(`${url} ended before it was ready`)
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (isReady) return
    await pause(50)
  }
  throw new Error(`${url} was not ready within ${READY_WITHIN_MS} ms`)
}

/** Of what else it says, only the first errors are shown. */
async function saysLine(child: ChildProcess, line: string, ended: Promise<'ended'>): Promise<void> {
  if (!child.stdout) throw new Error('nobody hears what it says')
  const lines = createInterface({ input: child.stdout })
  let errors = 0
  const said = new Promise<'said'>((resolve) => {
    lines.on('line', (text) => {
      if (text.includes(line)) resolve('said')
      if (!text.includes('"level":"error"')) return
      errors += 1
      if (errors <= ERRORS_SHOWN) console.error(text)
    })
  })
  const first = await Promise.race([said, ended, pause(READY_WITHIN_MS, 'slow' as const, { ref: false })])
  if (first !== 'said') throw new Error(`a program did not say "${line}" (${first})`)
}

async function stop(child: ChildProcess, ended: Promise<'ended'>): Promise<void> {
  if (hasEnded(child)) return
  child.kill('SIGTERM')
  // One that stands still hears it only when it goes on.
  child.kill('SIGCONT')
  const first = await Promise.race([ended, pause(STOP_WITHIN_MS, 'slow' as const, { ref: false })])
  if (first === 'ended') return
  child.kill('SIGKILL')
  await ended
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
