import { randomFrom } from '../../src/sandbox/faults/random.ts'

/** Chance that can be repeated: the same seed gives the same plan and the same wishes. */
export interface Random {
  /** At least 0 and below 1. */
  next(): number
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  shuffled<T>(items: readonly T[]): T[]
}

export function createRandom(seed: number): Random {
  const next = randomFrom(seed)
  const below = (count: number) => Math.floor(next() * count)
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    chance: (probability) => next() < probability,
    pick: (from) => {
      const item = from[below(from.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    shuffled: (items) => {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    },
  }
}
