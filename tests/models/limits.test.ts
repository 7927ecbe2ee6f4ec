import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import type { User } from '../../src/generated/client.ts'
import { DEFAULT_LIMITS, type Limits, limitsAt } from '../../src/models/limits.ts'
import {
  auditsOf,
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

const COOLING_MS = 24 * HOUR

async function somebody(): Promise<{ world: World; user: User }> {
  const world = worldAt(database.db)
  return { world, user: await newUser(world) }
}

const wish = (change: Partial<Limits> = {}): Limits => ({ ...DEFAULT_LIMITS, ...change })
const numbersOf = (limits: Limits) => ({
  capPerPaymentMinor: limits.capPerPaymentMinor,
  capPerDayMinor: limits.capPerDayMinor,
  capPerMonthMinor: limits.capPerMonthMinor,
  floorMinor: limits.floorMinor,
})
const change = ({ models }: World, user: User, limits: Limits) =>
  models.limits.change(user.id, limits, SOMEBODY)
const current = async ({ models }: World, user: User) => numbersOf(await models.limits.current(user.id))
const versionsOf = ({ db }: World, user: User) =>
  db.prisma.savingLimits.findMany({ where: { userId: user.id }, orderBy: { createdOn: 'asc' } })
const mailsTo = ({ jobs }: World, user: User) =>
  jobs.filter(({ data }) => 'userId' in data && data.userId === user.id)

describe('limits', () => {
  test('that nobody has set are everybody’s', async () => {
    const { world, user } = await somebody()
    expect(await current(world, user)).toEqual(DEFAULT_LIMITS)
    expect(await world.models.limits.coming(user.id)).toBeNull()
  })

  test.each<[string, Partial<Limits>]>([
    ['a lower cap per payment', { capPerPaymentMinor: 5_000 }],
    ['a lower cap per day', { capPerDayMinor: 5_000 }],
    ['a lower cap per month', { capPerMonthMinor: 5_000 }],
    ['a higher floor', { floorMinor: 5_000 }],
  ])('tightened by %s count at once, and no mail is needed', async (_name, tighter) => {
    const { world, user } = await somebody()
    expect(await change(world, user, wish(tighter))).toEqual({ countsNow: true, restFrom: null })
    expect(await current(world, user)).toEqual(wish(tighter))
    expect(await world.models.limits.coming(user.id)).toBeNull()
    expect(mailsTo(world, user)).toEqual([])
  })

  test.each<[string, Partial<Limits>]>([
    ['a higher cap per payment', { capPerPaymentMinor: 2_000_000 }],
    ['a higher cap per day', { capPerDayMinor: 2_000_000 }],
    ['a higher cap per month', { capPerMonthMinor: 4_000_000 }],
    ['a lower floor', { floorMinor: 999 }],
  ])('loosened by %s count after the cooling-off, to the millisecond', async (_name, looser) => {
    const { world, user } = await somebody()
    await change(world, user, wish({ floorMinor: 1_000 }))
    world.clock.advance(MINUTE)
    const from = new Date(world.clock.now().getTime() + COOLING_MS)
    const wanted = wish({ floorMinor: 1_000, ...looser })
    expect(await change(world, user, wanted)).toEqual({ countsNow: false, restFrom: from })
    expect(await world.models.limits.coming(user.id)).toEqual({ ...wanted, from })
    world.clock.advance(COOLING_MS - 1)
    expect(await current(world, user)).toEqual(wish({ floorMinor: 1_000 }))
    world.clock.advance(1)
    expect(await current(world, user)).toEqual(wanted)
    expect(await world.models.limits.coming(user.id)).toBeNull()
    expect(mailsTo(world, user)).toMatchObject([{ name: 'send-mail', data: { kind: 'limits-loosened' } }])
  })

  test('changed both ways become two versions: the tighter mix now, the wish later', async () => {
    const { world, user } = await somebody()
    const wanted = wish({ capPerPaymentMinor: 5_000, capPerDayMinor: 2_000_000, floorMinor: 700 })
    const from = new Date(world.clock.now().getTime() + COOLING_MS)
    expect(await change(world, user, wanted)).toEqual({ countsNow: true, restFrom: from })
    expect(await current(world, user)).toEqual(wish({ capPerPaymentMinor: 5_000, floorMinor: 700 }))
    expect(await versionsOf(world, user)).toHaveLength(2)
    world.clock.advance(COOLING_MS)
    expect(await current(world, user)).toEqual(wanted)
  })

  test('are what they were at any instant of the past', async () => {
    const { world, user } = await somebody()
    const begin = world.clock.now()
    world.clock.advance(DAY)
    await change(world, user, wish({ floorMinor: 10 }))
    const then = world.clock.now()
    world.clock.advance(DAY)
    await change(world, user, wish({ floorMinor: 20 }))
    const floors = [begin, then, world.clock.now()].map(
      async (at) => (await limitsAt(world.db.prisma, user.id, at)).floorMinor,
    )
    expect(await Promise.all(floors)).toEqual([0, 10, 20])
  })

  test('of another saver stay as they are', async () => {
    const { world, user } = await somebody()
    const other = await newUser(world)
    await change(world, user, wish({ capPerPaymentMinor: 1 }))
    expect(await current(world, other)).toEqual(DEFAULT_LIMITS)
  })

  test('without a cooling-off count at once whatever they do', async () => {
    const world = worldAt(database.db, '2026-06-17T10:00:00.000Z', { coolingOffHours: 0 })
    const user = await newUser(world)
    const wanted = wish({ capPerPaymentMinor: 5_000, capPerDayMinor: 2_000_000 })
    expect(await change(world, user, wanted)).toEqual({ countsNow: true, restFrom: null })
    expect(await current(world, user)).toEqual(wanted)
    expect(await versionsOf(world, user)).toHaveLength(1)
  })

  test('leave a line in the audit trail', async () => {
    const { world, user } = await somebody()
    const wanted = wish({ capPerDayMinor: 2_000_000, floorMinor: 700 })
    const { restFrom } = await change(world, user, wanted)
    expect(await auditsOf(world, user.id, 'limits.changed')).toMatchObject([
      { actorKind: 'saver', detail: { ...wanted, countsNow: true, restFrom: restFrom?.toISOString() } },
    ])
  })

  test('wished for as they are change nothing and leave no trace', async () => {
    const { world, user } = await somebody()
    expect(await change(world, user, wish())).toEqual({ countsNow: false, restFrom: null })
    expect(await versionsOf(world, user)).toEqual([])
    expect(await auditsOf(world, user.id, 'limits.changed')).toEqual([])
  })
})

describe('a loosening that waits', () => {
  async function waiting() {
    const { world, user } = await somebody()
    await change(world, user, wish({ capPerDayMinor: 2_000_000 }))
    world.clock.advance(HOUR)
    return { world, user }
  }

  test('is withdrawn by a new change, whose own begins to wait anew', async () => {
    const { world, user } = await waiting()
    const wanted = wish({ capPerDayMinor: 2_000_000, capPerMonthMinor: 4_000_000 })
    const { restFrom } = await change(world, user, wanted)
    expect(restFrom).toEqual(new Date(world.clock.now().getTime() + COOLING_MS))
    expect((await versionsOf(world, user)).map((row) => row.withdrawnOn !== null)).toEqual([true, false])
    world.clock.advance(COOLING_MS - 1)
    expect(await current(world, user)).toEqual(wish())
  })

  test('is withdrawn by wishing for what counts now', async () => {
    const { world, user } = await waiting()
    expect(await change(world, user, wish())).toEqual({ countsNow: false, restFrom: null })
    expect(await world.models.limits.coming(user.id)).toBeNull()
    world.clock.advance(COOLING_MS)
    expect(await current(world, user)).toEqual(wish())
    expect(mailsTo(world, user)).toHaveLength(1)
  })

  test('keeps its time when the same is wished for again', async () => {
    const { world, user } = await waiting()
    const before = await world.models.limits.coming(user.id)
    const again = await change(world, user, wish({ capPerDayMinor: 2_000_000 }))
    expect(again).toEqual({ countsNow: false, restFrom: before?.from })
    expect(await world.models.limits.coming(user.id)).toEqual(before)
    expect(mailsTo(world, user)).toHaveLength(1)
  })

  test('can be taken back, once', async () => {
    const { world, user } = await waiting()
    expect(await world.models.limits.withdraw(user.id, SOMEBODY)).toBe(true)
    expect(await world.models.limits.withdraw(user.id, SOMEBODY)).toBe(false)
    world.clock.advance(COOLING_MS)
    expect(await current(world, user)).toEqual(wish())
    expect(await auditsOf(world, user.id, 'limits.withdrawn')).toMatchObject([
      { detail: { capPerDayMinor: 2_000_000 } },
    ])
  })

  test('can’t be taken back by somebody else', async () => {
    const { world, user } = await waiting()
    const other = await newUser(world)
    expect(await world.models.limits.withdraw(other.id, SOMEBODY)).toBe(false)
    expect(await world.models.limits.coming(user.id)).not.toBeNull()
  })

  test('can’t be taken back once it counts', async () => {
    const { world, user } = await waiting()
    world.clock.advance(COOLING_MS)
    expect(await world.models.limits.withdraw(user.id, SOMEBODY)).toBe(false)
    expect(await current(world, user)).toEqual(wish({ capPerDayMinor: 2_000_000 }))
  })

  test('lets payments be tried when it begins to count, whatever they were resting for', async () => {
    const world = worldAt(database.db)
    const user = await newLinkedUser(world)
    const resting = async (nextActionAt: Date) => {
      const { paymentId: id } = await checkOff(world, user, (await newHabit(world, user)).id)
      await world.db.prisma.payment.update({
        where: { id },
        data: { state: 'BLOCKED', reason: 'cap-per-month', nextActionAt },
      })
      return id
    }
    const soon = new Date(world.clock.now().getTime() + MINUTE)
    const ids = [await resting(soon), await resting(new Date(world.clock.now().getTime() + 14 * DAY))]
    const { restFrom } = await change(world, user, wish({ capPerMonthMinor: 4_000_000 }))
    const looks = await world.db.prisma.payment.findMany({
      where: { id: { in: ids } },
      orderBy: { id: 'asc' },
    })
    expect(looks.map((payment) => payment.nextActionAt)).toEqual([soon, restFrom])
  })
})

describe('changes that meet', () => {
  test('in the same instant: the later one counts, and what it doesn’t loosen stays tight', async () => {
    const { world, user } = await somebody()
    await change(world, user, wish({ capPerPaymentMinor: 5_000 }))
    await change(world, user, wish({ capPerPaymentMinor: 4_000 }))
    expect(await current(world, user)).toEqual(wish({ capPerPaymentMinor: 4_000 }))
    const { countsNow } = await change(world, user, wish({ capPerPaymentMinor: 6_000 }))
    expect(countsNow).toBe(false)
    expect(await current(world, user)).toEqual(wish({ capPerPaymentMinor: 4_000 }))
    expect(await world.models.limits.coming(user.id)).toMatchObject({ capPerPaymentMinor: 6_000 })
  })

  test('by a process whose clock is behind, nothing is loosened early', async () => {
    const ahead = worldAt(database.db, '2026-06-17T10:00:00.500Z')
    const behind = worldAt(database.db, '2026-06-17T10:00:00.000Z')
    const user = await newUser(behind)
    await change(ahead, user, wish({ capPerPaymentMinor: 5_000 }))
    await change(behind, user, wish({ capPerPaymentMinor: 1_000_000, floorMinor: 100 }))
    for (const world of [ahead, behind]) world.clock.advance(HOUR)
    expect(await current(behind, user)).toEqual(wish({ capPerPaymentMinor: 5_000, floorMinor: 100 }))
  })

  test('two at once queue: each is whole, and the tighter of both counts', async () => {
    const { world, user } = await somebody()
    const [some, others] = [wish({ capPerPaymentMinor: 5_000 }), wish({ floorMinor: 900 })]
    await whileOpen(
      database.db,
      'SELECT id FROM "User" WHERE id = $1 FOR UPDATE',
      [user.id],
      () => Promise.all([change(world, user, some), change(world, user, others)]),
      2,
    )
    expect(await current(world, user)).toEqual({ ...some, ...others, capPerPaymentMinor: 5_000 })
    const coming = await world.models.limits.coming(user.id)
    expect([some, others]).toContainEqual(coming && numbersOf(coming))
    const live = (await versionsOf(world, user)).filter((row) => row.withdrawnOn === null)
    expect(live).toHaveLength(2)
    expect(await auditsOf(world, user.id, 'limits.changed')).toHaveLength(2)
  })
})

describe('the database', () => {
  test('refuses to rewrite a version or to bring a withdrawn one back', async () => {
    const { world, user } = await somebody()
    await change(world, user, wish({ capPerDayMinor: 2_000_000 }))
    const [version] = await versionsOf(world, user)
    const rewrite = (data: object) =>
      world.db.prisma.savingLimits.update({ where: { id: version?.id ?? '' }, data })
    await expect(rewrite({ capPerDayMinor: 1 })).rejects.toThrow()
    await expect(rewrite({ effectiveFrom: world.clock.now() })).rejects.toThrow()
    await world.models.limits.withdraw(user.id, SOMEBODY)
    await expect(rewrite({ withdrawnOn: null })).rejects.toThrow()
  })
})
