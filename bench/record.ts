import type { Recording } from './programs/floor-replay.ts'
import type { Sent } from './programs/statements.ts'

const IDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const REFERENCE = /^[0-9A-Z]{12}$/

/** A check-off that was made, and what the app has sent for it. */
export interface Made {
  habitId: string
  habitVersionId: string
  slot: number
  sent: Sent[]
}

/**
 * Of two check-offs of the same saver, what differs from one to the next.
 * @returns null when they weren't the same statements: what is sent for a check-off must not depend on which one it is.
 */
export function recordingOf(one: Made, next: Made): Recording | null {
  const texts = (made: Made) => JSON.stringify(made.sent.map(({ text }) => text))
  if (texts(one) !== texts(next)) return null
  const known = idsIn(next.sent)
  const references = stringsIn(one.sent).filter((text) => REFERENCE.test(text))
  return {
    statements: one.sent,
    habitId: one.habitId,
    habitVersionId: one.habitVersionId,
    slot: one.slot,
    fresh: [...idsIn(one.sent)].filter(
      (id) => !known.has(id) && id !== one.habitId && id !== one.habitVersionId,
    ),
    reference: references[0] ?? 'no reference',
  }
}

function idsIn(sent: readonly Sent[]): Set<string> {
  return new Set(stringsIn(sent).flatMap((text) => text.match(IDS) ?? []))
}

function stringsIn(sent: readonly Sent[]): string[] {
  const strings = (value: unknown): string[] => {
    if (typeof value === 'string') return [value]
    return Array.isArray(value) ? value.flatMap(strings) : []
  }
  return sent.flatMap(({ values }) => values.flatMap(strings))
}
