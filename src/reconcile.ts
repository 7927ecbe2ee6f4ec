/** npm run reconcile: holds check-offs, payments, ledger and bank against each other, once, and prints what differs. */
import { parseArgs } from 'node:util'
import { SECOND } from './clock.ts'
import { readSettings, WrongSettings } from './config.ts'
import { createDeps, type Deps } from './deps.ts'
import { createReconcile, type Reconciled } from './jobs/handlers/reconcile.ts'
import { createLogger } from './logger.ts'

const EXIT = { equal: 0, different: 1, notAllCompared: 2, couldNotRun: 3 } as const
const PROGRESS_EVERY_MS = 5 * SECOND
const MOST_PRINTED = 1_000

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof WrongSettings ? error.message : error)
  process.exitCode = EXIT.couldNotRun
}

async function run(): Promise<number> {
  const { values } = parseArgs({ options: { books: { type: 'boolean', default: false } } })
  const settings = readSettings(process.env)
  // What is found goes to stdout; the log must not stand between it.
  const log = createLogger('reconcile', settings.LOG_LEVEL, 'stderr')
  const deps = await createDeps(settings, 'web', { log })
  try {
    const reconcile = createReconcile(deps, progressPrinter())
    const result = await reconcile({ occasion: 'command', booksOnly: values.books })
    console.log(summary(result, values.books))
    if (result.differences > result.corrected) console.log(await table(deps, result))
    return exitCode(result)
  } finally {
    await deps.close()
  }
}

function exitCode({ differences, saversSkipped }: Reconciled): number {
  if (differences > 0) return EXIT.different
  return saversSkipped > 0 ? EXIT.notAllCompared : EXIT.equal
}

function progressPrinter(): (savers: number) => void {
  let printedAt = performance.now()
  return (savers) => {
    if (performance.now() - printedAt < PROGRESS_EVERY_MS) return
    printedAt = performance.now()
    console.error(`… ${savers} savers have had their turn`)
  }
}

function summary(result: Reconciled, booksOnly: boolean): string {
  const { startedOn, paymentsChecked, saversChecked, saversSkipped, skipped, differences, corrected } = result
  const why = [...skipped].map(([because, savers]) => `${because} ${savers}`).join(', ')
  const atBank = [
    ['savers compared with the bank', saversChecked],
    ['savers not compared', saversSkipped, why],
  ] as const
  return [
    `Reconciliation of ${startedOn.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    line('payments in the books', paymentsChecked),
    ...(booksOnly
      ? ['  the bank was not asked']
      : atBank.map(([label, count, note]) => line(label, count, note))),
    line('differences', differences),
    ...(corrected > 0 ? [line('of them balances put right', corrected)] : []),
    ...(differences === 0 && saversSkipped === 0 ? ['Everything that was compared is equal.'] : []),
  ].join('\n')
}

function line(label: string, count: number, note = ''): string {
  return `  ${label.padEnd(30)} ${String(count).padStart(9)}${note ? `   (${note})` : ''}`
}

async function table({ models }: Deps, { startedOn, differences, corrected }: Reconciled): Promise<string> {
  const found = await models.reconciliation.seenSince(startedOn, MOST_PRINTED)
  const rows = found.map(({ kind, holds, reference, userId, ours, theirs }) => [
    kind,
    holds ? 'payments wait' : 'for review',
    reference ?? '-',
    userId ?? '-',
    ours,
    theirs,
  ])
  const head = ['DIFFERENCE', 'EFFECT', 'PAYMENT', 'SAVER', 'WE SAY', 'AGAINST']
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const printed = [head, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const left = differences - corrected - found.length
  return ['', ...printed, ...(left > 0 ? [`… and ${left} more`] : [])].join('\n')
}
