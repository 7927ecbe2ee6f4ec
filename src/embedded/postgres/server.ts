import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { isPortFree, unusedPort } from '../ports.ts'
import { spawnOptions } from './account.ts'
import { guardServer } from './guard.ts'
import type { Account, Binaries, Log } from './types.ts'

export interface RunningServer {
  port: number
  ended: Promise<void>
  stop(): Promise<void>
}

interface ServerOptions {
  cluster: string
  account: Account
  binaries: Binaries
  /** Null: any free one. */
  port: number | null
  quick: boolean
  log: Log
}

/** A server that went down hard replays its journal first; that may take a while on a slow disk. */
const READY_WITHIN_MS = 120_000

/** Sessions of a server that was killed need a moment to notice; a port may be taken between choice and use. */
const ATTEMPTS = 40
const ATTEMPT_PAUSE_MS = 250
const PORT_TAKEN = /Address already in use/i
const NOT_QUITE_GONE = /shared memory block|lock file "postmaster.pid" already exists/i

/** SIGINT cuts sessions and writes everything; SIGQUIT ends at once, SIGKILL without its consent. */
const STOP_STEPS = [
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
] as const

/** Starts a server over `cluster` and resolves when it accepts connections. Throws with its own last words. */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  if (options.port !== null && !(await isPortFree(options.port))) {
    throw new Error(`PostgreSQL was asked to use port ${options.port}, which is busy`)
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await unusedPort())
    const started = await tryServer(options, port)
    if (started.kind === 'running') return started.server
    const passing =
      NOT_QUITE_GONE.test(started.output) || (PORT_TAKEN.test(started.output) && options.port === null)
    if (!passing || attempt === ATTEMPTS) throw new Error(`PostgreSQL did not start:\n${started.output}`)
    await pause(ATTEMPT_PAUSE_MS)
  }
}

type Attempt = { kind: 'running'; server: RunningServer } | { kind: 'failed'; output: string }

async function tryServer(
  { cluster, account, binaries, quick, log }: ServerOptions,
  port: number,
): Promise<Attempt> {
  const child = spawn(join(binaries.folder, 'postgres'), serverArguments(cluster, port, quick), {
    ...spawnOptions(account),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let phase: 'starting' | 'running' | 'stopping' = 'starting'
  const lastLines: string[] = []
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      lastLines.push(error.message)
      resolve()
    })
  })
  const ready = new Promise<'ready'>((resolve) => {
    if (!child.stderr) return
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLines.push(line)
      if (lastLines.length > 30) lastLines.shift()
      if (phase === 'starting' && line.includes('ready to accept connections')) resolve('ready')
      if (phase === 'running' && /(FATAL|PANIC):/.test(line)) log(line)
    })
  })

  const tooLong = AbortSignal.timeout(READY_WITHIN_MS)
  const first = await Promise.race([ready, ended, expiry(tooLong)])
  if (first !== 'ready' || child.pid === undefined) {
    await stopChild(child, ended)
    return { kind: 'failed', output: lastLines.join('\n') || 'it said nothing' }
  }

  phase = 'running'
  const dismissGuard = guardServer(child.pid, account)
  const over = ended.then(async () => {
    if (phase === 'running') log('PostgreSQL has ended without being asked to')
    await dismissGuard()
  })
  const stop = async () => {
    phase = 'stopping'
    await stopChild(child, ended)
    await over
  }
  return { kind: 'running', server: { port, ended: over, stop } }
}

function serverArguments(cluster: string, port: number, quick: boolean): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    // A socket's folder would have to be safe from others, and its path short; the port does everything.
    unix_socket_directories: '',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // To stderr, and no errors of single statements: their details quote values of rows.
    logging_collector: 'off',
    log_destination: 'stderr',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    ...(quick && {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      wal_level: 'minimal',
      max_wal_senders: '0',
      autovacuum_naptime: '1h',
    }),
  }
  return [
    '-D',
    cluster,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
  ]
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  for (const { signal, patienceMs } of STOP_STEPS) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    const done = await Promise.race([ended.then(() => true), pause(patienceMs, false, { ref: false })])
    if (done) return
  }
}

function expiry(signal: AbortSignal): Promise<'expired'> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('expired'), { once: true }))
}
