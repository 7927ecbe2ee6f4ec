import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import { isApiToken, randomApiToken } from '../../src/crypto.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { SCOPES } from '../../src/models/api-token/scopes.ts'
import { MOST_TOKENS } from '../../src/models/api-token.ts'
import { endSessions } from '../../src/models/session.ts'
import { auditsOf, newUser, ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>
let asOwner: (sql: string) => Promise<unknown>
let network = 0

beforeAll(async () => {
  ;({ db, close, asOwner } = await ownDatabase(22))
})
afterAll(() => close())

/** From a network of their own each: wrong tokens are counted by network. */
const somebody = () => ({ ...SOMEBODY, ip: `10.1.${++network}.1` })

async function made(world: World, user: User, days = 30) {
  const wish = { name: 'My watch', scopes: [...SCOPES], days }
  const result = await world.models.apiTokens.make(user.id, wish, somebody())
  if (result.kind !== 'made') throw new Error(result.kind)
  return result
}

async function start(days = 30) {
  const world = worldAt(db)
  const user = await newUser(world)
  return { world, user, ...(await made(world, user, days)) }
}

const kindOf = async (world: World, secret: string, by = somebody()) =>
  (await world.models.apiTokens.check(secret, by)).kind

describe('a token', () => {
  test('can be told from what only looks like one, without asking anybody', () => {
    for (let turn = 0; turn < 200; turn += 1) {
      const token = randomApiToken()
      expect(token).toMatch(/^spv_[0-9A-Za-z]{42}$/)
      expect(isApiToken(token)).toBe(true)
      const at = 4 + (turn % 42)
      const other = token[at] === 'x' ? 'y' : 'x'
      expect(isApiToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false)
    }
  })

  test('is kept as a keyed hash, with its last four letters, and told by mail and trail', async () => {
    const { world, user, token, secret } = await start()
    const row = await db.prisma.apiToken.findUniqueOrThrow({ where: { id: token.id } })
    expect(JSON.stringify(row)).not.toContain(secret)
    expect(row.lastFour).toBe(secret.slice(-4))
    const other = worldAt(db, '2026-06-17T10:00:00.000Z', { tokenKey: 'another key' })
    expect(await kindOf(other, secret)).toBe('wrong')
    expect(await kindOf(world, secret)).toBe('good')
    expect(world.jobs).toMatchObject([{ name: 'send-mail', data: { userId: user.id, kind: 'token-made' } }])
    expect(JSON.stringify(world.jobs)).not.toContain(secret)
    const [line] = await auditsOf(world, user.id, 'user.token-made')
    expect(JSON.stringify(line)).not.toContain(secret)
  })

  test('is good until its day, and not a moment longer', async () => {
    const { world, secret } = await start(1)
    world.clock.advance(DAY - 1)
    expect(await kindOf(world, secret)).toBe('good')
    world.clock.advance(1)
    expect(await kindOf(world, secret)).toBe('wrong')
  })

  test('that is ended opens nothing, can be ended again, and is nobody else’s to end', async () => {
    const { world, user, token, secret } = await start()
    const other = await newUser(world)
    expect(await world.models.apiTokens.revoke(other.id, token.id, SOMEBODY)).toBe(false)
    expect(await kindOf(world, secret)).toBe('good')
    expect(await world.models.apiTokens.revoke(user.id, token.id, SOMEBODY)).toBe(true)
    expect(await kindOf(world, secret)).toBe('wrong')
    expect(await world.models.apiTokens.revoke(user.id, token.id, SOMEBODY)).toBe(true)
  })

  test(`is one of at most ${MOST_TOKENS}, however many are made at one moment`, async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const wish = { name: 'One of many', scopes: [SCOPES[0]], days: 30 }
    const results = await Promise.all(
      Array.from({ length: 15 }, () => world.models.apiTokens.make(user.id, wish, SOMEBODY)),
    )
    expect(results.filter(({ kind }) => kind === 'made')).toHaveLength(MOST_TOKENS)
    world.clock.advance(31 * DAY)
    expect((await world.models.apiTokens.make(user.id, wish, SOMEBODY)).kind).toBe('made')
  })

  test('that has ended and is shown is written down for its owner, once an hour', async () => {
    const { world, user, token, secret } = await start()
    await world.models.apiTokens.revoke(user.id, token.id, SOMEBODY)
    for (let turn = 0; turn < 5; turn += 1) await kindOf(world, secret)
    expect(await auditsOf(world, user.id, 'user.token-refused')).toHaveLength(1)
    world.clock.advance(HOUR)
    await kindOf(world, secret)
    expect(await auditsOf(world, user.id, 'user.token-refused')).toHaveLength(2)
  })

  test('that is right is never kept waiting by wrong ones of the same network', async () => {
    const { world, secret } = await start()
    const by = somebody()
    const kinds = []
    for (let turn = 0; turn < 25; turn += 1) kinds.push(await kindOf(world, randomApiToken(), by))
    expect(kinds.slice(0, 20)).toEqual(Array(20).fill('wrong'))
    expect(kinds.slice(20)).toEqual(Array(5).fill('wait'))
    expect(await kindOf(world, secret, by)).toBe('good')
    expect(await kindOf(world, randomApiToken(), somebody())).toBe('wrong')
  })
})

describe('tokens end', () => {
  test('with everybody’s sessions, and not with those of other browsers', async () => {
    const { world, user, secret } = await start()
    await db.transaction((tx) => endSessions(tx, user.id, 'the browser that stays'))
    expect(await kindOf(world, secret)).toBe('good')
    await db.transaction((tx) => endSessions(tx, user.id, null))
    expect(await kindOf(world, secret)).toBe('wrong')
  })

  test.each(['LOCKED', 'DORMANT', 'CLOSED'] as const)(
    'with an account that becomes %s, by the database itself, and do not come back',
    async (status) => {
      const { world, user, secret, token } = await start()
      await asOwner(`UPDATE "User" SET status = '${status}' WHERE id = '${user.id}'`)
      expect(await kindOf(world, secret)).toBe('wrong')
      const { revokedOn } = await db.prisma.apiToken.findUniqueOrThrow({ where: { id: token.id } })
      expect(revokedOn).not.toBeNull()
    },
  )

  test('of nobody else', async () => {
    const { world, user } = await start()
    const neighbour = await made(world, await newUser(world))
    await db.prisma.user.update({ where: { id: user.id }, data: { status: 'LOCKED' } })
    expect(await kindOf(world, neighbour.secret)).toBe('good')
  })
})

describe('the database refuses', () => {
  test.each([
    ['a scope that there isn’t', `scopes = ARRAY['admin']`],
    ['no scope', `scopes = ARRAY[]::text[]`],
    ['another scope later', `scopes = ARRAY['habits:read']`],
    ['more than a year', `"expiresOn" = "createdOn" + interval '366 days'`],
    ['a later end', `"expiresOn" = "expiresOn" + interval '1 day'`],
    ['another secret', `"hashedSecret" = repeat('a', 64)`],
    ['another owner', `"userId" = (SELECT id FROM "User" WHERE id <> "ApiToken"."userId" LIMIT 1)`],
    ['no name', `name = ''`],
  ])('%s', async (_name, change) => {
    const { token } = await start()
    await expect(asOwner(`UPDATE "ApiToken" SET ${change} WHERE id = '${token.id}'`)).rejects.toThrow(
      /check constraint|stays as it was made/,
    )
  })

  test('what has ended to begin again', async () => {
    const { world, user, token } = await start()
    await world.models.apiTokens.revoke(user.id, token.id, SOMEBODY)
    await expect(
      asOwner(`UPDATE "ApiToken" SET "revokedOn" = NULL WHERE id = '${token.id}'`),
    ).rejects.toThrow(/stays as it was made/)
  })

  test('a token of a closed account', async () => {
    const { world, user } = await start()
    await db.prisma.user.update({ where: { id: user.id }, data: { status: 'CLOSED' } })
    await expect(made(world, user)).rejects.toThrow()
  })

  test('an answer kept for another saver’s token', async () => {
    const { world, token } = await start()
    const stranger = await newUser(world)
    const request = { tokenId: token.id, userId: stranger.id, key: 'k', content: 'c' }
    await expect(world.models.apiAnswers.begin(request)).rejects.toThrow()
  })
})

describe('a kept answer', () => {
  const of = ({ token, user }: { token: { id: string }; user: User }, content = 'content') => ({
    tokenId: token.id,
    userId: user.id,
    key: 'key',
    content,
  })

  test('is one, whoever comes at the same moment', async () => {
    const own = await start()
    const begun = await Promise.all(
      Array.from({ length: 20 }, () => own.world.models.apiAnswers.begin(of(own))),
    )
    expect(begun.map(({ kind }) => kind).sort()).toEqual(['new', ...Array(19).fill('under-way')])
  })

  test('is given again for a day, and to no other content', async () => {
    const own = await start()
    const { apiAnswers } = own.world.models
    const begun = await apiAnswers.begin(of(own))
    if (begun.kind === 'new') await apiAnswers.keep(begun.id, { status: 201, body: '{"id":1}' })
    const answered = { kind: 'answered', answer: { status: 201, body: '{"id":1}' } }
    own.world.clock.advance(DAY - 1)
    expect(await apiAnswers.begin(of(own))).toEqual(answered)
    expect(await apiAnswers.begin(of(own, 'other'))).toEqual({ kind: 'other' })
    own.world.clock.advance(1)
    expect((await apiAnswers.begin(of(own, 'other'))).kind).toBe('new')
  })

  test('that never came is nobody’s after a minute, and at once when its work has failed', async () => {
    const own = await start()
    const { apiAnswers } = own.world.models
    const first = await apiAnswers.begin(of(own))
    expect((await apiAnswers.begin(of(own))).kind).toBe('under-way')
    own.world.clock.advance(MINUTE)
    const second = await apiAnswers.begin(of(own))
    expect([first.kind, second.kind]).toEqual(['new', 'new'])
    if (second.kind === 'new') await apiAnswers.drop(second.id)
    expect((await apiAnswers.begin(of(own))).kind).toBe('new')
  })
})
