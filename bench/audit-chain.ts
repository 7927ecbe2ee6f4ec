/** npm run bench:audit: how long 100,000 lines of the audit trail take to be written, sealed and verified. */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { prepareDatabase } from '../prisma/prepare.ts'
import { SECOND } from '../src/clock.ts'
import { createDb } from '../src/db.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { createAuditChain } from '../src/models/audit-chain.ts'

const { values } = parseArgs({ options: { lines: { type: 'string', default: '100000' } } })
const lines = Number(values.lines)

const postgres = await startPostgres({ quick: true })
try {
  await prepareDatabase(postgres)
  const db = createDb(postgres.ownerUrl, 4)
  const chain = createAuditChain({ db, rules: { auditKey: randomBytes(32).toString('hex') } })
  await timed(`${lines} lines written by one statement`, () =>
    db.pool.query(
      `INSERT INTO "AuditEvent" (id, at, "actorKind", "actorId", action, outcome, detail, ip, "requestId")
       SELECT gen_random_uuid(), now(), 'saver', gen_random_uuid(), 'check-off.recorded', 'done',
         jsonb_build_object('slot', n, 'amountMinor', 2500), '192.0.2.1', gen_random_uuid()::text
       FROM generate_series(1, $1::int) AS n`,
      [lines],
    ),
  )
  await timed('sealed', () => chain.seal())
  const verified = await timed('verified', () => chain.verify())
  console.log(`${verified.checked} links, ${verified.broken.length} of them broken`)
  await db.close()
} finally {
  await postgres.stop()
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  console.log(`${what}: ${((performance.now() - began) / SECOND).toFixed(2)} s`)
  return result
}
