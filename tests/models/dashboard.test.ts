/** Today's page out of one statement: the same as from the models that read it part by part, and kept no longer than it holds. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import { type Db, fromDbDay, toDbDay } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import type { Dashboard, Look } from '../../src/models/dashboard.ts'
import type { GoalWish } from '../../src/models/goal.ts'
import { type Day, dayOf } from '../../src/models/habit/schedule.ts'
import type { HabitWish } from '../../src/models/habit.ts'
import type { PaymentInList, PaymentWaiting } from '../../src/models/payment.ts'
import { type SavedSum, type SavedWeek, weekOf, weeksFrom } from '../../src/models/saved-days.ts'
import { dice } from '../support/dice.ts'
import { statementsOf } from '../support/statements.ts'
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

let db: Db
let asOwner: Awaited<ReturnType<typeof ownDatabase>>['asOwner']
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, asOwner, close } = await ownDatabase())
})

afterAll(() => close())

/** A life is compared three hundred times; on a busy machine that takes a while. */
const LIFE_MS = 4 * MINUTE

/** The page part by part, by the models that other pages read. */
async function byParts({ models, clock }: World, user: User): Promise<Dashboard> {
  const today = dayOf(clock.now(), user.timezone, user.dayStartHour)
  const [habits, standings, weeks, waiting, approvals, consent, stop, recent] = await Promise.all([
    models.habits.listOwned(user),
    models.goals.standing(user.id),
    thisWeek(user, today),
    waitingFor(user.id),
    models.payments.approvalsWaiting(user.id),
    models.consents.live(user.id),
    models.stops.current(),
    models.payments.listOwned(user.id, { size: 5 }),
  ])
  return {
    today,
    habits,
    standings,
    weeks,
    waiting,
    approvals,
    consent: consent && {
      expiresAt: consent.expiresAt,
      profile: consent.profile,
      scopes: consent.scopes,
    },
    isStopped: stop !== null,
    recent: recent.map(
      ({
        id,
        kind,
        state,
        isBatch,
        createdOn,
        dueAt,
        amountMinor,
        currency,
        checkOffs,
        broughtBack,
      }): PaymentInList => ({
        ...{ id, kind, state, isBatch, createdOn, dueAt, amountMinor, currency },
        checkOffs: checkOffs.map((done) => ({ state: done.state, habit: { name: done.habit.name } })),
        broughtBack: broughtBack.map((done) => ({ state: done.state, habit: { name: done.habit.name } })),
      }),
    ),
  }
}

async function thisWeek(user: User, today: Day): Promise<SavedWeek[]> {
  const { first, last } = weekOf(today, user.weekStart)
  const done = await db.prisma.checkOff.findMany({
    where: { userId: user.id, day: { gte: toDbDay(first), lte: toDbDay(last) }, paymentId: { not: null } },
    include: { payment: true, reversal: true },
  })
  const sums = done.map(
    ({ day, currency, state, amountMinor, payment, reversal }): SavedSum => ({
      day: fromDbDay(day),
      currency,
      state,
      paid: payment?.state ?? 'SCHEDULED',
      broughtBack: reversal?.state ?? null,
      minor: amountMinor,
    }),
  )
  return weeksFrom(first, sums)
}

/** What waits, or is not clear yet, besides what the saver is to approve. */
async function waitingFor(userId: string): Promise<PaymentWaiting[]> {
  return db.prisma.payment.findMany({
    select: { id: true, kind: true, state: true, reason: true, amountMinor: true, currency: true },
    where: {
      userId,
      OR: [{ state: { in: ['BLOCKED', 'UNKNOWN'] } }, { state: 'AWAITING_APPROVAL', approvalUrl: null }],
    },
    orderBy: { createdOn: 'asc' },
    take: 20,
  })
}

/** What is kept is looked at as a request does: with the mark that came with its session. */
async function markOf(user: User): Promise<string> {
  const sid = `sid-${user.id}`
  await db.pool.query(
    `INSERT INTO session (sid, sess, expire) VALUES ($1, $2, now() + interval '1 day') ON CONFLICT (sid) DO NOTHING`,
    [sid, { passport: { user: user.id } }],
  )
  const visit = await worldAt(db).models.visits.find(sid)
  if (visit?.mark === null || visit === null) throw new Error('nobody is signed in')
  return visit.mark
}

async function lookAt(world: World, user: User): Promise<Look> {
  return world.models.dashboards.look(user, await markOf(user))
}

/** All that the page was made of when it was made: the page is sent again for as long as the look is the same. */
const made = new WeakMap<Look['waiting'], Dashboard>()

async function expectSame(world: World, user: User): Promise<void> {
  const look = await lookAt(world, user)
  const whole = made.get(look.waiting) ?? (await look.whole())
  made.set(look.waiting, whole)
  expect(whole).toMatchObject(look.waiting)
  expect(whole).toEqual(await byParts(world, user))
}

describe('one statement', () => {
  test('says of somebody new what the parts say', async () => {
    const world = worldAt(db)
    await expectSame(world, await newUser(world))
  })

  test('says the same after every step of a random life, and what was kept before it is not given again', {
    timeout: LIFE_MS,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const luck = dice(seed)
    const world = worldAt(db, '2026-01-05T10:00:00.000Z')
    const user = await newLinkedUser(world)
    const taken = new Map<string, number>()
    for (let step = 0; step < 160; step += 1) {
      const name = await oneStep(world, user, luck)
      taken.set(name, (taken.get(name) ?? 0) + 1)
      await expectSame(world, user)
      world.clock.advance(Math.floor(luck() * 2 * DAY) + HOUR)
      await expectSame(world, user)
    }
    expect(taken.size, `kinds of steps: ${[...taken]}`).toBeGreaterThan(8)
  })

  test('is one look at the database for what has changed, and none for what has not', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    const mark = await markOf(user)
    const { dashboards } = world.models
    const statements = await statementsOf(async () => (await dashboards.look(user, mark)).whole())
    expect(statements).toEqual([expect.stringContaining('WITH own')])
    const { waiting } = await dashboards.look(user, mark)
    const again = await statementsOf(async () =>
      expect((await dashboards.look(user, mark)).waiting).toBe(waiting),
    )
    expect(again).toEqual([])
    await checkOff(world, user, id)
    const { habits } = await (await lookAt(world, user)).whole()
    expect(habits[0]?.progress.doneToday).toBe(1)
  })

  test('reads everything once more where only what waits was kept', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await newHabit(world, user)
    const first = await (await lookAt(world, user)).whole()
    const again = await lookAt(world, user)
    const statements = await statementsOf(async () => expect(await again.whole()).toEqual(first))
    expect(statements).toHaveLength(1)
  })

  test('reads nothing that was left at hand, and that only once', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await newHabit(world, user)
    const first = await (await lookAt(world, user)).whole({ again: true })
    const looks = [await lookAt(world, user), await lookAt(world, user)]
    const counts: number[] = []
    for (const look of looks)
      counts.push((await statementsOf(async () => expect(await look.whole()).toEqual(first))).length)
    expect(counts).toEqual([0, 1])
  })
})

describe('what is kept', () => {
  test('is given to nobody else, and not without a mark', async () => {
    const world = worldAt(db)
    const [ida, bo] = [await newLinkedUser(world), await newLinkedUser(world)]
    await newHabit(world, ida, { name: 'Of Ida' })
    const mark = await markOf(ida)
    const { dashboards } = world.models
    const hers = await dashboards.look(ida, mark)
    expect((await (await dashboards.look(bo, mark)).whole()).habits).toEqual([])
    expect((await dashboards.look(ida, mark)).waiting).toBe(hers.waiting)
    expect((await dashboards.look(ida, null)).waiting).not.toBe(hers.waiting)
  })

  test('is another on another day, by another clock and with another first day of the week', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const mark = await markOf(user)
    const look = async (settings: Partial<User> = {}) =>
      (await world.models.dashboards.look({ ...user, ...settings }, mark)).waiting
    const first = await look()
    expect(await look({ dayStartHour: 3 })).not.toBe(first)
    expect(await look({ weekStart: 7 })).not.toBe(first)
    expect(await look({ timezone: 'Asia/Tokyo' })).not.toBe(first)
    const again = await look()
    expect(await look()).toBe(again)
    world.clock.advance(DAY)
    expect(await look()).not.toBe(again)
  })

  test('ends with an admin’s stop of all payments, and with its end', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    expect((await lookAt(world, user)).waiting.isStopped).toBe(false)
    await world.models.stops.start('for a test', SOMEBODY)
    expect((await lookAt(world, user)).waiting.isStopped).toBe(true)
    await world.models.stops.end(SOMEBODY)
    expect((await lookAt(world, user)).waiting.isStopped).toBe(false)
  })
})

describe('a saver’s revision', () => {
  test('moves with every row of every table that the page is made of, made, changed or removed', async () => {
    const { rows } = await asOwner<{ table: string; events: number; deferred: boolean }>(
      `SELECT tgrelid::regclass::text AS "table", (tgtype::int & 28) AS events, tginitdeferred AS deferred FROM pg_trigger
       WHERE tgname LIKE '%_is_noted'`,
    )
    const noted = rows.map((row) => row.table.replaceAll('"', '')).sort()
    const read = [...(await sourceOfStatement()).matchAll(/(?:FROM|JOIN) \(?"(\w+)"/g)].map(
      ([, name]) => name ?? '',
    )
    // The stop of all payments is part of the mark by itself; the number is what is kept.
    const apart = ['PaymentStop', 'SaverRevision']
    expect(noted).toEqual([...new Set(read)].filter((name) => !apart.includes(name)).sort())
    // Insert, delete and update, at the end of the transaction.
    for (const row of rows) expect(row).toMatchObject({ events: 28, deferred: true })
  })

  test('moves once a transaction, with what has changed and not before', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    const before = await revisionOf(user)
    await db.transaction(async (tx) => {
      for (const name of ['One', 'Two', 'Three'])
        await tx.habit.update({ where: { id, userId: user.id }, data: { name } })
      expect(await revisionOf(user), 'seen from outside').toBe(before)
    })
    expect(await revisionOf(user)).toBe(before + 1)
  })

  test('loses none of two changes that end at the same moment', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habits = await Promise.all(
      [0, 1, 2, 3].map((each) => newHabit(world, user, { name: `Habit ${each}` })),
    )
    const before = await revisionOf(user)
    const clients = await Promise.all(habits.map(() => db.pool.connect()))
    for (const [index, client] of clients.entries()) {
      await client.query('BEGIN')
      await client.query(`UPDATE "Habit" SET name = 'Other' WHERE id = $1`, [habits[index]?.id])
    }
    await Promise.all(clients.map((client) => client.query('COMMIT')))
    for (const client of clients) client.release()
    expect(await revisionOf(user)).toBe(before + habits.length)
  })

  test('stays where nothing has come of a transaction', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const { id } = await newHabit(world, user)
    const before = await revisionOf(user)
    await db
      .transaction(async (tx) => {
        await tx.habit.update({ where: { id, userId: user.id }, data: { name: 'Never' } })
        throw new Error('no')
      })
      .catch(() => null)
    expect(await revisionOf(user)).toBe(before)
  })
})

async function revisionOf(user: User): Promise<number> {
  const row = await db.prisma.saverRevision.findUnique({ where: { userId: user.id } })
  return Number(row?.revision ?? 0)
}

/** The statement as it was sent. */
async function sourceOfStatement(): Promise<string> {
  const world = worldAt(db)
  const user = await newUser(world)
  const [text = ''] = await statementsOf(() => world.models.dashboards.look(user, null))
  return text
}

const DAILY: HabitWish = { name: 'Run', frequency: 1, interval: 1, amountMinor: 2_500 }
const WISHES: HabitWish[] = [
  DAILY,
  { name: 'Swim', frequency: 2, interval: 7, amountMinor: 5_000, tags: ['water'] },
  { name: 'Read', kind: 'ROLLING', frequency: 2, interval: 5, amountMinor: 1_000 },
  { name: 'Walk', kind: 'WEEKDAYS', frequency: 1, interval: 1, weekdays: 21, amountMinor: 1_500 },
]

/** @returns what was done. */
async function oneStep(world: World, user: User, luck: () => number): Promise<string> {
  const { models } = world
  const habits = await models.habits.listOwned(user)
  const any = <T>(of: readonly T[]): T | undefined => of[Math.floor(luck() * of.length)]
  const one = any(habits)
  const today = dayOf(world.clock.now(), user.timezone, user.dayStartHour)
  const steps: [string, () => Promise<unknown>][] = [
    ['a habit', () => newHabit(world, user, any(WISHES) ?? DAILY)],
    [
      'a goal',
      () =>
        makeGoal(
          world,
          user,
          habits.slice(0, 1).map(({ habit }) => habit.id),
        ),
    ],
  ]
  if (one) {
    const { id } = one.habit
    steps.push(
      ['an edit', () => models.habits.edit(user, id, any(WISHES) ?? DAILY, 'DKK', SOMEBODY)],
      [
        'a break',
        () => models.breaks.add(user, { kind: 'SICK', habitId: null, start: today, end: today }, SOMEBODY),
      ],
      ['archived', () => models.habits.archive(user.id, id, SOMEBODY)],
      ['moved', () => models.habits.move(user.id, id, 'down', SOMEBODY)],
    )
    if (one.progress.next.kind === 'open')
      for (let weight = 0; weight < 8; weight += 1)
        steps.push(['checked off', () => checkOff(world, user, id)])
  }
  const payment = await db.prisma.payment.findFirst({
    where: { userId: user.id, finalOn: null, state: 'SCHEDULED' },
  })
  if (payment) {
    steps.push(['arrived', () => walk(world, payment.id, ...ARRIVING)])
    steps.push([
      'asks for approval',
      () => walk(world, payment.id, 'SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL'),
    ])
    steps.push(['unclear', () => walk(world, payment.id, 'SENDING', 'UNKNOWN')])
  }
  const done = await db.prisma.checkOff.findFirst({
    where: { userId: user.id, state: 'RECORDED' },
    orderBy: { at: 'desc' },
  })
  if (done) steps.push(['taken back', () => models.checkOffs.undo(user.id, done.id, SOMEBODY)])
  const [name, act] = any(steps) ?? ['nothing', async () => {}]
  await act()
  return name
}

function makeGoal({ models }: World, user: User, habitIds: string[]) {
  const wish: GoalWish = { name: 'Bicycle', targetMinor: 7_500, byDay: null, picture: 'bicycle', habitIds }
  return models.goals.create(user.id, wish, 'DKK', SOMEBODY)
}
