/** The audit trail as a chain: what somebody who can write into the database does to it shows, and where. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import { createDb, type Db } from '../../src/db.ts'
import { audit } from '../../src/models/audit.ts'
import { auditKeyFrom } from '../../src/models/audit-chain.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { testEnvironment } from '../support/settings.ts'
import { SOMEBODY, type World, worldAt } from './support.ts'

const COMMAND = fileURLToPath(new URL('../../src/audit-verify.ts', import.meta.url))
const ACCOUNT_HASH_KEY = randomBytes(32)
const RULES = { auditKey: auditKeyFrom(ACCOUNT_HASH_KEY) }

let database: TestDatabase
let db: Db
let world: World

beforeEach(async () => {
  database = await testDatabase()
  db = createDb(database.url, 20)
  world = worldAt(db, undefined, RULES)
})
afterEach(async () => {
  await db.close()
  await database.drop()
})

const chain = () => world.models.auditChain

async function write(action: string, detail: Record<string, string> = {}): Promise<string> {
  await db.transaction((tx) => audit(tx, { action, by: SOMEBODY, at: world.clock.now(), detail }))
  const line = await db.prisma.auditEvent.findFirstOrThrow({ where: { action }, orderBy: { id: 'desc' } })
  return line.id
}

/** Lines 'test.1' to 'test.n', sealed. @returns their ids. */
async function sealedLines(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let at = 1; at <= count; at += 1) ids.push(await write(`test.${at}`, { place: `no. ${at}` }))
  await chain().seal()
  return ids
}

/** As somebody does who owns the whole server: no trigger stands in the way. */
async function asIntruder(...statements: [text: string, values?: unknown[]][]): Promise<void> {
  const url = new URL(inject('database').adminUrl)
  url.pathname = new URL(database.url).pathname
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query('SET session_replication_role = replica')
    for (const [text, values] of statements) {
      const { rowCount } = await client.query(text, values)
      expect(rowCount).toBeGreaterThan(0)
    }
  } finally {
    await client.end()
  }
}

const broken = async () => (await chain().verify()).broken

describe('the chain of the audit trail', () => {
  test('has nothing in it before the first line', async () => {
    expect(await chain().verify()).toEqual({ checked: 0, waiting: 0, head: null, broken: [] })
  })

  test('covers each line once it was sealed, and tells what still waits', async () => {
    await write('test.1')
    await write('test.2')
    expect(await chain().verify()).toMatchObject({ checked: 0, waiting: 2, head: null, broken: [] })
    expect(await chain().seal()).toBe(2)
    expect(await chain().seal()).toBe(0)
    await write('test.3')
    const verified = await chain().verify()
    expect(verified).toMatchObject({ checked: 2, waiting: 1, broken: [] })
    expect(verified.head).toEqual(await chain().head())
    expect(verified.head?.number).toBe(2n)
  })

  test('loses nothing when fifty write and five seal at once', async () => {
    const sealing = Array.from({ length: 5 }, async () => {
      for (let round = 0; round < 10; round += 1) await chain().seal()
    })
    const writing = Array.from({ length: 50 }, (_, writer) => write(`writer.${writer}`))
    await Promise.all([...writing, ...sealing])
    await chain().seal()
    expect(await chain().verify()).toMatchObject({ checked: 50, waiting: 0, broken: [] })
    expect(await db.prisma.auditEvent.count()).toBe(50)
  })

  test('takes a line that was written before others and committed after them', async () => {
    await db.transaction(async (tx) => {
      await audit(tx, { action: 'test.slow', by: SOMEBODY, at: world.clock.now() })
      await write('test.quick')
      expect(await chain().seal()).toBe(1)
    })
    expect(await chain().seal()).toBe(1)
    expect(await chain().verify()).toMatchObject({ checked: 2, waiting: 0, broken: [] })
  })

  test('takes no line of a transaction that was rolled back', async () => {
    const rolledBack = db.transaction(async (tx) => {
      await audit(tx, { action: 'test.undone', by: SOMEBODY, at: world.clock.now() })
      throw new Error('after all not')
    })
    await expect(rolledBack).rejects.toThrow('after all not')
    expect(await chain().verify()).toMatchObject({ waiting: 0 })
  })

  test('goes on over more lines than are sealed or read at once', async () => {
    await db.prisma.$executeRaw`
      INSERT INTO "AuditEvent" (id, at, "actorKind", action, outcome)
      SELECT gen_random_uuid(), now(), 'worker', 'test.many', 'done' FROM generate_series(1, 6001)`
    expect(await chain().seal()).toBe(6_001)
    expect(await chain().verify()).toMatchObject({ checked: 6_001, waiting: 0, broken: [] })
  })

  test('does not hold under another key', async () => {
    const [first] = await sealedLines(2)
    const other = worldAt(db, undefined, { auditKey: 'another' })
    expect((await other.models.auditChain.verify()).broken[0]).toEqual({
      number: 1n,
      eventId: first,
      what: 'changed',
    })
  })
})

describe('of somebody who owns the database, the chain shows', () => {
  test.each([
    ['an instant', `at = at + interval '1 millisecond'`],
    ['who it was', `"actorKind" = 'admin'`],
    ['what was done', `action = action || ' '`],
    ['how it ended', `outcome = 'refused'`],
    ['one byte of the details', `detail = replace(detail::text, 'no. 3', 'no. 4')::jsonb`],
    ['whose data it was', `"subjectId" = gen_random_uuid()`],
    ['the request', `"requestId" = NULL`],
  ])('a line that was changed: %s', async (_what, change) => {
    const ids = await sealedLines(5)
    await asIntruder([`UPDATE "AuditEvent" SET ${change} WHERE id = $1`, [ids[2]]])
    expect((await broken())[0]).toEqual({ number: 3n, eventId: ids[2], what: 'changed' })
  })

  test('a line that was removed', async () => {
    const ids = await sealedLines(5)
    await asIntruder([`DELETE FROM "AuditEvent" WHERE id = $1`, [ids[1]]])
    expect((await broken())[0]).toEqual({ number: 2n, eventId: ids[1], what: 'removed' })
  })

  test('a line that was removed with its seal', async () => {
    const ids = await sealedLines(5)
    await asIntruder(
      [`DELETE FROM "AuditEvent" WHERE id = $1`, [ids[1]]],
      [`DELETE FROM "AuditSeal" WHERE "eventId" = $1`, [ids[1]]],
    )
    expect((await broken())[0]).toEqual({ number: 2n, eventId: null, what: 'link-missing' })
  })

  test('a line that was removed with its seal, the gap closed', async () => {
    const ids = await sealedLines(5)
    await asIntruder(
      [`DELETE FROM "AuditEvent" WHERE id = $1`, [ids[1]]],
      [`DELETE FROM "AuditSeal" WHERE "eventId" = $1`, [ids[1]]],
      [`UPDATE "AuditSeal" SET number = number - 1 WHERE number > 2`],
    )
    expect((await broken())[0]).toEqual({ number: 2n, eventId: ids[2], what: 'changed' })
  })

  test('a line that was removed before it was sealed', async () => {
    const id = await write('test.1')
    await asIntruder([`DELETE FROM "AuditEvent" WHERE id = $1`, [id]])
    expect(await broken()).toEqual([{ number: null, eventId: id, what: 'removed' }])
  })

  test('two lines that changed places', async () => {
    const ids = await sealedLines(5)
    await asIntruder([
      `UPDATE "AuditEvent" e SET action = o.action, detail = o.detail
       FROM "AuditEvent" o WHERE (e.id, o.id) IN (($1, $2), ($2, $1))`,
      [ids[1], ids[3]],
    ])
    expect((await broken()).slice(0, 2)).toEqual([
      { number: 2n, eventId: ids[1], what: 'changed' },
      { number: 4n, eventId: ids[3], what: 'changed' },
    ])
  })

  test('two seals that changed places', async () => {
    const ids = await sealedLines(5)
    await asIntruder(
      [`UPDATE "AuditSeal" SET number = 902 WHERE number = 2`],
      [`UPDATE "AuditSeal" SET number = 2 WHERE number = 4`],
      [`UPDATE "AuditSeal" SET number = 4 WHERE number = 902`],
    )
    expect((await broken())[0]).toEqual({ number: 2n, eventId: ids[3], what: 'changed' })
  })

  test('a line that was put in', async () => {
    await sealedLines(2)
    const id = '01890000-0000-7000-8000-000000000000'
    await asIntruder([
      `INSERT INTO "AuditEvent" (id, at, "actorKind", action, outcome) VALUES ($1, now(), 'saver', 'test.false', 'done')`,
      [id],
    ])
    expect(await broken()).toEqual([{ number: null, eventId: id, what: 'unsealed' }])
  })

  test('a seal that was removed', async () => {
    const ids = await sealedLines(3)
    await asIntruder([`DELETE FROM "AuditSeal" WHERE number = 3`])
    expect(await broken()).toEqual([{ number: null, eventId: ids[2], what: 'unsealed' }])
  })

  test.each([['192.0.2.9'], [null]])('an address that was changed, to %s', async (address) => {
    const ids = await sealedLines(3)
    await asIntruder([`UPDATE "AuditEvent" SET ip = $2 WHERE id = $1`, [ids[1], address]])
    expect(await broken()).toEqual([{ number: 2n, eventId: ids[1], what: 'address-changed' }])
  })

  test('an end that was cut off, to whoever has noted the head before', async () => {
    const ids = await sealedLines(5)
    const noted = await chain().head()
    await asIntruder(
      [`DELETE FROM "AuditEvent" WHERE id = ANY ($1)`, [ids.slice(3)]],
      [`DELETE FROM "AuditSeal" WHERE number > 3`],
    )
    expect(await broken()).toEqual([])
    expect((await chain().verify({ noted })).broken).toEqual([
      { number: 5n, eventId: null, what: 'not-the-noted-head' },
    ])
  })
})

describe('the chain holds', () => {
  test('although addresses are forgotten after 13 months', async () => {
    world = worldAt(db, new Date(Date.now() - 400 * DAY).toISOString(), RULES)
    const ids = await sealedLines(2)
    const [forgotten] = await db.prisma.$queryRaw<{ count: number }[]>`
      SELECT forget_old_addresses(now(), 10::int) AS count`
    expect(forgotten?.count).toBe(2)
    expect(await db.prisma.auditSeal.count({ where: { addressMac: null, eventId: { in: ids } } })).toBe(2)
    expect(await broken()).toEqual([])
  })

  test('because the app itself can change no seal and take none away', async () => {
    await sealedLines(2)
    const tries = [
      db.prisma.$executeRaw`DELETE FROM "AuditSeal"`,
      db.prisma.$executeRaw`UPDATE "AuditSeal" SET number = number + 10`,
      db.prisma.$executeRaw`UPDATE "AuditSeal" SET "addressMac" = NULL`,
      db.prisma.$executeRaw`TRUNCATE "AuditSeal"`,
    ]
    for (const { status } of await Promise.allSettled(tries)) expect(status).toBe('rejected')
    expect(await broken()).toEqual([])
  })
})

describe('npm run audit:verify', () => {
  function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
    const env = {
      ...testEnvironment({
        DATABASE_URL: database.url,
        ACCOUNT_HASH_KEY: ACCOUNT_HASH_KEY.toString('base64'),
      }),
      PATH: process.env.PATH,
    }
    return new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], { env }, (failed, out, error) =>
        resolve({ code: failed ? Number(failed.code) : 0, out, error }),
      )
    })
  }

  test('ends with 0 when the chain holds, and prints the head that can be noted', async () => {
    await sealedLines(3)
    const { code, out } = await run()
    expect(out).toMatch(/^3 links checked in [\d.]+ s, 0 lines wait for their seal\.$/m)
    expect(out).toContain('The chain holds.')
    expect(code).toBe(0)
    const head = /^Head: (\d+:[0-9a-f]{64})$/m.exec(out)?.[1] ?? ''
    await write('test.later')
    await chain().seal()
    expect(await run('--head', head)).toMatchObject({ code: 0 })
  })

  test('ends with 1 and names the first place where it is broken', async () => {
    const ids = await sealedLines(5)
    await asIntruder([`DELETE FROM "AuditEvent" WHERE id = ANY ($1)`, [[ids[3], ids[1]]]])
    const { code, out } = await run()
    const named = [...out.matchAll(/^ {2}link (\d+), line (\S+): the line is gone$/gm)]
    expect(named.map(([, number, id]) => [number, id])).toEqual([
      ['2', ids[1]],
      ['4', ids[3]],
    ])
    expect(code).toBe(1)
  })

  test('ends with 3 when it could not look, or was asked something it does not know', async () => {
    expect((await run('--head', 'yesterday')).code).toBe(3)
    expect((await run('--loudly')).code).toBe(3)
  })
})
