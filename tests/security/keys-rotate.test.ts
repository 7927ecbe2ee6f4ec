/** `npm run keys:rotate`: every secret gets the newest key, none is lost on the way, and none that was changed goes unseen. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generateSync } from 'otplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/clock.ts'
import { createSealer, type Sealer } from '../../src/crypto.ts'
import { createDb, type Db } from '../../src/db.ts'
import type { BankConsent, User } from '../../src/generated/client.ts'
import { createConsents } from '../../src/models/consent.ts'
import { createKeyRotation, type Rotated, type SealedColumn } from '../../src/models/key-rotation.ts'
import { sealedFor } from '../../src/models/sealing.ts'
import { createFactors } from '../../src/models/second-factor.ts'
import { newUser, SOMEBODY, tokens, type World, worldAt } from '../models/support.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { testEnvironment } from '../support/settings.ts'

const COMMAND = fileURLToPath(new URL('../../src/keys-rotate.ts', import.meta.url))
const SCHEMA = fileURLToPath(new URL('../../prisma/schema.prisma', import.meta.url))
const [first, second] = [randomBytes(32), randomBytes(32)]
const both = new Map([
  [1, first],
  [2, second],
])
const before = createSealer(new Map([[1, first]]))
const during = createSealer(both)
const after = createSealer(new Map([[2, second]]))

let database: TestDatabase
let db: Db
let world: World

beforeAll(async () => {
  database = await testDatabase()
  db = createDb(database.url, 10)
})
beforeEach(async () => {
  world = worldAt(db)
  await database.asOwner(`DELETE FROM "BankConsent"`)
  await db.prisma.user.deleteMany()
})
afterAll(async () => {
  await db.close()
  await database.drop()
})

function consentsUnder(sealer: Sealer) {
  return createConsents({ ...world.context, sealer })
}

function factorsUnder(sealer: Sealer) {
  return createFactors({ ...world.context, sealer })
}

/** Sealed by their owners, in the owners' own words: two of an authenticator, two of a linked bank. */
const SECRETS = 4

/** A saver with an authenticator, a second one being set up, and a linked bank, all of it sealed with the first key. */
async function newSaver(): Promise<{ user: User; secret: string; consent: BankConsent }> {
  const { id } = await newUser(world)
  const factors = factorsUnder(before)
  const find = () => db.prisma.user.findUniqueOrThrow({ where: { id } })
  await factors.begin(id, SOMEBODY)
  const { secret = '' } = factors.pending(await find()) ?? {}
  await factors.confirm(await find(), codeOf(secret), '', SOMEBODY)
  await factors.begin(id, SOMEBODY)
  return { user: await find(), secret, consent: await link(id) }
}

function link(userId: string): Promise<BankConsent> {
  const { scopes } = world.context.rules.consentNeeds
  const granted = { profile: 'current', country: 'DK', scopes, tokens: tokens('first') } as const
  return consentsUnder(before).grant(userId, granted, SOMEBODY)
}

function codeOf(secret: string): string {
  return generateSync({ secret, epoch: world.clock.now().getTime() / 1_000 })
}

function rotation(sealer = during) {
  return createKeyRotation({ db, clock: world.clock, sealer })
}

async function rotateAll(sealer = during): Promise<Rotated[]> {
  const { columns, rotate } = rotation(sealer)
  const results: Rotated[] = []
  for (const column of columns()) results.push(await rotate(column))
  return results
}

function columnOf(name: string): SealedColumn {
  const column = rotation()
    .columns()
    .find((candidate) => candidate.name === name)
  if (!column) throw new Error(`no column ${name}`)
  return column
}

const refreshTokens = () => columnOf('BankConsent.refreshTokenSealed')
const sum = (results: Rotated[], what: (result: Rotated) => number) =>
  results.reduce((total, result) => total + what(result), 0)

test('every sealed column of the schema is on the list', () => {
  const models = readFileSync(SCHEMA, 'utf8').matchAll(/^model (\w+) \{([\s\S]*?)^\}/gm)
  const columns = [...models].flatMap(([, model, body = '']) =>
    [...body.matchAll(/^\s+(\w+Sealed)\s/gm)].map(([, column]) => `${model}.${column}`),
  )
  expect(columns.length).toBeGreaterThan(2)
  expect(
    rotation()
      .columns()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(columns.sort())
})

describe('rotating', () => {
  test('leaves every secret readable without the old key, and with nothing else', async () => {
    const { user, secret, consent } = await newSaver()
    expect(sum(await rotateAll(), ({ rotated }) => rotated)).toBe(SECRETS)
    const kept = await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })
    const owner = await db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(factorsUnder(after).pending(owner)?.secret).toMatch(/^[A-Z2-7]{32}$/)
    world.clock.advance(MINUTE)
    expect(await factorsUnder(after).spend(owner, codeOf(secret), SOMEBODY)).toBe('authenticator')
    expect(after.open(kept.refreshTokenSealed ?? new Uint8Array(), sealedFor.refreshToken(consent.id))).toBe(
      'refresh-first',
    )
    const access = await consentsUnder(after).accessFor(user.id, unused)
    expect(access).toMatchObject({ kind: 'access', accessToken: 'access-first' })
  })

  test('a second time changes nothing', async () => {
    const { consent } = await newSaver()
    await rotateAll()
    const once = await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })
    const results = await rotateAll()
    expect(sum(results, ({ looked }) => looked)).toBe(SECRETS)
    expect(sum(results, ({ rotated }) => rotated)).toBe(0)
    expect(await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })).toEqual(once)
  })

  test('goes through more rows than are read at once, and takes up where it was stopped', async () => {
    const sealed = (id: string) => before.seal('x', sealedFor.totpSecret(id))
    const ids = Array.from({ length: 450 }, () => crypto.randomUUID())
    await db.prisma.user.createMany({
      data: ids.map((id) => ({
        id,
        fullName: 'Ida Berg',
        email: `${id}@example.com`,
        hashedPwd: 'x',
        createdOn: world.clock.now(),
        totpSecretSealed: sealed(id),
        totpConfirmedOn: world.clock.now(),
      })),
    })
    const column = columnOf('User.totpSecretSealed')
    let replaced = 0
    const stopped: SealedColumn = {
      ...column,
      replace: (...row) => {
        replaced += 1
        if (replaced > 300) throw new Error('stopped')
        return column.replace(...row)
      },
    }
    await expect(rotation().rotate(stopped)).rejects.toThrow('stopped')
    expect(await rotation().rotate(column)).toMatchObject({ looked: 450, rotated: 150, left: [] })
  })

  test('takes the token with which the bank is still to be told of an end', async () => {
    const { user, consent } = await newSaver()
    await consentsUnder(before).revoke(user.id, consent.id, SOMEBODY)
    await rotateAll()
    expect(await consentsUnder(after).untold(10)).toMatchObject([
      { id: consent.id, refreshToken: 'refresh-first' },
    ])
  })

  test('passes over what is not there: no authenticator, no bank, a bank that was unlinked', async () => {
    const { user, consent } = await newSaver()
    await factorsUnder(before).remove(user.id, '', SOMEBODY)
    await consentsUnder(before).revoke(user.id, consent.id, SOMEBODY)
    await consentsUnder(before).noteTold(consent.id, SOMEBODY)
    expect(sum(await rotateAll(), ({ looked }) => looked)).toBe(0)
  })
})

describe('while the app runs', () => {
  test('a pair that was renewed after it was read stays, and is rotated in its turn', async () => {
    const { user, consent } = await newSaver()
    world.clock.advance(HOUR)
    const column = refreshTokens()
    let isFirst = true
    const overtaken: SealedColumn = {
      ...column,
      page: async (id) => {
        const rows = await column.page(id)
        if (isFirst) {
          isFirst = false
          await consentsUnder(before).accessFor(user.id, () => Promise.resolve(tokens('second')))
        }
        return rows
      },
    }
    expect(await rotation().rotate(overtaken)).toMatchObject({ rotated: 1, left: [], unreadable: [] })
    const kept = await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })
    expect(after.open(kept.refreshTokenSealed ?? new Uint8Array(), sealedFor.refreshToken(consent.id))).toBe(
      'refresh-second',
    )
  })

  test('a refresh token that is being spent is left alone, so that the new pair is not lost', async () => {
    const { user, consent } = await newSaver()
    world.clock.advance(HOUR)
    const answer = await consentsUnder(before).accessFor(user.id, async () => {
      expect(await rotation().rotate(refreshTokens())).toMatchObject({ rotated: 0, left: [consent.id] })
      return tokens('second')
    })
    expect(answer).toMatchObject({ kind: 'access', accessToken: 'access-second' })
    expect(await rotation().rotate(refreshTokens())).toMatchObject({ rotated: 1, left: [] })
  })

  test('one that a dead process was spending is rotated once nobody can be waiting for it', async () => {
    const { consent } = await newSaver()
    await db.prisma.bankConsent.update({
      where: { id: consent.id },
      data: {
        refreshLeaseOwner: crypto.randomUUID(),
        refreshLeaseUntil: new Date(world.clock.now().getTime() + MINUTE),
      },
    })
    world.clock.advance(HOUR)
    expect(await rotation().rotate(refreshTokens())).toMatchObject({ rotated: 0, left: [consent.id] })
    world.clock.advance(2 * MINUTE)
    expect(await rotation().rotate(refreshTokens())).toMatchObject({ rotated: 1, left: [] })
  })

  test('whichever comes first, a renewal and a rotation together lose nothing', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { user } = await newSaver()
      world.clock.advance(HOUR)
      await Promise.all([
        consentsUnder(during).accessFor(user.id, () => Promise.resolve(tokens('second'))),
        rotateAll(),
      ])
      await rotateAll()
      world.clock.advance(HOUR)
      const spent: string[] = []
      await consentsUnder(after).accessFor(user.id, (refreshToken) => {
        spent.push(refreshToken)
        return Promise.resolve(tokens('third'))
      })
      expect(spent).toEqual(['refresh-second'])
    }
  })
})

describe('what no key opens', () => {
  test.each([
    ['a byte of the secret', -1],
    ['a byte of its proof', 20],
    ['the version of its key', 0],
  ])('because %s was changed is named and stays as it is', async (_what, at) => {
    const [{ consent }, { consent: sound }] = [await newSaver(), await newSaver()]
    const changed = Uint8Array.from(consent.accessTokenSealed ?? [])
    const place = at < 0 ? changed.length + at : at
    changed[place] = (changed[place] ?? 0) ^ 4
    await db.prisma.bankConsent.update({
      where: { id: consent.id },
      data: { accessTokenSealed: changed },
    })
    const result = await rotation().rotate(columnOf('BankConsent.accessTokenSealed'))
    expect(result).toMatchObject({ rotated: 1, left: [], unreadable: [consent.id] })
    const rows = await db.prisma.bankConsent.findMany({ where: { id: { in: [consent.id, sound.id] } } })
    const find = (id: string) => rows.find((row) => row.id === id)?.accessTokenSealed
    expect(find(consent.id)).toEqual(changed)
    expect(during.versionOf(find(sound.id) ?? new Uint8Array())).toBe(2)
  })

  test('because it was copied from another row is named', async () => {
    const [mine, theirs] = [await newSaver(), await newSaver()]
    await db.prisma.bankConsent.update({
      where: { id: mine.consent.id },
      data: { refreshTokenSealed: theirs.consent.refreshTokenSealed },
    })
    expect(await rotation().rotate(refreshTokens())).toMatchObject({ unreadable: [mine.consent.id] })
  })

  test('is found among what the newest key has sealed, too', async () => {
    const { consent } = await newSaver()
    await rotateAll()
    const { accessTokenSealed } = await db.prisma.bankConsent.findUniqueOrThrow({ where: { id: consent.id } })
    const changed = Uint8Array.from(accessTokenSealed ?? [])
    changed[15] = (changed[15] ?? 0) ^ 1
    await db.prisma.bankConsent.update({ where: { id: consent.id }, data: { accessTokenSealed: changed } })
    expect(sum(await rotateAll(), ({ unreadable }) => unreadable.length)).toBe(1)
  })
})

describe('the command', () => {
  const keys = [...both].map(([version, key]) => `${version}:${key.toString('base64')}`)

  function run(settings: Record<string, string> = {}): Promise<{ code: number; out: string; error: string }> {
    const environment = testEnvironment({ DATABASE_URL: database.url, TOKEN_KEYS: keys.join(',') })
    const env = { PATH: process.env.PATH, ...environment, ...settings }
    return new Promise((resolve) => {
      execFile(process.execPath, [COMMAND], { env }, (failed, out, error) =>
        resolve({ code: failed ? Number(failed.code) : 0, out, error }),
      )
    })
  }

  test('ends with 0 when everything has the newest key, and says which key can go', async () => {
    await newSaver()
    const { code, out } = await run()
    expect(out).toMatch(/^BankConsent\.refreshTokenSealed +1 looked at, 1 rotated, 0 left$/m)
    expect(out).toContain('Everything is sealed with key 2: take 1 out of TOKEN_KEYS.')
    expect(code).toBe(0)
    const again = await run({ TOKEN_KEYS: keys[1] ?? '' })
    expect(again.out).toContain('Everything is sealed with key 2.\n')
    expect(again.code).toBe(0)
  })

  test('ends with 1 while a token is being renewed', async () => {
    const { consent } = await newSaver()
    await db.prisma.bankConsent.update({
      where: { id: consent.id },
      data: { refreshLeaseOwner: crypto.randomUUID(), refreshLeaseUntil: new Date() },
    })
    const { code, out } = await run()
    expect(out).toMatch(/refreshTokenSealed +1 looked at, 0 rotated, 1 left/)
    expect(out).toContain('run this again')
    expect(code).toBe(1)
  })

  test('ends with 2 when the old key was taken out too early, names the rows, and prints no secret', async () => {
    const { user, consent } = await newSaver()
    const { code, out, error } = await run({ TOKEN_KEYS: keys[1] ?? '' })
    expect(out).toContain(`cannot be opened: BankConsent.accessTokenSealed of ${consent.id}`)
    expect(out).toContain(`cannot be opened: User.totpSecretSealed of ${user.id}`)
    expect(out + error).not.toMatch(/refresh-first|access-first/)
    expect(code).toBe(2)
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['a setting is wrong', { TOKEN_KEYS: '' }, /TOKEN_KEYS is missing/],
    [
      'the database is not there',
      { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' },
      /Can't reach database/,
    ],
  ])('ends with 3 when %s', async (_what, settings, why) => {
    const { code, out, error } = await run(settings)
    expect(error).toMatch(why)
    expect(out).toBe('')
    expect(code).toBe(3)
  })
})

function unused(): never {
  throw new Error('the bank was asked')
}
