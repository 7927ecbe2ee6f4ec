import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/clock.ts'
import type { User } from '../../src/generated/client.ts'
import { pauseAt } from '../../src/models/savings.ts'
import { auditsOf, newUser, ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

let database: Awaited<ReturnType<typeof ownDatabase>>

beforeAll(async () => {
  database = await ownDatabase()
})
afterAll(() => database.close())

async function somebody(facts: Partial<User> = {}): Promise<{ world: World; user: User }> {
  const world = worldAt(database.db)
  return { world, user: await newUser(world, facts) }
}

async function pauseOf({ models, clock }: World, { id }: User) {
  const user = (await models.users.find(id)) as User
  return pauseAt(user, clock.now())
}

describe('a pause', () => {
  test('until a day ends when that day of the saver’s begins', async () => {
    const { world, user } = await somebody({ dayStartHour: 4 })
    expect(await world.models.savings.pause(user, '2026-06-19', SOMEBODY)).toBe(true)
    const { pausedUntil } = await world.db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(pausedUntil?.toISOString()).toBe('2026-06-19T02:00:00.000Z')
    expect(await pauseOf(world, user)).toEqual({ until: '2026-06-19' })
    world.clock.advance(40 * HOUR - 1)
    expect(await pauseOf(world, user)).not.toBeNull()
    world.clock.advance(1)
    expect(await pauseOf(world, user)).toBeNull()
  })

  test('without a day lasts until the saver ends it', async () => {
    const { world, user } = await somebody()
    await world.models.savings.pause(user, null, SOMEBODY)
    world.clock.advance(10_000 * DAY)
    expect(await pauseOf(world, user)).toEqual({ until: null })
    expect(await world.models.savings.resume(user.id, SOMEBODY)).toBe(true)
    expect(await pauseOf(world, user)).toBeNull()
    expect(await world.models.savings.resume(user.id, SOMEBODY)).toBe(false)
  })

  test.each(['2026-06-17', '2026-06-16'])('until %s, which has begun, is refused', async (until) => {
    const { world, user } = await somebody()
    expect(await world.models.savings.pause(user, until, SOMEBODY)).toBe(false)
    expect(await pauseOf(world, user)).toBeNull()
  })

  test('can be changed for a shorter one', async () => {
    const { world, user } = await somebody()
    await world.models.savings.pause(user, null, SOMEBODY)
    await world.models.savings.pause(user, '2026-06-18', SOMEBODY)
    expect(await pauseOf(world, user)).toEqual({ until: '2026-06-18' })
  })

  test('and its end stand in the audit trail', async () => {
    const { world, user } = await somebody()
    await world.models.savings.pause(user, '2026-07-01', SOMEBODY)
    await world.models.savings.resume(user.id, SOMEBODY)
    expect(await auditsOf(world, user.id, 'savings.paused')).toMatchObject([
      { detail: { until: '2026-07-01' } },
    ])
    expect(await auditsOf(world, user.id, 'savings.resumed')).toHaveLength(1)
  })
})

describe('how often money goes out', () => {
  test('is kept, with one line in the audit trail for a real change', async () => {
    const { world, user } = await somebody()
    await world.models.savings.changeCadence(user, 'WEEKLY', SOMEBODY)
    await world.models.savings.changeCadence(user, 'WEEKLY', SOMEBODY)
    expect(await world.models.users.find(user.id)).toMatchObject({ cadence: 'WEEKLY' })
    expect(await auditsOf(world, user.id, 'savings.cadence-changed')).toMatchObject([
      { detail: { cadence: 'WEEKLY' } },
    ])
  })
})
