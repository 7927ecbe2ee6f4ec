import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DAY, HOUR } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import {
  type Standing,
  type StatementFilter,
  type StatementRow,
  standingOf,
} from '../../src/models/statement.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  newHabit,
  newLinkedUser,
  ownDatabase,
  SOMEBODY,
  type World,
  walk,
  worldAt,
} from './support.ts'

const ALL: StatementFilter = { from: null, until: null, habitId: null, kind: null, standing: null }

let own: Awaited<ReturnType<typeof ownDatabase>>
let db: Db
let world: World

beforeAll(async () => {
  own = await ownDatabase()
  db = own.db
  world = worldAt(db)
})
afterAll(() => own.close())

async function everything(user: User, filter: StatementFilter = ALL): Promise<StatementRow[]> {
  const rows: StatementRow[] = []
  for await (const page of world.models.statements.all(user.id, filter)) rows.push(...page)
  return rows
}

const sumsOf = async (user: User, filter: StatementFilter = ALL) =>
  (await world.models.statements.sums(user.id, filter))[0]

/** The figures of a statement, row by row. */
function addedUp(rows: readonly StatementRow[]) {
  const sum = (kind: StatementRow['kind'], ...standings: Standing[]) =>
    rows
      .filter((row) => row.kind === kind && standings.includes(standingOf(row.state)))
      .reduce((total, { amountMinor }) => total + amountMinor, 0)
  return {
    pledgedMinor: sum('SAVING', 'pledged'),
    onItsWayMinor: sum('SAVING', 'on-its-way'),
    savedMinor: sum('SAVING', 'arrived'),
    returningMinor: sum('REVERSAL', 'pledged', 'on-its-way'),
    movedBackMinor: sum('REVERSAL', 'arrived'),
  }
}

describe('a statement', () => {
  let ida: User
  let run: string
  let start: Date
  let middle: Date

  beforeAll(async () => {
    start = world.clock.now()
    ida = await newLinkedUser(world)
    run = (await newHabit(world, ida, { name: 'Run', frequency: 5 })).id
    const read = await newHabit(world, ida, { name: 'Read', amountMinor: 1_000, frequency: 5 })
    const arrived = await checkOff(world, ida, run)
    await walk(world, arrived.paymentId, ...ARRIVING)
    const refused = await checkOff(world, ida, run)
    await walk(world, refused.paymentId, 'SENDING', 'REJECTED')
    const wrong = await checkOff(world, ida, run)
    await walk(world, wrong.paymentId, ...ARRIVING)
    world.clock.advance(DAY)
    middle = world.clock.now()
    const onItsWay = await checkOff(world, ida, read.id)
    await walk(world, onItsWay.paymentId, 'SENDING', 'INITIATED')
    const back = await world.models.reversals.moveBack(ida.id, wrong.id, SOMEBODY)
    if (back?.kind !== 'scheduled') throw new Error(`nothing was moved back: ${back?.kind}`)
    await walk(world, back.paymentId, ...ARRIVING)
    const undone = await checkOff(world, ida, read.id)
    await world.models.checkOffs.undo(ida.id, undone.id, SOMEBODY)
    await checkOff(world, ida, read.id)
    const stranger = await newLinkedUser(world)
    await checkOff(world, stranger, (await newHabit(world, stranger)).id)
  })

  test('shows what moved and what was to move, the newest first, and nothing of others', async () => {
    const rows = await everything(ida)
    expect(rows.map(({ kind, state, habitName }) => `${habitName} ${kind} ${state}`).sort()).toEqual([
      'Read SAVING CANCELLED',
      'Read SAVING INITIATED',
      'Read SAVING SCHEDULED',
      'Run REVERSAL PAID',
      'Run SAVING PAID',
      'Run SAVING PAID',
      'Run SAVING REJECTED',
    ])
    const instants = rows.map(({ at }) => at.getTime())
    expect(instants).toEqual([...instants].sort((a, b) => b - a))
  })

  test('adds up, and its last balance is what the books say', async () => {
    expect(await sumsOf(ida)).toEqual({
      currency: 'DKK',
      pledgedMinor: 1_000,
      onItsWayMinor: 1_000,
      savedMinor: 5_000,
      returningMinor: 0,
      movedBackMinor: 2_500,
      openingMinor: 0,
      closingMinor: 2_500,
    })
    const totals = (await world.models.habits.totalsOf(ida.id)).get('DKK')
    expect(totals).toEqual({ pledgedMinor: 1_000, onItsWayMinor: 1_000, savedMinor: 2_500 })
  })

  test.each([
    ['before anything', () => ({ from: null, until: start })],
    ['of the first day', () => ({ from: start, until: middle })],
    ['of the second', () => ({ from: middle, until: null })],
  ])(
    '%s: the balance at its end is the one at its start, and what moved in between',
    async (_what, period) => {
      const sums = await sumsOf(ida, { ...ALL, ...period() })
      const { openingMinor = 0, savedMinor = 0, movedBackMinor = 0, closingMinor = 0 } = sums ?? {}
      expect(openingMinor + savedMinor - movedBackMinor).toBe(closingMinor)
    },
  )

  test('the second day begins with what the first has left', async () => {
    expect(await sumsOf(ida, { ...ALL, from: middle })).toMatchObject({
      openingMinor: 5_000,
      savedMinor: 0,
      movedBackMinor: 2_500,
      closingMinor: 2_500,
    })
  })

  test('what is under way back still lies in savings, and is told apart', async () => {
    const saver = await newLinkedUser(world)
    const saved = await checkOff(world, saver, (await newHabit(world, saver)).id)
    await walk(world, saved.paymentId, ...ARRIVING)
    const back = await world.models.reversals.moveBack(saver.id, saved.id, SOMEBODY)
    await walk(world, back?.kind === 'scheduled' ? back.paymentId : '', 'SENDING', 'INITIATED')
    expect(await sumsOf(saver)).toMatchObject({
      savedMinor: 2_500,
      returningMinor: 2_500,
      closingMinor: 2_500,
    })
  })

  test.each<[string, () => Partial<StatementFilter>, number]>([
    ['a habit', () => ({ habitId: run }), 4],
    ['a kind', () => ({ kind: 'REVERSAL' }), 1],
    ['what is pledged', () => ({ standing: 'pledged' }), 1],
    ['what is on its way', () => ({ standing: 'on-its-way' }), 1],
    ['what arrived', () => ({ standing: 'arrived' }), 3],
    ['what came to nothing', () => ({ standing: 'nothing' }), 2],
    ['a period', () => ({ from: start, until: middle }), 3],
    ['all of it', () => ({ from: start, habitId: run, kind: 'SAVING', standing: 'nothing' }), 1],
  ])('is narrowed to %s, rows and sums alike', async (_what, part, count) => {
    const filter = { ...ALL, ...part() }
    const rows = await everything(ida, filter)
    expect(rows.length).toBe(count)
    expect(await sumsOf(ida, filter)).toMatchObject(addedUp(rows))
  })

  test.each([1, 2, 3])('in pages of %i has each row once', async (size) => {
    const seen: string[] = []
    let before: Awaited<ReturnType<typeof world.models.statements.list>>['next'] = null
    do {
      const page = await world.models.statements.list(ida.id, ALL, { size, before })
      expect(page.rows.length).toBeLessThanOrEqual(size)
      seen.push(...page.rows.map(({ kind, checkOffId }) => `${kind} ${checkOffId}`))
      before = page.next
    } while (before)
    expect([seen.length, new Set(seen).size]).toEqual([7, 7])
  })

  test('is taken along twenty times an hour, and each time written down (S-068)', async () => {
    const { statements } = world.models
    const waits: number[] = []
    for (let turn = 0; turn < 21; turn += 1)
      waits.push(await statements.beginDownload(ida.id, 'csv', ALL, SOMEBODY))
    expect(waits).toEqual([...Array(20).fill(0), HOUR])
    expect((await auditsOf(world, ida.id, 'user.statement-downloaded')).length).toBe(20)
  })
})

describe('ten years', () => {
  let per: User

  /** Told to the database at once: lived through, they would take an hour. */
  beforeAll(async () => {
    per = await newLinkedUser(world)
    const habit = await newHabit(world, per, { frequency: 5 })
    const [debtor, creditor] = await db.prisma.account.findMany({ where: { userId: per.id } })
    const version = await db.prisma.habitVersion.findFirstOrThrow({ where: { habitId: habit.id } })
    await own.asOwner(
      'ALTER TABLE "Payment" DISABLE TRIGGER USER; ALTER TABLE "CheckOff" DISABLE TRIGGER USER',
    )
    await own.asOwner(
      `WITH day AS (
         SELECT n, gen_random_uuid() AS payment, timestamptz '2026-06-17 08:00Z' - n * interval '5 hours' AS at
         FROM generate_series(1, 18000) n
       ), paid AS (
         INSERT INTO "Payment" (id, "userId", "externalId", reference, "debtorAccountId", "creditorAccountId", "amountMinor",
           currency, state, "bankPaymentId", "dueAt", "createdOn", "finalOn")
         SELECT payment, $1::uuid, gen_random_uuid(), lpad(upper(to_hex(n)), 12, '0'), $2::uuid, $3::uuid, 2500, 'DKK', 'PAID',
           'bank-' || n, at, at, at + interval '1 minute' FROM day
       )
       INSERT INTO "CheckOff" (id, "userId", "habitId", "habitVersionId", "paymentId", day, at, timezone, "dayStartHour", period,
         slot, "daySlot", "amountMinor", currency)
       SELECT gen_random_uuid(), $1::uuid, $4::uuid, $5::uuid, payment, at::date, at, 'UTC', 0, at::date, n, n, 2500, 'DKK' FROM day`,
      [per.id, debtor?.id, creditor?.id, habit.id, version.id],
    )
    await own.asOwner('ALTER TABLE "Payment" ENABLE TRIGGER USER; ALTER TABLE "CheckOff" ENABLE TRIGGER USER')
    await own.asOwner('ANALYZE "Payment", "CheckOff"')
  })

  async function statementsFor(filter: StatementFilter, before: StatementRow | null): Promise<string[]> {
    const asked = vi.spyOn(db.pool, 'query')
    await world.models.statements.list(per.id, filter, { size: 50, before })
    await world.models.statements.sums(per.id, filter)
    const statements = asked.mock.calls.map(([query]) => (query as unknown as { text: string }).text)
    asked.mockRestore()
    return statements
  }

  test('ask as few statements as a month, on any page', async () => {
    const month = { ...ALL, from: new Date('2026-05-01T00:00:00Z'), until: new Date('2026-06-01T00:00:00Z') }
    const deep = (await everything(per))[15_000] ?? null
    for (const [filter, before] of [
      [ALL, null],
      [month, null],
      [ALL, deep],
    ] as const)
      expect((await statementsFor(filter, before)).length).toBe(2)
  })

  test('are found by their index, page by page, without looking at the rest', async () => {
    const deep = (await everything(per))[15_000] ?? null
    const [list = ''] = await statementsFor(ALL, deep)
    expect(list).toContain('LIMIT')
    const asked = vi.spyOn(db.pool, 'query')
    await world.models.statements.list(per.id, ALL, { size: 50, before: deep })
    const [[query] = []] = asked.mock.calls
    const { text, values } = (query ?? {}) as unknown as { text: string; values: unknown[] }
    asked.mockRestore()
    const { rows } = await db.pool.query({ text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values })
    const plan = JSON.stringify(rows)
    expect(plan).toContain('Payment_in_statement')
    expect(looked(rows[0]['QUERY PLAN'][0].Plan)).toBeLessThan(200)
  })

  test('leave as a file so many rows at a time', async () => {
    const sizes: number[] = []
    for await (const rows of world.models.statements.all(per.id, ALL)) sizes.push(rows.length)
    expect([Math.max(...sizes), sizes.reduce((sum, size) => sum + size, 0)]).toEqual([500, 18_000])
  })
})

interface PlanNode {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  Plans?: PlanNode[]
}

/** Payments that a plan has really looked at. */
function looked({ Plans = [], ...node }: PlanNode): number {
  const own = node['Relation Name'] === 'Payment' ? node['Actual Rows'] * node['Actual Loops'] : 0
  return Plans.reduce((sum, plan) => sum + looked(plan), own)
}
