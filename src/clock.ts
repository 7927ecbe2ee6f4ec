/** Time is handed in, never taken from the air, so that tests can move it. */
export interface Clock {
  now(): Date
}

/** A clock that can also be waited on. */
export interface Timer extends Clock {
  /** Resolves when so many milliseconds have passed by this clock. */
  sleep(milliseconds: number): Promise<void>
}

export const systemClock: Timer = {
  now: () => new Date(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}

/** A clock that stands still until it is moved; it never runs backwards. */
export class ManualClock implements Timer {
  #now: number
  #sleepers: { until: number; wake: () => void }[] = []

  constructor(start: Date | string) {
    this.#now = new Date(start).getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  advance(milliseconds: number): void {
    if (milliseconds < 0) throw new RangeError('a clock runs forward only')
    this.#now += milliseconds
    const due = this.#sleepers.filter(({ until }) => until <= this.#now)
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now)
    for (const { wake } of due) wake()
  }

  sleep(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve()
    return new Promise((wake) => this.#sleepers.push({ until: this.#now + milliseconds, wake }))
  }

  /** When the next sleeper wakes, if anybody sleeps. */
  get nextWakeAt(): Date | null {
    return this.#sleepers.length === 0
      ? null
      : new Date(Math.min(...this.#sleepers.map(({ until }) => until)))
  }
}

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
