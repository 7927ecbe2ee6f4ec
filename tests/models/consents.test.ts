import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/bank/index.ts'
import { DAY, MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import {
  auditsOf,
  grantTo,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  tokens,
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

describe("the state value for the bank's redirect", () => {
  test('works once, for whom and where it was made', async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newUser(world)]
    const { consents } = world.models
    const state = await consents.begin(user.id, 'session-1', 'SE', SOMEBODY)
    expect(await consents.redeemState(other.id, 'session-1', state)).toBeNull()
    expect(await consents.redeemState(user.id, 'session-2', state)).toBeNull()
    expect(await consents.redeemState(user.id, 'session-1', `${state}x`)).toBeNull()
    expect(await consents.redeemState(user.id, 'session-1', '')).toBeNull()
    expect(await consents.redeemState(user.id, 'session-1', state)).toBe('SE')
    expect(await consents.redeemState(user.id, 'session-1', state)).toBeNull()
  })

  test('works until ten minutes have passed, and not at the end of them', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const { consents } = world.models
    const [early, late] = [
      await consents.begin(user.id, 's', 'DK', SOMEBODY),
      await consents.begin(user.id, 's', 'DK', SOMEBODY),
    ]
    world.clock.advance(10 * MINUTE - 1)
    expect(await consents.redeemState(user.id, 's', early)).toBe('DK')
    world.clock.advance(1)
    expect(await consents.redeemState(user.id, 's', late)).toBeNull()
  })

  test('redeemed twenty times at one moment works once', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const state = await world.models.consents.begin(user.id, 's', 'DK', SOMEBODY)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.models.consents.redeemState(user.id, 's', state)),
    )
    expect(answers.filter((answer) => answer !== null)).toEqual(['DK'])
  })

  test('is kept as a digest, and so is the session', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const state = await world.models.consents.begin(user.id, 'session-secret', 'DK', SOMEBODY)
    const stored = JSON.stringify(await db.prisma.consentRequest.findMany({ where: { userId: user.id } }))
    expect(stored).not.toContain(state)
    expect(stored).not.toContain('session-secret')
  })
})

describe('a granted consent', () => {
  test('gives access with its token, which is not stored in the clear', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id)
    expect(await world.models.consents.accessFor(user.id, unused)).toEqual({
      kind: 'access',
      consentId: consent.id,
      accessToken: 'access-first',
      country: 'DK',
    })
    expect(Buffer.from(consent.accessTokenSealed ?? []).toString('latin1')).not.toContain('access-first')
    expect(consent.expiresAt).toEqual(new Date(world.clock.now().getTime() + 90 * DAY))
  })

  test('replaces the one before, whose tokens are forgotten and whose accounts stay chosen', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const before = await world.models.accounts.chosenBy(user.id)
    const renewed = await grantTo(world, user.id, tokens('second'))
    const [old] = await db.prisma.bankConsent.findMany({
      where: { userId: user.id, id: { not: renewed.id } },
    })
    expect(old).toMatchObject({ endReason: 'replaced', accessTokenSealed: null, refreshTokenSealed: null })
    const after = await world.models.accounts.chosenBy(user.id)
    expect([after?.debtor.id, after?.creditor.id]).toEqual([before?.debtor.id, before?.creditor.id])
    expect([after?.debtor.consentId, after?.creditor.consentId]).toEqual([renewed.id, renewed.id])
  })

  test('is the only live one after ten callbacks at one moment', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await Promise.all(Array.from({ length: 10 }, (_, at) => grantTo(world, user.id, tokens(`${at}`))))
    expect(await db.prisma.bankConsent.count({ where: { userId: user.id } })).toBe(10)
    expect(await db.prisma.bankConsent.count({ where: { userId: user.id, revokedAt: null } })).toBe(1)
  })

  test('gives no access once its days are over, and does not ask the bank', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('long', 100 * 86_400))
    world.clock.advance(90 * DAY)
    expect(await world.models.consents.accessFor(user.id, unused)).toEqual({ kind: 'expired' })
  })

  test('is no access for somebody else', async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newUser(world)]
    await grantTo(world, user.id)
    expect(await world.models.consents.accessFor(other.id, unused)).toEqual({ kind: 'no-consent' })
  })

  test('does not open with tokens that were copied from another consent', async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newUser(world)]
    const [mine, theirs] = [await grantTo(world, user.id), await grantTo(world, other.id)]
    await db.prisma.bankConsent.update({
      where: { id: mine.id },
      data: { accessTokenSealed: theirs.accessTokenSealed },
    })
    await expect(world.models.consents.accessFor(user.id, unused)).rejects.toThrow()
  })
})

describe('a token at its end', () => {
  test('is renewed a minute before, and the new pair is used from then on', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 3_600))
    world.clock.advance(59 * MINUTE - 1)
    expect(await world.models.consents.accessFor(user.id, unused)).toMatchObject({
      accessToken: 'access-first',
    })
    world.clock.advance(1)
    const bank = countingBank()
    expect(await world.models.consents.accessFor(user.id, bank.refresh)).toMatchObject({
      accessToken: 'access-1',
    })
    expect(bank.spent).toEqual(['refresh-first'])
    world.clock.advance(59 * MINUTE)
    await world.models.consents.accessFor(user.id, bank.refresh)
    expect(bank.spent).toEqual(['refresh-first', 'refresh-1'])
  })

  test('is renewed once when twenty need it at one moment, and all twenty get the new one', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 3_600))
    world.clock.advance(3_600 * SECOND)
    const bank = countingBank()
    let asked = 0
    const refresh = async (refreshToken: string) => {
      asked += 1
      // The others' questions to the database stand before these in the pool's queue.
      for (let turn = 0; turn < 10; turn += 1) await db.pool.query('SELECT 1')
      return bank.refresh(refreshToken)
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.models.consents.accessFor(user.id, refresh)),
    )
    expect(asked).toBe(1)
    for (const answer of answers) expect(answer).toMatchObject({ kind: 'access', accessToken: 'access-1' })
  })

  test('that the bank refuses to renew leaves the lease free for the next try, and is told', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id, tokens('first', 30))
    await expect(
      world.models.consents.accessFor(user.id, () => Promise.reject(new Error('refused'))),
    ).rejects.toThrow('refused')
    expect(await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })).toMatchObject({
      refreshLeaseOwner: null,
      refreshLeaseUntil: null,
      revokedAt: null,
    })
    const bank = countingBank()
    expect(await world.models.consents.accessFor(user.id, bank.refresh)).toMatchObject({ kind: 'access' })
    expect(bank.spent).toEqual(['refresh-first'])
  })

  test('whose renewer died can be renewed by another after the lease', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 30))
    const asked = Promise.withResolvers<void>()
    const dead = world.models.consents.accessFor(user.id, () => {
      asked.resolve()
      return new Promise<Tokens>(() => {})
    })
    dead.catch(() => {})
    await asked.promise
    world.clock.advance(30 * SECOND)
    const bank = countingBank()
    expect(await world.models.consents.accessFor(user.id, bank.refresh)).toMatchObject({
      accessToken: 'access-1',
    })
  })

  test('that was renewed by a call which outlived its lease is still kept, because the bank knows only the new one', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 30))
    const answer = await world.models.consents.accessFor(user.id, async () => {
      // The lease ran out and another took it, but has not answered.
      await db.prisma.bankConsent.updateMany({
        where: { userId: user.id },
        data: { refreshLeaseOwner: '00000000-0000-4000-8000-000000000009' },
      })
      return tokens('late')
    })
    expect(answer).toMatchObject({ kind: 'access', accessToken: 'access-late' })
  })

  test('that is refused because another process has spent it is the one that process got', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 30))
    const bank = countingBank()
    const answer = await world.models.consents.accessFor(user.id, async () => {
      world.clock.advance(30 * SECOND)
      await world.models.consents.accessFor(user.id, bank.refresh)
      throw new Error('spent')
    })
    expect(answer).toMatchObject({ kind: 'access', accessToken: 'access-1' })
  })

  test('that is refused because the saver has linked the bank anew is the new one', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    await grantTo(world, user.id, tokens('first', 30))
    const answer = await world.models.consents.accessFor(user.id, async () => {
      await grantTo(world, user.id, tokens('second'))
      throw new Error('refused')
    })
    expect(answer).toMatchObject({ kind: 'access', accessToken: 'access-second' })
  })

  test('renewed while the saver ended the consent gives no access, and nothing is stored', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id, tokens('first', 30))
    const answer = await world.models.consents.accessFor(user.id, async () => {
      await world.models.consents.revoke(user.id, consent.id, SOMEBODY)
      return tokens('late')
    })
    expect(answer).toEqual({ kind: 'no-consent' })
    expect(await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })).toMatchObject({
      accessTokenSealed: null,
      refreshTokenSealed: null,
    })
  })

  test('is renewed before its time once the bank has refused it', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id)
    await world.models.consents.distrustToken(consent.id)
    const bank = countingBank()
    expect(await world.models.consents.accessFor(user.id, bank.refresh)).toMatchObject({
      accessToken: 'access-1',
    })
  })
})

describe('ending a consent', () => {
  test('forgets its tokens and hands them out once, so that the bank can be told', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id)
    expect(await world.models.consents.revoke(user.id, consent.id, SOMEBODY)).toEqual({
      refreshToken: 'refresh-first',
    })
    expect(await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })).toMatchObject({
      endReason: 'revoked-by-saver',
      accessTokenSealed: null,
      refreshTokenSealed: null,
    })
    expect(await world.models.consents.revoke(user.id, consent.id, SOMEBODY)).toBeNull()
    expect(await world.models.consents.accessFor(user.id, unused)).toEqual({ kind: 'no-consent' })
  })

  test("is not open to somebody else, whose attempt looks like one at nobody's consent", async () => {
    const world = worldAt(db)
    const [user, other] = [await newUser(world), await newUser(world)]
    const consent = await grantTo(world, user.id)
    expect(await world.models.consents.revoke(other.id, consent.id, SOMEBODY)).toBeNull()
    expect(await world.models.consents.live(user.id)).not.toBeNull()
  })

  test('three times at one moment ends it once, with one line in the trail', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const consent = await grantTo(world, user.id)
    const lock = 'SELECT 1 FROM "BankConsent" WHERE id = $1 FOR UPDATE'
    const answers = await whileOpen(
      db,
      lock,
      [consent.id],
      () =>
        Promise.all(
          Array.from({ length: 3 }, () => world.models.consents.revoke(user.id, consent.id, SOMEBODY)),
        ),
      3,
    )
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1)
    expect(await auditsOf(world, user.id, 'consent.ended')).toHaveLength(1)
  })

  test('on the word of the bank says so, and does not touch the one that has replaced it', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const old = await grantTo(world, user.id)
    const renewed = await grantTo(world, user.id, tokens('second'))
    await world.models.consents.endRefused(old.id, WORKER)
    expect((await world.models.consents.live(user.id))?.id).toBe(renewed.id)
    await world.models.consents.endRefused(renewed.id, WORKER)
    expect(await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: renewed.id } })).toMatchObject({
      endReason: 'refused-by-bank',
      refreshTokenSealed: null,
    })
  })
})

async function unused(): Promise<Tokens> {
  throw new Error('the bank was asked although nobody needed it')
}

/** Takes every refresh token once, as the bank does. */
function countingBank() {
  const spent: string[] = []
  return {
    spent,
    refresh: async (refreshToken: string): Promise<Tokens> => {
      if (spent.includes(refreshToken)) throw new Error(`${refreshToken} was spent`)
      spent.push(refreshToken)
      return tokens(`${spent.length}`)
    },
  }
}
