import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { NOBODY } from '../../src/jobs/queue.ts'
import { hashPassword } from '../../src/models/password.ts'
import { auditsOf, newUser, ownDatabase, SOMEBODY, type World, whileOpen, worldAt } from './support.ts'

const VISITOR = { ...SOMEBODY, kind: 'visitor' as const }
const PASSWORD = 'Quiet-otter-39-lakes'
const ANOTHER = 'Brave-heron-52-hills'

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})

afterAll(() => close())

describe('signing up', () => {
  test('makes one saver who has confirmed nothing, and asks for one mail', async () => {
    const world = worldAt(db)
    const { email, id } = await signUp(world)
    const user = await db.prisma.user.findUniqueOrThrow({ where: { email } })
    expect(user).toMatchObject({ role: 'SAVER', status: 'ACTIVE', emailConfirmedOn: null, accLoaded: false })
    expect(user.hashedPwd).not.toContain(PASSWORD)
    expect(world.jobs).toEqual([
      { name: 'send-mail', data: { userId: id, kind: 'confirm-address' }, startAfter: null },
    ])
  })

  test('twice with one address gives the same answer; until it is confirmed the newest sign-up counts', async () => {
    const world = worldAt(db)
    const { email } = await signUp(world)
    const answer = await world.models.users.signUp(
      { fullName: 'Mallory', email, password: ANOTHER, locale: 'en' },
      VISITOR,
    )
    expect(answer).toBeUndefined()
    expect(await db.prisma.user.count({ where: { email } })).toBe(1)
    expect(await signIn(world, email, PASSWORD)).toBeNull()
    expect((await signIn(world, email, ANOTHER))?.emailConfirmedOn).toBeNull()
  })

  test('again with an address that is confirmed tells its owner, by mail only, and changes nothing', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const before = await db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    await world.models.users.signUp(
      { fullName: 'Mallory', email: user.email, password: ANOTHER, locale: 'en' },
      VISITOR,
    )
    expect(world.jobs.at(-1)?.data).toEqual({ userId: user.id, kind: 'already-registered' })
    expect(await db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })).toEqual(before)
  })

  test('ten times at one moment makes one saver', async () => {
    const world = worldAt(db)
    const email = `${randomUUID()}@example.com`
    const wish = { fullName: 'Ida Berg', email, password: PASSWORD, locale: 'en' as const }
    await Promise.all(Array.from({ length: 10 }, () => world.models.users.signUp(wish, VISITOR)))
    expect(await db.prisma.user.count({ where: { email } })).toBe(1)
  })
})

/** @returns who is let in so far. */
async function signIn(world: World, email: string, password: string): Promise<User | null> {
  const result = await world.models.users.signIn(email, password, null, VISITOR)
  return result.kind === 'right' ? result.user : null
}

async function confirm(world: World, token: string, password = PASSWORD): Promise<string> {
  return (await world.models.users.confirmEmail(token, password, VISITOR)).kind
}

describe('a confirmation link', () => {
  test('confirms nothing for somebody who does not know the password, and stays good for whoever does', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'CONFIRM')
    expect(await confirm(world, token, ANOTHER)).toBe('wrong-password')
    expect((await world.models.users.find(id))?.emailConfirmedOn).toBeNull()
    expect(await confirm(world, token)).toBe('confirmed')
  })

  test('does not let in whoever signed up before with the address of somebody else', async () => {
    const world = worldAt(db)
    const email = `${randomUUID()}@example.com`
    await world.models.users.signUp({ fullName: 'Stranger', email, password: ANOTHER, locale: 'en' }, VISITOR)
    await world.models.users.signUp(
      { fullName: 'Ida Berg', email, password: PASSWORD, locale: 'en' },
      VISITOR,
    )
    const { id } = await db.prisma.user.findUniqueOrThrow({ where: { email } })
    const { token } = await world.models.users.mintToken(id, 'CONFIRM')
    expect(await confirm(world, token)).toBe('confirmed')
    expect(await signIn(world, email, ANOTHER)).toBeNull()
    expect((await signIn(world, email, PASSWORD))?.fullName).toBe('Ida Berg')
  })

  test('works once', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'CONFIRM')
    expect(await confirm(world, token)).toBe('confirmed')
    expect((await world.models.users.find(id))?.emailConfirmedOn).toEqual(world.clock.now())
    expect(await confirm(world, token)).toBe('spent')
  })

  test('spent twenty times at one moment works once', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'CONFIRM')
    const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(world, token)))
    expect(answers.filter((answer) => answer === 'confirmed')).toHaveLength(1)
  })

  test('works until a day has passed, and not at the end of it', async () => {
    const world = worldAt(db)
    const [early, late] = [await signUp(world), await signUp(world)]
    const first = await world.models.users.mintToken(early.id, 'CONFIRM')
    const second = await world.models.users.mintToken(late.id, 'CONFIRM')
    world.clock.advance(DAY - 1)
    expect(await confirm(world, first.token)).toBe('confirmed')
    world.clock.advance(1)
    expect(await confirm(world, second.token)).toBe('spent')
  })

  test('is the newest one only', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const old = await world.models.users.mintToken(id, 'CONFIRM')
    const fresh = await world.models.users.mintToken(id, 'CONFIRM')
    expect(await confirm(world, old.token)).toBe('spent')
    expect(await confirm(world, fresh.token)).toBe('confirmed')
  })

  test('cannot be spent as a link for a new password, nor the other way round', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const link = await world.models.users.mintToken(id, 'CONFIRM')
    const reset = await world.models.users.mintToken(id, 'RESET')
    expect(await world.models.users.resetPassword(link.token, ANOTHER, VISITOR)).toBe(false)
    expect(await confirm(world, reset.token)).toBe('spent')
    expect(await world.models.users.findByToken('RESET', link.token)).toBeNull()
  })

  test('is kept as a digest only', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'CONFIRM')
    const stored = await db.prisma.emailToken.findMany({ where: { userId: id } })
    expect(JSON.stringify(stored)).not.toContain(token)
  })

  test('is not sent again to somebody who is confirmed, unknown, or was sent one a moment ago', async () => {
    const world = worldAt(db)
    const { email, id } = await signUp(world)
    await world.models.users.mintToken(id, 'CONFIRM')
    const confirmed = await newUser(world)
    const before = world.jobs.length
    for (const address of [email, confirmed.email, 'nobody@example.com'])
      await world.models.users.resendConfirmation(address, VISITOR)
    world.clock.advance(MINUTE)
    await world.models.users.resendConfirmation(email, VISITOR)
    // Always the same work, whoever may read what comes of it.
    expect(world.jobs.slice(before).map((job) => job.data)).toEqual(
      [NOBODY, NOBODY, NOBODY, id].map((userId) => ({ userId, kind: 'confirm-address' })),
    )
  })
})

describe('a new password by mail', () => {
  test('ends every session, spends the link, and the old password opens nothing', async () => {
    const world = worldAt(db)
    const { email, id } = await signUp(world)
    const other = await newUser(world)
    await openSession('a', id)
    await openSession('b', id)
    const foreign = await openSession('c', other.id)
    const { token } = await world.models.users.mintToken(id, 'RESET')
    expect((await world.models.users.findByToken('RESET', token))?.id).toBe(id)
    expect(await world.models.users.resetPassword(token, ANOTHER, VISITOR)).toBe(true)
    expect(await sessionsOf(id)).toEqual([])
    expect(await sessionsOf(other.id)).toEqual([foreign])
    expect(await signIn(world, email, PASSWORD)).toBeNull()
    expect((await signIn(world, email, ANOTHER))?.id).toBe(id)
    expect(await world.models.users.resetPassword(token, PASSWORD, VISITOR)).toBe(false)
    expect(await world.models.users.findByToken('RESET', token)).toBeNull()
    expect(world.jobs.at(-1)?.data).toEqual({ userId: id, kind: 'password-changed' })
  })

  test('confirms the address, because whoever reads its mail has shown that it is theirs', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'RESET')
    await world.models.users.resetPassword(token, ANOTHER, VISITOR)
    expect((await world.models.users.find(id))?.emailConfirmedOn).not.toBeNull()
  })

  test('has half an hour', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const { token } = await world.models.users.mintToken(id, 'RESET')
    world.clock.advance(30 * MINUTE)
    expect(await world.models.users.findByToken('RESET', token)).toBeNull()
    expect(await world.models.users.resetPassword(token, ANOTHER, VISITOR)).toBe(false)
  })

  test('is asked for without telling whether the address is known', async () => {
    const world = worldAt(db)
    const user = await newUser(world)
    const answers = [
      await world.models.users.forgetPassword(user.email, VISITOR),
      await world.models.users.forgetPassword('nobody@example.com', VISITOR),
    ]
    expect(answers).toEqual([undefined, undefined])
    expect(world.jobs.map((job) => job.data)).toEqual(
      [user.id, NOBODY].map((userId) => ({ userId, kind: 'reset-password' })),
    )
  })

  test('leaves a line in the trail for unknown addresses too', async () => {
    const world = worldAt(db)
    const before = await db.prisma.auditEvent.count({ where: { action: 'user.password-reset-asked' } })
    await world.models.users.forgetPassword('nobody@example.com', VISITOR)
    const lines = await db.prisma.auditEvent.findMany({
      where: { action: 'user.password-reset-asked' },
      orderBy: { id: 'desc' },
    })
    expect(lines).toHaveLength(before + 1)
    expect(lines[0]).toMatchObject({ subjectId: null, outcome: 'refused' })
  })

  test('a link minted twice at one moment leaves one that works', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const minted = await Promise.allSettled(
      Array.from({ length: 5 }, () => world.models.users.mintToken(id, 'RESET')),
    )
    const open = await db.prisma.emailToken.count({ where: { userId: id, usedOn: null } })
    expect(open).toBe(1)
    expect(minted.some((one) => one.status === 'fulfilled')).toBe(true)
  })
})

describe('changing the password while signed in', () => {
  test('keeps this session and ends the others', async () => {
    const world = worldAt(db)
    const { id } = await signUp(world)
    const here = await openSession('here', id)
    await openSession('elsewhere', id)
    const user = await db.prisma.user.findUniqueOrThrow({ where: { id } })
    const change = { current: PASSWORD, next: ANOTHER }
    expect(await world.models.users.changePassword(user, change, here, SOMEBODY)).toEqual({
      kind: 'changed',
    })
    expect(await sessionsOf(id)).toEqual([here])
  })

  test('with a wrong current password changes nothing, and leaves a line in the trail', async () => {
    const world = worldAt(db)
    const { email, id } = await signUp(world)
    await openSession('x', id)
    const user = await db.prisma.user.findUniqueOrThrow({ where: { id } })
    const change = { current: 'wrong', next: ANOTHER }
    expect(await world.models.users.changePassword(user, change, 'none', SOMEBODY)).toEqual({
      kind: 'wrong',
    })
    expect(await sessionsOf(id)).toHaveLength(1)
    expect(await signIn(world, email, PASSWORD)).not.toBeNull()
    const [line] = await auditsOf(world, id, 'user.password-changed')
    expect(line?.outcome).toBe('refused')
  })
})

describe('signing in', () => {
  test('needs the right address, the right password and an account that is not locked', async () => {
    const world = worldAt(db)
    const { email, id } = await signUp(world)
    expect((await signIn(world, email, PASSWORD))?.id).toBe(id)
    expect(await signIn(world, email, ANOTHER)).toBeNull()
    expect(await signIn(world, 'nobody@example.com', PASSWORD)).toBeNull()
    await db.prisma.user.update({ where: { id }, data: { status: 'LOCKED' } })
    expect(await signIn(world, email, PASSWORD)).toBeNull()
    const outcomes = (await auditsOf(world, id, 'user.sign-in')).map((line) => line.outcome)
    expect(outcomes).toEqual(['refused', 'refused'])
  })

  test('makes the hash stronger when the cost has risen, and never weaker', async () => {
    const { email, id } = await signUp(worldAt(db))
    const costOf = async () =>
      (await db.prisma.user.findUniqueOrThrow({ where: { id } })).hashedPwd.slice(0, 7)
    expect(await costOf()).toBe('$2b$04$')
    await signIn(worldAt(db, undefined, { bcryptCost: 6 }), email, PASSWORD)
    expect(await costOf()).toBe('$2b$06$')
    await signIn(worldAt(db), email, PASSWORD)
    expect(await costOf()).toBe('$2b$06$')
    expect(await signIn(worldAt(db), email, PASSWORD)).not.toBeNull()
  })

  test('does not strengthen the hash of a password that was wrong', async () => {
    const { email, id } = await signUp(worldAt(db))
    await signIn(worldAt(db, undefined, { bcryptCost: 6 }), email, ANOTHER)
    expect((await db.prisma.user.findUniqueOrThrow({ where: { id } })).hashedPwd).toMatch(/^\$2b\$04\$/)
  })

  test('does not bring an old password back that was replaced while its hash was being made stronger', async () => {
    const { email, id } = await signUp(worldAt(db))
    const stronger = worldAt(db, undefined, { bcryptCost: 6 })
    const replaced = await hashPassword(ANOTHER, stronger.context.rules.passwordPepper, 6)
    await whileOpen(db, 'UPDATE "User" SET "hashedPwd" = $1 WHERE id = $2', [replaced, id], () =>
      signIn(stronger, email, PASSWORD),
    )
    expect((await db.prisma.user.findUniqueOrThrow({ where: { id } })).hashedPwd).toBe(replaced)
  })
})

async function signUp(world: World): Promise<{ email: string; id: string }> {
  const email = `${randomUUID()}@example.com`
  await world.models.users.signUp({ fullName: 'Ida Berg', email, password: PASSWORD, locale: 'en' }, VISITOR)
  const user = await db.prisma.user.findUniqueOrThrow({ where: { email } })
  return { email, id: user.id }
}

async function openSession(name: string, userId: string): Promise<string> {
  const sid = `${name}-${randomUUID()}`
  const sess = JSON.stringify({ cookie: {}, passport: { user: userId } })
  await db.pool.query('INSERT INTO session (sid, sess, expire) VALUES ($1, $2, now() + $3::interval)', [
    sid,
    sess,
    `${60 * SECOND} milliseconds`,
  ])
  return sid
}

async function sessionsOf(userId: string): Promise<string[]> {
  const { rows } = await db.pool.query(`SELECT sid FROM session WHERE sess #>> '{passport,user}' = $1`, [
    userId,
  ])
  return rows.map((row) => row.sid)
}
