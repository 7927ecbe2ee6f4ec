import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { type AuditEntry, audit } from '../../src/models/audit.ts'
import { RULES } from '../../src/models/detection/rules.ts'
import type { AsOwner } from '../support/database.ts'
import {
  auditsOf,
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  type World,
  whileOpen,
  worldAt,
} from './support.ts'

const HOME = '192.0.2.1'

let db: Db
let close: () => Promise<void>
let asOwner: AsOwner
let world: World
let user: User
let admin: User
/** Each test begins a day after the one before, so that none sees another's lines. */
let start = new Date('2026-06-17T10:00:00.000Z').getTime()

beforeAll(async () => {
  ;({ db, close, asOwner } = await ownDatabase(12))
})
afterAll(() => close())
beforeEach(async () => {
  start += 2 * DAY
  world = worldAt(db, new Date(start).toISOString())
  user = await newUser(world)
  await db.prisma.user.updateMany({ data: { role: 'SAVER' } })
  admin = await newUser(world, { role: 'ADMIN' })
})

const look = () => world.models.detection.look()
const alarms = () =>
  db.prisma.alarm.findMany({ where: { at: { gte: new Date(start) } }, orderBy: { id: 'asc' } })
const rules = async () => (await alarms()).map(({ rule }) => rule).sort()
const fresh = () => db.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
const by = (whom: User | null, ip: string | null = HOME) =>
  ({ kind: whom ? 'saver' : 'visitor', id: whom?.id ?? null, ip, requestId: null }) as const

function note(entry: Omit<AuditEntry, 'at'>): Promise<void> {
  return db.transaction((tx) => audit(tx, { at: world.clock.now(), ...entry }))
}
/** @param apartMs how much later each comes. */
async function noteOften(
  howOften: number,
  apartMs: number,
  entry: () => Omit<AuditEntry, 'at'>,
): Promise<void> {
  for (let turn = 0; turn < howOften; turn += 1) {
    await note(entry())
    world.clock.advance(apartMs)
  }
}
const failedSignIn = (ip = HOME) => ({
  action: 'user.sign-in',
  by: by(null, ip),
  subjectId: user.id,
  outcome: 'refused' as const,
})
/** From 0 to 199, over and over. */
let number = 0
const nextNumber = () => {
  number = (number + 1) % 200
  return number
}
const signIn = (ip = HOME) => ({ action: 'user.sign-in', by: by(user, ip), subjectId: user.id })
const refusal = (because = 'NotFound') => ({
  action: 'access.refused',
  by: by(user),
  outcome: 'refused' as const,
  object: { kind: 'habit', id: randomUUID() },
  detail: { route: 'GET /habits/:id', because },
})
const exported = () => ({ action: 'user.exported', by: by(user), subjectId: user.id })
const paying = (amountMinor: number) => ({
  action: 'check-off.recorded',
  by: by(user),
  subjectId: user.id,
  detail: { amountMinor, currency: 'DKK', recordOnly: false },
})

describe('a rule', () => {
  test('sees many failed sign-ins of one account, wherever they come from', async () => {
    const anywhere = () => failedSignIn(`198.51.${nextNumber()}.1`)
    await noteOften(9, MINUTE, anywhere)
    expect(await look()).toBe(0)
    await noteOften(1, SECOND, anywhere)
    expect(await look()).toBe(1)
    expect(await alarms()).toMatchObject([
      { rule: 'failed-sign-ins-of-account', key: user.id, subjectId: user.id, detail: { count: 10 } },
    ])
  })

  test('sees many wrong codes within an hour, because whoever types them knows the password', async () => {
    const wrongCode = () => ({
      action: 'user.factor-checked',
      by: by(user),
      subjectId: user.id,
      outcome: 'refused' as const,
    })
    await noteOften(7, 5 * MINUTE, wrongCode)
    expect(await look()).toBe(0)
    await noteOften(1, MINUTE, wrongCode)
    expect(await look()).toBe(1)
    expect(await rules()).toEqual(['wrong-codes-of-account'])
  })

  test('sees no harm in as many over an hour', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      await noteOften(1, 3 * MINUTE, failedSignIn)
      await look()
    }
    expect(await alarms()).toEqual([])
  })

  test('sees many failed sign-ins from one network, whatever the accounts and the last part of the address', async () => {
    const spray = (network: string) => () => ({
      ...failedSignIn(`${network}${nextNumber()}`),
      subjectId: null,
    })
    await noteOften(29, SECOND, spray('203.0.113.'))
    await noteOften(29, SECOND, spray('2001:db8:1:2::'))
    await noteOften(5, SECOND, () => ({ ...failedSignIn('not an address'), subjectId: null }))
    expect(await look()).toBe(0)
    await noteOften(1, 0, spray('::ffff:203.0.113.'))
    await noteOften(1, 0, spray('2001:db8:1:3::'))
    await look()
    expect((await alarms()).map(({ rule, key, subjectId }) => [rule, key, subjectId]).sort()).toEqual([
      ['failed-sign-ins-from-network', '2001:db8:1::/48', null],
      ['failed-sign-ins-from-network', '203.0.113.0/24', null],
    ])
  })

  test('sees twenty tries at things of others within a minute, raises one alarm, and the account rests', async () => {
    await noteOften(19, SECOND, refusal)
    await noteOften(10, 0, () => refusal('StaleForm'))
    expect(await look()).toBe(0)
    await noteOften(15, SECOND, refusal)
    await Promise.all([look(), worldAt(db, world.clock.now().toISOString()).models.detection.look(), look()])
    expect(await rules()).toEqual(['foreign-objects'])
    expect((await fresh()).restsUntil).toEqual(new Date(world.clock.now().getTime() + 15 * MINUTE))
    expect((await fresh()).pausedUntil).toBeNull()
  })

  test('sees a burst that lies some minutes back, when a worker comes late', async () => {
    await noteOften(20, SECOND, refusal)
    world.clock.advance(14 * MINUTE)
    await look()
    expect(await rules()).toEqual(['foreign-objects'])
  })

  test('sees sign-ins from three networks within an hour', async () => {
    for (const ip of ['192.0.2.1', '198.51.100.1']) await noteOften(1, 35 * MINUTE, () => signIn(ip))
    await note(signIn('203.0.113.9'))
    await note(signIn('203.0.113.10'))
    expect(await look()).toBe(0)
    await note(signIn('192.0.2.5'))
    await look()
    expect(await alarms()).toMatchObject([{ rule: 'several-networks', detail: { count: 3 } }])
  })

  test('sees a sign-in at an hour that is unlike the saver, by the saver’s own clock', async () => {
    // 10:00 UTC is noon in Copenhagen.
    await noteOften(20, DAY, signIn)
    expect(await look()).toBe(0)
    world.clock.advance(3 * HOUR)
    await note(signIn())
    expect(await look()).toBe(0)
    world.clock.advance(11 * HOUR)
    await note(signIn())
    await look()
    expect((await alarms()).filter(({ subjectId }) => subjectId === user.id)).toMatchObject([
      { rule: 'unusual-hour', detail: { count: 21 } },
    ])
    start += 30 * DAY
  })

  test('sees ten times the usual amount, once there is something usual', async () => {
    await noteOften(4, MINUTE, () => paying(2_500))
    await noteOften(1, MINUTE, () => paying(50_000))
    expect(await look()).toBe(0)
    await noteOften(1, MINUTE, () => paying(24_999))
    expect(await look()).toBe(0)
    await noteOften(1, MINUTE, () => paying(25_000))
    await look()
    expect(await alarms()).toMatchObject([{ rule: 'unusual-amount', detail: { count: 10 } }])
    expect((await fresh()).pausedUntil).toBeNull()
  })

  test('sees many exports in a day', async () => {
    await noteOften(2, 2 * HOUR, exported)
    expect(await look()).toBe(0)
    await note(exported())
    await look()
    expect(await rules()).toEqual(['many-exports'])
  })

  test('reads what the app itself writes', async () => {
    const saver = await newLinkedUser(world)
    const habit = await newHabit(world, saver, { frequency: 5 })
    for (let turn = 0; turn < 5; turn += 1) await checkOff(world, saver, habit.id)
    world.clock.advance(MINUTE)
    const dear = await newHabit(world, saver, { name: 'Fly', amountMinor: 200_000 })
    await checkOff(world, saver, dear.id)
    await look()
    expect(await rules()).toEqual(['huge-amount', 'unusual-amount'])
  })
})

describe('a look that fails', () => {
  test('is made up for by the next', async () => {
    await noteOften(3, SECOND, exported)
    await asOwner('ALTER TABLE "Alarm" RENAME TO "away"')
    await expect(look()).rejects.toThrow('rules could not look')
    await asOwner('ALTER TABLE "away" RENAME TO "Alarm"')
    world.clock.advance(14 * MINUTE)
    expect(await look()).toBe(1)
  })

  test('with one rule looks with all others', async () => {
    await note({ ...paying(1), detail: { amountMinor: 'much', currency: 'DKK', recordOnly: false } })
    await noteOften(3, SECOND, exported)
    await expect(look()).rejects.toThrow('2 rules could not look')
    expect(await rules()).toEqual(['many-exports'])
  })
})

describe('an alarm', () => {
  test('is one while nobody has looked at it, and another afterwards for what comes later', async () => {
    await noteOften(3, SECOND, exported)
    await look()
    await noteOften(3, SECOND, exported)
    expect(await look()).toBe(0)
    const [alarm] = await alarms()
    expect(await world.models.alarms.acknowledge(alarm?.id ?? '', by(admin))).toBe(true)
    expect(await world.models.alarms.acknowledge(alarm?.id ?? '', by(admin))).toBe(false)
    world.clock.advance(SECOND)
    expect(await look()).toBe(0)
    await noteOften(2, SECOND, exported)
    expect(await look()).toBe(0)
    await noteOften(1, SECOND, exported)
    expect(await look()).toBe(1)
    expect(await auditsOf(world, user.id, 'alarm.acknowledged')).toHaveLength(1)
  })

  test('is one however many look at the same moment', async () => {
    await noteOften(3, SECOND, exported)
    const others = Array.from({ length: 4 }, () => worldAt(db, world.clock.now().toISOString()))
    const raised = await Promise.all(others.map(({ models }) => models.detection.look()))
    expect(raised.reduce((sum, each) => sum + each, 0)).toBe(1)
    expect(others.flatMap(({ jobs }) => jobs)).toHaveLength(1)
    expect(await auditsOf(world, user.id, 'alarm.raised')).toHaveLength(1)
  })

  test('is told to every admin who can come and look, with nothing but ids', async () => {
    await newUser(world, { role: 'ADMIN', emailConfirmedOn: null })
    await newUser(world, { role: 'ADMIN', status: 'LOCKED' })
    await noteOften(3, SECOND, exported)
    await look()
    const [alarm] = await alarms()
    expect(world.jobs).toEqual([
      { name: 'send-mail', data: { userId: admin.id, kind: 'alarm', alarmId: alarm?.id }, startAfter: null },
    ])
  })
})

describe('the payments of a saver', () => {
  test('are paused by an amount far beyond the usual', async () => {
    await noteOften(5, MINUTE, () => paying(2_500))
    await note(paying(125_000))
    await look()
    expect((await fresh()).pausedUntil?.getFullYear()).toBe(9999)
    const holding = await db.prisma.alarm.findUnique({ where: { id: (await fresh()).pausedByAlarmId ?? '' } })
    expect(holding).toMatchObject({ rule: 'huge-amount', subjectId: user.id })
    expect(world.jobs.filter(({ data }) => 'userId' in data && data.userId === user.id)).toMatchObject([
      { data: { kind: 'savings-held' } },
    ])
    expect(await auditsOf(world, user.id, 'savings.paused')).toMatchObject([{ actorKind: 'worker' }])
  })

  test('are not paused by fifty times a trifle', async () => {
    await noteOften(5, MINUTE, () => paying(100))
    await note(paying(5_000))
    await look()
    expect(await rules()).toEqual(['unusual-amount'])
    expect((await fresh()).pausedUntil).toBeNull()
  })

  test('are paused when several things are odd together', async () => {
    await noteOften(5, MINUTE, () => paying(2_500))
    await note(paying(25_000))
    await look()
    expect((await fresh()).pausedByAlarmId).toBeNull()
    for (const ip of ['192.0.2.1', '198.51.100.1', '203.0.113.9']) await note(signIn(ip))
    await look()
    expect((await fresh()).pausedByAlarmId).not.toBeNull()
  })

  test('are paused when two workers see one odd thing each at the same moment', async () => {
    await noteOften(5, MINUTE, () => paying(2_500))
    await note(paying(25_000))
    await whileOpen(
      db,
      `WITH held AS (SELECT id FROM "User" WHERE id = $1 FOR NO KEY UPDATE)
       INSERT INTO "Alarm" (id, rule, key, "subjectId", at)
       SELECT gen_random_uuid(), 'several-networks', $1::text, id, $2 FROM held`,
      [user.id, world.clock.now()],
      look,
    )
    expect((await fresh()).pausedByAlarmId).not.toBeNull()
  })

  test('can’t be paused by strangers who fail to sign in, however often', async () => {
    await noteOften(200, SECOND, failedSignIn)
    await look()
    expect(await rules()).toEqual(['failed-sign-ins-from-network', 'failed-sign-ins-of-account'])
    expect((await fresh()).pausedUntil).toBeNull()
    const ofStrangers = Object.entries(RULES).filter(([name]) => name.startsWith('failed'))
    expect(ofStrangers.reduce((sum, [, { weight }]) => sum + weight, 0)).toBeLessThan(40)
  })

  test('go on when the saver says so, and the mark is gone', async () => {
    await noteOften(5, MINUTE, () => paying(2_500))
    await note(paying(125_000))
    await look()
    expect(await world.models.savings.resume(user.id, by(user))).toBe(true)
    expect(await fresh()).toMatchObject({ pausedUntil: null, pausedByAlarmId: null })
    await look()
    expect((await fresh()).pausedUntil).toBeNull()
  })
})
