/** Many lives on all cores: one PostgreSQL, a process for each core, a seed of its own for each life. */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { addUp, type Counts } from './life.ts'
import type { Failure } from './lives.ts'
import type { Slice, Word } from './slice.ts'

export interface Outcome {
  lives: number
  counts: Counts
  failure: Failure | null
}

export interface Wish {
  server: Slice['server']
  /** A migrated database that is copied. */
  template: string
  runs: number
  seed: number
  /** Look for a smaller scenario that fails too. */
  shrink: boolean
  onLife?: (outcome: Outcome) => void
}

const SLICE = fileURLToPath(new URL('slice.ts', import.meta.url))

/** Stops soon after the first life that breaks the promise. @throws Error when a process ends without a word. */
export async function simulate(wish: Wish): Promise<Outcome> {
  const outcome: Outcome = { lives: 0, counts: addUp([]), failure: null }
  const processes = Math.min(availableParallelism(), wish.runs)
  const slices = Array.from({ length: processes }, (_, index) => {
    const count = Math.ceil((wish.runs - index) / processes)
    return inProcess(wish, { first: wish.seed + index, step: processes, count }, outcome)
  })
  await Promise.all(slices)
  return outcome
}

function inProcess(wish: Wish, seeds: Slice['seeds'], outcome: Outcome): Promise<void> {
  const { server, template, shrink } = wish
  const child = fork(SLICE, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.on('message', (word: Word) => {
    if (word.kind === 'failure') outcome.failure ??= word.failure
    else {
      outcome.lives += 1
      outcome.counts = addUp([outcome.counts, word.counts])
      wish.onLife?.(outcome)
    }
  })
  child.send({ server, template, seeds, shrink } satisfies Slice)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a simulating process ended with ${code}`)),
    )
  })
}

export function wordsFor(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}
