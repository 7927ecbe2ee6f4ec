import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

export interface Program {
  /** Empty for one that listens nowhere. */
  origin: string
  pid: number
  signal(name: NodeJS.Signals): void
  /** Sends a message over the channel and waits for what comes back. */
  tell(message: unknown): Promise<unknown>
  /** It stands still where it is, until it is resumed. Only for one that takes turns. */
  pause(): Promise<void>
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
  takesTurns?: boolean
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
/** A program that can't do its work says so again and again. */
const ERRORS_SHOWN = 3
const TURNS = ['--import', new URL('programs/turns.ts', import.meta.url).href]

/**
 * Starts a Node program as a process of its own. It sees only the environment it is given, and the channel to it makes
 * it end when this process ends in whatever way. A group of its own keeps Ctrl-C for us: we stop it, by its id.
 */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const { takesTurns = false } = spec
  const isHeard = 'line' in spec.ready
  const log = isHeard ? null : await openLog()
  const nodeOptions = [...(takesTurns ? TURNS : []), ...(spec.nodeOptions ?? [])]
  const child = spawn(process.execPath, [...nodeOptions, spec.file], {
    env: { PATH: process.env.PATH, ...spec.env },
    stdio: ['ignore', log?.fd ?? 'pipe', 'inherit', 'ipc', takesTurns ? 'pipe' : 'ignore'],
    detached: true,
  })
  const turns = child.stdio[4] as Writable | null
  const ended = once(child, 'exit').then(() => 'ended' as const)
  const end = async () => {
    await stop(child, ended)
    await log?.close()
  }
  const origin = spec.port === undefined ? '' : `http://127.0.0.1:${spec.port}`
  try {
    if ('path' in spec.ready) await becomesReady(origin + spec.ready.path, child)
    else await saysLine(child, spec.ready.line, ended)
  } catch (error) {
    await end()
    throw error
  }
  const tell = async (message: unknown) => {
    const answer = Promise.race([once(child, 'message'), ended])
    child.send(message as object)
    const came = await answer
    if (came === 'ended') throw new Error(`${spec.file} ended instead of answering`)
    return came[0]
  }
  let isPaused = false
  const resume = () => {
    // A byte more would end the next pause before it begins.
    if (isPaused) turns?.write('.')
    isPaused = false
  }
  return {
    origin,
    pid: child.pid ?? 0,
    tell,
    signal: (name) => void child.kill(name),
    pause: async () => {
      await tell('pause')
      isPaused = true
    },
    resume,
    stop: () => {
      resume()
      return end()
    },
  }
}

/** What it says goes to a file, as in production it goes to whoever keeps logs; of the errors the first are shown at its end. */
async function openLog(): Promise<{ fd: number; close(): Promise<void> }> {
  const path = join(tmpdir(), `sparvana-bench-${randomUUID()}.log`)
  const file = await open(path, 'a')
  let closing: Promise<void> | undefined
  const close = async () => {
    await file.close()
    const lines = (await readFile(path, 'utf8')).split('\n')
    for (const line of lines.filter(isError).slice(0, ERRORS_SHOWN)) console.error(line)
    await rm(path, { force: true })
  }
  return {
    fd: file.fd,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function isError(line: string): boolean {
  return line.includes('"level":"error"')
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
      if (!isError(text)) return
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
  const first = await Promise.race([ended, pause(STOP_WITHIN_MS, 'slow' as const, { ref: false })])
  if (first === 'ended') return
  child.kill('SIGKILL')
  await ended
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
