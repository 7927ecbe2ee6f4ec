import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import { LeaseLost } from '../../src/models/payment.ts'
import {
  auditsOf,
  bankAccount,
  checkOff,
  claimDue,
  newHabit,
  newLinkedUser,
  newUser,
  offerOf,
  ownDatabase,
  SOMEBODY,
  untilWaiting,
  WORKER,
  whileOpen,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

describe('a check-off', () => {
  test('is recorded together with its payment, its ledger entry and its trail', async () => {
    const world = worldAt(db, '2026-06-17T23:30:00.000Z')
    const user = await newLinkedUser(world, { timezone: 'Europe/Copenhagen', dayStartHour: 3 })
    const habit = await newHabit(world, user, { frequency: 3, interval: 7, amountMinor: 1_250 })
    const done = await checkOff(world, user, habit.id)
    expect(done).toMatchObject({
      state: 'RECORDED',
      day: new Date('2026-06-17T00:00:00.000Z'),
      period: new Date('2026-06-15T00:00:00.000Z'),
      at: world.clock.now(),
      timezone: 'Europe/Copenhagen',
      dayStartHour: 3,
      slot: 1,
      daySlot: 1,
      amountMinor: 1_250,
      currency: 'DKK',
      isBackfill: false,
      recordOnly: false,
    })
    const payment = await world.models.payments.findOwned(user.id, done.paymentId)
    const dueAt = new Date(world.clock.now().getTime() + 60_000)
    expect(payment).toMatchObject({
      state: 'SCHEDULED',
      amountMinor: 1_250,
      dueAt,
      nextActionAt: dueAt,
      attempts: 0,
    })
    expect(payment?.events.map((event) => event.to)).toEqual(['SCHEDULED'])
    expect(await auditsOf(world, user.id, 'check-off.recorded')).toHaveLength(1)
    expect((await world.models.habits.findOwned(user, habit.id))?.totals).toEqual({
      pledgedMinor: 1_250,
      onItsWayMinor: 0,
      savedMinor: 0,
    })
  })

  test('offered once and sent twice is one check-off, and the first result stands', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 3 })
    const offer = await offerOf(world, user, habit.id)
    const first = await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)
    const second = await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)
    expect([first.kind, second.kind]).toEqual(['recorded', 'already-recorded'])
    expect('checkOff' in second && 'checkOff' in first && second.checkOff.id === first.checkOff.id).toBe(true)
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
  })

  test('offered once and sent fifty times at one moment is one row and one payment', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 5 })
    const offer = await offerOf(world, user, habit.id)
    const results = await Promise.all(
      Array.from({ length: 50 }, () => world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)),
    )
    expect(results.filter((result) => result.kind === 'recorded')).toHaveLength(1)
    expect(results.filter((result) => result.kind === 'already-recorded')).toHaveLength(49)
    expect(await db.prisma.checkOff.count({ where: { habitId: habit.id } })).toBe(1)
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
    expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(2)
  })

  test('that loses the place after it has looked answers with what won', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const offer = await offerOf(world, user, habit.id)
    // Nobody can insert while this lock is held, so all three have looked and found the place free.
    const results = await whileOpen(
      db,
      'LOCK TABLE "CheckOff" IN SHARE MODE',
      [],
      () => Promise.all([1, 2, 3].map(() => world.models.checkOffs.record(user, habit.id, offer, SOMEBODY))),
      3,
    )
    expect(results.map((result) => result.kind).sort()).toEqual([
      'already-recorded',
      'already-recorded',
      'recorded',
    ])
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
  })

  test('is taken as often as the period asks, one a day, and no more', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 3, interval: 7 })
    const slots: number[] = []
    for (let day = 0; day < 3; day += 1) {
      slots.push((await checkOff(world, user, habit.id)).slot)
      const today = await world.models.habits.findOwned(user, habit.id)
      const again = { day: today?.today ?? '', slot: slots.length + 1 }
      const refused = await world.models.checkOffs.record(user, habit.id, again, SOMEBODY)
      expect(refused.kind).toBe(day < 2 ? 'enough-today' : 'period-complete')
      world.clock.advance(DAY)
    }
    expect(slots).toEqual([1, 2, 3])
    const offer = { day: '2026-06-18', slot: 4 }
    expect(await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)).toEqual({
      kind: 'period-complete',
    })
    world.clock.advance(4 * DAY)
    expect((await checkOff(world, user, habit.id)).slot).toBe(1)
  })

  test('of an amended amount does not open the period again', async () => {
    const world = worldAt(db, '2026-06-15T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const wish = { name: 'Run', frequency: 1, interval: 3, amountMinor: 2_500 }
    const habit = await newHabit(world, user, wish)
    await checkOff(world, user, habit.id)
    world.clock.advance(DAY)
    await world.models.habits.edit(user, habit.id, { ...wish, amountMinor: 3_000 }, 'DKK', SOMEBODY)
    const offer = { day: '2026-06-16', slot: 1 }
    expect((await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)).kind).toBe(
      'period-complete',
    )
    expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(1)
    world.clock.advance(2 * DAY)
    expect((await checkOff(world, user, habit.id)).amountMinor).toBe(3_000)
  })

  test('of a page from yesterday is refused, and so is one for tomorrow', async () => {
    const world = worldAt(db, '2026-06-15T21:59:59.000Z')
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 2 })
    const offer = await offerOf(world, user, habit.id)
    world.clock.advance(1_000)
    const record = (day: string) =>
      world.models.checkOffs.record(user, habit.id, { day, slot: offer.slot }, SOMEBODY)
    expect(await record(offer.day)).toEqual({ kind: 'day-changed' })
    expect(await record('2026-06-17')).toEqual({ kind: 'day-changed' })
    expect((await record('2026-06-16')).kind).toBe('recorded')
  })

  test.each([2, 7, 100])('of the invented place %i is refused', async (slot) => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 10 })
    const offer = { ...(await offerOf(world, user, habit.id)), slot }
    expect(await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)).toEqual({
      kind: 'place-taken',
    })
    expect(await db.prisma.checkOff.count({ where: { habitId: habit.id } })).toBe(0)
  })

  test('needs two accounts, and the currency the habit is in', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const habit = await newHabit(world, user)
    const offer = await offerOf(world, user, habit.id)
    expect(await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)).toEqual({
      kind: 'no-accounts',
    })
    const linked = await newLinkedUser(world)
    const swedish = await world.models.habits.create(
      linked,
      { name: 'Read', frequency: 1, interval: 1, amountMinor: 100 },
      'SEK',
      SOMEBODY,
    )
    const wrong = await offerOf(world, linked, swedish.id)
    expect(await world.models.checkOffs.record(linked, swedish.id, wrong, SOMEBODY)).toEqual({
      kind: 'currency-differs',
    })
    expect(await db.prisma.payment.count({ where: { userId: { in: [user.id, linked.id] } } })).toBe(0)
  })

  test("of somebody else's habit, or of none, is not recorded", async () => {
    const world = worldAt(db)
    const [user, other] = [await newLinkedUser(world), await newLinkedUser(world)]
    const habit = await newHabit(world, user)
    const offer = await offerOf(world, user, habit.id)
    await expect(world.models.checkOffs.record(other, habit.id, offer, SOMEBODY)).rejects.toThrow()
    await expect(world.models.checkOffs.record(user, randomUUID(), offer, SOMEBODY)).rejects.toThrow()
    expect(await db.prisma.checkOff.count({ where: { habitId: habit.id } })).toBe(0)
  })

  test('of an archived habit is refused', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 2 })
    await checkOff(world, user, habit.id)
    const offer = await offerOf(world, user, habit.id)
    await world.models.habits.remove(user.id, habit.id, SOMEBODY)
    expect(await world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)).toEqual({ kind: 'archived' })
  })

  test('goes to the accounts chosen at that moment, whatever is chosen later', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const before = await world.models.accounts.chosenBy(user.id)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    const listed = [bankAccount(), bankAccount()]
    const [debtorAccount = '', creditorAccount = ''] = listed.map(world.models.accounts.hashOf)
    const consent = await world.models.consents.live(user.id)
    await world.models.accounts.choose(
      user.id,
      consent?.id ?? '',
      listed,
      { debtorAccount, creditorAccount },
      SOMEBODY,
    )
    const payment = await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })
    expect([payment.debtorAccountId, payment.creditorAccountId]).toEqual([
      before?.debtor.id,
      before?.creditor.id,
    ])
  })
})

describe('taking a check-off back', () => {
  test('before its payment is sent leaves it as if it had never been, and its place is free', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    expect(await world.models.checkOffs.undo(user.id, done.id, SOMEBODY)).toEqual({ kind: 'undone' })
    const payment = await world.models.payments.findOwned(user.id, done.paymentId)
    expect(payment).toMatchObject({ state: 'CANCELLED', reason: 'undone-by-saver', nextActionAt: null })
    expect(payment?.events.map((event) => event.to)).toEqual(['SCHEDULED', 'CANCELLED'])
    expect((await world.models.habits.findOwned(user, habit.id))?.totals.pledgedMinor).toBe(0)
    expect((await checkOff(world, user, habit.id)).slot).toBe(done.slot)
  })

  test('twice says that it was done before, and five times at one moment does it once', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    const results = await whileOpen(
      db,
      'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE',
      [done.paymentId],
      () => Promise.all([1, 2, 3, 4, 5].map(() => world.models.checkOffs.undo(user.id, done.id, SOMEBODY))),
      5,
    )
    expect(results.filter((result) => result?.kind === 'undone')).toHaveLength(1)
    expect(results.filter((result) => result?.kind === 'already-undone')).toHaveLength(4)
    expect(await auditsOf(world, user.id, 'check-off.undone')).toHaveLength(1)
    expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(4)
  })

  test('comes too late once the payment is being sent', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    const claim = await claimDue(world, done.paymentId)
    await world.models.payments.move(
      claim,
      { to: 'SENDING', lookAgainAt: world.clock.now(), keepLease: true },
      WORKER,
    )
    expect(await world.models.checkOffs.undo(user.id, done.id, SOMEBODY)).toEqual({
      kind: 'too-late',
      paymentId: done.paymentId,
    })
    expect((await db.prisma.checkOff.findUniqueOrThrow({ where: { id: done.id } })).state).toBe('RECORDED')
  })

  test('wins over a worker that holds the payment but has not begun to send', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    const claim = await claimDue(world, done.paymentId)
    expect(await world.models.checkOffs.undo(user.id, done.id, SOMEBODY)).toEqual({ kind: 'undone' })
    await expect(
      world.models.payments.move(
        claim,
        { to: 'SENDING', lookAgainAt: world.clock.now(), keepLease: true },
        WORKER,
      ),
    ).rejects.toThrow(LeaseLost)
    expect((await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })).state).toBe(
      'CANCELLED',
    )
  })

  test('and sending it at one moment: whoever is first in the queue for the row wins, and the other is told', async () => {
    for (const first of ['undo', 'send'] as const) {
      const world = worldAt(db)
      const user = await newLinkedUser(world)
      const habit = await newHabit(world, user)
      const done = await checkOff(world, user, habit.id)
      const claim = await claimDue(world, done.paymentId)
      const undo = () => world.models.checkOffs.undo(user.id, done.id, SOMEBODY)
      const send = () =>
        world.models.payments
          .move(claim, { to: 'SENDING', lookAgainAt: world.clock.now(), keepLease: true }, WORKER)
          .then(
            () => 'sent',
            (error) => (error instanceof LeaseLost ? 'lost' : Promise.reject(error)),
          )
      const lock = 'SELECT 1 FROM "Payment" WHERE id = $1 FOR UPDATE'
      const [undone, sent] = await whileOpen(
        db,
        lock,
        [done.paymentId],
        async () => {
          const begun = first === 'undo' ? undo() : send()
          await untilWaiting(db, 1)
          const after = first === 'undo' ? send() : undo()
          return first === 'undo' ? Promise.all([begun, after]) : Promise.all([after, begun])
        },
        2,
      )
      expect([(undone as { kind: string }).kind, sent]).toEqual(
        first === 'undo' ? ['undone', 'lost'] : ['too-late', 'sent'],
      )
      const payment = await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })
      expect(payment.state).toBe(first === 'undo' ? 'CANCELLED' : 'SENDING')
    }
  })

  test("is nobody's but the saver's own", async () => {
    const world = worldAt(db)
    const [user, other] = [await newLinkedUser(world), await newLinkedUser(world)]
    const habit = await newHabit(world, user)
    const done = await checkOff(world, user, habit.id)
    expect(await world.models.checkOffs.undo(other.id, done.id, SOMEBODY)).toBeNull()
    expect(await world.models.checkOffs.undo(user.id, randomUUID(), SOMEBODY)).toBeNull()
    expect((await db.prisma.payment.findUniqueOrThrow({ where: { id: done.paymentId } })).state).toBe(
      'SCHEDULED',
    )
  })
})

test('a check-off and the removal of its habit at one moment end with both true or neither', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user)
  const offer = await offerOf(world, user, habit.id)
  const [recorded, removed] = await whileOpen(
    db,
    'SELECT 1 FROM "Habit" WHERE id = $1 FOR UPDATE',
    [habit.id],
    async () => {
      const removing = world.models.habits.remove(user.id, habit.id, SOMEBODY)
      await untilWaiting(db, 1)
      const recording = world.models.checkOffs.record(user, habit.id, offer, SOMEBODY)
      return Promise.all([recording.catch((error) => error), removing])
    },
    2,
  )
  // Removal was first in the queue: there is no habit any more, and no money moves for it.
  expect(removed).toBe('deleted')
  expect(recorded).toBeInstanceOf(Error)
  expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(0)
})

test('the last check-offs of a habit come newest first, with what became of their payments', async () => {
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user, { frequency: 3 })
  const made = []
  for (let time = 0; time < 3; time += 1) {
    made.unshift((await checkOff(world, user, habit.id)).id)
    world.clock.advance(HOUR)
  }
  const recent = await world.models.checkOffs.recentOf(user.id, habit.id, 2)
  expect(recent.map((row) => row.id)).toEqual(made.slice(0, 2))
  expect(recent[0]?.payment?.state).toBe('SCHEDULED')
  expect(await world.models.checkOffs.recentOf(randomUUID(), habit.id, 2)).toEqual([])
})
