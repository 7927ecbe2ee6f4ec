import { generateSync } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, SECOND } from '../../src/clock.ts'
import { randomToken } from '../../src/crypto.ts'
import type { Db } from '../../src/db.ts'
import { SignInOvertaken } from '../../src/errors.ts'
import type { User } from '../../src/generated/client.ts'
import { hashPassword } from '../../src/models/password.ts'
import { auditsOf, newUser, ownDatabase, SOMEBODY, type World, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase(22))
})

afterAll(() => close())

const STEP = 30 * SECOND
const HERE = 'sid-of-this-browser'
const SOMEBODY_ELSE = '01890000-0000-7000-8000-000000000000'

interface WithFactor {
  world: World
  user: User
  backupCodes: string[]
  /** What the authenticator shows so many steps from now. */
  code(steps?: number): string
}

async function withFactor(): Promise<WithFactor> {
  const world = worldAt(db)
  const { id } = await newUser(world)
  const { factors } = world.models
  await factors.begin(id, SOMEBODY)
  const secret = factors.pending(await userOf(id))?.secret ?? ''
  const code = (steps = 0) =>
    generateSync({ secret, epoch: Math.floor((world.clock.now().getTime() + steps * STEP) / 1_000) })
  const backupCodes = await factors.confirm(await userOf(id), code(), HERE, SOMEBODY)
  if (!backupCodes) throw new Error('the first code was refused')
  // The first code has been used up by confirming.
  world.clock.advance(STEP)
  return { world, user: await userOf(id), backupCodes, code }
}

async function userOf(id: string): Promise<User> {
  return db.prisma.user.findUniqueOrThrow({ where: { id } })
}

describe('an authenticator', () => {
  test('counts only once its first code was typed, ends other sessions and is told by mail', async () => {
    const world = worldAt(db)
    const { id } = await newUser(world)
    const { factors } = world.models
    await factors.begin(id, SOMEBODY)
    expect(await userOf(id)).toMatchObject({ totpSecretSealed: null, totpConfirmedOn: null })
    expect(await factors.confirm(await userOf(id), '000000', HERE, SOMEBODY)).toBeNull()
    const { secret = '', uri = '' } = factors.pending(await userOf(id)) ?? {}
    // 160 bits, as RFC 4226 wants them.
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(uri).toContain(`secret=${secret}`)
    for (const sid of [HERE, 'elsewhere']) {
      await db.prisma.session.create({
        data: { sid: `${sid}-${id}`, sess: { passport: { user: id } }, expire: new Date(Date.now() + HOUR) },
      })
    }
    const epoch = Math.floor(world.clock.now().getTime() / 1_000)
    const codes = await factors.confirm(
      await userOf(id),
      generateSync({ secret, epoch }),
      `${HERE}-${id}`,
      SOMEBODY,
    )
    expect(new Set(codes).size).toBe(10)
    const user = await userOf(id)
    expect(user.totpConfirmedOn).toEqual(world.clock.now())
    expect(factors.pending(user)).toBeNull()
    expect(Buffer.from(user.totpSecretSealed ?? []).toString('latin1')).not.toContain(secret)
    expect(
      await db.prisma.session.count({ where: { sess: { path: ['passport', 'user'], equals: id } } }),
    ).toBe(1)
    expect(world.jobs.map(({ data }) => data)).toEqual([{ userId: id, kind: 'factor-on' }])
    expect((await auditsOf(world, id, 'user.factor-on')).map((line) => line.outcome)).toEqual([
      'refused',
      'done',
    ])
  })

  test('may be one step early or late, and no more', async () => {
    for (const [steps, kind] of [
      [-2, null],
      [-1, 'authenticator'],
      [1, 'authenticator'],
      [2, null],
    ] as const) {
      const { world, user, code } = await withFactor()
      world.clock.advance(3 * STEP)
      expect(await world.models.factors.spend(user, code(steps), SOMEBODY)).toBe(kind)
    }
  })

  test('has each code taken once, by twenty at one moment too, and none from before it', async () => {
    const { world, user, code } = await withFactor()
    const { factors } = world.models
    const now = code()
    const before = code(-1)
    const taken = await Promise.all(
      Array.from({ length: 20 }, async () => factors.spend(await userOf(user.id), now, SOMEBODY)),
    )
    expect(taken.filter(Boolean)).toEqual(['authenticator'])
    expect(await factors.spend(user, before, SOMEBODY)).toBeNull()
    expect(await factors.spend(user, code(1), SOMEBODY)).toBe('authenticator')
  })

  test('can be typed as people type', async () => {
    const { world, user, code } = await withFactor()
    const shown = code()
    const typed = ` ${shown.slice(0, 3)} ${shown.slice(3)} `
    expect(await world.models.factors.spend(user, typed, SOMEBODY)).toBe('authenticator')
  })

  test('that replaces another counts from its first code on, and until then the other does', async () => {
    const { world, user, code } = await withFactor()
    const { factors } = world.models
    await factors.begin(user.id, SOMEBODY)
    expect(await factors.spend(await userOf(user.id), code(), SOMEBODY)).toBe('authenticator')
    const { secret = '' } = factors.pending(await userOf(user.id)) ?? {}
    world.clock.advance(STEP)
    const epoch = Math.floor(world.clock.now().getTime() / 1_000)
    await factors.confirm(await userOf(user.id), generateSync({ secret, epoch }), HERE, SOMEBODY)
    world.clock.advance(STEP)
    expect(await factors.spend(await userOf(user.id), code(), SOMEBODY)).toBeNull()
  })
})

describe('backup codes', () => {
  test('each work once, are kept as keyed hashes, and are worth nothing once there are new ones', async () => {
    const { world, user, backupCodes } = await withFactor()
    const { factors } = world.models
    const [first = '', second = ''] = backupCodes
    expect(JSON.stringify(await db.prisma.backupCode.findMany())).not.toContain(first.replace('-', ''))
    const taken = await Promise.all(
      Array.from({ length: 10 }, () => factors.spend(user, first.toUpperCase(), SOMEBODY)),
    )
    expect(taken.filter(Boolean)).toEqual(['backup-code'])
    expect(await factors.codesLeft(user.id)).toBe(9)
    const [renewed = ''] = await factors.newCodes(user.id, SOMEBODY)
    expect(await factors.spend(user, second, SOMEBODY)).toBeNull()
    expect(await factors.spend(user, renewed, SOMEBODY)).toBe('backup-code')
  })

  test('of one saver are nothing to another', async () => {
    const ida = await withFactor()
    const other = await withFactor()
    const [code = ''] = ida.backupCodes
    expect(await other.world.models.factors.spend(other.user, code, SOMEBODY)).toBeNull()
  })

  test('on their way to the page that shows them can be read by nobody else', async () => {
    const { world, user, backupCodes } = await withFactor()
    const held = world.models.factors.hold(user.id, backupCodes)
    expect(held).not.toContain(backupCodes[0])
    expect(world.models.factors.shown(user.id, held)).toEqual(backupCodes)
    expect(() => world.models.factors.shown(SOMEBODY_ELSE, held)).toThrow()
  })
})

describe('showing that it is you', () => {
  test('takes the password and a code, and five wrong tries bring a pause for the right ones too', async () => {
    const { world, user, code } = await withFactor()
    const hashedPwd = '$2b$04$invalidinvalidinvalidinvalidinvalidinvalidinvalidinvalid'
    const { identity } = world.models
    for (let turn = 0; turn < 5; turn += 1) {
      const shown = { password: 'wrong', code: code() }
      expect(await identity.confirm({ ...user, hashedPwd }, shown, SOMEBODY)).toEqual({ kind: 'wrong' })
    }
    expect(
      await identity.confirm({ ...user, hashedPwd }, { password: 'wrong', code: code() }, SOMEBODY),
    ).toEqual({ kind: 'wait', ms: 30 * SECOND })
    world.clock.advance(30 * SECOND)
    // A code that stood beside a wrong password has not been used up; and tries inside count for nothing at the door.
    expect(await identity.checkCode(user, code(), null, SOMEBODY)).toEqual({
      kind: 'right',
      factor: 'authenticator',
    })
  })
})

describe('doing without a lost authenticator', () => {
  test('takes effect after two days, at a sign-in, and everybody else is signed out', async () => {
    const { world, user } = await withFactor()
    const { factors } = world.models
    await factors.askReset(user.id, SOMEBODY)
    world.clock.advance(48 * HOUR - 1)
    expect(await factors.completeReset(user.id, SOMEBODY)).toBe(false)
    expect((await userOf(user.id)).totpConfirmedOn).not.toBeNull()
    world.clock.advance(1)
    const done = await Promise.all([
      factors.completeReset(user.id, SOMEBODY),
      factors.completeReset(user.id, SOMEBODY),
    ])
    expect(done.sort()).toEqual([false, true])
    expect(await userOf(user.id)).toMatchObject({ totpSecretSealed: null, totpConfirmedOn: null })
    expect(await factors.codesLeft(user.id)).toBe(0)
    const kinds = world.jobs.map(({ data }) => (data as { kind: string }).kind)
    expect(kinds).toEqual(['factor-on', 'factor-reset-asked', 'factor-reset'])
  })

  test('asked for twice is one request with one date', async () => {
    const { world, user } = await withFactor()
    const first = await world.models.factors.askReset(user.id, SOMEBODY)
    world.clock.advance(HOUR)
    const [second, third] = await Promise.all([
      world.models.factors.askReset(user.id, SOMEBODY),
      world.models.factors.askReset(user.id, SOMEBODY),
    ])
    expect([second?.id, third?.id]).toEqual([first?.id, first?.id])
  })

  test('is called off by a sign-in with a code, by a new password, and by its owner', async () => {
    const { world, user } = await withFactor()
    const { factors, users } = world.models
    const isOpen = async () => (await factors.openReset(user.id)) !== null
    await factors.askReset(user.id, SOMEBODY)
    await users.arrive(user, { mark: null, label: 'Firefox on Linux' }, { factor: 'authenticator' }, SOMEBODY)
    expect(await isOpen()).toBe(false)
    await factors.askReset(user.id, SOMEBODY)
    const { token } = await users.mintToken(user.id, 'RESET')
    await users.resetPassword(token, 'Another-quiet-otter-52', SOMEBODY)
    expect(await isOpen()).toBe(false)
    await factors.askReset(user.id, SOMEBODY)
    expect(await factors.callOffReset(user.id, SOMEBODY)).toBe(true)
    expect(await isOpen()).toBe(false)
    world.clock.advance(72 * HOUR)
    expect(await factors.completeReset(user.id, SOMEBODY)).toBe(false)
  })
})

describe('a request to do without an authenticator', () => {
  test('is no wish about another one: a new authenticator calls it off, and so does its removal', async () => {
    const { world, user } = await withFactor()
    const { factors } = world.models
    await factors.askReset(user.id, SOMEBODY)
    await factors.begin(user.id, SOMEBODY)
    const { secret = '' } = factors.pending(await userOf(user.id)) ?? {}
    const epoch = Math.floor(world.clock.now().getTime() / 1_000)
    await factors.confirm(await userOf(user.id), generateSync({ secret, epoch }), HERE, SOMEBODY)
    expect(await factors.openReset(user.id)).toBeNull()
    await factors.askReset(user.id, SOMEBODY)
    await factors.remove(user.id, HERE, SOMEBODY)
    expect(await factors.openReset(user.id)).toBeNull()
  })

  test('is called off by whoever shows a code inside, and cannot be made where there is no authenticator', async () => {
    const { world, user, code } = await withFactor()
    const hashedPwd = await hashPassword('Quiet-otter-39-lakes', world.context.rules.passwordPepper, 4)
    const { factors, identity } = world.models
    await factors.askReset(user.id, SOMEBODY)
    const shown = { password: 'Quiet-otter-39-lakes', code: code() }
    expect(await identity.confirm({ ...user, hashedPwd }, shown, SOMEBODY)).toEqual({ kind: 'right' })
    expect(await factors.openReset(user.id)).toBeNull()
    await factors.remove(user.id, HERE, SOMEBODY)
    expect(await factors.askReset(user.id, SOMEBODY)).toBeNull()
  })
})

describe('guessing codes with a stolen password', () => {
  test('keeps the owner out neither at the door of their own browser nor inside', async () => {
    const { world, user, code } = await withFactor()
    const { identity, users } = world.models
    const { mark } = await users.arrive(
      user,
      { mark: null, label: 'Firefox on Linux' },
      { factor: null },
      SOMEBODY,
    )
    for (let turn = 0; turn < 6; turn += 1) await identity.checkCode(user, '000000', null, SOMEBODY)
    expect((await identity.checkCode(user, code(), null, SOMEBODY)).kind).toBe('wait')
    const wrong = { password: 'wrong', code: '' }
    expect(await identity.confirm(user, wrong, SOMEBODY)).toEqual({ kind: 'wrong' })
    expect((await identity.checkCode(user, code(), mark, SOMEBODY)).kind).toBe('right')
  })
})

test('a sign-in that a new password or a new authenticator has overtaken lets nobody in', async () => {
  const world = worldAt(db)
  const before = await newUser(world)
  const browser = { mark: null, label: 'Firefox on Linux' }
  await db.prisma.user.update({ where: { id: before.id }, data: { hashedPwd: 'another' } })
  await expect(world.models.users.arrive(before, browser, { factor: null }, SOMEBODY)).rejects.toThrow(
    SignInOvertaken,
  )
  const { user } = await withFactor()
  const unaware = { ...user, totpConfirmedOn: null }
  await expect(world.models.users.arrive(unaware, browser, { factor: null }, SOMEBODY)).rejects.toThrow(
    SignInOvertaken,
  )
  expect(await db.prisma.knownDevice.count({ where: { userId: { in: [before.id, user.id] } } })).toBe(0)
})

test('a new password makes strangers of the browsers that were known', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  const browser = { mark: null, label: 'Firefox on Linux' }
  await world.models.users.arrive(user, browser, { factor: null }, SOMEBODY)
  const { token } = await world.models.users.mintToken(user.id, 'RESET')
  await world.models.users.resetPassword(token, 'Another-quiet-otter-52', SOMEBODY)
  expect(await db.prisma.knownDevice.count({ where: { userId: user.id } })).toBe(0)
})

test('two sign-ins of one browser at one moment are one browser', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  const browser = { mark: randomToken(), label: 'Firefox on Linux' }
  await Promise.all([1, 2, 3].map(() => world.models.users.arrive(user, browser, { factor: null }, SOMEBODY)))
  expect(await db.prisma.knownDevice.count({ where: { userId: user.id } })).toBe(1)
})

test('a sign-in with a browser that was never seen is news, except for the first of all', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  const browser = { mark: null, label: 'Firefox on Linux' }
  const { mark } = await world.models.users.arrive(user, browser, { factor: null }, SOMEBODY)
  expect(world.jobs).toEqual([])
  const again = await world.models.users.arrive(user, { ...browser, mark }, { factor: null }, SOMEBODY)
  expect(again.mark).toBe(mark)
  expect(world.jobs).toEqual([])
  const other = await world.models.users.arrive(
    user,
    { mark: null, label: 'Safari on iPhone' },
    { factor: null },
    SOMEBODY,
  )
  expect(other.mark).not.toBe(mark)
  expect(world.jobs.map(({ data }) => data)).toEqual([{ userId: user.id, kind: 'new-browser' }])
})
