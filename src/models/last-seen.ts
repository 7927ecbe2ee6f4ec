/** What a look adds to its session's row. */
export interface Seen {
  /** Milliseconds since 1970. */
  at: number
  /** A JSON object of what is new in the session. */
  parts: string
  /** Seconds since 1970: when its row may be swept away. */
  endsAt: number
}

/**
 * Who has just been there, until it is written down: by one statement at a time, which takes with it all those who came while the
 * one before was under way. No answer waits for it.
 */
export class LastSeen {
  readonly #write: (notes: ReadonlyMap<string, Seen>) => Promise<void>
  #waiting = new Map<string, Seen>()
  #underWay: ReadonlyMap<string, Seen> = new Map()
  /** The round that those who wait will go with. */
  #next: Promise<void> | null = null
  #settled: Promise<void> = Promise.resolve()

  constructor(write: (notes: ReadonlyMap<string, Seen>) => Promise<void>) {
    this.#write = write
  }

  /** The later one counts, whichever answer was ready first. @returns settled as the statement is that has written it down. */
  note(sid: string, seen: Seen): Promise<void> {
    this.#waiting.set(sid, later(this.#waiting.get(sid), seen))
    if (!this.#next) {
      this.#next = this.#settled.then(() => this.#round())
      this.#settled = this.#next.catch(() => {})
    }
    return this.#next
  }

  /** What is not yet sure to be in the row. */
  of(sid: string): Seen | undefined {
    const [underWay, waiting] = [this.#underWay.get(sid), this.#waiting.get(sid)]
    return waiting ? later(underWay, waiting) : underWay
  }

  /** Once everything noted so far is written down, or has failed. */
  settled(): Promise<void> {
    return this.#settled
  }

  async #round(): Promise<void> {
    this.#underWay = this.#waiting
    this.#waiting = new Map()
    this.#next = null
    try {
      await this.#write(this.#underWay)
    } finally {
      this.#underWay = new Map()
    }
  }
}

function later(known: Seen | undefined, seen: Seen): Seen {
  return known && known.at > seen.at ? known : seen
}
