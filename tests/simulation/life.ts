/** One life of the engine from a scenario to its rest, and what it went through. */
import { BankError } from '../../src/bank/index.ts'
import type { Db } from '../../src/db.ts'
import { randomFrom } from '../../src/sandbox/faults/random.ts'
import { act, paymentsOf } from './acting.ts'
import { broken } from './invariants.ts'
import { comeToRest } from './rest.ts'
import type { Scenario } from './scenario.ts'
import { Scheduler } from './scheduler.ts'
import { openWorld, type World } from './world.ts'

export interface Told {
  /** What broke the promise; nothing in a good life. */
  broken: string[]
  /** The points in the order in which they were passed. */
  trace: string
  counts: Counts
}

export interface Counts {
  points: number
  crashes: number
  faults: number
  payments: number
  paid: number
  /** Payments that were found half-way after a crash or an unclear answer, and came to their end. */
  recoveries: number
  /** Orders that were sent again after the bank had said that it has none. */
  resends: number
}

export async function live(scenario: Scenario, db: Db): Promise<Told> {
  const scheduler = new Scheduler(randomFrom(scenario.schedule))
  const world = await openWorld(scenario, db, scheduler)
  try {
    for (const { action, steps } of scenario.actions) {
      await act(world, action)
      for (let step = 0; step < steps; step += 1) if (!(await scheduler.step())) break
    }
    await scheduler.drain()
    const trace = scheduler.trace()
    const wrong = scheduler.failures.filter((error) => !(error instanceof BankError)).map(String)
    await comeToRest(world).catch((error) => wrong.push(String(error)))
    wrong.push(...(await broken(world)))
    return { broken: wrong, trace, counts: await countsOf(world) }
  } finally {
    await world.close()
  }
}

async function countsOf(world: World): Promise<Counts> {
  const payments = await paymentsOf(world)
  const unclear = await world.db.prisma.paymentEvent.findMany({
    where: { paymentId: { in: payments.map(({ id }) => id) }, from: 'UNKNOWN' },
    select: { paymentId: true },
    distinct: ['paymentId'],
  })
  const { points, crashes } = world.scheduler
  return {
    points,
    crashes,
    faults: Object.values(world.sandbox.control.strikes()).reduce((sum, count) => sum + count, 0),
    payments: payments.length,
    paid: payments.filter(({ state }) => state === 'PAID').length,
    recoveries: unclear.length,
    resends: payments.filter(({ attempts, state }) => attempts > 1 && state === 'PAID').length,
  }
}

export function addUp(all: readonly Counts[]): Counts {
  const total: Counts = { points: 0, crashes: 0, faults: 0, payments: 0, paid: 0, recoveries: 0, resends: 0 }
  for (const counts of all)
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key]
  return total
}
