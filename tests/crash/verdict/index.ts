import type { Journal } from '../journal.ts'
import type { KillLog } from '../kill-log.ts'
import { RESUME_WITHIN_MS } from '../settings.ts'
import type { Stage } from '../stage.ts'
import { STEPS } from '../steps.ts'
import { readGate, readTrail, type Track } from '../trail.ts'
import { judgeBooks } from './books.ts'
import { type Facts, gatherFacts } from './facts.ts'
import type { Fault } from './fault.ts'
import { judgeOrders, type OrderFigures } from './orders.ts'
import { judgePromises, type PromiseFigures } from './promises.ts'
import { type Interruption, judgeResumption, type Standstill } from './resumption.ts'

export type { Fault } from './fault.ts'
export type { Interruption } from './resumption.ts'

export interface Verdict {
  facts: Facts
  trail: Track[]
  promises: PromiseFigures
  orders: OrderFigures
  interruptions: Interruption[]
  standstill: Standstill
  /** Empty if the promise was kept. */
  faults: Fault[]
}

/** From so many kills on, a step that was never come to is a fault of the run. */
const EVERY_STEP_FROM_KILLS = 200

export async function judge(stage: Stage, journal: Journal, log: KillLog): Promise<Verdict> {
  const { environment, savers, look, workers, database } = stage
  const facts = await gatherFacts(stage)
  const orders = judgeOrders(facts, Buffer.from(environment.ACCOUNT_HASH_KEY ?? '', 'base64'))
  const promises = judgePromises(facts, journal, savers)
  const trail = await readTrail(look)
  const { interruptions, standstill } = judgeResumption(trail, {
    lives: workers.flatMap(({ lives }) => lives),
    databaseDowns: database.downs,
    gate: await readGate(look),
    now: Date.now(),
  })
  const faults = [
    ...orders.faults,
    ...promises.faults,
    ...judgeBooks(facts),
    ...tooSlow(interruptions),
    ...untested(log),
  ]
  return {
    facts,
    trail,
    promises: promises.figures,
    orders: orders.figures,
    interruptions,
    standstill,
    faults,
  }
}

function tooSlow(interruptions: readonly Interruption[]): Fault[] {
  return interruptions
    .filter(({ leftLyingMs }) => leftLyingMs > RESUME_WITHIN_MS)
    .map(({ paymentId, whose, leftLyingMs }) => ({
      what: 'slow',
      words: `payment ${paymentId} of ${whose} was left lying by a free worker for ${Math.round(leftLyingMs)} ms`,
      paymentId,
    }))
}

function untested(log: KillLog): Fault[] {
  if (log.kills < EVERY_STEP_FROM_KILLS) return []
  const hits = log.hits()
  return STEPS.filter(({ name }) => !hits.has(name)).map(({ name }) => ({
    what: 'untested',
    words: `nothing was killed at "${name}"`,
  }))
}
