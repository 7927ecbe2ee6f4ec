import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { createRetentionSweep } from '../../src/jobs/handlers/retention.ts'
import { TABLES } from '../../src/models/data-inventory.ts'
import type { AsOwner } from '../support/database.ts'
import {
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  worldAt,
} from './support.ts'

/** By the database's own clock, too, everything of that year is older than 13 months. */
const BEGIN = '2023-01-10T10:00:00.000Z'

let db: Db
let close: () => Promise<void>
let asOwner: AsOwner
let world: World
let user: User

beforeAll(async () => {
  ;({ db, close, asOwner } = await ownDatabase())
})
afterAll(() => close())

beforeEach(async () => {
  world = worldAt(db, BEGIN)
  user = await newLinkedUser(world)
})

const hash = () => randomBytes(32).toString('hex')
const count = async (table: string) => {
  const { rows } = await db.pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM "${table}"`)
  return rows[0]?.count ?? 0
}

/** One row of each table that is cleaned up, which begins to age now. */
async function oneOfEach({ id: userId }: User): Promise<void> {
  const now = world.clock.now()
  const { prisma } = db
  await prisma.emailToken.create({
    data: {
      userId,
      purpose: 'RESET',
      hashedToken: hash(),
      createdOn: new Date(now.getTime() - 1),
      expiresOn: now,
    },
  })
  await prisma.importDraft.create({
    data: { userId, createdOn: new Date(now.getTime() - 1), expiresOn: now, plan: {} },
  })
  await prisma.backupCode.create({ data: { userId, hashedCode: hash(), createdOn: now, usedOn: now } })
  await prisma.knownDevice.create({
    data: { userId, hashedMark: hash(), label: 'Firefox', firstSeenOn: now, lastSeenOn: now },
  })
  await prisma.knownCountry.create({
    data: { userId, country: 'DK', firstSeenOn: now, lastSeenOn: now },
  })
  await prisma.emailChange.create({
    data: { userId, oldEmail: 'old@example.com', newEmail: 'new@example.com', askedOn: now },
  })
  const asked = new Date(now.getTime() - HOUR)
  await prisma.factorReset.create({
    data: { userId, askedOn: asked, effectiveOn: now, endedOn: now, end: 'DONE' },
  })
  await prisma.consentRequest.create({
    data: {
      userId,
      hashedState: hash(),
      hashedSession: hash(),
      country: 'DK',
      createdOn: now,
      expiresOn: now,
    },
  })
  const token = await prisma.apiToken.create({
    data: {
      userId,
      name: 'Watch',
      hashedSecret: hash(),
      lastFour: 'abcd',
      scopes: ['habits:read'],
      createdOn: asked,
      expiresOn: now,
    },
  })
  await prisma.apiAnswer.create({
    data: { tokenId: token.id, userId, hashedKey: hash(), fingerprint: hash(), createdOn: now },
  })
  await prisma.throttle.create({ data: { key: hash(), count: 1, since: now } })
  await prisma.spentProof.create({ data: { nonce: hash(), expiresOn: now } })
  await prisma.alarm.create({ data: { rule: 'test', key: randomUUID(), at: now } })
  await prisma.session.create({ data: { sid: hash(), sess: {}, expire: now } })
  await prisma.reconciliationRun.create({ data: { occasion: 'daily', startedOn: now } })
  await prisma.reconciliationDifference.create({
    data: { kind: 'test', objectKey: hash(), detail: {}, firstSeenOn: now, lastSeenOn: now, goneOn: now },
  })
  await prisma.reminder.create({
    data: { userId, kind: 'DIGEST', day: now, minuteOfDay: 480, dueAt: now, habitIds: [], madeOn: now },
  })
  await prisma.bankCall.create({
    data: {
      at: now,
      actor: 'worker',
      api: 'x',
      method: 'GET',
      path: '/',
      outcome: 'answered',
      durationMs: 1,
    },
  })
}

const RULES = Object.entries(TABLES).flatMap(([table, { removed }]) =>
  removed ? [{ table, ...removed }] : [],
)

describe('what has been kept for long enough goes (S-087)', () => {
  test('by rules for a dozen tables', () => {
    expect(RULES.length).toBeGreaterThanOrEqual(12)
  })

  test.each(RULES)('$table after $days days, and not before', async ({ table, days }) => {
    await world.models.retention.sweep()
    const others = await count(table)
    await oneOfEach(user)
    world.clock.advance(days * DAY)
    expect((await world.models.retention.sweep())[table]).toBe(0)
    expect(await count(table)).toBe(others + 1)
    world.clock.advance(1)
    expect((await world.models.retention.sweep())[table]).toBeGreaterThanOrEqual(1)
    expect(await count(table)).toBeLessThanOrEqual(others)
  })

  test('in batches, as many as it takes', async () => {
    const now = world.clock.now()
    await db.pool.query(
      `INSERT INTO "Throttle" (key, count, since) SELECT 'many ' || n, 1, $1 FROM generate_series(1, 2500) n`,
      [now],
    )
    world.clock.advance(3 * DAY)
    expect((await world.models.retention.sweep()).Throttle).toBe(2_500)
  })

  test('stops between batches when its process has to end', async () => {
    const stopped = new AbortController()
    stopped.abort()
    expect(await world.models.retention.sweep(stopped.signal)).toEqual({})
  })

  test('and the log says how much of what', async () => {
    await oneOfEach(user)
    world.clock.advance(3 * DAY)
    const lines: unknown[] = []
    const log = { info: (...line: unknown[]) => lines.push(line) } as never
    await createRetentionSweep({ models: world.models, log })()
    expect(lines).toMatchObject([
      ['kept for long enough', { rows: expect.any(Number), forgotten: { Throttle: 1, session: 1 } }],
    ])
  })

  test('nothing of the books, and nothing that still works', async () => {
    await oneOfEach(user)
    const kept = ['User', 'BankConsent', 'Account', 'AuditEvent', 'PaymentMove']
    const before = await Promise.all(kept.map(count))
    const code = await db.prisma.backupCode.create({
      data: { userId: user.id, hashedCode: hash(), createdOn: world.clock.now() },
    })
    world.clock.advance(2_000 * DAY)
    await world.models.retention.sweep()
    expect(await Promise.all(kept.map(count))).toEqual(before)
    expect(await db.prisma.backupCode.count({ where: { id: code.id } })).toBe(1)
  })
})

describe('an account whose address nobody has confirmed', () => {
  test('goes after 30 days, with its letters', async () => {
    const stranger = await newUser(world, { emailConfirmedOn: null })
    const { token } = await world.models.users.mintToken(stranger.id, 'CONFIRM')
    expect(token).not.toBe('')
    world.clock.advance(30 * DAY)
    await world.models.retention.sweep()
    expect(await world.models.users.find(stranger.id)).not.toBeNull()
    world.clock.advance(HOUR)
    await world.models.retention.sweep()
    expect(await world.models.users.find(stranger.id)).toBeNull()
    expect(await world.models.users.find(user.id)).not.toBeNull()
  })

  test('stays while a newer letter is under way', async () => {
    const stranger = await newUser(world, { emailConfirmedOn: null })
    world.clock.advance(40 * DAY)
    await world.models.users.mintToken(stranger.id, 'CONFIRM')
    await world.models.retention.sweep()
    expect(await world.models.users.find(stranger.id)).not.toBeNull()
  })
})

describe('where somebody came from', () => {
  const addresses = () => db.prisma.auditEvent.count({ where: { subjectId: user.id, ip: { not: null } } })

  test('stands in the audit trail for 13 months, and everything else of it for good', async () => {
    const before = await db.prisma.auditEvent.findMany({
      where: { subjectId: user.id },
      orderBy: { id: 'asc' },
    })
    world.clock.advance(396 * DAY)
    await world.models.retention.sweep()
    expect(await addresses()).toBe(before.length)
    world.clock.advance(1)
    await world.models.retention.sweep()
    const after = await db.prisma.auditEvent.findMany({
      where: { subjectId: user.id },
      orderBy: { id: 'asc' },
    })
    expect(after).toEqual(before.map((event) => ({ ...event, ip: null })))
  })

  test.each([
    ['what was done', `action = 'nothing'`],
    ['another address', `ip = '192.0.2.99'`],
    ['the address and something else', `ip = NULL, detail = '{"a": 1}'`],
  ])('can be taken out of old rows only: not %s', async (_what, change) => {
    const rewritten = asOwner(`UPDATE "AuditEvent" SET ${change} WHERE "subjectId" = $1`, [user.id])
    await expect(rewritten).rejects.toThrow('never changed or removed')
  })

  test('can’t be taken out before, whatever a clock of ours says', async () => {
    const today = worldAt(db, new Date().toISOString())
    const newcomer = await newLinkedUser(today)
    const all = { subjectId: newcomer.id, ip: { not: null } }
    const before = await db.prisma.auditEvent.count({ where: all })
    expect(before).toBeGreaterThan(0)
    today.clock.advance(4_000 * DAY)
    await today.models.retention.sweep()
    expect(await db.prisma.auditEvent.count({ where: all })).toBe(before)
    const direct = asOwner(`UPDATE "AuditEvent" SET ip = NULL WHERE "subjectId" = $1`, [newcomer.id])
    await expect(direct).rejects.toThrow('never changed or removed')
  })

  test('when asking for a payment is forgotten after a day', async () => {
    const habit = await newHabit(world, user)
    const { paymentId } = await checkOff(world, user, habit.id)
    const address = async () =>
      (await db.prisma.payment.findUniqueOrThrow({ where: { id: paymentId } })).askedFromIp
    world.clock.advance(DAY)
    await world.models.retention.sweep()
    expect(await address()).toBe(SOMEBODY.ip)
    world.clock.advance(1)
    await world.models.retention.sweep()
    expect(await address()).toBeNull()
  })
})
