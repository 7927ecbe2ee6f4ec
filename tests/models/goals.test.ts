import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { Goal, User } from '../../src/generated/client.ts'
import type { GoalWish } from '../../src/models/goal.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  WORKER,
  type World,
  walk,
  worldAt,
} from './support.ts'

const WISH: GoalWish = { name: 'Bicycle', targetMinor: 5_000, byDay: null, picture: 'bicycle', habitIds: [] }

let db: Db
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
})
afterAll(() => close())

const make = (world: World, user: User, wish: Partial<GoalWish> = {}) =>
  world.models.goals.create(user.id, { ...WISH, ...wish }, 'DKK', SOMEBODY)

async function save(world: World, user: User, habitId: string): Promise<{ id: string }> {
  const done = await checkOff(world, user, habitId)
  await walk(world, done.paymentId, ...ARRIVING)
  return done
}

async function standingOf(world: World, user: User) {
  const [standing, ...others] = await world.models.goals.standing(user.id)
  expect(others).toEqual([])
  if (!standing) throw new Error('nothing is saved, and there is no goal')
  return standing
}

async function heldOf(world: World, user: User): Promise<Record<string, number>> {
  const { goals } = await standingOf(world, user)
  return Object.fromEntries(goals.map(({ goal, heldMinor }) => [goal.name, heldMinor]))
}

const goalIn = (id: string) => db.prisma.goal.findUniqueOrThrow({ where: { id } })

describe('what a goal holds', () => {
  test('is only what has arrived; pledged and on its way are told apart', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 10 })
    await make(world, user)
    await save(world, user, habit.id)
    const done = await checkOff(world, user, habit.id)
    await walk(world, done.paymentId, 'SENDING')
    await checkOff(world, user, habit.id)
    const standing = await standingOf(world, user)
    expect(standing.goals).toMatchObject([{ heldMinor: 2_500, onItsWayMinor: 2_500, pledgedMinor: 0 }])
    expect(standing.notSetAside).toEqual({ savedMinor: 0, onItsWayMinor: 0, pledgedMinor: 2_500 })
    expect(standing.totals).toEqual({ savedMinor: 2_500, onItsWayMinor: 2_500, pledgedMinor: 2_500 })
  })

  test('shrinks when money is moved back', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 10 })
    const goal = await make(world, user)
    await save(world, user, habit.id)
    const done = await save(world, user, habit.id)
    await world.models.goals.noteReached(user.id, WORKER)
    const moved = await world.models.reversals.moveBack(user.id, done.id, SOMEBODY)
    if (moved?.kind !== 'scheduled') throw new Error('it was not moved back')
    await walk(world, moved.paymentId, 'SENDING')
    expect(await heldOf(world, user)).toEqual({ Bicycle: 2_500 })
    await walk(world, moved.paymentId, 'INITIATED', 'CONFIRMING', 'PAID')
    expect(await heldOf(world, user)).toEqual({ Bicycle: 2_500 })
    expect((await goalIn(goal.id)).reachedOn).not.toBeNull()
  })

  test('comes first from its own habits; one habit saves for one goal', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const [run, read] = [
      await newHabit(world, user, { frequency: 10 }),
      await newHabit(world, user, { name: 'Read', frequency: 10, amountMinor: 100 }),
    ]
    await make(world, user, { habitIds: [run.id] })
    const trip = await make(world, user, { name: 'Trip', habitIds: [read.id] })
    await save(world, user, run.id)
    await save(world, user, read.id)
    expect(await heldOf(world, user)).toEqual({ Bicycle: 2_500, Trip: 100 })
    await world.models.goals.edit(
      user.id,
      trip.id,
      { ...WISH, name: 'Trip', habitIds: [run.id, read.id] },
      SOMEBODY,
    )
    expect(await heldOf(world, user)).toEqual({ Bicycle: 0, Trip: 2_600 })
    expect(await db.prisma.goalHabit.count({ where: { userId: user.id } })).toBe(2)
  })

  test('is of its own currency', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    await save(world, user, habit.id)
    await world.models.goals.create(user.id, { ...WISH, habitIds: [habit.id] }, 'SEK', SOMEBODY)
    const standings = await world.models.goals.standing(user.id)
    expect(standings).toMatchObject([
      { currency: 'DKK', goals: [], notSetAside: { savedMinor: 2_500 } },
      { currency: 'SEK', goals: [{ heldMinor: 0 }], notSetAside: { savedMinor: 0 } },
    ])
  })
})

describe('a goal that is full', () => {
  test('is noted once, with the instant, and celebrated once', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const goal = await make(world, user, { targetMinor: 2_500 })
    expect(await world.models.goals.celebrate(user.id, goal.id, SOMEBODY)).toBe(false)
    await save(world, user, habit.id)
    await world.models.goals.noteReached(user.id, WORKER)
    const { reachedOn } = await goalIn(goal.id)
    expect(reachedOn).toEqual(world.clock.now())
    world.clock.advance(DAY)
    await world.models.goals.noteReached(user.id, WORKER)
    expect((await goalIn(goal.id)).reachedOn).toEqual(reachedOn)
    expect(await auditsOf(world, user.id, 'goal.reached')).toHaveLength(1)
    expect(await world.models.goals.celebrate(user.id, goal.id, SOMEBODY)).toBe(true)
    expect(await world.models.goals.celebrate(user.id, goal.id, SOMEBODY)).toBe(false)
    expect(await auditsOf(world, user.id, 'goal.celebrated')).toHaveLength(1)
  })

  test('may be full from its first day, or by a smaller target', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await save(world, user, (await newHabit(world, user)).id)
    const goal = await make(world, user)
    expect((await goalIn(goal.id)).reachedOn).toBeNull()
    await world.models.goals.edit(user.id, goal.id, { ...WISH, targetMinor: 2_000 }, SOMEBODY)
    expect((await goalIn(goal.id)).reachedOn).not.toBeNull()
    expect(
      (await goalIn((await make(world, user, { name: 'Small', targetMinor: 500 })).id)).reachedOn,
    ).not.toBeNull()
  })
})

describe('the order of goals', () => {
  test('decides who is filled first, and can be changed a place at a time', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await save(world, user, (await newHabit(world, user)).id)
    const [, second] = [await make(world, user), await make(world, user, { name: 'Trip' })]
    expect(await heldOf(world, user)).toEqual({ Bicycle: 2_500, Trip: 0 })
    const move = (direction: 'up' | 'down') =>
      world.models.goals.move(user.id, second.id, direction, SOMEBODY)
    expect(await move('down')).toBe(false)
    expect(await move('up')).toBe(true)
    expect(await heldOf(world, user)).toEqual({ Trip: 2_500, Bicycle: 0 })
    expect(await move('up')).toBe(false)
    expect(await auditsOf(world, user.id, 'goal.moved')).toHaveLength(1)
  })
})

describe('a goal that is put away', () => {
  test('keeps the money it was used for from the others; brought back, it shares it again', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { frequency: 10 })
    const goal = await make(world, user, { targetMinor: 2_500, habitIds: [habit.id] })
    await make(world, user, { name: 'Trip' })
    await save(world, user, habit.id)
    await save(world, user, habit.id)
    expect(await world.models.goals.archive(user.id, goal.id, true, SOMEBODY)).toBe(true)
    expect(await heldOf(world, user)).toEqual({ Trip: 2_500 })
    expect(await standingOf(world, user)).toMatchObject({
      usedMinor: 2_500,
      totals: { savedMinor: 5_000 },
    })
    expect(await world.models.goals.archived(user.id)).toMatchObject([{ usedMinor: 2_500 }])
    await save(world, user, habit.id)
    expect(await heldOf(world, user)).toEqual({ Trip: 5_000 })
    expect(await world.models.goals.restore(user.id, goal.id, SOMEBODY)).toBe(true)
    expect(await standingOf(world, user)).toMatchObject({
      usedMinor: 0,
      goals: [{ heldMinor: 5_000 }, { heldMinor: 2_500, goal: { id: goal.id } }],
    })
  })

  test('lets go of its money when it was not used, and is not edited', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    await save(world, user, (await newHabit(world, user)).id)
    const goal = await make(world, user)
    await world.models.goals.archive(user.id, goal.id, false, SOMEBODY)
    expect(await standingOf(world, user)).toMatchObject({ goals: [], notSetAside: { savedMinor: 2_500 } })
    expect(await world.models.goals.archive(user.id, goal.id, false, SOMEBODY)).toBe(false)
    expect(await world.models.goals.edit(user.id, goal.id, WISH, SOMEBODY)).toBe('archived')
    expect(await world.models.goals.remove(user.id, goal.id, SOMEBODY)).toBe(true)
    expect(await world.models.goals.remove(user.id, goal.id, SOMEBODY)).toBe(false)
  })

  test('takes no habit, whatever a program says', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const goal = await make(world, user)
    await world.models.goals.archive(user.id, goal.id, false, SOMEBODY)
    const data = { habitId: habit.id, goalId: goal.id, userId: user.id }
    await expect(db.prisma.goalHabit.create({ data })).rejects.toThrow('has been put away')
  })
})

describe('what the database refuses', () => {
  test.each<[string, Partial<Goal>]>([
    ['another currency', { currency: 'SEK' }],
    ['forgetting when it was reached', { reachedOn: null }],
    ['a celebration before it was reached', { celebratedOn: new Date('2026-01-01T00:00:00.000Z') }],
    ['no target', { targetMinor: 0 }],
    ['a target beyond reason', { targetMinor: 100_000_001 }],
    ['no name', { name: '' }],
    ['a picture that is a path', { picture: '../icons/coin' }],
    ['no place', { position: 0 }],
  ])('%s', async (_, data) => {
    const world = worldAt(db)
    const { id } = await make(world, await newUser(world))
    await db.prisma.goal.update({ where: { id }, data: { reachedOn: world.clock.now() } })
    await expect(db.prisma.goal.update({ where: { id }, data })).rejects.toThrow()
  })

  test('a habit of somebody else', async () => {
    const world = worldAt(db)
    const [ida, bo] = [await newLinkedUser(world), await newLinkedUser(world)]
    const habit = await newHabit(world, bo)
    await expect(make(world, ida, { habitIds: [habit.id] })).rejects.toThrow()
    expect(await db.prisma.goal.count({ where: { userId: ida.id } })).toBe(0)
  })
})

test('more goals than a page can show are refused', async () => {
  const world = worldAt(db)
  const user = await newUser(world)
  for (let count = 0; count < 30; count += 1) await make(world, user)
  await expect(make(world, user)).rejects.toMatchObject({ status: 409 })
})

test('somebody else’s goal is nobody’s', async () => {
  const world = worldAt(db)
  const [ida, bo] = [await newUser(world), await newUser(world)]
  const { id } = await make(world, ida)
  const { goals } = world.models
  expect(await goals.edit(bo.id, id, WISH, SOMEBODY)).toBeNull()
  expect(await goals.move(bo.id, id, 'up', SOMEBODY)).toBeNull()
  expect(await goals.archive(bo.id, id, true, SOMEBODY)).toBeNull()
  expect(await goals.restore(bo.id, id, SOMEBODY)).toBeNull()
  expect(await goals.remove(bo.id, id, SOMEBODY)).toBe(false)
  expect(await goals.celebrate(bo.id, id, SOMEBODY)).toBe(false)
  expect(await goals.findOwned(bo.id, id)).toBeNull()
  expect(await goals.findAhead(bo, id)).toBeNull()
})

describe('how a goal gets on', () => {
  test('is told from the books of the last weeks', async () => {
    const world = worldAt(db)
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user)
    const { id } = await make(world, user, { targetMinor: 20_000, byDay: '2026-12-31', habitIds: [habit.id] })
    for (let week = 0; week < 4; week += 1) {
      await save(world, user, habit.id)
      world.clock.advance(7 * DAY)
    }
    const found = await world.models.goals.findAhead(user, id)
    expect(found?.habits).toEqual([{ id: habit.id, name: 'Run' }])
    expect(found?.ahead).toMatchObject({
      heldMinor: 10_000,
      pace: {
        gainedMinor: 10_000,
        weeks: 5,
        perWeekMinor: 2_000,
        full: { weeks: 5 },
        plan: { onTrack: true },
      },
    })
    expect(found?.history.map(({ heldMinor }) => heldMinor)).toEqual([0, 2_500, 5_000, 7_500, 10_000, 10_000])
    const [standing] = await world.models.goals.ahead(user)
    expect(standing?.goals).toMatchObject([{ pace: found?.ahead.pace }])
  })
})

type Step =
  | { kind: 'check-off' | 'arrive' | 'send' | 'move-back' | 'undo'; which: number }
  | { kind: 'make' | 'tie' | 'up' | 'use' | 'let-go' | 'restore' | 'delete'; which: number; minor: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('check-off' as const, 'arrive' as const, 'send' as const),
      which: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('move-back' as const, 'undo' as const), which: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('make', 'make', 'tie', 'up', 'use', 'let-go', 'restore', 'delete'),
      which: fc.nat(),
      minor: fc.integer({ min: 1, max: 900 }),
    }) as fc.Arbitrary<Step>,
  },
)

test('after any history, every minor unit is in exactly one place, and no goal holds what is not saved', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 50 }), async (history) => {
      const world = worldAt(db)
      const user = await newLinkedUser(world)
      const habits = await Promise.all(
        [100, 130, 170].map((amountMinor) => newHabit(world, user, { frequency: 10, amountMinor })),
      )
      for (const each of history)
        await take(
          world,
          user,
          habits.map(({ id }) => id),
          each,
        )
      const totals = (await world.models.habits.totalsOf(user.id)).get('DKK')
      const [standing] = await world.models.goals.standing(user.id)
      const goals = standing?.goals ?? []
      const sum = (amounts: number[]) => amounts.reduce((all, minor) => all + minor, 0)
      for (const [place, used] of [
        ['savedMinor', standing?.usedMinor ?? 0],
        ['onItsWayMinor', 0],
        ['pledgedMinor', 0],
      ] as const) {
        const column = place === 'savedMinor' ? 'heldMinor' : place
        const inGoals = sum(goals.map((goal) => goal[column]))
        expect(inGoals + used + (standing?.notSetAside[place] ?? 0), place).toBe(totals?.[place] ?? 0)
        expect(
          Math.min(0, used, standing?.notSetAside[place] ?? 0, ...goals.map((goal) => goal[column])),
        ).toBe(0)
      }
      for (const { goal, heldMinor } of goals) expect(heldMinor).toBeLessThanOrEqual(goal.targetMinor)
      for (const { goal } of goals) {
        const found = await world.models.goals.findAhead(user, goal.id)
        expect(found?.history.at(-1)?.heldMinor ?? 0).toBe(found?.ahead.heldMinor)
      }
    }),
    { numRuns: 12 },
  )
}, 120_000)

async function take(world: World, user: User, habits: readonly string[], now: Step): Promise<void> {
  const { models } = world
  const pick = <T>(things: readonly T[]) => things[now.which % Math.max(1, things.length)]
  if (now.kind === 'check-off') {
    const today = await models.habits.findOwned(user, pick(habits) ?? '')
    if (today?.progress.next.kind === 'open') await checkOff(world, user, today.habit.id)
  } else if (now.kind === 'arrive' || now.kind === 'send') {
    const states = now.kind === 'arrive' ? ARRIVING : (['SENDING'] as const)
    const payment = pick(await db.prisma.payment.findMany({ where: { userId: user.id, state: 'SCHEDULED' } }))
    if (payment) await walk(world, payment.id, ...states)
  } else if (now.kind === 'move-back' || now.kind === 'undo') {
    const done = pick(await db.prisma.checkOff.findMany({ where: { userId: user.id } }))
    if (done && now.kind === 'undo') await models.checkOffs.undo(user.id, done.id, SOMEBODY)
    if (done && now.kind === 'move-back') await models.reversals.moveBack(user.id, done.id, SOMEBODY)
  } else if ('minor' in now) await takeWithGoal(world, user, habits, now)
}

async function takeWithGoal(
  { models }: World,
  user: User,
  habits: readonly string[],
  now: Extract<Step, { minor: number }>,
): Promise<void> {
  if (now.kind === 'make') {
    await models.goals.create(user.id, { ...WISH, targetMinor: now.minor }, 'DKK', SOMEBODY)
    return
  }
  const goals = await db.prisma.goal.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } })
  const goal = goals[now.which % Math.max(1, goals.length)]
  if (!goal) return
  const habitIds = habits.filter((_, at) => (now.minor >> at) % 2 === 1)
  const wish = { ...WISH, targetMinor: now.minor, habitIds }
  if (now.kind === 'tie') await models.goals.edit(user.id, goal.id, wish, SOMEBODY)
  if (now.kind === 'up') await models.goals.move(user.id, goal.id, 'up', SOMEBODY)
  if (now.kind === 'use') await models.goals.archive(user.id, goal.id, true, SOMEBODY)
  if (now.kind === 'let-go') await models.goals.archive(user.id, goal.id, false, SOMEBODY)
  if (now.kind === 'restore') await models.goals.restore(user.id, goal.id, SOMEBODY)
  if (now.kind === 'delete') await models.goals.remove(user.id, goal.id, SOMEBODY)
}
