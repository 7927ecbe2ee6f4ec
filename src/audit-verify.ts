/**
 * npm run audit:verify [-- --head <number>:<hash>]: looks whether the audit trail is as it was written.
 *
 * Prints the head of the chain. Whoever notes it outside of the database can show later, with --head, that nothing up to
 * there was taken away from the end. Ends with 0 when the chain holds; 1 when it doesn't, and names where; 3 when it could
 * not look.
 */
import { parseArgs } from 'node:util'
import { SECOND } from './clock.ts'
import { readSettings, WrongSettings } from './config.ts'
import { createDb } from './db.ts'
import {
  auditKeyFrom,
  type BrokenLink,
  createAuditChain,
  type Head,
  type Verified,
} from './models/audit-chain.ts'

const EXIT = { holds: 0, broken: 1, couldNotRun: 3 } as const
const CONNECTIONS = 2
const PROGRESS_EVERY_MS = SECOND

const WORDS = {
  changed: 'the line or its place is not what was sealed',
  removed: 'the line is gone',
  unsealed: 'the line came to the trail without a seal',
  'link-missing': 'the link is gone',
  'address-changed': 'the address is not what was sealed',
  'not-the-noted-head': 'the chain does not have the noted head',
} as const satisfies Record<BrokenLink['what'], string>

try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof WrongSettings ? error.message : error)
  process.exitCode = EXIT.couldNotRun
}

async function run(): Promise<number> {
  const { values } = parseArgs({ options: { head: { type: 'string' } } })
  const noted = values.head === undefined ? null : headIn(values.head)
  const settings = readSettings(process.env)
  const db = createDb(settings.DATABASE_URL, CONNECTIONS)
  try {
    const chain = createAuditChain({ db, rules: { auditKey: auditKeyFrom(settings.ACCOUNT_HASH_KEY) } })
    const began = performance.now()
    const verified = await chain.verify({ noted, onProgress: progressPrinter() })
    console.log(report(verified, performance.now() - began))
    return verified.broken.length === 0 ? EXIT.holds : EXIT.broken
  } finally {
    await db.close()
  }
}

function headIn(text: string): Head {
  const found = /^(\d{1,18}):([0-9a-f]{64})$/.exec(text)
  if (!found?.[1] || !found[2]) throw new Error('--head looks like 1234:<64 hexadecimal digits>')
  return { number: BigInt(found[1]), hash: found[2] }
}

function progressPrinter(): (checked: number) => void {
  let printedAt = performance.now()
  return (checked) => {
    if (performance.now() - printedAt < PROGRESS_EVERY_MS) return
    printedAt = performance.now()
    console.error(`… ${checked} links`)
  }
}

function report({ checked, waiting, head, broken }: Verified, ms: number): string {
  return [
    `${checked} links checked in ${(ms / SECOND).toFixed(1)} s, ${waiting} lines wait for their seal.`,
    ...broken.map(
      ({ number, eventId, what }) => `  link ${number ?? '-'}, line ${eventId ?? '-'}: ${WORDS[what]}`,
    ),
    broken.length === 0 ? 'The chain holds.' : 'The chain is broken; the first place is named first.',
    ...(head ? [`Head: ${head.number}:${head.hash}`] : []),
  ].join('\n')
}
