/** Arithmetic with times: from when to when, in milliseconds since 1970, without overlaps and in order. */
import type { Span } from '../program.ts'

export type Closed = Span & { to: number }

/** The same times, each counted once. @param now where spans end that still go on. */
export function merged(spans: readonly Span[], now: number): Closed[] {
  const result: Closed[] = []
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    const end = to ?? now
    if (last && from <= last.to) last.to = Math.max(last.to, end)
    else if (end > from) result.push({ from, to: end })
  }
  return result
}

/** What is left of some times after others have been taken out; both merged. */
export function without(spans: readonly Closed[], others: readonly Closed[]): Closed[] {
  return spans.flatMap((span) => {
    const rest: Closed[] = []
    let from = span.from
    for (const other of others.filter(({ to, from: start }) => to > span.from && start < span.to)) {
      if (other.from > from) rest.push({ from, to: other.from })
      from = Math.max(from, other.to)
    }
    return from < span.to ? [...rest, { from, to: span.to }] : rest
  })
}

export function totalOf(spans: readonly Closed[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** The longest of these times in one piece, as far as it lies within that span. */
export function longestWithin(spans: readonly Closed[], { from, to }: Closed): number {
  return Math.max(0, ...spans.map((span) => Math.min(span.to, to) - Math.max(span.from, from)))
}
