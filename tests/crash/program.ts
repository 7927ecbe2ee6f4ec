import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { Order } from './programs/at-step.ts'
import { file } from './settings.ts'

export interface ProgramSpec {
  name: string
  file: string
  /** @param life names this life of the program, and no other one. */
  env: (life: string) => Record<string, string>
  /** What it says when it does its work. */
  ready: string
  /** Takes orders to die at a step. */
  hasSteps: boolean
}

/** From when to when, in milliseconds since 1970; `to` null: it still goes on. */
export interface Span {
  from: number
  to: number | null
}

/** One process, from its start to its end. */
export interface Life extends Span {
  name: string
  readyAt: number | null
  /** While it was stopped by SIGSTOP. */
  pauses: Span[]
  /** `killed`: by a signal of ours; otherwise how it ended by itself. */
  end: string | null
}

/** A program has carried out the order to end or to stop at a step. */
export type OnStep = (program: Program, order: Order) => void

const READY_WITHIN_MS = 60_000
/** Who can't start because its database is down tries again. */
const TRY_AGAIN_MS = 250
const KILLED = 'killed'

/** A program that is started again as soon as it has ended, until it is closed. */
export class Program {
  readonly name: string
  readonly lives: Life[] = []
  readonly #spec: ProgramSpec
  readonly #log: WriteStream
  readonly #cache: string
  readonly #onStep: OnStep
  #child: ChildProcess | null = null
  #order: Order | null = null
  #ended: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @param folder where its output goes. */
  constructor(spec: ProgramSpec, folder: string, onStep: OnStep) {
    this.name = spec.name
    this.#spec = spec
    this.#log = createWriteStream(join(folder, `${spec.name}.log`))
    this.#cache = join(folder, 'compiled')
    this.#onStep = onStep
    this.#begin()
  }

  get life(): Life {
    const last = this.lives.at(-1)
    if (!last) throw new Error(`${this.name} was never started`)
    return last
  }

  get isReady(): boolean {
    return this.life.readyAt !== null && this.life.to === null
  }

  /** @throws when it isn't in time. */
  async ready(): Promise<void> {
    const until = performance.now() + READY_WITHIN_MS
    while (!this.isReady) {
      if (this.#isClosed) throw new Error(`${this.name} is closed`)
      if (performance.now() > until) throw new Error(`${this.name} doesn't get ready`)
      await pause(20)
    }
  }

  /** @returns false when there was nothing to kill. */
  kill(): boolean {
    return this.life.to === null && (this.#child?.kill('SIGKILL') ?? false)
  }

  /** For this life and, if it ends, the next ones; null withdraws what it has not come to yet. */
  order(order: Order | null): void {
    this.#order = order
    if (this.#child?.connected) this.#child.send({ order }, () => {})
  }

  stop(): void {
    if (this.#child?.kill('SIGSTOP')) this.notePause()
  }

  /** It has stopped itself, or been stopped. */
  notePause(): void {
    this.life.pauses.push({ from: Date.now(), to: null })
  }

  goOn(): void {
    const last = this.life.pauses.at(-1)
    if (last) last.to ??= Date.now()
    this.#child?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.kill()
    await this.#ended
    this.#log.end()
  }

  #begin(): void {
    const name = `${this.name}.${this.lives.length + 1}`
    const life: Life = { name, from: Date.now(), to: null, readyAt: null, pauses: [], end: null }
    this.lives.push(life)
    const steps = this.#spec.hasSteps ? ['--import', file('programs/at-step.ts')] : []
    const child = spawn(process.execPath, [...steps, this.#spec.file], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: this.#cache, ...this.#spec.env(name) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own keeps Ctrl-C for us: we end it, by its id.
      detached: true,
    })
    this.#child = child
    this.#listen(child, life)
    if (this.#order) this.order(this.#order)
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        life.to = Date.now()
        life.end = signal === 'SIGKILL' ? KILLED : (signal ?? `exit code ${code}`)
        resolve()
        void this.#beginAgain(life)
      })
    })
  }

  async #beginAgain(before: Life): Promise<void> {
    if (before.end !== KILLED) await pause(TRY_AGAIN_MS)
    if (!this.#isClosed) this.#begin()
  }

  #listen(child: ChildProcess, life: Life): void {
    child.stderr?.pipe(this.#log, { end: false })
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#log.write(`${line}\n`)
      if (line.includes(this.#spec.ready)) life.readyAt ??= Date.now()
      const [, reached] = /^reached: (.*)$/.exec(line) ?? []
      if (reached) this.#onStep(this, JSON.parse(reached))
    })
  }
}

/** Lives that ended although nobody killed them. */
export function endedUnasked(programs: readonly Program[]): Life[] {
  return programs.flatMap(({ lives }) => lives).filter(({ end }) => end !== null && end !== KILLED)
}
