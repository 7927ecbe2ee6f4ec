import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Load } from './load.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** One run of each side, one right after the other: of the app and the floor, or of what else is compared. */
export type Pair<Side extends string = 'app' | 'floor'> = { first: Side } & Record<Side, Load>

export interface Plan {
  quick: boolean
  connections: number
  /** Rounds, in fact, where more than two take turns. */
  pairs: number
  secondsPerRun: number
  warmUpSeconds: number
  overloadSeconds: number
  growth: GrowthPlan
  settling: SettlingPlan
}

/** A tenth more or less is what it is about: that takes more pairs than half or double, and code that has long been compiled. */
export interface GrowthPlan {
  months: number
  savers: number
  pairs: number
  secondsPerRun: number
  warmUpSeconds: number
}

type Turns = Pick<Plan, 'pairs' | 'secondsPerRun' | 'connections'>

export interface SettlingPlan {
  rounds: number
  secondsPerRun: number
  warmUpSeconds: number
  /** Of the run within the bank's limit. */
  limitedSeconds: number
  /** With something to settle in one run, at most. */
  savers: number
}

/** One part, measured in full. */
export interface Kept {
  date: string
  machine: Machine
  plan: Plan
  result: unknown
}

export interface Machine {
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

/** Puts parts into the file in the place of what was there of them. @returns all that is there now, by the parts' names. */
export async function keep(parts: Record<string, Kept>, file: string): Promise<Record<string, Kept>> {
  const before = await readFile(file, 'utf8').then(
    (text) => (JSON.parse(text) as { parts?: Record<string, Kept> }).parts ?? {},
    () => ({}),
  )
  const all = { ...before, ...parts }
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ parts: all }, rounded, 2)}\n`)
  return all
}

const BEGIN = '<!-- what npm run bench has measured -->'
const END = '<!-- end of what npm run bench has measured -->'

/** Puts the words between the two marks of a file. @throws when they aren't there. */
export async function writeBetweenMarks(words: string, file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the results`)
  await writeFile(file, `${text.slice(0, begin + BEGIN.length)}\n${words}\n${text.slice(end)}`)
}

/** What stands above a part's figures. */
export function headline(name: string, { machine: on, date }: Kept): string {
  return [
    `**${name}** on ${date.slice(0, 10)}: ${on.cores} cores (${on.processor}), Node ${on.node}, PostgreSQL ${on.postgres}, one flush to disk ${on.flushMs.toFixed(2)} ms,`,
    `load before ${on.loadBefore.toFixed(1)}.`,
  ].join('\n')
}

/** What stands above the table of a part whose sides take turns. */
export function inTurns({ pairs, secondsPerRun, connections }: Turns): string[] {
  return [
    `Medians (smallest–largest) of ${pairs} runs of ${secondsPerRun} s in turns, connections: ${connections}; ratios within a round.`,
    '',
  ]
}

export const TABLE_HEAD = '|---|---|---|---|'
const FACTS = ['perSecond', 'p50Ms', 'p99Ms'] as const
type Fact = (typeof FACTS)[number]

/** A line for every side, and one for the first against each of the others. */
export function pairRows<Side extends string>(name: string, pairs: readonly Pair<Side>[]): string[] {
  const [side = '' as Side, ...others] = sidesOf(pairs)
  const row = (label: string, of: (pair: Pair<Side>, fact: Fact) => number) => rowOf(label, pairs, of)
  return [
    ...[side, ...others].map((each) => row(`${name}: ${each}`, (pair, fact) => pair[each][fact])),
    ...others.map((other) =>
      row(`**${name}: ${side} ÷ ${other}**`, (pair, fact) => pair[side][fact] / pair[other][fact]),
    ),
  ]
}

/** Only the ninety-ninth percentile and its ratio, in the columns of the others. */
export function ratioRow<Side extends string>(name: string, pairs: readonly Pair<Side>[]): string {
  const [first = '' as Side, second = first] = sidesOf(pairs)
  const p99 = (side: Side) => shown(spreadOf(pairs.map((pair) => pair[side].p99Ms)))
  const ratio = shown(spreadOf(pairs.map((pair) => pair[first].p99Ms / pair[second].p99Ms)))
  return `| **${name}** | | ${p99(first)} ÷ ${p99(second)} | **${ratio}** |`
}

export function medianOf<T>(all: readonly T[], of: (one: T) => number): number {
  return spreadOf(all.map(of)).median
}

function sidesOf<Side extends string>([pair]: readonly Pair<Side>[]): Side[] {
  const { first: _first, ...loads } = pair ?? ({} as Pair<Side>)
  return Object.keys(loads) as Side[]
}

function rowOf<Side extends string>(
  label: string,
  pairs: readonly Pair<Side>[],
  of: (pair: Pair<Side>, fact: Fact) => number,
): string {
  const cells = FACTS.map((fact) => shown(spreadOf(pairs.map((pair) => of(pair, fact)))))
  return `| ${label} | ${cells.join(' | ')} |`
}

export function shown({ min, median, max }: Spread): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`
}

/** Three figures say all that such numbers know. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
