import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { BankConsent, User } from '../../src/generated/client.ts'
import {
  auditsOf,
  grantTo,
  newLinkedUser,
  newUser,
  ownDatabase,
  tokens,
  untilWaiting,
  WORKER,
  type World,
  worldAt,
} from './support.ts'

let db: Db
let close: () => Promise<void>
let world: World
let user: User
let consent: BankConsent

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(12))
})
afterAll(() => close())

beforeEach(async () => {
  // Whoever is left from the tests before has nothing to be told any more.
  await db.prisma.bankConsent.updateMany({
    where: { revokedAt: null },
    data: { revokedAt: new Date(), accessTokenSealed: null, refreshTokenSealed: null },
  })
  await db.prisma.bankConsent.updateMany({ data: { endedTokenSealed: null } })
  world = worldAt(db, '2026-06-17T10:00:00.000Z', { consentDays: 180 })
  user = await newLinkedUser(world)
  consent = await live()
})

async function live(): Promise<BankConsent> {
  return db.prisma.bankConsent.findFirstOrThrow({ where: { userId: user.id, revokedAt: null } })
}

const find = () => db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })
const lettersOf = (kind: string) =>
  world.jobs.filter(({ data }) => (data as { kind?: string }).kind === kind).map(({ data }) => data)
const use = (purpose: 'saver' | 'upkeep') =>
  world.models.consents.accessFor(user.id, async () => tokens(`${Math.random()}`, 3_600), purpose)

/** The nightly job of several workers at once. */
async function night(workers = 1): Promise<void> {
  const { tellEnds, tellUnused, withdrawUnused } = world.models.consentCare
  for (const step of [tellEnds, tellUnused, withdrawUnused])
    await Promise.all(Array.from({ length: workers }, () => step(WORKER)))
}

describe('a consent that is about to end (S-055)', () => {
  test('is told of 14, 7 and 1 days before, each once, however many nights and workers there are', async () => {
    const told: [daysBefore: number, letters: number][] = []
    await use('saver')
    for (let left = 20; left >= 0; left -= 1) {
      const at = consent.expiresAt.getTime() - left * DAY
      world.clock.advance(at - world.clock.now().getTime())
      await use('saver')
      await night(4)
      told.push([left, lettersOf('consent-ends').length])
    }
    const first = (letters: number) => told.find(([, count]) => count === letters)?.[0]
    expect([first(1), first(2), first(3)]).toEqual([14, 7, 1])
    expect(lettersOf('consent-ends')).toHaveLength(3)
    const audited = await auditsOf(world, user.id, 'consent.end-told')
    expect(new Set(audited.map(({ detail }) => JSON.stringify(detail)))).toEqual(
      new Set(['{"days":14}', '{"days":7}', '{"days":1}']),
    )
    expect(audited).toHaveLength(3)
  })

  test('when the nights before were missed, gets the letter that is due now and no other', async () => {
    world.clock.advance(consent.expiresAt.getTime() - world.clock.now().getTime() - 12 * HOUR)
    await night()
    expect(lettersOf('consent-ends')).toHaveLength(1)
    expect(await find()).toMatchObject({ toldDaysBefore: 1 })
  })

  test('and was renewed is told of again only when the new one ends', async () => {
    world.clock.advance(consent.expiresAt.getTime() - world.clock.now().getTime() - 10 * DAY)
    await night()
    await grantTo(world, user.id, tokens('second'))
    for (let day = 0; day < 20; day += 1) {
      world.clock.advance(DAY)
      await night()
    }
    expect(lettersOf('consent-ends')).toHaveLength(1)
  })

  test('is not told to those who can’t renew it: locked, dormant or closed accounts', async () => {
    for (const status of ['LOCKED', 'DORMANT', 'CLOSED'] as const) {
      const other = await newUser(world)
      await grantTo(world, other.id)
      await db.prisma.user.update({ where: { id: other.id }, data: { status } })
    }
    world.clock.advance(consent.expiresAt.getTime() - world.clock.now().getTime() - 5 * DAY)
    await night()
    expect(lettersOf('consent-ends')).toEqual([{ userId: user.id, kind: 'consent-ends' }])
  })
})

describe('a consent that nobody uses (S-056)', () => {
  test('is told of after 90 days, and withdrawn 14 days later, once whatever the number of workers', async () => {
    world.clock.advance(90 * DAY - MINUTE)
    await night(3)
    expect(lettersOf('consent-unused')).toEqual([])
    world.clock.advance(MINUTE)
    await night(3)
    expect(lettersOf('consent-unused')).toHaveLength(1)
    world.clock.advance(14 * DAY - MINUTE)
    await night(3)
    expect(await find()).toMatchObject({ revokedAt: null })
    world.clock.advance(MINUTE)
    await night(3)
    expect(await find()).toMatchObject({
      endReason: 'unused',
      accessTokenSealed: null,
      refreshTokenSealed: null,
      bankToldOn: null,
      endedTokenSealed: expect.anything(),
    })
    expect(lettersOf('consent-withdrawn')).toHaveLength(1)
    expect(await auditsOf(world, user.id, 'consent.unused-told')).toHaveLength(1)
    expect(await auditsOf(world, user.id, 'consent.ended')).toMatchObject([{ detail: { reason: 'unused' } }])
    expect(await use('saver')).toEqual({ kind: 'no-consent' })
  })

  test('the nightly comparison and an admin’s question are no use of it', async () => {
    for (let day = 0; day < 104; day += 1) {
      world.clock.advance(DAY)
      expect(await use('upkeep')).toMatchObject({ kind: 'access' })
      await night()
    }
    expect(await find()).toMatchObject({ endReason: 'unused', lastUsedAt: consent.lastUsedAt })
  })

  test('a payment made by it is a use, and begins the 90 days anew', async () => {
    world.clock.advance(80 * DAY)
    await use('saver')
    world.clock.advance(89 * DAY)
    await night()
    expect(lettersOf('consent-unused')).toEqual([])
  })

  test('signing in is enough to keep it, before and after the letter', async () => {
    const signIn = () =>
      db.prisma.user.update({ where: { id: user.id }, data: { lastSignInOn: world.clock.now() } })
    world.clock.advance(50 * DAY)
    await signIn()
    world.clock.advance(50 * DAY)
    await night()
    expect(lettersOf('consent-unused')).toEqual([])
    world.clock.advance(40 * DAY)
    await night()
    expect(lettersOf('consent-unused')).toHaveLength(1)
    world.clock.advance(13 * DAY)
    await signIn()
    world.clock.advance(10 * DAY)
    await night()
    expect(await find()).toMatchObject({ revokedAt: null })
    expect(lettersOf('consent-withdrawn')).toEqual([])
  })

  test('is kept when its saver signs in at the very moment it is withdrawn', async () => {
    world.clock.advance(90 * DAY)
    await night()
    world.clock.advance(14 * DAY)
    const client = await db.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('UPDATE "User" SET "lastSignInOn" = $1 WHERE id = $2', [world.clock.now(), user.id])
      const withdrawing = world.models.consentCare.withdrawUnused(WORKER)
      await untilWaiting(db, 1)
      await client.query('COMMIT')
      expect(await withdrawing).toBe(0)
    } finally {
      client.release()
    }
    expect(await find()).toMatchObject({ revokedAt: null })
  })
})

describe('telling the bank', () => {
  test('takes the token that is kept for it, and forgets it when the bank has confirmed', async () => {
    const { consents } = world.models
    await consents.revoke(user.id, consent.id, WORKER)
    expect(await consents.untold(10)).toMatchObject([{ id: consent.id, refreshToken: 'refresh-first' }])
    await consents.noteTold(consent.id, WORKER)
    await consents.noteTold(consent.id, WORKER)
    expect(await consents.untold(10)).toEqual([])
    expect(await find()).toMatchObject({ endedTokenSealed: null, bankToldOn: world.clock.now() })
    expect(await auditsOf(world, user.id, 'consent.bank-told')).toHaveLength(1)
  })

  test('takes the newest token, when the old one was being spent at that moment', async () => {
    const { consents } = world.models
    world.clock.advance(2 * HOUR)
    await consents.accessFor(user.id, async () => {
      await consents.revoke(user.id, consent.id, WORKER)
      return tokens('late')
    })
    expect(await consents.untold(10)).toMatchObject([{ refreshToken: 'refresh-late' }])
  })

  test('is not done for consents that another has replaced, or that the bank itself has ended', async () => {
    const { consents } = world.models
    const second = await grantTo(world, user.id, tokens('second'))
    await consents.endRefused(second.id, WORKER)
    expect(await consents.untold(10)).toEqual([])
    expect(await find()).toMatchObject({ endReason: 'replaced', bankToldOn: null })
    const refused = await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: second.id } })
    expect(refused).toMatchObject({ endReason: 'refused-by-bank', bankToldOn: world.clock.now() })
  })

  test('a key beyond the end is possible only until the bank knows: the database sees to it', async () => {
    const before = { where: { id: consent.id }, data: { endedTokenSealed: new Uint8Array([1]) } }
    await expect(db.prisma.bankConsent.update(before)).rejects.toThrow('tells_the_bank_once_ended')
    await world.models.consents.revoke(user.id, consent.id, WORKER)
    const both = { where: { id: consent.id }, data: { bankToldOn: world.clock.now() } }
    await expect(db.prisma.bankConsent.update(both)).rejects.toThrow('tells_the_bank_once_ended')
  })
})
