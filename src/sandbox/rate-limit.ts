/** Calls per second of the bank's clock, for the one app this bank knows. */

import type { Settings } from './settings.ts'

/** What the headers claim when nothing is limited: the size of the public sandbox's plan. */
const UNLIMITED = 10_000

export class RateLimit {
  readonly #settings: Settings
  #second = 0
  #calls = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Counts a call; false if it is one too many. */
  allows(now: Date): boolean {
    const second = Math.floor(now.getTime() / 1_000)
    if (second !== this.#second) this.#calls = 0
    this.#second = second
    this.#calls += 1
    const limit = this.#settings.rateLimitPerSecond
    return limit === null || this.#calls <= limit
  }

  reset(): void {
    this.#calls = 0
  }

  headers(): Record<string, string> {
    const limit = this.#settings.rateLimitPerSecond ?? UNLIMITED
    const remaining = Math.max(0, limit - this.#calls)
    return {
      'X-RateLimit-Limit': `name=default-rate,${limit};`,
      'X-RateLimit-Remaining': `name=default-rate,${remaining};`,
    }
  }
}
