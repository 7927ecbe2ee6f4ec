import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createDb, type Db, Prisma, type Statements } from '../../src/db.ts'
import { AlreadyExists } from '../../src/errors.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freeAll, held } from '../support/held-tables.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 1)
})

afterEach(freeAll)
afterAll(async () => {
  await db.close()
  await database.drop()
})

test('an instant is kept as it is, whatever zone the database is set to', async () => {
  await database.asOwner(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET timezone TO %L', current_database(), 'Asia/Kathmandu');
  END $$`)
  const url = new URL(database.url)
  url.searchParams.set('options', '-c synchronous_commit=off')
  const elsewhere = createDb(url.href, 1)
  try {
    const at = new Date('2026-03-29T01:30:00.000Z')
    await elsewhere.prisma.bankGate.create({ data: { host: 'zone', nextSlotAt: at } })
    const { rows } = await elsewhere.pool.query(
      `SELECT extract(epoch FROM "nextSlotAt")::float8 AS seconds FROM "BankGate" WHERE host = $1`,
      ['zone'],
    )
    expect(rows[0].seconds * 1_000).toBe(at.getTime())
    const found = await elsewhere.prisma.$queryRaw<{ nextSlotAt: Date }[]>`
      SELECT "nextSlotAt" FROM "BankGate" WHERE "nextSlotAt" = ${at}`
    expect(found).toEqual([{ nextSlotAt: at }])
    // Other options of the address still count.
    const setting = await elsewhere.pool.query('SHOW synchronous_commit')
    expect(setting.rows).toEqual([{ synchronous_commit: 'off' }])
  } finally {
    await elsewhere.close()
  }
})

test('a statement that comes again is planned once, unless its columns may change under it', async () => {
  const named = async () => {
    const { rows } = await db.pool.query('SELECT statement FROM pg_prepared_statements')
    return rows.map((row) => row.statement as string)
  }
  const list = () => db.prisma.paymentMove.findMany({ where: { from: 'SCHEDULED' } })
  const star = async () => {
    await db.prisma.$queryRaw`SELECT * FROM "PaymentMove"`
    await db.prisma.$queryRaw`SELECT DISTINCT ON ("from") * FROM "PaymentMove"`
  }
  const sum = () => db.prisma.$queryRaw`SELECT 2 * count(*)::int AS twice FROM "PaymentMove"`
  await list()
  expect((await named()).filter((text) => text.includes('PaymentMove'))).toEqual([])
  for (let times = 0; times < 3; times += 1) await Promise.all([list(), star(), sum()])
  expect((await named()).filter((text) => text.includes('PaymentMove')).toSorted()).toEqual([
    expect.stringMatching(/^SELECT "public"/),
    expect.stringMatching(/^SELECT 2 \* count/),
  ])
})

test('a look at two tables that a migration takes in another order ends well, by itself', async () => {
  await database.asOwner(
    'CREATE TABLE "Left" (); CREATE TABLE "Right" (); GRANT SELECT ON "Left", "Right" TO PUBLIC',
  )
  const ways = [
    async () => db.pool.query('SELECT FROM "Left", "Right"'),
    async () => db.prisma.$queryRaw`SELECT 1 AS one FROM "Left", "Right"`,
  ]
  for (const look of ways) {
    for (let isOver = false; !isOver; ) {
      const migration = await held(database, 'Right')
      const looking = look()
      await migration.areWaiting(1)
      // PostgreSQL ends the one that has waited for a second first: the look, but where this machine was so slow that it waited
      // for longer before there was a deadlock at all.
      isOver = await migration.takesToo('Left').then(
        () => true,
        (error) => error.code !== '40P01',
      )
      await migration.free()
      await expect(looking).resolves.toBeDefined()
    }
  }
})

test('an index that a deadlock has left half made is not begun once more', async () => {
  await database.asOwner('CREATE TABLE "Indexed" (one INT)')
  const owner = createDb(database.ownerUrl, 1)
  try {
    let outcome = 'made'
    while (outcome === 'made') {
      await database.asOwner('DROP INDEX IF EXISTS "Indexed_one"')
      // It waits for whoever may still see the table as it was.
      const reader = await held(database, 'HabitBreak', 'REPEATABLE READ')
      const making = owner.pool.query('CREATE INDEX CONCURRENTLY "Indexed_one" ON "Indexed" (one)').then(
        () => 'made',
        (error) => error.message,
      )
      await reader.areWaiting(1)
      // On a slow machine PostgreSQL ends this one.
      await reader.takesToo('Indexed').catch(() => {})
      await reader.free()
      outcome = await making
    }
    expect(outcome).toBe('deadlock detected')
  } finally {
    await owner.close()
    await database.asOwner('DROP TABLE "Indexed"')
  }
})

describe('a transaction by hand', () => {
  test('reads and writes as Prisma does, wherever the process is', async () => {
    const values = {
      day: new Date('2026-03-29T00:00:00.000Z'),
      at: new Date('2026-03-29T01:30:00.123Z'),
      big: 9_007_199_254_740_993n,
      list: ['a', 'b "c"', '{d}'],
    }
    const read = (tx: Pick<Statements, '$queryRaw'>) => tx.$queryRaw<object[]>`
      SELECT ${values.day}::date AS day, ${values.at}::timestamptz AS at, ${values.big}::bigint AS big,
        ${values.list}::text[] AS list, ${JSON.stringify({ a: [1] })}::jsonb AS json, ${0.1}::float8 AS tenth,
        ${null}::date AS nothing, ${true}::boolean AS yes`
    const before = process.env.TZ
    try {
      for (const zone of ['America/St_Johns', 'Pacific/Kiritimati']) {
        process.env.TZ = zone
        const rows = await db.transactionByHand(read)
        expect(rows).toEqual([{ ...values, json: { a: [1] }, tenth: 0.1, nothing: null, yes: true }])
        expect(rows).toEqual(await read(db.prisma))
      }
    } finally {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    }
  })

  test('is undone when its work fails, and its connection serves others', async () => {
    const work = db.transactionByHand(async (tx) => {
      await open(tx, 'undone')
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await gates('undone')).toBe(0)
    await db.transactionByHand((tx) => open(tx, 'done'))
    expect(await gates('done')).toBe(1)
  })

  test('is not taken for done when its work has overheard a refusal', async () => {
    const work = db.transactionByHand(async (tx) => {
      await open(tx, 'overheard')
      await tx.$executeRaw`SELECT 1 / 0`.catch(() => {})
    })
    await expect(work).rejects.toThrow('rolled back instead of committed')
    expect(await gates('overheard')).toBe(0)
  })

  test('names what a unique rule refuses', async () => {
    const twice = db.transactionByHand(async (tx) => {
      await open(tx, 'twice')
      await open(tx, 'twice')
    })
    await expect(twice).rejects.toThrow(AlreadyExists)
  })

  test('takes no longer than fifteen seconds, and leaves its connection as it was', async () => {
    const limit = Prisma.sql`SHOW transaction_timeout`
    const inside = await db.transactionByHand((tx) => tx.$queryRaw(limit))
    expect([inside, await db.prisma.$queryRaw(limit)]).toEqual([
      [{ transaction_timeout: '15s' }],
      [{ transaction_timeout: '0' }],
    ])
  })

  test('that takes too long fails and leaves nothing, and the next one gets another connection', async () => {
    const late = db.transactionByHand(async (tx) => {
      await open(tx, 'late')
      await tx.$executeRaw`SET LOCAL transaction_timeout = 20`
      await tx.$queryRaw`SELECT pg_sleep(50)`
    })
    await expect(late).rejects.toThrow()
    await db.transactionByHand((tx) => open(tx, 'in time'))
    expect([await gates('late'), await gates('in time')]).toEqual([0, 1])
  })

  test('whose connection breaks fails, and the next one gets another', async () => {
    const broken = db.transactionByHand(async (tx) => {
      await tx.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`
    })
    await expect(broken).rejects.toThrow()
    await db.transactionByHand((tx) => open(tx, 'after a break'))
    expect(await gates('after a break')).toBe(1)
  })

  test('that PostgreSQL has ended because of a deadlock is tried again', async () => {
    const two = createDb(database.url, 2)
    try {
      await two.transactionByHand(async (tx) => {
        await open(tx, 'left')
        await open(tx, 'right')
      })
      const holds = Promise.withResolvers<void>()
      const oneIsDone = Promise.withResolvers<void>()
      let tries = 0
      const both = async (first: string, second: string, met: () => Promise<unknown>) => {
        await two.transactionByHand(async (tx) => {
          tries += 1
          // Whoever tries again could otherwise reach its row before the other, and both would meet once more.
          if (tries > 2) await oneIsDone.promise
          await move(tx, first)
          await met()
          await move(tx, second)
        })
        oneIsDone.resolve()
      }
      let waiting = 0
      // Each holds one row before either asks for the other.
      const met = () => {
        waiting += 1
        if (waiting === 2) holds.resolve()
        return holds.promise
      }
      await Promise.all([both('left', 'right', met), both('right', 'left', met)])
      expect(tries).toBe(3)
    } finally {
      await two.close()
    }
  })
})

function open(tx: Statements, host: string): Promise<number> {
  return tx.$executeRaw`INSERT INTO "BankGate" (host, "nextSlotAt") VALUES (${host}, now())`
}

function move(tx: Statements, host: string): Promise<number> {
  return tx.$executeRaw`UPDATE "BankGate" SET "nextSlotAt" = now() WHERE host = ${host}`
}

function gates(host: string): Promise<number> {
  return db.prisma.bankGate.count({ where: { host } })
}
