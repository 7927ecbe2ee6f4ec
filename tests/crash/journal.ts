import type { Offer } from './pages.ts'

/** What a saver was told, in the order in which it was told. */
export type Entry =
  /** The app took it: this place holds a check-off from now on. */
  | { kind: 'promised'; place: Offer }
  /** The app said that it records nothing. */
  | { kind: 'refused'; place: Offer; words: string }
  /** The app said that this check-off is taken back. */
  | { kind: 'undone'; checkOffId: string }
  /** The app said that its payment has gone out. */
  | { kind: 'too-late'; checkOffId: string }

/** What all savers were told; whatever is not in here, nobody was promised. */
export class Journal {
  readonly #entries = new Map<string, Entry[]>()
  /** Requests that were sent twice at once. */
  doubled = 0
  relinked = 0

  note(saverId: string, entry: Entry): void {
    this.#entries.set(saverId, [...this.of(saverId), entry])
  }

  of(saverId: string): readonly Entry[] {
    return this.#entries.get(saverId) ?? []
  }

  count(kind: Entry['kind']): number {
    return [...this.#entries.values()].flat().filter((entry) => entry.kind === kind).length
  }
}
