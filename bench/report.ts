import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Load } from './load.ts'
import type { Rows } from './rows.ts'
import { type Round, ratio, type SettlingResults, type Variant } from './settling.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** One pair of runs, one right after the other: of the app and the floor, or of what else is compared. */
export type Pair<Side extends string = 'app' | 'floor'> = { first: Side } & Record<Side, Load>

interface Measured {
  pairs: Pair[]
  /** SQL statements that the app sends for one request, the transaction's own words included. */
  statements: number
}
export type DashboardResults = Measured & { answerBytes: number }
export type CheckOffResults = Measured & { answers: number; rows: Rows }

export interface Plan {
  quick: boolean
  connections: number
  pairs: number
  secondsPerRun: number
  warmUpSeconds: number
  settling: SettlingPlan
}

export interface SettlingPlan {
  rounds: number
  secondsPerRun: number
  warmUpSeconds: number
  /** Of the run within the bank's limit. */
  limitedSeconds: number
  /** With something to settle in one run, at most. */
  savers: number
}

export interface Results {
  date: string
  machine: Machine
  plan: Plan
  dashboard: DashboardResults | null
  checkOff: CheckOffResults | null
  settling: SettlingResults | null
}

interface Machine {
  cores: number
  processor: string
  memoryGb: number
  system: string
  node: string
  postgres: string
  /** To make 8 kB durable where the database lies; a commit can't be faster. */
  flushMs: number
  /** Of the last minute before the runs, all programs of the machine counted. */
  loadBefore: number
}

export function machine(facts: { postgresVersion: string; flushMs: number }): Machine {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    postgres: facts.postgresVersion,
    flushMs: facts.flushMs,
    loadBefore: loadavg()[0] ?? 0,
  }
}

export async function write(results: Results, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value
  await writeFile(file, `${JSON.stringify(results, rounded, 2)}\n`)
}

/** For the terminal and the README: the same text. */
export function table(results: Results): string {
  const { machine: on, plan, dashboard, checkOff, settling } = results
  const { connections, pairs, secondsPerRun } = plan
  const lines = [
    `${on.cores} cores (${on.processor}), Node ${on.node}, PostgreSQL ${on.postgres}, one flush to disk ${on.flushMs.toFixed(2)} ms,`,
    `load before ${on.loadBefore.toFixed(1)}; medians (min–max).`,
    '',
  ]
  if (dashboard || checkOff) {
    lines.push(
      `${pairs} alternating pairs of ${secondsPerRun} s, ${connections} connections.`,
      '',
      '| | requests/s | p50 ms | p99 ms |',
      '|---|---|---|---|',
      ...(dashboard ? rowsOf('dashboard', dashboard.pairs) : []),
      ...(checkOff ? rowsOf('check-off', checkOff.pairs) : []),
      '',
    )
  }
  if (dashboard)
    lines.push(
      `One dashboard: ${dashboard.statements} SQL statements, ${dashboard.answerBytes} bytes packed.`,
    )
  if (checkOff) {
    const { checkOffs, payments, ledgerLines } = checkOff.rows
    lines.push(
      `One check-off: ${checkOff.statements} SQL statements.`,
      `After ${checkOff.answers} answers: ${checkOffs} check-offs, ${payments} payments, ${ledgerLines} ledger lines more.`,
    )
  }
  if (settling) lines.push(...settlingLines(settling, plan.settling))
  return [
    ...lines,
    '',
    'Only the ratios travel: on a shared machine the absolute numbers say little, and differ from hour to hour.',
  ].join('\n')
}

const SETTLED: Record<Variant, string> = {
  worker: 'one worker',
  twoWorkers: 'two workers',
  callsAndRows: 'the same calls and rows by hand',
  rows: 'the rows alone, one transaction each',
  calls: 'the emulator alone',
}

function settlingLines(settling: SettlingResults, plan: SettlingPlan): string[] {
  const { sizes, limit } = settling
  const row = (label: string, of: (rounds: Round[]) => Spread) =>
    `| ${label} | ${sizes.map(({ rounds }) => shown(of(rounds))).join(' | ')} |`
  const variants = Object.keys(SETTLED) as Variant[]
  const share = spreadOf(limit.runs.map((run) => run.perSecond / limit.callsPerSecond))
  const refused = limit.runs.reduce((sum, run) => sum + run.refused, 0)
  return [
    '',
    `Settling: ${plan.rounds} rounds of about ${plan.secondsPerRun} s for each; 4 savers at once.`,
    '',
    `| payments/s | ${sizes.map(({ paymentsEach }) => `${paymentsEach} a saver`).join(' | ')} |`,
    `|---|${sizes.map(() => '---|').join('')}`,
    ...variants.map((variant) =>
      row(SETTLED[variant], (rounds) => spreadOf(rounds.map((round) => round[variant].perSecond))),
    ),
    ...(['callsAndRows', 'rows', 'calls'] as const).map((variant) =>
      row(`**one worker ÷ ${SETTLED[variant]}**`, (rounds) => ratio(rounds, 'worker', variant)),
    ),
    row('two workers ÷ one', (rounds) => ratio(rounds, 'twoWorkers', 'worker')),
    '',
    ...sizes.map(
      ({ paymentsEach, statements, calls }) =>
        `One payment of ${paymentsEach}: ${figure(statements)} SQL statements, ${figure(calls)} calls to the bank.`,
    ),
    `Of ${limit.callsPerSecond} calls/s that the bank allows, a worker that keeps to it uses ${shown(share)}; ${refused} were refused.`,
  ]
}

function rowsOf(name: string, pairs: readonly Pair[]): string[] {
  const row = (label: string, of: (pair: Pair, fact: 'perSecond' | 'p50Ms' | 'p99Ms') => number) =>
    `| ${label} | ${(['perSecond', 'p50Ms', 'p99Ms'] as const)
      .map((fact) => shown(spreadOf(pairs.map((pair) => of(pair, fact)))))
      .join(' | ')} |`
  return [
    row(`${name}, app`, (pair, fact) => pair.app[fact]),
    row(`${name}, floor`, (pair, fact) => pair.floor[fact]),
    row(`**${name}, app ÷ floor**`, (pair, fact) => pair.app[fact] / pair.floor[fact]),
  ]
}

export function shown({ min, median, max }: Spread): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`
}

/** Three figures say all that such numbers know. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
