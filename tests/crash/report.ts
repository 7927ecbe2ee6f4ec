/** What a run tells: while it goes on, and at its end. */
import type { Journal } from './journal.ts'
import type { Blow, KillLog } from './kill-log.ts'
import { endedUnasked } from './program.ts'
import { LEASE_AND_LOOK_MS, RESUME_WITHIN_MS } from './settings.ts'
import type { Stage } from './stage.ts'
import { STEPS } from './steps.ts'
import type { Fault, Verdict } from './verdict/index.ts'

export interface Run {
  seed: number
  kills: number
  /** When it began, by performance.now(). */
  begunAt: number
  stage: Stage
  journal: Journal
  log: KillLog
}

const MOST_FAULTS = 20
const AROUND_MS = 8_000

export async function progressLine({ kills, begunAt, stage, journal, log }: Run): Promise<string> {
  const rows = await stage.look.rows<{ state: string; count: number }>(
    `SELECT state::text, count(*)::int FROM "Payment" GROUP BY 1 ORDER BY 2 DESC`,
  )
  const states = rows.map(({ state, count }) => `${count} ${state}`).join(', ')
  const told = `${journal.count('promised')} promised, ${journal.count('undone')} taken back`
  return `${clockOf(begunAt)}  ${log.kills}/${kills} kills; ${told}; ${states}`
}

export function report(run: Run, verdict: Verdict, restMs: number | null): string {
  const { stage, journal, log, seed } = run
  const { promises, orders, facts, faults } = verdict
  const count = (what: Fault['what']) => faults.filter((fault) => fault.what === what).length
  const states = Map.groupBy(facts.payments, ({ state }) => state)
  return [
    '',
    ...hitTable(log),
    '',
    `check-offs: ${promises.promised} promised, ${promises.recorded} recorded, ${promises.undone} taken back, ${promises.turnedAway} turned away by the bank; ${journal.doubled} requests sent twice at once, ${unanswered(stage)} without an answer`,
    `payments: ${[...states].map(([state, all]) => `${all.length} ${state}`).join(', ')}`,
    `orders at the bank: ${orders.orders}, of which ${orders.paidOrders} paid; ${orders.unconfirmedSeconds.length} beside another one and never confirmed`,
    ...orders.unconfirmedSeconds.map(
      ({ id, externalId, status }) => `  order ${id} of ${externalId}: ${status}`,
    ),
    `money moved: ${Object.entries(orders.movedMinor)
      .map(([currency, minor]) => `${(minor / 100).toFixed(2)} ${currency}`)
      .join(', ')}`,
    `bank links given anew because a token was lost: ${journal.relinked}`,
    ...resumptionLines(verdict),
    ...unaskedLines(stage),
    `at rest ${restMs === null ? 'NEVER' : `${inSeconds(restMs)} after the last kill`}; ${clockOf(run.begunAt)} in all; seed ${seed}`,
    '',
    `doubles ${count('double')}, lost ${count('lost')}, invented ${count('invented')}, money ${count('money')}, books ${count('books')}, not at rest ${count('unrest')}, too slow ${count('slow')}, untested ${count('untested')}`,
    faults.length === 0 ? 'The promise was kept.' : 'THE PROMISE WAS NOT KEPT.',
    ...faults.slice(0, MOST_FAULTS).flatMap((fault) => ['', ...faultLines(fault, verdict, log)]),
  ].join('\n')
}

function hitTable(log: KillLog): string[] {
  const hits = log.hits()
  const row = (where: string, times: number) => `  ${String(times).padStart(4)}  ${where}`
  const steps = new Set(STEPS.map(({ name }) => name))
  const others = [...hits].filter(([where]) => !steps.has(where)).sort(([a], [b]) => a.localeCompare(b))
  const pauses = log.blows.length - log.kills
  return [
    `${log.kills} kills and ${pauses} pauses, where:`,
    ...STEPS.map(({ name }) => row(name, hits.get(name) ?? 0)),
    ...others.map(([where, times]) => row(where, times)),
  ]
}

function unanswered({ savers }: Stage): number {
  return savers.reduce((sum, { visitor }) => sum + visitor.unanswered, 0)
}

function resumptionLines({ interruptions, standstill }: Verdict): string[] {
  const sorted = (times: readonly number[]) => [...times].sort((a, b) => a - b)
  const waits = sorted(interruptions.map(({ waitedMs }) => waitedMs))
  const lying = sorted(interruptions.map(({ leftLyingMs }) => leftLyingMs))
  const spread = (times: readonly number[]) =>
    `${inSeconds(times[Math.floor(times.length / 2)])} (median), ${inSeconds(times.at(-1))} (longest)`
  const inLease = waits.filter((ms) => ms <= LEASE_AND_LOOK_MS).length
  const { databaseMs, noWorkerMs, bankLeftAloneMs } = standstill
  return [
    `payments were interrupted ${waits.length} times, and taken up again after ${spread(waits)} on the wall, with whoever else died meanwhile; ${inLease} within a lease, a poll and a look (${inSeconds(LEASE_AND_LOOK_MS)})`,
    `a worker with a hand free left them lying for ${spread(lying)}; bound ${inSeconds(RESUME_WITHIN_MS)}`,
    `meanwhile: database down ${inSeconds(databaseMs)}, no worker there ${inSeconds(noWorkerMs)}, bank left alone after failures ${inSeconds(bankLeftAloneMs)}`,
  ]
}

/** Those that never got ready found the database down. */
function unaskedLines({ web, workers, bank }: Stage): string[] {
  const lives = endedUnasked([web, bank, ...workers])
  if (lives.length === 0) return ['no process ended that wasn’t killed']
  const byEnd = Map.groupBy(
    lives,
    ({ name, end, readyAt }) => `${name.replace(/\.\d+$/, '')} ${end}${readyAt ? '' : ' while starting'}`,
  )
  return [
    `processes that ended by themselves: ${[...byEnd].map(([what, all]) => `${all.length} × ${what}`).join('; ')}`,
  ]
}

function inSeconds(ms = 0): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

/** What happened to the payment, line by line, with whoever died meanwhile. */
function faultLines({ what, words, paymentId }: Fault, { facts, trail }: Verdict, log: KillLog): string[] {
  const lines: { at: number; words: string }[] = []
  for (const { at, from, to, reason } of facts.events.get(paymentId ?? '') ?? [])
    lines.push({ at: at.getTime(), words: `${from ?? ''} → ${to}${reason ? ` (${reason})` : ''}` })
  for (const track of trail.filter((each) => each.paymentId === paymentId))
    lines.push({
      at: track.at,
      words: `${track.process} ${track.owner ? 'holds it' : 'lets go'}, ${track.state}`,
    })
  const [first = Infinity, last = -Infinity] = [
    Math.min(...lines.map(({ at }) => at)),
    Math.max(...lines.map(({ at }) => at)),
  ]
  const isNear = ({ at }: Blow) => at > first - AROUND_MS && at < last + AROUND_MS
  for (const { at, whom, where } of log.blows.filter(isNear))
    lines.push({ at, words: `✝ ${whom} (${where})` })
  const story = lines
    .sort((a, b) => a.at - b.at)
    .map(({ at, words }) => `    ${new Date(at).toISOString()}  ${words}`)
  return [`${what.toUpperCase()}: ${words}`, ...story]
}

function clockOf(begunAt: number): string {
  const seconds = Math.round((performance.now() - begunAt) / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
