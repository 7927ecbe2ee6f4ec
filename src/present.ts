/**
 * Those that are here at this moment, of whom many come and go. A Set forgets nobody at once: when V8 makes its table anew, the one
 * before keeps what was in it and knows the one after, so that a row of old tables holds on to everybody until all of the heap is
 * collected. Here whoever leaves leaves nothing behind.
 */
export class Present<One> {
  readonly #places: Place<One>[] = []

  get size(): number {
    return this.#places.length
  }

  /** @returns what to call when they leave; a second time it does nothing. */
  add(one: One): () => void {
    const place: Place<One> = { one, at: this.#places.length }
    this.#places.push(place)
    return () => this.#leave(place)
  }

  *[Symbol.iterator](): Iterator<One> {
    for (const { one } of this.#places) yield one
  }

  /** Whoever came last takes the place. */
  #leave(place: Place<One>): void {
    const { at } = place
    if (at < 0) return
    const last = this.#places.pop() as Place<One>
    if (last !== place) {
      this.#places[at] = last
      last.at = at
    }
    place.at = -1
  }
}

interface Place<One> {
  readonly one: One
  /** Its index, or -1 for one that is left. */
  at: number
}
