/** npm run scan: everything that could be filled in or asked for, filled in and asked for as somebody who means no good. */
import { parseArgs } from 'node:util'
import { prepareDatabase } from '../../prisma/prepare.ts'
import { createDatabase, startPostgres } from '../../src/embedded/postgres.ts'
import { databaseOn } from '../support/database.ts'
import { TEMPLATE } from '../support/global-setup.ts'
import { type Report, scan } from './scan.ts'
import { openStage } from './stage.ts'
import { KINDS } from './target.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })

const begun = Date.now()
const seconds = () => ((Date.now() - begun) / 1_000).toFixed(0)
const postgres = await startPostgres({ quick: true })
try {
  await prepareDatabase(await createDatabase(postgres, TEMPLATE))
  const stage = await openStage(await databaseOn(postgres), true)
  try {
    const say = (line: string) => console.log(`${seconds().padStart(5)} s  ${line}`)
    process.exitCode = tell(await scan(stage.target, { isQuick: values.quick, say }))
  } finally {
    await stage.close()
  }
} finally {
  await postgres.stop()
}

/** @returns the exit code. */
function tell({ counts, findings }: Report): number {
  const of = (kind: string) => findings.filter((finding) => finding.kind === kind).length
  console.log(`\nScanned in ${seconds()} s:`)
  for (const [what, count] of Object.entries(counts))
    console.log(`  ${what.padEnd(16)}${String(count).padStart(7)}`)
  console.log('Found:')
  for (const kind of KINDS) console.log(`  ${kind.padEnd(16)}${String(of(kind)).padStart(7)}`)
  for (const { kind, where, what } of findings) console.error(`${kind}: ${where}: ${what}`)
  return findings.length === 0 ? 0 : 1
}
