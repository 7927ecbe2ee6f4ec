import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { unusedPort } from '../../../src/embedded/ports.ts'

interface Line {
  level: string
  message: string
  process?: number
  [detail: string]: unknown
}

const WITHIN_MS = 90_000
const LOOK_EVERY_MS = 20

/** src/server.ts as the platform runs it: a process, what it says, and how it ends. */
export class Server {
  readonly lines: Line[] = []
  /** What was no log line. */
  complained = ''
  readonly origin: string
  readonly child: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(origin: string, child: ChildProcess) {
    this.origin = origin
    this.child = child
    this.#exited = once(child, 'exit')
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#hear(line))
  }

  /** @param file another version's, perhaps. */
  static async start(
    env: Record<string, string>,
    { file = 'src/server.ts', cwd = process.cwd() } = {},
  ): Promise<Server> {
    const port = await unusedPort()
    const child = spawn(process.execPath, [file], {
      cwd,
      env: { PATH: process.env.PATH, LOG_LEVEL: 'info', ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Server(`http://127.0.0.1:${port}`, child)
  }

  /** The same, when so many of its processes are ready. */
  static async ready(
    env: Record<string, string>,
    options: { file?: string; cwd?: string } = {},
  ): Promise<Server> {
    const server = await Server.start({ ...env, LOG_LEVEL: 'info' }, options)
    await server.says('web ready', Number(env.WEB_CONCURRENCY ?? 1))
    return server
  }

  count(message: string): number {
    return this.lines.filter((line) => line.message === message).length
  }

  /** Of the web processes that have got ready, in that order. */
  get pids(): number[] {
    return this.lines.flatMap((line) => (line.message === 'web ready' && line.process ? [line.process] : []))
  }

  /** @throws when it hasn't said that so often in time, or ends before. */
  async says(message: string, times = 1): Promise<void> {
    const until = performance.now() + WITHIN_MS
    while (this.count(message) < times) {
      if (this.hasEnded || performance.now() > until)
        throw new Error(
          `the server did not say "${message}" ${times} times: ${this.complained}${JSON.stringify(this.lines.slice(-5))}`,
        )
      await pause(LOOK_EVERY_MS)
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** @returns its exit code; null when a signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.hasEnded) {
      this.child.kill(signal)
      await this.#exited
    }
    return this.child.exitCode
  }

  async ended(): Promise<number | null> {
    if (!this.hasEnded) await this.#exited
    return this.child.exitCode
  }

  #hear(line: string): void {
    try {
      this.lines.push(JSON.parse(line))
    } catch {
      this.complained += `${line}\n`
    }
  }
}

/** Whether there is such a process. */
export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
