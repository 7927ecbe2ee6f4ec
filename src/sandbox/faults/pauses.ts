/** Waiting in real time that ends early when the emulator closes. */

import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export class Pauses {
  readonly #closing = new AbortController()

  constructor() {
    // One listener for every call that waits at the moment, which may be any number.
    setMaxListeners(0, this.#closing.signal)
  }

  /** @returns false when the emulator has closed meanwhile. */
  async wait(milliseconds: number): Promise<boolean> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => undefined)
    return !this.#closing.signal.aborted
  }

  close(): void {
    this.#closing.abort()
  }
}
