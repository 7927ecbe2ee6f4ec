/** Decides who goes on and who dies: every await of the payment path is a point where a process can be killed. */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Stands for SIGKILL: whatever the process had not written by then is gone, and it does nothing any more. */
export class Crashed extends Error {
  constructor() {
    super('the process was killed')
    this.name = 'Crashed'
  }
}

export interface Process {
  name: string
  alive: boolean
  /** So many points from now it is killed; null: never. */
  crashIn: number | null
}

interface Task {
  process: Process
  /** Inside a transaction it holds locks, so nobody else's turn can come. */
  inTransaction: boolean
}

export class Scheduler {
  readonly #tasks = new AsyncLocalStorage<Task>()
  readonly #random: () => number
  readonly #parked: (() => void)[] = []
  readonly #trace: string[] = []
  #running = 0
  #wake: (() => void) | null = null
  crashes = 0
  points = 0
  /** What went wrong in a task that nobody killed. */
  readonly failures: unknown[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  /** Begins a task of a process; it runs up to its first point when its turn comes. */
  begin(process: Process, work: () => Promise<unknown>): void {
    if (!process.alive) return
    this.#running += 1
    void this.#tasks
      .run({ process, inTransaction: false }, async () => {
        await this.point('begin')
        await work()
      })
      .catch((error) => {
        if (process.alive && !(error instanceof Crashed)) this.failures.push(error)
      })
      .finally(() => {
        this.#running -= 1
        this.#wake?.()
      })
  }

  /** Outside of any task it does nothing. @throws Crashed when the process of this task is dead, or dies here. */
  async point(name: string): Promise<void> {
    const task = this.#tasks.getStore()
    if (!task) return
    this.#liveOn(task, name)
    if (task.inTransaction) return
    await new Promise<void>((resolve) => {
      this.#parked.push(resolve)
      this.#running -= 1
      this.#wake?.()
    })
    this.#liveOn(task, name)
  }

  /** Runs work that holds locks: it can be killed at its points, and nobody else's turn comes before it ends. */
  inTransaction<T>(work: () => Promise<T>): Promise<T> {
    const task = this.#tasks.getStore()
    return task ? this.#tasks.run({ ...task, inTransaction: true }, work) : work()
  }

  /** Lets one task go on to its next point. @returns false when there is none. */
  async step(): Promise<boolean> {
    await this.#quiet()
    const [resume] = this.#parked.splice(Math.floor(this.#random() * this.#parked.length), 1)
    if (!resume) return false
    this.#running += 1
    resume()
    await this.#quiet()
    return true
  }

  async drain(): Promise<void> {
    while (await this.step());
  }

  /** The points in the order in which they were passed. */
  trace(): string {
    return this.#trace.join('\n')
  }

  #liveOn({ process }: Task, name: string): void {
    if (!process.alive) throw new Crashed()
    this.points += 1
    this.#trace.push(`${process.name} ${name}`)
    if (process.crashIn === null) return
    process.crashIn -= 1
    if (process.crashIn > 0) return
    process.alive = false
    this.crashes += 1
    throw new Crashed()
  }

  async #quiet(): Promise<void> {
    while (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
