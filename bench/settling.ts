import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Part } from './part.ts'
import type { Sent } from './programs/statements.ts'
import type { SettlingPlan } from './report.ts'
import { makeDue } from './settling/due-payments.ts'
import { profileSettling } from './settling/profile.ts'
import {
  atWork,
  type Limited,
  type Settled,
  settleByFloor,
  settleByWorkers,
  settleWithinLimit,
} from './settling/settling.ts'
import { CALLS_PER_SECOND, type SettlingStage, setSettlingStage } from './settling/stage.ts'
import { settlingWords } from './settling/words.ts'
import { spreadOf } from './statistics.ts'

export const VARIANTS = ['worker', 'twoWorkers', 'callsAndRows', 'rows', 'calls'] as const
export type Variant = (typeof VARIANTS)[number]

/** Each variant once, one right after the other. */
export type Round = { first: Variant } & Record<Variant, Settled>

export interface OfOneSize {
  paymentsEach: number
  /** What one settled payment costs, counted where nothing is timed. */
  statements: number
  calls: number
  rounds: Round[]
}

export interface SettlingResults {
  savers: number
  sizes: OfOneSize[]
  limit: { callsPerSecond: number; runs: Limited[] }
}

export const settling: Part<SettlingResults> = {
  name: 'settling',
  inQuick: false,
  measure: async (bench) => {
    // The worker gets a database and the machine for itself.
    await bench.takeDown()
    console.log('Preparing a database, an emulated bank and savers who are linked to it …')
    const stage = await setSettlingStage(bench)
    const results = await measureSettling(stage, bench)
    if (bench.profile !== null) await profileSettling(stage, bench.profile)
    await bench.takeDown()
    return results
  },
  words: (results, plan) => settlingWords(results, plan.settling),
}

export const SIZES = [1, 5]
const REST_MS = 300
const FEWEST_SAVERS = 8
/** As many as the worker finds at one look, so that looking for work counts once. */
const COUNTED_SAVERS = 40
/** Until the first runs have shown how fast each is. */
const FIRST_PER_SECOND = 30
const CALLS_PER_PAYMENT = 5

/** One or five payments of each saver; the worker and what it is held against take turns, forwards and backwards. */
async function measureSettling(stage: SettlingStage, { plan }: Bench): Promise<SettlingResults> {
  const sizes = SIZES.map((paymentsEach) => ({ paymentsEach, run: createRuns(stage, paymentsEach) }))
  for (const { run } of sizes) {
    for (const variant of VARIANTS) await run(variant, plan.settling.warmUpSeconds)
  }
  const limitedSavers = Math.ceil((plan.settling.limitedSeconds * CALLS_PER_SECOND) / CALLS_PER_PAYMENT)
  await settleWithinLimit(stage, stage.userIds.slice(0, CALLS_PER_SECOND / CALLS_PER_PAYMENT))

  const results = sizes.map(({ paymentsEach }) => ({ paymentsEach, rounds: [] as Round[] }))
  const runs: Limited[] = []
  for (let index = 0; index < plan.settling.rounds; index += 1) {
    for (const [at, { paymentsEach, run }] of sizes.entries()) {
      const round = await roundOf(run, index, plan.settling)
      results[at]?.rounds.push(round)
      console.log(`settling ${paymentsEach} each, ${index + 1} of ${plan.settling.rounds}: ${inShort(round)}`)
    }
    const limited = await settleWithinLimit(stage, stage.userIds.slice(0, limitedSavers))
    runs.push(limited)
    console.log(
      `settling within a limit: ${limited.perSecond.toFixed(1)} calls/s, ${limited.refused} refused`,
    )
  }
  const costs = await countCosts(stage)
  return {
    savers: stage.userIds.length,
    sizes: results.map((result, at) => ({ ...result, ...(costs[at] ?? { statements: 0, calls: 0 }) })),
    limit: { callsPerSecond: CALLS_PER_SECOND, runs },
  }
}

type Run = (variant: Variant, seconds: number) => Promise<Settled>

/** Work for about as many seconds as asked, by what the variant has shown it can do. */
function createRuns(stage: SettlingStage, paymentsEach: number): Run {
  const perSecond = new Map<Variant, number>()
  return async (variant, seconds) => {
    const wanted = ((perSecond.get(variant) ?? FIRST_PER_SECOND) * seconds) / paymentsEach
    const userIds = stage.userIds.slice(0, Math.max(Math.ceil(wanted), FEWEST_SAVERS))
    const settled = await settle(stage, variant, userIds, paymentsEach)
    perSecond.set(variant, settled.perSecond)
    return settled
  }
}

function settle(stage: SettlingStage, variant: Variant, userIds: string[], paymentsEach: number) {
  const { worker, secondWorker } = stage
  switch (variant) {
    case 'worker':
      return settleByWorkers(stage, [worker], userIds, paymentsEach)
    case 'twoWorkers':
      return settleByWorkers(stage, [worker, secondWorker], userIds, paymentsEach)
    case 'callsAndRows':
      return settleByFloor(stage, 'calls-and-rows', userIds, paymentsEach)
    default:
      return settleByFloor(stage, variant, userIds, paymentsEach)
  }
}

async function roundOf(run: Run, index: number, plan: SettlingPlan): Promise<Round> {
  const order = index % 2 === 0 ? [...VARIANTS] : VARIANTS.toReversed()
  const round: Partial<Round> = { first: order[0] ?? 'worker' }
  for (const variant of order) {
    await pause(REST_MS)
    round[variant] = await run(variant, plan.secondsPerRun)
  }
  return round as Round
}

/** What is sent to PostgreSQL for payments alone: neither the queue's statements nor those of looking for work. */
const NOT_FOR_PAYMENTS = [/pgboss/i, /clock_timestamp\(\)/, /GROUP BY "userId"/]

async function countCosts(stage: SettlingStage): Promise<{ statements: number; calls: number }[]> {
  const counting = await stage.startWorker('statements.ts')
  const costs = []
  for (const paymentsEach of SIZES) {
    const userIds = stage.userIds.slice(0, COUNTED_SAVERS)
    const payments = userIds.length * paymentsEach
    await makeDue(stage.place.pool, userIds, paymentsEach)
    await stage.emulator.forgetCalls()
    counting.resume()
    await counting.tell('statements')
    await atWork(stage, [counting])
    counting.resume()
    const statements = ((await counting.tell('statements')) as Sent[]).filter(
      ({ text }) => !NOT_FOR_PAYMENTS.some((other) => other.test(text)),
    )
    await counting.pause()
    const calls = (await stage.emulator.calls()).length
    costs.push({ statements: statements.length / payments, calls: calls / payments })
  }
  return costs
}

function inShort(round: Round): string {
  return VARIANTS.map((variant) => `${variant} ${round[variant].perSecond.toFixed(0)}/s`).join(', ')
}

/** How one variant compares with another, round by round. */
export function ratio(rounds: readonly Round[], of: Variant, to: Variant) {
  return spreadOf(rounds.map((round) => round[of].perSecond / round[to].perSecond))
}
