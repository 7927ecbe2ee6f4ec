import { figure, type SettlingPlan, shown } from '../report.ts'
import { type Round, ratio, type SettlingResults, type Variant } from '../settling.ts'
import { type Spread, spreadOf } from '../statistics.ts'

const SETTLED: Record<Variant, string> = {
  worker: 'one worker',
  twoWorkers: 'two workers',
  callsAndRows: 'the same calls and rows by hand',
  rows: 'the rows alone, one transaction each',
  calls: 'the emulator alone',
}

export function settlingWords(settling: SettlingResults, plan: SettlingPlan): string[] {
  const { sizes, limit } = settling
  const row = (label: string, of: (rounds: Round[]) => Spread) =>
    `| ${label} | ${sizes.map(({ rounds }) => shown(of(rounds))).join(' | ')} |`
  const variants = Object.keys(SETTLED) as Variant[]
  const share = spreadOf(limit.runs.map((run) => run.perSecond / limit.callsPerSecond))
  const refused = limit.runs.reduce((sum, run) => sum + run.refused, 0)
  return [
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
