import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'undici'
import { type Ask, ask, type Load } from './load.ts'
import type { Program } from './program.ts'
import type { Sent } from './programs/statements.ts'
import type { Pair, Plan } from './report.ts'
import { spreadOf } from './statistics.ts'

/** Lets the machine settle between two runs: sockets close, PostgreSQL writes what it has put off. */
const REST_MS = 500

/** App, floor; floor, app; …: what changes slowly on the machine meets both alike. */
export async function alternate<Side extends string, Subject>(
  name: string,
  subjects: Readonly<Record<Side, Subject>>,
  plan: Pick<Plan, 'pairs' | 'secondsPerRun' | 'warmUpSeconds'>,
  run: (subject: Subject, seconds: number) => Promise<Load>,
): Promise<Pair<Side>[]> {
  const sides = Object.keys(subjects) as Side[]
  for (const side of sides) await run(subjects[side], plan.warmUpSeconds)
  const pairs: Pair<Side>[] = []
  for (let index = 0; index < plan.pairs; index += 1) {
    const order = index % 2 === 0 ? sides : sides.toReversed()
    const loads: Partial<Record<Side, Load>> = {}
    for (const side of order) {
      await pause(REST_MS)
      loads[side] = await run(subjects[side], plan.secondsPerRun)
    }
    const pair = { first: order[0], ...loads } as Pair<Side>
    pairs.push(pair)
    const rates = sides.map((side) => `${side} ${pair[side].perSecond.toFixed(0)}/s`)
    console.log(`${name} ${index + 1} of ${plan.pairs}: ${rates.join(', ')}`)
  }
  return pairs
}

/** One request of each; the first is left out, for the process may still be making connections. */
export async function countStatements(counting: Program, asks: readonly Ask[]): Promise<number> {
  const counts: number[] = []
  for (const question of asks) {
    const client = new Client(counting.origin)
    await ask(client, question)
    await client.close()
    counts.push(((await counting.tell('statements')) as Sent[]).length)
  }
  return spreadOf(counts.slice(1)).median
}

/** One after the other into as many hands. */
export function dealt<T>(cards: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) => cards.filter((_card, at) => at % hands === hand))
}
