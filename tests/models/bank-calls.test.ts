import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BankCallEntry } from '../../src/bank/index.ts'
import { DAY, HOUR } from '../../src/clock.ts'
import type { User } from '../../src/generated/client.ts'
import { newUser, ownDatabase, type World, worldAt } from './support.ts'

let database: Awaited<ReturnType<typeof ownDatabase>>

beforeAll(async () => {
  database = await ownDatabase()
})
afterAll(() => database.close())

async function somebody(unattendedReadsPerDay: number | null = 2): Promise<{ world: World; user: User }> {
  const world = worldAt(database.db, '2026-06-17T10:00:00.000Z', { unattendedReadsPerDay })
  return { world, user: await newUser(world) }
}

/** Notes a call of now. */
async function call({ models, clock }: World, user: User, facts: Partial<BankCallEntry> = {}) {
  await models.bankCalls.record({
    actor: 'worker',
    onBehalfOf: user.id,
    requestId: null,
    api: 'accounts.list',
    method: 'GET',
    path: '/v5/accounts',
    startedAt: clock.now(),
    durationMs: 12.4,
    attended: false,
    outcome: 'ok',
    status: 200,
    remark: null,
    requestBody: null,
    responseBody: null,
    ...facts,
  })
}

describe('the reads that are left while the saver is away', () => {
  test('are all there to begin with', async () => {
    const { world, user } = await somebody()
    expect(await world.models.bankCalls.unattendedReads(user.id)).toMatchObject({
      left: 2,
      nextAllowedAt: null,
    })
  })

  test('are used up, and come back one by one after 24 hours', async () => {
    const { world, user } = await somebody()
    const reads = () => world.models.bankCalls.unattendedReads(user.id)
    const first = world.clock.now()
    await call(world, user)
    world.clock.advance(HOUR)
    expect(await reads()).toMatchObject({ left: 1, nextAllowedAt: null })
    await call(world, user, { api: 'accounts.transactions', outcome: 'unreadable' })
    const nextAllowedAt = new Date(first.getTime() + DAY)
    expect(await reads()).toMatchObject({ left: 0, nextAllowedAt })
    world.clock.advance(23 * HOUR - 1)
    expect(await reads()).toMatchObject({ left: 0, nextAllowedAt })
    world.clock.advance(1)
    expect(await reads()).toMatchObject({ left: 1, nextAllowedAt: null })
  })

  test('are not fewer than none, and wait for as many as there were too many', async () => {
    const { world, user } = await somebody()
    await call(world, user)
    world.clock.advance(HOUR)
    await call(world, user)
    const second = world.clock.now()
    world.clock.advance(HOUR)
    await call(world, user)
    const reads = await world.models.bankCalls.unattendedReads(user.id)
    expect(reads).toMatchObject({ left: 0, nextAllowedAt: new Date(second.getTime() + DAY) })
  })

  test.each<[string, Partial<BankCallEntry>]>([
    ['the saver is there', { attended: true }],
    ['it is about payments', { api: 'payments.list' }],
    ['it is for nobody', { onBehalfOf: null }],
  ])('are not used by a call when %s', async (_name, facts) => {
    const { world, user } = await somebody()
    await call(world, user, facts)
    await call(world, await newUser(world))
    expect(await world.models.bankCalls.unattendedReads(user.id)).toMatchObject({
      left: 2,
      nextAllowedAt: null,
    })
  })

  test.each(['timeout', 'connection', 'server-error', 'rate-limited'] as const)(
    'are not spent by a read that gave nothing (%s)',
    async (outcome) => {
      const { world, user } = await somebody()
      for (let time = 0; time < 3; time += 1) await call(world, user, { outcome })
      expect(await world.models.bankCalls.unattendedReads(user.id)).toMatchObject({
        left: 2,
        nextAllowedAt: null,
      })
    },
  )

  test('are not counted where the bank has no such limit', async () => {
    const { world, user } = await somebody(null)
    await call(world, user)
    expect(await world.models.bankCalls.unattendedReads(user.id)).toEqual({
      allowed: null,
      left: null,
      nextAllowedAt: null,
    })
  })
})
