/** The session and its user out of one statement, as every request begins. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../src/db.ts'
import { Prisma } from '../../src/db.ts'
import { newUser, ownDatabase, type World, worldAt } from './support.ts'

let db: Db
let world: World
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
  world = worldAt(db)
})
afterAll(() => close())

async function store(sid: string, sess: object, expires = `now() + interval '1 hour'`): Promise<void> {
  await db.pool.query(`INSERT INTO session (sid, sess, expire) VALUES ($1, $2, ${expires})`, [sid, sess])
}

/** Bytes are bytes, in whatever kind of array. */
function comparable(row: object | null | undefined): object {
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]) => [
      name,
      ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array).toString('hex') : value,
    ]),
  )
}

describe('a visit', () => {
  test('has the user as the model of users gives them, column by column, filled in or empty', async () => {
    const now = world.clock.now()
    const full = await newUser(world, {
      emailConfirmationSentOn: now,
      pausedUntil: now,
      restsUntil: now,
      totpSecretSealed: new Uint8Array([1, 2, 3]),
      totpConfirmedOn: now,
      totpLastStep: 7,
      totpPendingSealed: new Uint8Array([4, 5]),
      lastSignInOn: now,
      dormantWarnedOn: now,
      asksAboveMinor: 5_000,
      agreedNotice: 'one',
      agreedOn: now,
    })
    for (const user of [full, await newUser(world)]) {
      await store(`of ${user.id}`, { passport: { user: user.id } })
      const visit = await world.models.visits.find(`of ${user.id}`)
      expect(Object.keys(visit?.user ?? {}).sort()).toEqual(Object.keys(Prisma.UserScalarFieldEnum).sort())
      expect(comparable(visit?.user)).toEqual(comparable(await world.models.users.find(user.id)))
      expect(visit?.session).toEqual({ passport: { user: user.id } })
    }
  })

  test('of nobody has a session and no user; a user who is gone is nobody', async () => {
    await store('of a visitor', { language: 'sv' })
    expect(await world.models.visits.find('of a visitor')).toEqual({
      session: { language: 'sv' },
      user: null,
      mark: null,
    })
    await store('of somebody gone', { passport: { user: '01980000-0000-7000-8000-000000000000' } })
    expect((await world.models.visits.find('of somebody gone'))?.user).toBeNull()
  })

  test('is none without such a session, or when its time is over', async () => {
    expect(await world.models.visits.find('of no session')).toBeNull()
    await store('over', {}, `now() - interval '1 second'`)
    expect(await world.models.visits.find('over')).toBeNull()
  })
})
