import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

export interface Program {
  origin: string
  /** Sends a word over the channel and waits for what comes back. */
  tell(word: string): Promise<unknown>
  stop(): Promise<void>
}

export interface ProgramSpec {
  file: string
  env: Record<string, string>
  nodeOptions?: readonly string[]
  port: number
  /** Answers 200 once the program does its work. */
  readyPath: string
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000

/**
 * Starts a Node program as a process of its own. It sees only the environment it is given, and the channel to it makes
 * it end when this process ends in whatever way. A group of its own keeps Ctrl-C for us: we stop it, by its id.
 */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const child = spawn(process.execPath, [...(spec.nodeOptions ?? []), spec.file], {
    env: { PATH: process.env.PATH, ...spec.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  const ended = once(child, 'exit').then(() => 'ended' as const)
  const origin = `http://127.0.0.1:${spec.port}`
  try {
    await becomesReady(origin + spec.readyPath, child)
  } catch (error) {
    await stop(child, ended)
    throw error
  }
  return {
    origin,
    tell: async (word) => {
      const answer = once(child, 'message')
      child.send(word)
      return (await answer)[0]
    },
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

async function stop(child: ChildProcess, ended: Promise<'ended'>): Promise<void> {
  if (hasEnded(child)) return
  child.kill('SIGTERM')
  const first = await Promise.race([ended, pause(STOP_WITHIN_MS, 'slow' as const, { ref: false })])
  if (first === 'ended') return
  child.kill('SIGKILL')
  await ended
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
