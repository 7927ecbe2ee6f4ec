import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DAY, MINUTE } from '../../src/clock.ts'
import type { Prisma } from '../../src/generated/client.ts'
import type { Actor } from '../../src/models/context.ts'
import {
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  whileOpen,
  worldAt,
} from './support.ts'

let database: Awaited<ReturnType<typeof ownDatabase>>

beforeAll(async () => {
  database = await ownDatabase()
})
afterAll(() => database.close())
afterEach(() => worldAt(database.db, '2027-01-01T00:00:00.000Z').models.stops.end(SOMEBODY))

async function withAdmin(): Promise<{ world: World; admin: Actor }> {
  const world = worldAt(database.db)
  const { id } = await newUser(world, { role: 'ADMIN', fullName: 'Aino Lind' })
  return { world, admin: { ...SOMEBODY, kind: 'admin', id } }
}

async function onePayment(world: World, change: Prisma.PaymentUncheckedUpdateInput = {}): Promise<string> {
  const user = await newLinkedUser(world)
  const { paymentId: id } = await checkOff(world, user, (await newHabit(world, user)).id)
  await world.db.prisma.payment.update({ where: { id }, data: change })
  return id
}

const stopAudits = ({ db }: World, action: string, stopId: string) =>
  db.prisma.auditEvent.findMany({ where: { action, objectId: stopId } })

describe('stopping all payments', () => {
  test('is on from start to end, with who and why', async () => {
    const { world, admin } = await withAdmin()
    expect(await world.models.stops.current()).toBeNull()
    expect(await world.models.stops.start('Nordea books twice', admin)).toBe(true)
    const stop = await world.models.stops.current()
    expect(stop).toMatchObject({
      reason: 'Nordea books twice',
      startedOn: world.clock.now(),
      startedById: admin.id,
      startedBy: 'Aino Lind',
    })
    world.clock.advance(MINUTE)
    expect(await world.models.stops.end(admin)).toBe(true)
    expect(await world.models.stops.current()).toBeNull()
    const id = stop?.id ?? ''
    expect(await world.db.prisma.paymentStop.findUnique({ where: { id } })).toMatchObject({
      endedOn: world.clock.now(),
      endedById: admin.id,
    })
    expect(await stopAudits(world, 'payments.stopped', id)).toMatchObject([
      { actorId: admin.id, detail: { reason: 'Nordea books twice' } },
    ])
    expect(await stopAudits(world, 'payments.resumed', id)).toMatchObject([{ actorId: admin.id }])
  })

  test('twice leaves the first stop as it is', async () => {
    const { world, admin } = await withAdmin()
    await world.models.stops.start('first', admin)
    const before = await world.db.prisma.auditEvent.count()
    expect(await world.models.stops.start('second', admin)).toBe(false)
    expect(await world.models.stops.current()).toMatchObject({ reason: 'first' })
    expect(await world.db.prisma.auditEvent.count()).toBe(before)
  })

  test('that is not on can’t be ended', async () => {
    const { world, admin } = await withAdmin()
    expect(await world.models.stops.end(admin)).toBe(false)
  })

  test('by two admins at once makes one stop', async () => {
    const { world, admin } = await withAdmin()
    const started = await whileOpen(
      database.db,
      'LOCK TABLE "PaymentStop" IN SHARE MODE',
      [],
      () => Promise.all(['one', 'two'].map((reason) => world.models.stops.start(reason, admin))),
      2,
    )
    expect(started.toSorted()).toEqual([false, true])
    expect(await world.db.prisma.paymentStop.count({ where: { endedOn: null } })).toBe(1)
  })

  test('by a process whose clock is ahead can be ended by one whose clock is behind', async () => {
    const { world: ahead, admin } = await withAdmin()
    const behind = worldAt(database.db)
    ahead.clock.advance(500)
    await ahead.models.stops.start('early', admin)
    expect(await behind.models.stops.end(admin)).toBe(true)
  })

  test('keeps everything from being sent, whatever the code believes', async () => {
    const { world, admin } = await withAdmin()
    const id = await onePayment(world)
    await world.models.stops.start('closed', admin)
    const send = () => world.db.prisma.payment.update({ where: { id }, data: { state: 'SENDING' } })
    await expect(send()).rejects.toThrow('all payments are stopped')
    await world.models.stops.end(admin)
    expect(await send()).toMatchObject({ state: 'SENDING' })
  })
})

describe('when the stop ends', () => {
  test('what it held back is due now, and nothing else is', async () => {
    const { world, admin } = await withAdmin()
    const later = new Date(world.clock.now().getTime() + DAY)
    await world.models.stops.start('closed', admin)
    const blocked = (reason: string) => onePayment(world, { state: 'BLOCKED', reason, nextActionAt: later })
    const heldBack = await blocked('payments-stopped')
    const paused = await blocked('savings-paused')
    const scheduled = await onePayment(world, { nextActionAt: later })
    world.clock.advance(MINUTE)
    await world.models.stops.end(admin)
    const looks = await Promise.all(
      [heldBack, paused, scheduled].map(
        async (id) => (await world.db.prisma.payment.findUniqueOrThrow({ where: { id } })).nextActionAt,
      ),
    )
    expect(looks).toEqual([world.clock.now(), later, later])
  })

  test('a worker that is just finding out that payments are stopped hears that it should look again', async () => {
    const { world, admin } = await withAdmin()
    await world.models.stops.start('closed', admin)
    const id = await onePayment(world)
    const { userId } = await world.db.prisma.payment.findUniqueOrThrow({ where: { id } })
    world.clock.advance(2 * MINUTE)
    const [claim] = await world.models.payments.claimDue(userId)
    if (!claim) throw new Error('the payment was not claimed')
    await world.models.stops.end(admin)
    const lookAgainAt = new Date(world.clock.now().getTime() + DAY)
    await world.models.payments.move(
      claim,
      { to: 'BLOCKED', reason: 'payments-stopped', lookAgainAt },
      SOMEBODY,
    )
    const { nextActionAt } = await world.db.prisma.payment.findUniqueOrThrow({ where: { id } })
    expect(nextActionAt).toEqual(world.clock.now())
  })
})

describe('what is at stake', () => {
  test('is the sum of what is under way by currency, and what waits', async () => {
    const own = await ownDatabase()
    const world = worldAt(own.db, '2026-06-17T10:00:00.000Z', { exposureLimitMinor: 7_777 })
    expect(await world.models.stops.standing()).toEqual({ exposure: [], heldBack: 0, unsent: 0 })
    await onePayment(world)
    await onePayment(world, { state: 'BLOCKED', reason: 'payments-stopped' })
    await onePayment(world, { state: 'SENDING' })
    await onePayment(world, { state: 'SENDING' })
    expect(await world.models.stops.standing()).toEqual({
      exposure: [{ currency: 'DKK', inFlightMinor: 5_000, limitMinor: 7_777 }],
      heldBack: 1,
      unsent: 2,
    })
    await own.close()
  })
})
