import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { CheckOff, User } from '../../src/generated/client.ts'
import type { PaymentState } from '../../src/models/payment/states.ts'
import {
  ARRIVING,
  auditsOf,
  bankAccount,
  checkOff,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  ownDatabase,
  SOMEBODY,
  walk,
  whileOpen,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(24))
})

afterAll(() => close())

const REFUSED: PaymentState[] = ['SENDING', 'REJECTED']

/** Two check-offs of two habits in one payment that stands where it is said to. */
async function ended(states: PaymentState[] = REFUSED) {
  const world = worldAt(db)
  const user = await newLinkedUser(world, { cadence: 'DAILY' })
  const habits = [await newHabit(world, user), await newHabit(world, user, { amountMinor: 700 })]
  const made: CheckOff[] = []
  for (const habit of habits) made.push(await checkOff(world, user, habit.id))
  const paymentId = made[0]?.paymentId ?? ''
  await walk(world, paymentId, ...states)
  const payAgain = (id = paymentId) => world.models.retries.payAgain(user.id, id, SOMEBODY)
  const undo = (at: number) => world.models.checkOffs.undo(user.id, made[at]?.id ?? '', SOMEBODY)
  return { world, user, made, paymentId, payAgain, undo }
}

const newerOf = async (user: User, paymentId: string) =>
  db.prisma.payment.findMany({ where: { userId: user.id, NOT: { id: paymentId } }, orderBy: { id: 'asc' } })

describe('paying again', () => {
  test.each<[PaymentState[]]>([
    [REFUSED],
    [['SENDING', 'INITIATED', 'CONFIRMING', 'CANCELLED']],
    [['SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'EXPIRED']],
  ])('after %j is a new payment for the same check-offs', async (states) => {
    const { world, user, made, paymentId, payAgain } = await ended(states)
    const result = await payAgain()
    const [payment, ...more] = await newerOf(user, paymentId)
    expect(more).toEqual([])
    expect(result).toEqual({ kind: 'scheduled', paymentId: payment?.id })
    expect(payment).toMatchObject({
      kind: 'SAVING',
      state: 'SCHEDULED',
      amountMinor: 3_200,
      isBatch: false,
      attempts: 0,
      dueAt: new Date(world.clock.now().getTime() + MINUTE),
    })
    const carried = await db.prisma.checkOff.findMany({ where: { paymentId: payment?.id ?? '' } })
    expect(carried.map((one) => one.id).sort()).toEqual(made.map((one) => one.id).sort())
    expect(carried.every((one) => one.state === 'RECORDED')).toBe(true)
    expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.pledgedMinor).toBe(3_200)
    expect(await auditsOf(world, user.id, 'payment.scheduled-again')).toMatchObject([
      { objectId: payment?.id, detail: { insteadOf: paymentId, amountMinor: 3_200 } },
    ])
    await expectTrueBooks(db, user.id)
    await walk(world, payment?.id ?? '', ...ARRIVING)
    expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.savedMinor).toBe(3_200)
    await expectTrueBooks(db, user.id)
  })

  test('asked for twenty times at one moment is done once', async () => {
    const { world, user, paymentId, payAgain } = await ended()
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [paymentId],
      () => Promise.all(Array.from({ length: 20 }, () => payAgain())),
      20,
    )
    const [payment, ...more] = await newerOf(user, paymentId)
    expect(more).toEqual([])
    expect(results.filter((result) => result?.kind === 'scheduled')).toHaveLength(1)
    expect(results.filter((result) => result?.kind === 'already-scheduled')).toHaveLength(19)
    expect(
      results.every((result) => result && 'paymentId' in result && result.paymentId === payment?.id),
    ).toBe(true)
    expect(await auditsOf(world, user.id, 'payment.scheduled-again')).toHaveLength(1)
    await expectTrueBooks(db, user.id)
  })

  test('leaves out what was taken back in the meantime, and what is left of nothing is nothing', async () => {
    const { user, paymentId, payAgain, undo } = await ended()
    await undo(0)
    await payAgain()
    expect(await newerOf(user, paymentId)).toMatchObject([{ amountMinor: 700 }])
    await expectTrueBooks(db, user.id)
    const other = await ended()
    await other.undo(0)
    await other.undo(1)
    expect(await other.payAgain()).toEqual({ kind: 'nothing-to-pay' })
    expect(await newerOf(other.user, other.paymentId)).toEqual([])
  })

  test('of what the saver took back before it was sent is nothing', async () => {
    const { user, paymentId, payAgain, undo } = await ended([])
    await undo(0)
    await undo(1)
    expect(await payAgain()).toEqual({ kind: 'nothing-to-pay' })
    expect(await newerOf(user, paymentId)).toEqual([])
  })

  test('and taking one back at one moment ends with the sum of what is left', async () => {
    const { user, paymentId, payAgain, undo } = await ended()
    await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [paymentId],
      () => Promise.all([payAgain(), undo(0), payAgain(), undo(0)]),
      4,
    )
    const [payment, ...more] = await newerOf(user, paymentId)
    expect(more).toEqual([])
    expect(payment?.amountMinor).toBe(700)
    await expectTrueBooks(db, user.id)
  })

  test('that is refused again can be done again, from the newer payment', async () => {
    const { world, user, paymentId, payAgain } = await ended()
    await payAgain()
    const [second] = await newerOf(user, paymentId)
    await walk(world, second?.id ?? '', ...REFUSED)
    expect(await payAgain()).toEqual({ kind: 'already-scheduled', paymentId: second?.id })
    const third = await payAgain(second?.id ?? '')
    expect(third?.kind).toBe('scheduled')
    expect(await newerOf(user, paymentId)).toHaveLength(2)
    const { retries } = world.models
    const first = await db.prisma.payment.findUniqueOrThrow({ where: { id: paymentId } })
    const carrier = await retries.carriedOnBy(first)
    expect({ kind: 'scheduled', paymentId: carrier }).toEqual(third)
    const newest = await db.prisma.payment.findUniqueOrThrow({ where: { id: carrier ?? '' } })
    expect(await retries.carriedOnBy(newest)).toBeNull()
    await expectTrueBooks(db, user.id)
  })

  test('goes between the accounts chosen now', async () => {
    const { world, user, paymentId, payAgain } = await ended()
    const listed = [bankAccount(), bankAccount()]
    const [debtorAccount = '', creditorAccount = ''] = listed.map(world.models.accounts.hashOf)
    const consent = await world.models.consents.live(user.id)
    const choice = { debtorAccount, creditorAccount }
    await world.models.accounts.choose(user.id, consent?.id ?? '', listed, choice, SOMEBODY)
    const chosen = await world.models.accounts.chosenBy(user.id)
    await payAgain()
    expect(await newerOf(user, paymentId)).toMatchObject([
      { debtorAccountId: chosen?.debtor.id, creditorAccountId: chosen?.creditor.id },
    ])
  })

  test('needs two accounts, and the same currency', async () => {
    const { user, payAgain, paymentId } = await ended()
    const accounts = (data: object) => db.prisma.account.updateMany({ where: { userId: user.id }, data })
    await accounts({ currency: 'SEK' })
    expect(await payAgain()).toEqual({ kind: 'currency-differs' })
    await accounts({ currency: 'DKK', isDebitor: false })
    expect(await payAgain()).toEqual({ kind: 'no-accounts' })
    expect(await newerOf(user, paymentId)).toEqual([])
  })

  test.each<[PaymentState[]]>([[[]], [['BLOCKED']], [['SENDING', 'UNKNOWN']], [ARRIVING]])(
    'is not possible before it has ended without money (%j)',
    async (states) => {
      const { user, paymentId, payAgain } = await ended(states)
      expect(await payAgain()).toEqual({ kind: 'not-ended' })
      expect(await newerOf(user, paymentId)).toEqual([])
    },
  )

  test('of moving back is not paying: that is asked for at the check-off', async () => {
    const { world, user, made, paymentId, payAgain } = await ended(ARRIVING)
    await world.models.reversals.moveBack(user.id, made[0]?.id ?? '', SOMEBODY)
    const [reversal] = await newerOf(user, paymentId)
    await walk(world, reversal?.id ?? '', ...REFUSED)
    expect(await payAgain(reversal?.id ?? '')).toEqual({ kind: 'nothing-to-pay' })
    await expectTrueBooks(db, user.id)
  })

  test('is the owner’s alone', async () => {
    const { world, user, paymentId, payAgain } = await ended()
    const other = await newLinkedUser(world)
    expect(await world.models.retries.payAgain(other.id, paymentId, SOMEBODY)).toBeNull()
    expect(await payAgain(randomUUID())).toBeNull()
    expect(await newerOf(user, paymentId)).toEqual([])
  })
})
