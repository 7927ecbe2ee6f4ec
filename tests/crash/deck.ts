import type { Random } from './random.ts'
import { LEAVE_UNCLEAR, STEPS, type Step } from './steps.ts'

/** One thing that is going to happen to somebody. */
export type Card =
  | { kind: 'at-step'; step: Step; how: 'kill' | 'pause' }
  | { kind: 'at-random'; victim: Victim }

export type Victim =
  | 'web'
  | 'worker-1'
  | 'worker-2'
  | 'both-workers'
  | 'bank'
  | 'database-fast'
  | 'database-immediate'
  /** Stopped for longer than a lease, and then let go on. */
  | 'paused-worker'

/** In every round of all steps, so often at no particular moment. */
const AT_RANDOM: Record<Victim, number> = {
  web: 5,
  'worker-1': 5,
  'worker-2': 5,
  'both-workers': 3,
  bank: 3,
  'database-fast': 2,
  'database-immediate': 3,
  'paused-worker': 3,
}
const PAUSES_AT_STEPS = 5

/** Card after card without end: every step comes once a round, among the rest. */
export function* deckOf(random: Random): Generator<Card, never> {
  for (;;) {
    const victims = Object.entries(AT_RANDOM).flatMap(([victim, times]) =>
      Array<Victim>(times).fill(victim as Victim),
    )
    const pausable = STEPS.filter((step) => step.canPause && !step.isRare && step.in === 'worker')
    const hands: Card[][] = [
      ...STEPS.map((step): Card[] => withCause({ kind: 'at-step', step, how: 'kill' }, random)),
      ...random
        .shuffled(pausable)
        .slice(0, PAUSES_AT_STEPS)
        .map((step): Card[] => [{ kind: 'at-step', step, how: 'pause' }]),
      ...victims.map((victim): Card[] => [{ kind: 'at-random', victim }]),
    ]
    yield* random.shuffled(hands).flat()
  }
}

/** What only comes after an unclear answer is given one first. */
function withCause(card: Card & { kind: 'at-step' }, random: Random): Card[] {
  if (!card.step.isRare) return [card]
  return [{ kind: 'at-step', step: random.pick(LEAVE_UNCLEAR), how: 'kill' }, card]
}
