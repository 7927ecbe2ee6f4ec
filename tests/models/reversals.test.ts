import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
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

/** A saver with one check-off whose payment stands where it is said to. */
async function saved(states: PaymentState[] = ARRIVING) {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user, { frequency: 3 })
  const done = await checkOff(world, user, habit.id)
  await walk(world, done.paymentId, ...states)
  const { reversals } = world.models
  const moveBack = () => reversals.moveBack(user.id, done.id, SOMEBODY)
  const callOff = (id: string) => reversals.callOff(user.id, id, SOMEBODY)
  const totals = async () => (await world.models.habits.findOwned(user, habit.id))?.totals
  return { world, user, habit, done, moveBack, callOff, totals }
}

const reversalsOf = (userId: string) =>
  db.prisma.payment.findMany({ where: { userId, kind: 'REVERSAL' }, orderBy: { id: 'asc' } })
const stored = (id: string) => db.prisma.checkOff.findUniqueOrThrow({ where: { id } })

describe('moving saved money back', () => {
  test('is a payment the other way round, with an undo window of its own', async () => {
    const { world, user, habit, done, moveBack, totals } = await saved()
    const result = await moveBack()
    const [reversal, ...more] = await reversalsOf(user.id)
    expect(more).toEqual([])
    expect(result).toEqual({ kind: 'scheduled', paymentId: reversal?.id })
    const saving = await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })
    expect(reversal).toMatchObject({
      state: 'SCHEDULED',
      amountMinor: 2_500,
      debtorAccountId: saving.creditorAccountId,
      creditorAccountId: saving.debtorAccountId,
      isBatch: false,
      dueAt: new Date(world.clock.now().getTime() + MINUTE),
    })
    expect(await stored(done.id)).toMatchObject({
      state: 'UNDONE',
      undoneAt: world.clock.now(),
      paymentId: done.paymentId,
      reversalId: reversal?.id,
    })
    expect((await totals())?.savedMinor).toBe(2_500)
    expect(await auditsOf(world, user.id, 'check-off.moved-back')).toMatchObject([
      { objectId: done.id, detail: { reversalId: reversal?.id, paymentId: done.paymentId } },
    ])
    expect((await checkOff(world, user, habit.id)).slot).toBe(done.slot)
    await expectTrueBooks(db, user.id)
  })

  test('counts as saved until its order goes out, and as nobody’s savings once it is back', async () => {
    const { user, moveBack, totals, world } = await saved()
    await moveBack()
    const [reversal] = await reversalsOf(user.id)
    await walk(world, reversal?.id ?? '', 'SENDING')
    expect((await totals())?.savedMinor).toBe(0)
    await expectTrueBooks(db, user.id)
    await walk(world, reversal?.id ?? '', 'INITIATED', 'CONFIRMING', 'PAID')
    expect(await totals()).toEqual({ pledgedMinor: 0, onItsWayMinor: 0, savedMinor: 0 })
    const balances = await db.prisma.ledgerBalance.findMany({ where: { userId: user.id } })
    expect(balances.every((balance) => balance.balanceMinor === 0n)).toBe(true)
    await expectTrueBooks(db, user.id)
  })

  test('asked for twenty times at one moment is done once', async () => {
    const { world, user, done, moveBack } = await saved()
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [done.paymentId],
      () => Promise.all(Array.from({ length: 20 }, moveBack)),
      20,
    )
    const [reversal, ...more] = await reversalsOf(user.id)
    expect(more).toEqual([])
    expect(results.filter((result) => result?.kind === 'scheduled')).toHaveLength(1)
    expect(
      results.filter((result) => result?.kind === 'already-moved-back' && result.paymentId === reversal?.id),
    ).toHaveLength(19)
    expect(await auditsOf(world, user.id, 'check-off.moved-back')).toHaveLength(1)
    await expectTrueBooks(db, user.id)
  })

  test.each<[PaymentState[]]>([
    [[]],
    [['BLOCKED']],
    [['SENDING', 'UNKNOWN']],
    [['SENDING', 'INITIATED', 'CONFIRMING', 'ACCEPTED']],
    [['SENDING', 'REJECTED']],
  ])('is not possible before it has arrived (%j)', async (states) => {
    const { user, done, moveBack } = await saved(states)
    expect(await moveBack()).toEqual({ kind: 'not-saved', paymentId: done.paymentId })
    expect(await reversalsOf(user.id)).toEqual([])
    expect((await stored(done.id)).state).toBe('RECORDED')
  })

  test('is not possible for what never paid, or is somebody else’s', async () => {
    const { world, user, habit, done } = await saved()
    world.clock.advance(24 * 60 * MINUTE)
    const day = { day: '2026-06-17', slot: 2, pays: false }
    const recorded = await world.models.checkOffs.backfill(user, habit.id, day, SOMEBODY)
    const id = 'checkOff' in recorded ? recorded.checkOff.id : ''
    const { reversals } = world.models
    expect(await reversals.moveBack(user.id, id, SOMEBODY)).toEqual({ kind: 'not-saved', paymentId: null })
    const other = await newLinkedUser(world)
    expect(await reversals.moveBack(other.id, done.id, SOMEBODY)).toBeNull()
    expect(await reversals.moveBack(user.id, randomUUID(), SOMEBODY)).toBeNull()
    expect(await reversals.find(other.id, done.id)).toBeNull()
    expect((await stored(done.id)).state).toBe('RECORDED')
  })

  test('leaves the other habits of its batch where they are', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world, { cadence: 'DAILY' })
    const [run, read] = [await newHabit(world, user), await newHabit(world, user, { amountMinor: 700 })]
    const done = await checkOff(world, user, run.id)
    await checkOff(world, user, read.id)
    await walk(world, done.paymentId, ...ARRIVING)
    await world.models.reversals.moveBack(user.id, done.id, SOMEBODY)
    const [reversal] = await reversalsOf(user.id)
    expect(reversal?.amountMinor).toBe(2_500)
    await walk(world, reversal?.id ?? '', ...ARRIVING)
    const saving = await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })
    expect(saving).toMatchObject({ state: 'PAID', amountMinor: 3_200 })
    expect((await world.models.habits.totalsOf(user.id)).get('DKK')?.savedMinor).toBe(700)
    await expectTrueBooks(db, user.id)
  })

  test('goes from where it arrived, whatever has been chosen since', async () => {
    const { world, user, done, moveBack } = await saved()
    const listed = [bankAccount(), bankAccount()]
    const [debtorAccount = '', creditorAccount = ''] = listed.map(world.models.accounts.hashOf)
    const consent = await world.models.consents.live(user.id)
    const choice = { debtorAccount, creditorAccount }
    await world.models.accounts.choose(user.id, consent?.id ?? '', listed, choice, SOMEBODY)
    await moveBack()
    const saving = await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })
    expect(await reversalsOf(user.id)).toMatchObject([
      { debtorAccountId: saving.creditorAccountId, creditorAccountId: saving.debtorAccountId },
    ])
  })

  test('and undoing at one moment ends with one of them, and the money where the books say', async () => {
    const { world, user, done, moveBack } = await saved()
    const undo = () => world.models.checkOffs.undo(user.id, done.id, SOMEBODY)
    const [undone, moved] = await Promise.all([undo(), moveBack(), undo(), moveBack()])
    expect(['too-late', 'moved-back']).toContain(undone?.kind)
    expect(['scheduled', 'already-moved-back']).toContain(moved?.kind)
    expect(await reversalsOf(user.id)).toHaveLength(1)
    await expectTrueBooks(db, user.id)
  })
})

describe('moving back that came to nothing', () => {
  test.each<[PaymentState[]]>([
    [['CANCELLED']],
    [['SENDING', 'REJECTED']],
    [['SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'EXPIRED']],
  ])('leaves the money saved (%j), and can be asked for again', async (states) => {
    const { world, user, done, moveBack, totals } = await saved()
    await moveBack()
    const [first] = await reversalsOf(user.id)
    await walk(world, first?.id ?? '', ...states)
    expect((await totals())?.savedMinor).toBe(2_500)
    await expectTrueBooks(db, user.id)
    const results = await Promise.all(Array.from({ length: 20 }, moveBack))
    expect(results.filter((result) => result?.kind === 'scheduled')).toHaveLength(1)
    const [, second, ...more] = await reversalsOf(user.id)
    expect(more).toEqual([])
    expect((await stored(done.id)).reversalId).toBe(second?.id)
    await walk(world, second?.id ?? '', ...ARRIVING)
    expect((await totals())?.savedMinor).toBe(0)
    await expectTrueBooks(db, user.id)
  })
})

describe('calling it off', () => {
  test('is possible until it is sent: the money stays saved, the check-off undone', async () => {
    const { world, user, done, moveBack, callOff, totals } = await saved()
    await moveBack()
    const [reversal] = await reversalsOf(user.id)
    const results = await Promise.all(Array.from({ length: 20 }, () => callOff(reversal?.id ?? '')))
    expect(results.filter((result) => result === 'called-off')).toHaveLength(1)
    expect(results.filter((result) => result === 'already-ended')).toHaveLength(19)
    expect(await reversalsOf(user.id)).toMatchObject([{ state: 'CANCELLED' }])
    expect(await stored(done.id)).toMatchObject({ state: 'UNDONE', reversalId: reversal?.id })
    expect((await totals())?.savedMinor).toBe(2_500)
    expect(await auditsOf(world, user.id, 'payment.cancelled')).toHaveLength(1)
    await expectTrueBooks(db, user.id)
  })

  test('comes too late once it is being sent', async () => {
    const { world, user, moveBack, callOff } = await saved()
    await moveBack()
    const [reversal] = await reversalsOf(user.id)
    await walk(world, reversal?.id ?? '', 'SENDING')
    expect(await callOff(reversal?.id ?? '')).toBe('too-late')
  })

  test('is nothing for a saving, a stranger or nobody', async () => {
    const { world, user, done, moveBack, callOff } = await saved()
    await moveBack()
    const [reversal] = await reversalsOf(user.id)
    expect(await callOff(done.paymentId)).toBeNull()
    expect(await callOff(randomUUID())).toBeNull()
    const other = await newLinkedUser(world)
    expect(await world.models.reversals.callOff(other.id, reversal?.id ?? '', SOMEBODY)).toBeNull()
    expect(await reversalsOf(user.id)).toMatchObject([{ state: 'SCHEDULED' }])
  })

  test('and sending at one moment ends with one of them', async () => {
    const { world, user, moveBack, callOff } = await saved()
    await moveBack()
    const [reversal] = await reversalsOf(user.id)
    const [sent, off] = await Promise.all([
      walk(world, reversal?.id ?? '', 'SENDING').then(
        () => true,
        () => false,
      ),
      callOff(reversal?.id ?? ''),
    ])
    expect(off).toBe(sent ? 'too-late' : 'called-off')
    await expectTrueBooks(db, user.id)
  })
})
