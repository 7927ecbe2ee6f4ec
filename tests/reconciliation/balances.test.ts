/** Balances that somebody has edited: what is shown is the sum of the lines again. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/generated/client.ts'
import type { LedgerBucket } from '../../src/generated/enums.ts'
import { switchesIn } from '../../src/models/payment/facts.ts'
import { equalWorld, meddle, openDifferences, pledge, reconcile, type World } from './support.ts'

let world: World

beforeAll(async () => {
  world = await equalWorld()
}, 120_000)
afterEach(async () => {
  expect(await reconcile(world)).toMatchObject({ differences: 0, corrected: 0 })
})
afterAll(() => world.app.close())

const balances = () =>
  world.app.deps.db.prisma.ledgerBalance.findMany({
    where: { userId: world.ida.id },
    orderBy: [{ habitId: 'asc' }, { bucket: 'asc' }],
  })

async function edited(bucket: LedgerBucket, change: string): Promise<void> {
  const sql = `UPDATE "LedgerBalance" SET "balanceMinor" = ${change} WHERE bucket = $2::"LedgerBucket" AND "userId" = $1`
  await meddle(world, sql, [world.ida.id, bucket])
}

test.each<[LedgerBucket, string]>([
  ['SAVED', '"balanceMinor" + 100000'],
  ['SAVED', '0'],
  ['PLEDGED', '"balanceMinor" + 1'],
  ['OPEN', '12345'],
])(
  'an edited balance of %s (%s) is noted, put right from its lines, and holds nothing back (S-045)',
  async (bucket, change) => {
    const { prisma } = world.app.deps.db
    const before = await balances()
    const earlier = (await prisma.reconciliationDifference.findMany()).map(({ id }) => id)
    await edited(bucket, change)
    const wrong = (await balances()).filter(
      ({ balanceMinor }, at) => balanceMinor !== before[at]?.balanceMinor,
    )
    expect(wrong.length).toBeGreaterThan(0)

    expect(await reconcile(world)).toMatchObject({ differences: wrong.length, corrected: wrong.length })
    expect(await balances()).toEqual(before)
    expect(await openDifferences(world)).toEqual([])
    expect((await switchesIn(prisma, world.ida.id)).isUnderReview).toBe(false)

    const found = await prisma.reconciliationDifference.findMany({
      where: { kind: 'balance-not-the-sum', id: { notIn: earlier } },
    })
    expect(found).toHaveLength(wrong.length)
    for (const { id, detail } of found) {
      const trail = await prisma.auditEvent.findMany({ where: { objectId: id }, orderBy: { id: 'asc' } })
      expect(trail.map(({ action }) => action)).toEqual([
        'difference.found',
        'ledger.balance-corrected',
        'difference.gone',
      ])
      const { beforeMinor, afterMinor } = (trail[1] as AuditEvent).detail as Record<string, number>
      expect(detail).toEqual({
        ours: `balance of ${bucket}: ${beforeMinor}`,
        theirs: `its lines come to ${afterMinor}`,
      })
    }
  },
)

test('a balance is not put right while its lines are in doubt themselves', async () => {
  const { id } = world.payments.paid
  const lines = `WHERE "paymentId" = $1 AND bucket = 'SAVED'`
  await meddle(
    world,
    `UPDATE "LedgerLine" SET "amountMinor" = 9999, "afterMinor" = "beforeMinor" + 9999 ${lines}`,
    [id],
  )
  const before = await balances()
  expect(await reconcile(world)).toMatchObject({ corrected: 0 })
  expect(await balances()).toEqual(before)
  const open = await openDifferences(world)
  expect(open.map(({ kind }) => kind)).toEqual([
    'balance-not-the-sum',
    'entry-not-balanced',
    'ledger-out-of-place',
  ])
  expect((await switchesIn(world.app.deps.db.prisma, world.ida.id)).isUnderReview).toBe(true)
  await meddle(
    world,
    `UPDATE "LedgerLine" SET "amountMinor" = 2500, "afterMinor" = "beforeMinor" + 2500 ${lines}`,
    [id],
  )
  await reconcile(world)
})

test('a balance is put right while check-offs are booked, and none of them is lost', async () => {
  await edited('PLEDGED', '"balanceMinor" + 777')
  const [pledged] = await Promise.all([pledge(world, world.ida), reconcile(world), pledge(world, world.ida)])
  expect(pledged).toEqual(expect.any(String))
  await reconcile(world)
  expect(await openDifferences(world)).toEqual([])
})
