import { setTimeout as pause } from 'node:timers/promises'
import { closedLoop, type Load, type Visitor } from './load.ts'
import type { Program } from './program.ts'
import type { Pair, Plan } from './report.ts'
import { spreadOf } from './statistics.ts'

/** Lets the machine settle between two runs: sockets close, PostgreSQL writes what it has put off. */
const REST_MS = 500
const ORDERS = [
  ['app', 'floor'],
  ['floor', 'app'],
] as const

/** App, floor; floor, app; …: what changes slowly on the machine meets both alike. */
export async function alternate(
  name: string,
  programs: Record<'app' | 'floor', Program>,
  plan: Plan,
  run: (program: Program, seconds: number) => Promise<Load>,
): Promise<Pair[]> {
  for (const program of [programs.app, programs.floor]) await run(program, plan.warmUpSeconds)
  const pairs: Pair[] = []
  for (let index = 0; index < plan.pairs; index += 1) {
    const order = ORDERS[index % 2] ?? ORDERS[0]
    const loads: Partial<Record<'app' | 'floor', Load>> = {}
    for (const which of order) {
      await pause(REST_MS)
      loads[which] = await run(programs[which], plan.secondsPerRun)
    }
    const pair = { first: order[0], ...loads } as Pair
    pairs.push(pair)
    const [app, floor] = [pair.app, pair.floor].map(({ perSecond }) => perSecond.toFixed(0))
    console.log(`${name} ${index + 1} of ${plan.pairs}: app ${app}/s, floor ${floor}/s`)
  }
  return pairs
}

/** One request of each visitor; the first is left out, for the process may still be making connections. */
export async function countStatements(counting: Program, visitors: readonly Visitor[]): Promise<number> {
  const counts: number[] = []
  for (const visitor of visitors) {
    await closedLoop(counting.origin, [visitor], 0)
    counts.push(((await counting.tell('statements')) as string[]).length)
  }
  return spreadOf(counts.slice(1)).median
}
