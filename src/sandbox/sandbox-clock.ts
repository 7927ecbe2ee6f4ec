/** The bank's clock: a given clock plus how far it has been moved ahead. It never runs backwards, not over a restart either. */

import type { Clock } from '../clock.ts'
import type { Store } from './store.ts'

/** The bank only asks what time it is: whatever takes time in it is a comparison of instants. */
export type TimeSource = Pick<Clock, 'now'>

export class SandboxClock implements TimeSource {
  readonly #base: TimeSource
  readonly #store: Store

  constructor(base: TimeSource, store: Store) {
    this.#base = base
    this.#store = store
  }

  now(): Date {
    return new Date(this.#base.now().getTime() + this.offsetMs)
  }

  get offsetMs(): number {
    return this.#store.get('clock', 'clock')?.offsetMs ?? 0
  }

  /** @throws RangeError for a negative, fractional or endless move. */
  advance(milliseconds: number): void {
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0)
      throw new RangeError('the clock moves forward only')
    const offsetMs = this.offsetMs + milliseconds
    if (Number.isNaN(new Date(this.#base.now().getTime() + offsetMs).getTime())) {
      throw new RangeError('beyond the end of time')
    }
    this.#store.write(() => this.#store.put('clock', { id: 'clock', offsetMs }))
  }
}

/** The calendar day of an instant as the bank books it (UTC). */
export function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10)
}

/** @returns an ISO instant. */
export function later(from: Date, milliseconds: number): string {
  return new Date(from.getTime() + milliseconds).toISOString()
}
