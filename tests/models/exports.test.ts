import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { exportedColumns } from '../../src/models/data-inventory.ts'
import { exportedTables } from '../../src/models/export.ts'
import { NO_WISH } from '../../src/models/reminder.ts'
import {
  ARRIVING,
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  walk,
  worldAt,
} from './support.ts'

interface Export {
  about: { whose: string; at: string; leftOut: Record<string, string> }
  tables: Record<string, Record<string, unknown>[]>
}

let db: Db
let close: () => Promise<void>
let world: World

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
  world = worldAt(db)
})
afterAll(() => close())

async function textFor({ id }: User): Promise<string> {
  const pieces: string[] = []
  for await (const piece of world.models.exports.write(id)) pieces.push(piece)
  return pieces.join('')
}
const exportOf = async (user: User): Promise<Export> => JSON.parse(await textFor(user))
const asOwner = ({ id }: User, ip: string) => ({ kind: 'saver' as const, id, ip, requestId: 'r-1' })

/** A saver who has left something in every table that an export shows. */
async function wholeSaver(fullName: string, ip: string, admin: User): Promise<User> {
  const user = await newLinkedUser(world, { fullName })
  const habit = await newHabit(world, user, { name: `Habit of ${fullName}`, frequency: 9 })
  const { paymentId } = await checkOff(world, user, habit.id)
  await walk(world, paymentId, ...ARRIVING)
  const { models, clock } = world
  const now = clock.now()
  const goal = { name: `Goal of ${fullName}`, targetMinor: 900, byDay: null, picture: 'tent', habitIds: [] }
  const used = await models.goals.create(user.id, goal, 'DKK', asOwner(user, ip))
  await models.goals.archive(user.id, used.id, true, asOwner(user, ip))
  await models.goals.create(user.id, { ...goal, habitIds: [habit.id] }, 'DKK', asOwner(user, ip))
  const day = new Date(now.toISOString().slice(0, 10))
  const own = { userId: user.id, habitId: habit.id }
  await db.prisma.habitBreak.create({ data: { ...own, kind: 'SICK', startDay: day, createdOn: now } })
  await db.prisma.habitNote.create({ data: { ...own, day, text: `${fullName} ran`, writtenOn: now } })
  const counts = { streak: 1, best: 1, strength: 0.5, month: 1, freezesUsed: 0 }
  await db.prisma.habitCheckpoint.create({
    data: { habitId: habit.id, through: day, weekStart: 1, ...counts },
  })
  await models.limits.change(
    user.id,
    { capPerPaymentMinor: 5_000, capPerDayMinor: 5_000, capPerMonthMinor: 9_000, floorMinor: 1 },
    asOwner(user, ip),
  )
  await models.consents.begin(user.id, 'session', 'DK', asOwner(user, ip))
  await models.users.mintToken(user.id, 'RESET')
  await models.users.arrive(
    user,
    { mark: null, label: 'Firefox on Linux' },
    { factor: null },
    {
      ...asOwner(user, ip),
      country: 'DK',
    },
  )
  await models.addresses.ask(user.id, `new-${user.email}`, asOwner(user, ip))
  await models.factors.newCodes(user.id, asOwner(user, ip))
  await models.factors.begin(user.id, SOMEBODY)
  await world.db.prisma.$executeRaw`
    UPDATE "User" SET "totpSecretSealed" = "totpPendingSealed", "totpConfirmedOn" = ${now} WHERE id = ${user.id}::uuid`
  const key = { credentialId: `passkey of ${user.id}`, publicKey: Buffer.from('key'), counter: 1n }
  await db.prisma.passkey.create({
    data: { ...key, userId: user.id, label: 'Phone', isSynced: true, createdOn: now },
  })
  await models.apiTokens.make(user.id, { name: 'Watch', scopes: ['habits:read'], days: 30 }, SOMEBODY)
  await models.factors.askReset(user.id, {
    kind: 'admin',
    id: admin.id,
    ip: '198.51.100.200',
    requestId: 'r-2',
  })
  await models.access.noteRefusal(
    { route: 'GET /admin', object: null, because: 'Forbidden' },
    asOwner(user, ip),
  )
  const { reminders, pushSubscriptions } = models
  await reminders.change(user.id, { ...NO_WISH, byMail: true, digestWeekday: 1 }, asOwner(user, ip))
  await reminders.setTime(user.id, habit.id, 720, asOwner(user, ip))
  const browser = { endpoint: `https://fcm.googleapis.com/${user.id}`, p256dh: 'sealed!', auth: 'sealed!' }
  await pushSubscriptions.add(user.id, browser, 'Firefox on Linux', asOwner(user, ip))
  const reminder = { userId: user.id, kind: 'HABITS' as const, minuteOfDay: 720, habitIds: [habit.id] }
  await db.prisma.reminder.create({ data: { ...reminder, day: now, dueAt: now, madeOn: now } })
  const sess = {
    passport: { user: user.id },
    agent: 'Firefox',
    ip,
    signedInAt: now.getTime(),
    newCodes: 'sealed!',
  }
  await db.prisma.session.create({
    data: { sid: `sid-${user.id}`, sess, expire: new Date(now.getTime() + HOUR) },
  })
  const facts = { objectKey: user.id, userId: user.id, firstSeenOn: now, lastSeenOn: now }
  await db.prisma.reconciliationDifference.create({
    data: { ...facts, kind: 'test', holds: false, detail: { theirs: 'what a neighbour has paid' } },
  })
  await db.prisma.bankCall.create({ data: bankCall(user, now) })
  await db.prisma.erasure.create({ data: { userId: user.id, askedOn: now, calledOffOn: now } })
  return user
}

function bankCall({ id: onBehalfOfId }: User, at: Date) {
  const facts = { actor: 'worker', api: 'accounts.list', method: 'GET', path: '/x', outcome: 'answered' }
  return { ...facts, onBehalfOfId, at, durationMs: 1, responseBody: 'what the bank said' }
}

describe('everything we know of a saver, in one file (S-085)', () => {
  let ida: User
  let per: User
  let admin: User

  beforeAll(async () => {
    admin = await newUser(world, { fullName: 'Aino Lind', role: 'ADMIN' })
    ida = await wholeSaver('Ida Berg', '203.0.113.1', admin)
    per = await wholeSaver('Per Holm', '203.0.113.2', admin)
  })

  test('has rows of every table that knows of savers, with every column that is theirs to have', async () => {
    const { tables } = await exportOf(ida)
    expect(Object.keys(tables)).toEqual(exportedTables())
    expect(Object.keys(tables).length).toBeGreaterThan(18)
    expect(Object.entries(tables).filter(([, rows]) => rows.length === 0)).toEqual([])
    for (const [table, [row]] of Object.entries(tables)) {
      if (table === 'session') continue
      expect([table, Object.keys(row ?? {}).sort()]).toEqual([table, exportedColumns(table).sort()])
    }
  })

  test('has every row that is theirs', async () => {
    const { tables } = await exportOf(ida)
    const { prisma } = db
    const where = { userId: ida.id }
    const owned = {
      CheckOff: await prisma.checkOff.count({ where }),
      LedgerLine: await prisma.ledgerLine.count({ where }),
      LedgerBalance: await prisma.ledgerBalance.count({ where }),
      PaymentEvent: await prisma.paymentEvent.count({ where: { payment: where } }),
      HabitVersion: await prisma.habitVersion.count({ where: { habit: where } }),
      BackupCode: 10,
      AuditEvent: await prisma.auditEvent.count({
        where: { OR: [{ subjectId: ida.id }, { subjectId: null, actorId: ida.id }] },
      }),
    }
    const counts = Object.keys(owned).map((table) => [table, tables[table]?.length])
    expect(Object.fromEntries(counts)).toEqual(owned)
    expect(tables.User).toMatchObject([{ id: ida.id, fullName: 'Ida Berg', email: ida.email }])
    expect(tables.session).toMatchObject([{ browser: 'Firefox', ip: '203.0.113.1' }])
  })

  test('has nothing of anybody else', async () => {
    const text = await textFor(ida)
    const ids = await db.pool.query<{ id: string }>(
      `SELECT id::text FROM "Habit" WHERE "userId" = $1 UNION ALL SELECT id::text FROM "Payment" WHERE "userId" = $1
       UNION ALL SELECT id::text FROM "AuditEvent" WHERE "subjectId" = $1 UNION ALL SELECT $1::text`,
      [per.id],
    )
    const foreign = [...ids.rows.map(({ id }) => id), per.email, 'Per Holm', '203.0.113.2', admin.id]
    // Nor of the admin who has helped, nor of whom the bank told of.
    expect(
      [...foreign, '198.51.100.200', 'what a neighbour has paid'].filter((word) => text.includes(word)),
    ).toEqual([])
  })

  test('has nothing that anybody could act with', async () => {
    const text = await textFor(ida)
    const { rows } = await db.pool.query<{ secret: string }>(
      `SELECT "hashedPwd" AS secret FROM "User" WHERE id = $1 AND length("hashedPwd") > 3
       UNION ALL SELECT encode("totpPendingSealed", 'hex') FROM "User" WHERE id = $1
       UNION ALL SELECT "hashedToken" FROM "EmailToken" WHERE "userId" = $1
       UNION ALL SELECT "hashedCode" FROM "BackupCode" WHERE "userId" = $1
       UNION ALL SELECT "hashedMark" FROM "KnownDevice" WHERE "userId" = $1
       UNION ALL SELECT "hashedAccNo" FROM "Account" WHERE "userId" = $1
       UNION ALL SELECT "hashedState" FROM "ConsentRequest" WHERE "userId" = $1
       UNION ALL SELECT encode("refreshTokenSealed", 'hex') FROM "BankConsent" WHERE "userId" = $1`,
      [ida.id],
    )
    expect(rows.length).toBeGreaterThan(15)
    const secrets = [...rows.map(({ secret }) => secret), `sid-${ida.id}`, 'sealed!']
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  })

  test('says what it leaves out, and why', async () => {
    const { about } = await exportOf(ida)
    expect(about).toMatchObject({ whose: ida.id, at: world.clock.now().toISOString() })
    expect(Object.keys(about.leftOut)).toEqual(['secret', 'others', 'working'])
  })

  test('is whole and has each row once, however many there are', async () => {
    const now = world.clock.now()
    await db.prisma.bankCall.createMany({ data: Array.from({ length: 1_200 }, () => bankCall(ida, now)) })
    const calls = (await exportOf(ida)).tables.BankCall ?? []
    expect(calls.length).toBe(1_201)
    expect(new Set(calls.map(({ id }) => id)).size).toBe(1_201)
  })

  test('is given three times an hour, and each time written down (S-068)', async () => {
    const { exports } = world.models
    const waits: number[] = []
    for (let turn = 0; turn < 5; turn += 1) waits.push(await exports.begin(ida.id, SOMEBODY))
    expect(waits).toEqual([0, 0, 0, HOUR, HOUR])
    expect(await exports.begin(per.id, SOMEBODY)).toBe(0)
    world.clock.advance(HOUR + MINUTE)
    expect(await exports.begin(ida.id, SOMEBODY)).toBe(0)
    const noted = await db.prisma.auditEvent.findMany({
      where: { action: 'user.exported', subjectId: ida.id },
    })
    expect(noted.map(({ ip }) => ip)).toEqual(Array(4).fill(SOMEBODY.ip))
  })

  test('costs one page of rows at a time', async () => {
    const pieces: number[] = []
    for await (const piece of world.models.exports.write(ida.id)) pieces.push(piece.length)
    expect(Math.max(...pieces)).toBeLessThan(5_000)
  })
})
