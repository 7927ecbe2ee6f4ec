import type { Place } from './place.ts'
import { openPlace } from './place.ts'
import { type Program, type ProgramSpec, startProgram } from './program.ts'
import { type Machine, machine, type Plan } from './report.ts'

/** One thing that `npm run bench` measures; `--only <name>` measures it alone. */
export interface Part<Result = unknown> {
  name: string
  /** Whether it belongs to a quick run too. */
  inQuick: boolean
  measure(bench: Bench): Promise<Result>
  /** What it says on the terminal and in the README, line by line. */
  words(result: Result, plan: Plan): string[]
}

/** How something that has been brought up, or is still being, goes down again. */
export type Stops = { stop(): Promise<void> }[]

/**
 * What a run has brought up so far. Every piece is noted at the moment its start begins, so that an interruption misses none,
 * and goes down in reverse.
 */
export class Bench {
  readonly plan: Plan
  /** A folder for CPU profiles, or null. */
  readonly profile: string | null
  #machine: Machine | null = null
  readonly #stops: Stops = []
  #goingDown: Promise<void> = Promise.resolve()
  readonly #shared = new Map<unknown, Promise<unknown>>()

  constructor(plan: Plan, profile: string | null) {
    this.plan = plan
    this.profile = profile
  }

  /** The machine as it was before the first part. @throws when nothing has been brought up. */
  get machine(): Machine {
    if (!this.#machine) throw new Error('nothing was measured')
    return this.#machine
  }

  async openPlace(): Promise<Place> {
    const opening = openPlace()
    this.#stops.push({ stop: async () => (await opening.catch(() => null))?.close() })
    const place = await opening
    this.#machine ??= machine(place)
    return place
  }

  start(spec: ProgramSpec): Promise<Program> {
    const starting = startProgram(spec)
    this.#stops.push({ stop: async () => (await starting.catch(() => null))?.stop() })
    return starting
  }

  /** What several parts use: made when it is first asked for, and again after everything was taken down. */
  shared<T>(make: (bench: Bench) => Promise<T>): Promise<T> {
    const made = this.#shared.get(make) ?? make(this)
    this.#shared.set(make, made)
    return made as Promise<T>
  }

  /** What comes next has the machine for itself. Whoever asks while something is going down waits for that too. */
  takeDown(): Promise<void> {
    this.#shared.clear()
    this.#goingDown = this.#goingDown.then(async () => {
      for (let part = this.#stops.pop(); part; part = this.#stops.pop()) await part.stop()
    })
    return this.#goingDown
  }
}
