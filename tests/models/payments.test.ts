import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import { wakeWaiting } from '../../src/models/payment/waking.ts'
import { type Claim, LeaseLost, lookAgain } from '../../src/models/payment.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  claimDue,
  newHabit,
  newLinkedUser,
  ownDatabase,
  WORKER,
  type World,
  walk,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

describe('claiming a payment', () => {
  test('is possible from the end of the undo window on', async () => {
    const { world, paymentId } = await scheduled()
    world.clock.advance(60 * SECOND - 1)
    expect(await tryClaim(world, paymentId)).toBeNull()
    world.clock.advance(1)
    expect(await tryClaim(world, paymentId)).not.toBeNull()
  })

  test('by twenty workers at one moment is done by one', async () => {
    const { world, paymentId } = await scheduled()
    world.clock.advance(MINUTE)
    const claims = await Promise.all(Array.from({ length: 20 }, () => tryClaim(world, paymentId)))
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
  })

  test('that somebody else holds waits for the end of the lease', async () => {
    const { world, paymentId } = await scheduled()
    await claimDue(world, paymentId)
    world.clock.advance(30 * SECOND - 1)
    expect(await tryClaim(world, paymentId)).toBeNull()
    world.clock.advance(1)
    expect(await tryClaim(world, paymentId)).not.toBeNull()
  })

  test('that was given back is possible again', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    await world.models.payments.wait(claim, world.clock.now())
    expect(await tryClaim(world, paymentId)).not.toBeNull()
  })

  test('is impossible once the payment has ended, or where there is none', async () => {
    const { world, paymentId } = await scheduled()
    await walk(world, paymentId, ...ARRIVING)
    world.clock.advance(365 * 24 * 60 * MINUTE)
    expect(await tryClaim(world, paymentId)).toBeNull()
    expect(await tryClaim(world, randomUUID())).toBeNull()
  })
})

describe('moving a payment', () => {
  test('writes its event, its trail and its ledger entry with it', async () => {
    const { world, user, paymentId, habitId } = await scheduled()
    await walk(world, paymentId, ...ARRIVING)
    const payment = await world.models.payments.findOwned(user.id, paymentId)
    const story = ['SCHEDULED', 'SENDING', 'INITIATED', 'CONFIRMING', 'PAID']
    expect(payment?.events.map((event) => event.to).sort()).toEqual([...story].sort())
    expect(payment).toMatchObject({
      state: 'PAID',
      nextActionAt: null,
      leaseOwner: null,
      finalOn: world.clock.now(),
    })
    for (const state of story)
      expect(await auditsOf(world, user.id, `payment.${state.toLowerCase()}`)).toHaveLength(1)
    expect((await world.models.habits.findOwned(user, habitId))?.totals).toEqual({
      pledgedMinor: 0,
      onItsWayMinor: 0,
      savedMinor: 2_500,
    })
  })

  test('with a lease that another worker has taken over is refused, and writes nothing', async () => {
    const { world, paymentId } = await scheduled()
    const lost = await claimDue(world, paymentId)
    world.clock.advance(30 * SECOND)
    await tryClaim(world, paymentId)
    await expect(world.models.payments.move(lost, sending(world), WORKER)).rejects.toThrow(LeaseLost)
    await expect(world.models.payments.wait(lost, world.clock.now())).rejects.toThrow(LeaseLost)
    expect(await eventsOf(paymentId)).toEqual(['SCHEDULED'])
  })

  test('twice from one claim is refused the second time', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    await world.models.payments.move(claim, sending(world), WORKER)
    await expect(world.models.payments.move(claim, sending(world), WORKER)).rejects.toThrow(LeaseLost)
    expect(await eventsOf(paymentId)).toEqual(['SCHEDULED', 'SENDING'])
  })

  test('twice at one moment from one claim is done once', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const moves = await Promise.allSettled(
      Array.from({ length: 5 }, () => world.models.payments.move(claim, sending(world), WORKER)),
    )
    expect(moves.filter((move) => move.status === 'fulfilled')).toHaveLength(1)
    expect(await eventsOf(paymentId)).toEqual(['SCHEDULED', 'SENDING'])
  })

  test('along no arrow of the table is refused, and leaves the payment as it was', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    await expect(
      world.models.payments.move(claim, { to: 'PAID', bankPaymentId: 'b' }, WORKER),
    ).rejects.toThrow()
    expect(await eventsOf(paymentId)).toEqual(['SCHEDULED'])
    expect((await stored(paymentId)).state).toBe('SCHEDULED')
  })

  test('that is not an end needs a time to look again', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const move = { to: 'BLOCKED', reason: 'no-consent' } as const
    await expect(world.models.payments.move(claim, move, WORKER)).rejects.toThrow(RangeError)
    expect((await stored(paymentId)).state).toBe('SCHEDULED')
  })

  test('that gives the lease back sets the next alarm', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const lookAgainAt = new Date(world.clock.now().getTime() + 15 * MINUTE)
    await world.models.payments.move(claim, { to: 'BLOCKED', reason: 'no-consent', lookAgainAt }, WORKER)
    expect(await stored(paymentId)).toMatchObject({
      state: 'BLOCKED',
      nextActionAt: lookAgainAt,
      leaseOwner: null,
    })
  })

  test('that fails at its letter leaves no trace of itself', async () => {
    const { world, paymentId } = await scheduled()
    await walk(world, paymentId, 'SENDING', 'INITIATED', 'CONFIRMING')
    const claim = await claimDue(world, paymentId)
    world.context.queue.enqueue = () => Promise.reject(new Error('no queue'))
    const lookAgainAt = world.clock.now()
    const move = { to: 'AWAITING_APPROVAL', approvalUrl: 'https://bank.example/sign/1', lookAgainAt } as const
    await expect(world.models.payments.move(claim, move, WORKER)).rejects.toThrow('no queue')
    expect((await eventsOf(paymentId)).at(-1)).toBe('CONFIRMING')
    expect((await stored(paymentId)).state).toBe('CONFIRMING')
  })

  test('back from an end gives the amount back to where it came from', async () => {
    const { world, user, paymentId, habitId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const sent = await world.models.payments.move(claim, sending(world), WORKER)
    await world.models.payments.move(
      sent,
      { to: 'REJECTED', reason: 'insufficient-funds', bankCode: 'X1' },
      WORKER,
    )
    expect(await stored(paymentId)).toMatchObject({
      state: 'REJECTED',
      reason: 'insufficient-funds',
      bankCode: 'X1',
    })
    expect((await world.models.habits.findOwned(user, habitId))?.totals).toEqual({
      pledgedMinor: 0,
      onItsWayMinor: 0,
      savedMinor: 0,
    })
  })
})

describe('waiting', () => {
  test('keeps the state, gives the lease back and sets the next alarm', async () => {
    const { world, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const later = new Date(world.clock.now().getTime() + MINUTE)
    await world.models.payments.wait(claim, later, { reason: 'bank-busy' })
    expect(await stored(paymentId)).toMatchObject({
      state: 'SCHEDULED',
      reason: 'bank-busy',
      nextActionAt: later,
      leaseOwner: null,
      leaseUntil: null,
    })
    expect(await tryClaim(world, paymentId)).toBeNull()
    world.clock.advance(MINUTE)
    expect(await tryClaim(world, paymentId)).not.toBeNull()
  })

  test('grows from the poll interval to ten minutes and is never longer', () => {
    const since = new Date('2026-06-17T10:00:00.000Z')
    const pauseAfter = (ms: number) => {
      const now = new Date(since.getTime() + ms)
      return lookAgain(now, since, 10).getTime() - now.getTime()
    }
    expect([0, 40 * SECOND, 4 * MINUTE, 40 * MINUTE].map(pauseAfter)).toEqual([
      10 * SECOND,
      10 * SECOND,
      MINUTE,
      10 * MINUTE,
    ])
    expect(lookAgain(since, new Date(since.getTime() + MINUTE), 10).getTime()).toBe(
      since.getTime() + 10 * SECOND,
    )
  })
})

describe('savers with payments that are due', () => {
  test('are found when nobody holds those, whoever has waited longest first', async () => {
    const own = await ownDatabase()
    try {
      const first = await scheduled(own.db)
      const { world } = first
      world.clock.advance(SECOND)
      const second = await scheduled(own.db, world)
      const due = (most = 10) => world.models.payments.dueSavers(most)
      expect(await due()).toEqual([])
      world.clock.advance(59 * SECOND)
      expect(await due()).toEqual([first.user.id])
      world.clock.advance(SECOND)
      expect(await due()).toEqual([first.user.id, second.user.id])
      expect(await due(1)).toEqual([first.user.id])
      expect(await world.models.payments.claimDue(first.user.id)).toHaveLength(1)
      expect(await due()).toEqual([second.user.id])
      world.clock.advance(30 * SECOND)
      expect(await due()).toEqual([first.user.id, second.user.id])
    } finally {
      await own.close()
    }
  })
})

describe('a nudge', () => {
  test('lets the worker look at once at what is at the bank, for its owner only, and never cuts an undo window short', async () => {
    const { world, user, paymentId } = await scheduled()
    await world.models.payments.lookNow(user.id, [paymentId], WORKER)
    expect(await tryClaim(world, paymentId)).toBeNull()
    const claim = await claimDue(world, paymentId)
    const sent = await world.models.payments.move(claim, sending(world), WORKER)
    const lookAgainAt = new Date(world.clock.now().getTime() + MINUTE)
    await world.models.payments.move(sent, { to: 'UNKNOWN', reason: 'no-clear-answer', lookAgainAt }, WORKER)
    await world.models.payments.lookNow(randomUUID(), [paymentId], WORKER)
    expect(await tryClaim(world, paymentId)).toBeNull()
    await world.models.payments.lookNow(user.id, [paymentId], WORKER)
    expect(await tryClaim(world, paymentId)).not.toBeNull()
  })

  test('wakes what is blocked', async () => {
    const { world, user, paymentId } = await scheduled()
    const claim = await claimDue(world, paymentId)
    const lookAgainAt = new Date(world.clock.now().getTime() + 60 * MINUTE)
    await world.models.payments.move(claim, { to: 'BLOCKED', reason: 'no-consent', lookAgainAt }, WORKER)
    await wakeWaiting(world.db.prisma, user.id, world.clock.now())
    expect(await tryClaim(world, paymentId)).toMatchObject({ payment: { state: 'BLOCKED' } })
  })
})

test("somebody else's payment is as if it were not there", async () => {
  const { world, user, paymentId } = await scheduled()
  expect(await world.models.payments.findOwned(randomUUID(), paymentId)).toBeNull()
  expect(await world.models.payments.listOwned(randomUUID(), { size: 10 })).toEqual([])
  expect((await world.models.payments.listOwned(user.id, { size: 10 })).map((one) => one.id)).toEqual([
    paymentId,
  ])
})

test('a list goes on where the page before ended', async () => {
  const { world, user, paymentId, habitId } = await scheduled()
  const made = [paymentId]
  for (let at = 0; at < 4; at += 1) made.unshift((await checkOff(world, user, habitId)).paymentId)
  const first = await world.models.payments.listOwned(user.id, { size: 3 })
  const rest = await world.models.payments.listOwned(user.id, { size: 3, before: first.at(-1)?.id ?? '' })
  expect([...first, ...rest].map((one) => one.id)).toEqual(made)
})

async function scheduled(database: Db = db, world: World = worldAt(database)) {
  const user = await newLinkedUser(world)
  const habit = await newHabit(world, user, { frequency: 9 })
  const done = await checkOff(world, user, habit.id)
  return { world, user, habitId: habit.id, paymentId: done.paymentId }
}

/** What a worker that comes by now would hold of it. */
async function tryClaim(world: World, paymentId: string): Promise<Claim | null> {
  const payment = await world.db.prisma.payment.findUnique({ where: { id: paymentId } })
  const claims = await world.models.payments.claimDue(payment?.userId ?? randomUUID())
  return claims.find((claim) => claim.payment.id === paymentId) ?? null
}

function sending(world: World) {
  return { to: 'SENDING', lookAgainAt: world.clock.now(), keepLease: true } as const
}

function stored(id: string) {
  return db.prisma.payment.findUniqueOrThrow({ where: { id } })
}

async function eventsOf(paymentId: string): Promise<string[]> {
  const events = await db.prisma.paymentEvent.findMany({ where: { paymentId }, orderBy: { id: 'asc' } })
  return events.map((event) => event.to)
}
