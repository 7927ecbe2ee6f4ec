import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/clock.ts'
import type { Db } from '../../src/db.ts'
import type { User } from '../../src/generated/client.ts'
import { exportedColumns } from '../../src/models/data-inventory.ts'
import { exportedTables } from '../../src/models/export.ts'
import { dayOf } from '../../src/models/habit/schedule.ts'
import { inDays } from '../../src/models/habit/wish.ts'
import { CARRIED, COLUMNS_LEFT, TABLES_LEFT } from '../../src/models/import/columns.ts'
import { asksForAmount, type Plan } from '../../src/models/import/planning.ts'
import { compared, differencesOf, type Row } from '../support/copies.ts'
import {
  ARRIVING,
  auditsOf,
  checkOff,
  expectTrueBooks,
  newHabit,
  newLinkedUser,
  newUser,
  ownDatabase,
  SOMEBODY,
  type World,
  walk,
  worldAt,
} from './support.ts'

/** As Loop Habit Tracker 2 writes them; its lists end each line with a comma. */
const LOOP_HABITS = `Position,Name,Type,Question,Description,FrequencyNumerator,FrequencyDenominator,Color,Unit,Target Type,Target Value,Archived?
001,Meditate,YES_NO,Did you meditate this morning?,,1,1,#FF8F00,,,,false
002,Wake up early,YES_NO,Did you wake up before 6am?,,2,3,#00897B,,,,true
003,Water,NUMERICAL,How many?,,1,1,#00897B,glasses,AT_LEAST,8.0,false
`
const LOOP_MARKS = `Date,Meditate,Wake up early,Water,
2026-06-10,NO,YES_MANUAL,8000,
2026-06-09,YES_MANUAL,SKIP,0,
2026-06-08,YES_MANUAL,YES_AUTO,3000,
2026-06-07,UNKNOWN,YES_MANUAL,0,
`

let db: Db
let close: () => Promise<void>
let world: World

beforeAll(async () => {
  ;({ db, close } = await ownDatabase())
  world = worldAt(db)
})
afterAll(() => close())

async function planOf(user: User, text: string): Promise<Plan> {
  world.clock.advance(HOUR)
  const result = await world.models.imports.read(user, text, SOMEBODY)
  if (result.kind !== 'read') throw new Error(`it was not read: ${JSON.stringify(result)}`)
  return (await world.models.imports.draft(user.id))?.plan as Plan
}

async function imported(user: User, text: string, amountMinor: number | null = null) {
  await planOf(user, text)
  const draft = await world.models.imports.draft(user.id)
  return world.models.imports.confirm(user, draft?.id ?? '', amountMinor, SOMEBODY)
}

const refusedIn = ({ refused }: Plan) =>
  refused.first.map(({ table, line, because }) => `${table ?? 'line'} ${line} ${because}`)
const checkOffsOf = ({ id: userId }: User) =>
  db.prisma.checkOff.findMany({ where: { userId }, orderBy: [{ habitId: 'asc' }, { day: 'asc' }] })
const habitsOf = ({ id: userId }: User) =>
  db.prisma.habit.findMany({ where: { userId }, orderBy: { name: 'asc' }, include: { versions: true } })
const dayIn = (date: Date) => date.toISOString().slice(0, 10)

async function exportOf({ id }: User): Promise<string> {
  const pieces: string[] = []
  for await (const piece of world.models.exports.write(id)) pieces.push(piece)
  return pieces.join('')
}

describe('Loop’s lists', () => {
  test.each([
    ['habits first', `${LOOP_HABITS}${LOOP_MARKS}`],
    ['marks first', `${LOOP_MARKS}\n${LOOP_HABITS}`],
    ['with Windows’ line ends', `\ufeff${LOOP_HABITS}${LOOP_MARKS}`.replaceAll('\n', '\r\n')],
  ])(
    '%s: become habits with their schedules and ticks, which are recorded and pay nothing',
    async (_what, text) => {
      const user = await newLinkedUser(world)
      expect(await imported(user, text, 1_500)).toEqual({ kind: 'imported', habits: 2, checkOffs: 4 })
      const [meditate, early] = await habitsOf(user)
      expect(meditate).toMatchObject({ name: 'Meditate', archivedOn: null })
      expect(meditate?.versions).toMatchObject([
        { frequency: 1, interval: 1, amountMinor: 1_500, currency: 'DKK' },
      ])
      expect(early?.versions).toMatchObject([{ frequency: 2, interval: 3 }])
      expect([dayIn(early?.startDate ?? new Date()), early?.archivedOn === null]).toEqual([
        '2026-06-07',
        false,
      ])
      const rows = await checkOffsOf(user)
      expect(
        rows.every(({ recordOnly, paymentId, isBackfill }) => recordOnly && !paymentId && isBackfill),
      ).toBe(true)
      expect(await db.prisma.payment.count({ where: { userId: user.id } })).toBe(0)
      expect(await db.prisma.ledgerLine.count({ where: { userId: user.id } })).toBe(0)
    },
  )

  test('of version 1, with numbers, say the same', async () => {
    const user = await newLinkedUser(world)
    await imported(user, 'Date,Meditate,\n2026-06-10,2,\n2026-06-09,1,\n2026-06-08,0,\n2026-06-07,-1,\n', 100)
    expect((await checkOffsOf(user)).map(({ day }) => dayIn(day))).toEqual(['2026-06-10'])
  })

  test('refuse a habit that counts amounts, and nothing else', async () => {
    const plan = await planOf(await newLinkedUser(world), LOOP_HABITS + LOOP_MARKS)
    expect(refusedIn(plan)).toEqual(['line 4 counts-amounts'])
  })

  test('go into the habit of the same name, by its own terms, and leave what is there', async () => {
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { name: 'MEDITATE', amountMinor: 700 })
    const today = (await checkOff(world, user, habit.id)).day
    world.clock.advance(3 * DAY)
    const after = dayIn(new Date(today.getTime() + DAY))
    const text = `Date,Meditate,\n${dayIn(today)},2,\n${after},2,\n2020-01-01,2,\n2099-01-01,2,\n`
    const plan = await planOf(user, text)
    expect(plan.habits).toMatchObject([{ id: habit.id, made: null, duplicates: 1 }])
    expect(refusedIn(plan)).toEqual(['line 4 before-start', 'line 5 in-future'])
    const draft = await world.models.imports.draft(user.id)
    await world.models.imports.confirm(user, draft?.id ?? '', null, SOMEBODY)
    expect((await checkOffsOf(user)).map(({ recordOnly, amountMinor }) => [recordOnly, amountMinor])).toEqual(
      [
        [false, 700],
        [true, 700],
      ],
    )
    await expectTrueBooks(db, user.id)
  })

  test('take no more in a period than the habit asks for', async () => {
    const habits = LOOP_HABITS.split('\n').slice(0, 3).join('\n')
    const marks = 'Date,Wake up early,\n2026-06-07,2,\n2026-06-08,2,\n2026-06-09,2,\n'
    expect(refusedIn(await planOf(await newLinkedUser(world), `${habits}\n${marks}`))).toEqual([
      'line 7 enough',
    ])
  })

  test('name the line and the reason of every row that is none', async () => {
    const text = `Date,Meditate,${'x'.repeat(81)},
2026-13-01,2,0,
10/06/2026,2,0,
2026-06-10,perhaps,0,
2026-06-09,2,0,7,
2026-06-08,2,0,
`
    const plan = await planOf(await newLinkedUser(world), text)
    expect(refusedIn(plan)).toEqual([
      'line 2 no-day',
      'line 3 no-day',
      'line 4 unknown-value',
      'line 4 no-name',
      'line 5 wrong-number-of-fields',
      'line 6 no-name',
    ])
    expect(plan.habits.map(({ checkOffs }) => checkOffs.length)).toEqual([1])
  })

  test.each([
    ['', 'empty', null],
    ['hello', 'unknown-format', 1],
    ['2026-06-10,2,\n', 'unknown-format', 1],
    ['Date,Value,Notes\n2026-06-10,YES_MANUAL,\n', 'one-habit-of-loop', 1],
    ['Date,Score\n2026-06-10,0.5\n', 'scores-of-loop', 1],
    ['Date,A,\n2026-06-10,2,\n2026-06-09,"2\n', 'broken', 3],
    ['{"tables":', 'broken', null],
    ['{}', 'not-our-export', null],
    ['{"tables":{"Habit":"x"}}', 'not-our-export', null],
    [`Date,A,\n${'2026-06-10,2,\n'.repeat(20_002)}`, 'too-many-rows', 20_003],
    ['x'.repeat(5_000_001), 'too-long', null],
  ])('a text that is none is refused as a whole (%#)', async (text, because, line) => {
    const user = await newUser(world)
    expect(await world.models.imports.read(user, text, SOMEBODY)).toEqual({ kind: 'refused', because, line })
    expect(await world.models.imports.draft(user.id)).toBeNull()
  })
})

describe('what was read', () => {
  test('is done once, however often it is confirmed, also at once', async () => {
    const user = await newLinkedUser(world)
    await planOf(user, LOOP_HABITS + LOOP_MARKS)
    const { id = '' } = (await world.models.imports.draft(user.id)) ?? {}
    const results = await Promise.all(
      [1, 2, 3].map(() => world.models.imports.confirm(user, id, 100, SOMEBODY)),
    )
    expect(results.map(({ kind }) => kind).sort()).toEqual(['gone', 'gone', 'imported'])
    expect((await checkOffsOf(user)).length).toBe(4)
    expect((await auditsOf(world, user.id, 'user.imported')).map(({ detail }) => detail)).toEqual([
      { format: 'loop', habits: 2, checkOffs: 4, refused: 1 },
    ])
    expect((await auditsOf(world, user.id, 'habit.imported')).length).toBe(2)
  })

  test('read again brings nothing new', async () => {
    const user = await newLinkedUser(world)
    await imported(user, LOOP_HABITS + LOOP_MARKS, 100)
    const plan = await planOf(user, LOOP_HABITS + LOOP_MARKS)
    expect(
      plan.habits.map(({ made, duplicates, checkOffs }) => [made, duplicates, checkOffs.length]),
    ).toEqual([
      [null, 2, 0],
      [null, 2, 0],
    ])
  })

  test('is nobody else’s, and nobody’s after an hour', async () => {
    const user = await newLinkedUser(world)
    const stranger = await newLinkedUser(world)
    await planOf(user, LOOP_MARKS)
    const { id = '' } = (await world.models.imports.draft(user.id)) ?? {}
    expect(await world.models.imports.confirm(stranger, id, 100, SOMEBODY)).toEqual({ kind: 'gone' })
    world.clock.advance(HOUR)
    expect(await world.models.imports.draft(user.id)).toBeNull()
    expect(await world.models.imports.confirm(user, id, 100, SOMEBODY)).toEqual({ kind: 'gone' })
    await world.models.retention.sweep()
    expect(await db.prisma.importDraft.count({ where: { id } })).toBe(1)
    world.clock.advance(MINUTE)
    await world.models.retention.sweep()
    expect(await db.prisma.importDraft.count({ where: { id } })).toBe(0)
  })

  test('is replaced by another text, and thrown away when its owner says so', async () => {
    const user = await newLinkedUser(world)
    await planOf(user, LOOP_MARKS)
    const first = await world.models.imports.draft(user.id)
    await planOf(user, LOOP_HABITS)
    expect(await world.models.imports.confirm(user, first?.id ?? '', 100, SOMEBODY)).toEqual({ kind: 'gone' })
    expect(await world.models.imports.discard(user.id, SOMEBODY)).toBe(true)
    expect(await world.models.imports.discard(user.id, SOMEBODY)).toBe(false)
    expect(await habitsOf(user)).toEqual([])
  })

  test('does nothing at all when a place has been taken since', async () => {
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { name: 'Meditate' })
    const { day } = (await world.models.checkOffs.openDays(user, habit.id))[0] ?? { day: null }
    expect(day).toBeNull()
    const today = dayIn(world.clock.now())
    await planOf(user, `Date,New one,Meditate,\n${today},2,2,\n`)
    await checkOff(world, user, habit.id)
    const draft = await world.models.imports.draft(user.id)
    expect(await world.models.imports.confirm(user, draft?.id ?? '', 100, SOMEBODY)).toEqual({
      kind: 'changed',
    })
    expect((await habitsOf(user)).map(({ name }) => name)).toEqual(['Meditate'])
  })

  test('does nothing when the habit it was meant for is gone', async () => {
    const user = await newLinkedUser(world)
    const habit = await newHabit(world, user, { name: 'Meditate' })
    await planOf(user, `Date,Meditate,\n${dayIn(world.clock.now())},2,\n`)
    await world.models.habits.remove(user.id, habit.id, SOMEBODY)
    const draft = await world.models.imports.draft(user.id)
    expect(await world.models.imports.confirm(user, draft?.id ?? '', null, SOMEBODY)).toEqual({
      kind: 'changed',
    })
  })

  test('needs accounts and an amount where new habits need them', async () => {
    const user = await newUser(world)
    expect(asksForAmount(await planOf(user, LOOP_MARKS))).toBe(true)
    const draft = await world.models.imports.draft(user.id)
    expect(await world.models.imports.confirm(user, draft?.id ?? '', 100, SOMEBODY)).toEqual({
      kind: 'no-accounts',
    })
    const linked = await newLinkedUser(world)
    expect(await imported(linked, LOOP_MARKS)).toEqual({ kind: 'no-amount' })
  })

  test('never makes more habits than there can be', async () => {
    const user = await newLinkedUser(world)
    const names = Array.from({ length: 202 }, (_, index) => `Habit ${index}`)
    const plan = await planOf(user, `Date,${names.join(',')},\n2026-06-10,${names.map(() => 2).join(',')},\n`)
    expect([plan.habits.length, ...refusedIn(plan)]).toEqual([
      200,
      'line 2 too-many-habits',
      'line 2 too-many-habits',
    ])
  })

  test('is read twenty times an hour (S-068)', async () => {
    const user = await newUser(world)
    for (let turn = 0; turn < 20; turn += 1) await world.models.imports.read(user, 'x', SOMEBODY)
    expect(await world.models.imports.read(user, 'x', SOMEBODY)).toEqual({ kind: 'wait', ms: HOUR })
  })
})

describe('ten thousand rows', () => {
  const names = ['Run', 'Read', 'Write', 'Sleep']
  const days = Array.from({ length: 2_500 }, (_, index) =>
    dayIn(new Date(Date.UTC(2026, 5, 16) - index * DAY)),
  )
  const loop = `Date,${names.join(',')},\n${days.map((day) => `${day},2,2,2,2,\n`).join('')}`
  const statement = `Date,Habit,Day,Kind,State,Amount,Currency,Reference,Booked,Recorded,Counts\n${days
    .flatMap((day) =>
      names.map(
        (name) =>
          `${day},${name},${day},saving,arrived,1.00,DKK,ABC,${day}T12:00:00.000Z,${day}T12:00:00.000Z,yes\n`,
      ),
    )
    .join('')}`
  /** What one saver has brought here, as the copy that they take along. */
  const copy = async () => {
    const user = await newLinkedUser(world)
    await imported(user, loop, 100)
    return exportOf(user)
  }

  test.each([
    { what: 'of Loop', textOf: async () => loop },
    { what: 'of a statement', textOf: async () => statement },
    { what: 'of a copy', textOf: copy },
  ])(
    '$what are read, shown and written in one transaction, without holding all of it several times',
    async ({ what, textOf }) => {
      const text = await textOf()
      const user = await newLinkedUser(world)
      const begun = performance.now()
      const plan = await planOf(user, text)
      const read = performance.now()
      expect(plan.refused.count).toBe(0)
      const draft = await world.models.imports.draft(user.id)
      const before = process.memoryUsage().heapUsed
      expect(await world.models.imports.confirm(user, draft?.id ?? '', 100, SOMEBODY)).toMatchObject({
        kind: 'imported',
        habits: 4,
        checkOffs: 10_000,
      })
      const done = performance.now()
      const grownMb = (process.memoryUsage().heapUsed - before) / 1_000_000
      console.info(
        `10,000 rows ${what}: read in ${Math.round(read - begun)} ms, written in ${Math.round(done - read)} ms, heap +${Math.round(grownMb)} MB`,
      )
      expect(grownMb).toBeLessThan(300)
      expect(await db.prisma.checkOff.count({ where: { userId: user.id, recordOnly: true } })).toBe(10_000)
    },
  )
})

describe('a copy of everything, brought back (I5)', () => {
  /** Someone who has done all that can be done with habits. */
  async function livedSaver(): Promise<User> {
    const user = await newLinkedUser(world, { timezone: 'Europe/Helsinki', dayStartHour: 4, weekStart: 7 })
    const run = await newHabit(world, user, { name: 'Löpa "ute", =1+1', frequency: 3 })
    const paid = await checkOff(world, user, run.id)
    await walk(world, paid.paymentId, ...ARRIVING)
    const back = await checkOff(world, user, run.id)
    await walk(world, back.paymentId, ...ARRIVING)
    await world.models.reversals.moveBack(user.id, back.id, SOMEBODY)
    const undone = await checkOff(world, user, run.id)
    await world.models.checkOffs.undo(user.id, undone.id, SOMEBODY)
    await checkOff(world, user, run.id)
    world.clock.advance(3 * DAY)
    const wish = { name: 'Löpa "ute", =1+1', frequency: 2, interval: 7, amountMinor: 3_000 }
    await world.models.habits.edit(user, run.id, wish, 'DKK', SOMEBODY)
    const [open] = await world.models.checkOffs.openDays(user, run.id)
    if (!open) throw new Error('no day is open')
    await world.models.checkOffs.backfill(user, run.id, { ...open, pays: false }, SOMEBODY)
    const gone = await newHabit(world, user, { name: 'Ended' })
    await checkOff(world, user, gone.id)
    await world.models.habits.remove(user.id, gone.id, SOMEBODY)
    await newHabit(world, user, { name: 'Never done', interval: 3 })
    await keepBeside(user, run.id, gone.id)
    return (await world.models.users.find(user.id)) as User
  }

  /** Breaks, notes, goals and reminders. */
  async function keepBeside(user: User, habitId: string, goneId: string): Promise<void> {
    const { breaks, notes, goals, reminders } = world.models
    const today = dayOf(world.clock.now(), user.timezone, user.dayStartHour)
    const ahead = (days: number) => inDays(today, days)
    const sick = { kind: 'SICK' as const, habitId, start: ahead(-2), end: ahead(-1) }
    const away = { kind: 'VACATION' as const, habitId: null, start: ahead(5), end: ahead(9) }
    for (const wish of [sick, away, { kind: 'PAUSE' as const, habitId, start: ahead(30), end: null }])
      await breaks.add(user, wish, SOMEBODY)
    await notes.write(user, habitId, { day: today, text: 'Regn, "koldt"; =1+1' }, SOMEBODY)
    await notes.write(user, goneId, { day: today, text: 'Det var det' }, SOMEBODY)
    const wish = { targetMinor: 2_000, byDay: ahead(100), picture: 'boat', habitIds: [habitId] }
    const used = await goals.create(user.id, { ...wish, name: 'Used' }, 'DKK', SOMEBODY)
    await goals.celebrate(user.id, used.id, SOMEBODY)
    await goals.archive(user.id, used.id, true, SOMEBODY)
    await goals.create(user.id, { ...wish, name: 'Båd', targetMinor: 900_000 }, 'DKK', SOMEBODY)
    const letters = { byMail: true, mostPerDay: 2, digestWeekday: 7, tellsAmounts: true }
    await reminders.change(user.id, letters, SOMEBODY)
    await reminders.setTime(user.id, habitId, 19 * 60 + 45, SOMEBODY)
    await world.db.prisma.user.update({ where: { id: user.id }, data: { locale: 'da' } })
  }

  test('differs in nothing but its money, which comes back as history', async () => {
    const user = await livedSaver()
    const before = await exportOf(user)
    const newcomer = await newUser(world)
    const plan = await planOf(newcomer, before)
    expect(refusedIn(plan)).toEqual([])
    const draft = await world.models.imports.draft(newcomer.id)
    const result = await world.models.imports.confirm(newcomer, draft?.id ?? '', null, SOMEBODY)
    expect(result).toEqual({ kind: 'imported', habits: 3, checkOffs: 6 })
    const after = await exportOf(newcomer)
    expect(differencesOf(compared(before, after))).toEqual([])
    const { tables } = JSON.parse(after) as { tables: Record<string, Row[]> }
    const counts = Object.keys(CARRIED).map((table) => [table, tables[table]?.length])
    expect(Object.fromEntries(counts)).toEqual({
      User: 1,
      Habit: 3,
      HabitVersion: 4,
      CheckOff: 6,
      HabitBreak: 3,
      HabitNote: 2,
      Goal: 2,
      GoalHabit: 1,
      ReminderWish: 1,
      HabitReminder: 1,
    })
    expect(tables.GoalUse).toEqual([])
    expect([tables.Payment, tables.LedgerLine, tables.LedgerBalance]).toEqual([[], [], []])
    expect(tables.CheckOff?.every(({ recordOnly }) => recordOnly)).toBe(true)
  })

  /** 3 breaks, 2 notes, 2 goals, 1 tie and 1 time of reminding. */
  const NOTHING_NEW = { breaks: [], notes: [], goals: [], ties: [], times: [], wish: null, duplicates: 9 }

  test('brings goals without money: what they held, and what was used, is not invented', async () => {
    const user = await livedSaver()
    const text = await exportOf(user)
    expect(JSON.parse(text).tables.GoalUse).toMatchObject([{ amountMinor: 2_000 }])
    const newcomer = await newLinkedUser(world)
    await imported(newcomer, text)
    const { goals } = world.models
    const [standing] = await goals.ahead((await world.models.users.find(newcomer.id)) as User)
    expect(standing).toMatchObject({ usedMinor: 0, totals: { savedMinor: 0 } })
    expect(standing?.goals.map(({ goal, heldMinor }) => [goal.name, heldMinor])).toEqual([['Båd', 0]])
    const [used] = await goals.archived(newcomer.id)
    expect([used?.goal.name, used?.usedMinor, used?.goal.reachedOn !== null]).toEqual(['Used', 0, true])
    expect((await auditsOf(world, newcomer.id, 'goal.imported')).length).toBe(2)
    await expectTrueBooks(db, newcomer.id)
  })

  test('puts goals behind those that are there, and takes no habit away from one of them', async () => {
    const user = await livedSaver()
    const text = await exportOf(user)
    const run = (await habitsOf(user)).find(({ name }) => name.startsWith('Löpa'))
    const [boat] = await world.models.goals.standing(user.id)
    await world.models.goals.remove(user.id, boat?.goals[0]?.goal.id ?? '', SOMEBODY)
    const wish = { name: 'New', targetMinor: 500, byDay: null, picture: 'gift', habitIds: [run?.id ?? ''] }
    await world.models.goals.create(user.id, wish, 'DKK', SOMEBODY)
    const plan = await planOf(user, text)
    expect(refusedIn(plan)).toEqual(['GoalHabit 1 saves-elsewhere'])
    const draft = await world.models.imports.draft(user.id)
    await world.models.imports.confirm(user, draft?.id ?? '', null, SOMEBODY)
    const [standing] = await world.models.goals.standing(user.id)
    expect(standing?.goals.map(({ goal }) => goal.name)).toEqual(['New', 'Båd'])
  })

  test('names each row beside habits that can’t come back', async () => {
    const user = await livedSaver()
    const copy = JSON.parse(await exportOf(user))
    const { HabitBreak, HabitNote, Goal, GoalHabit, HabitReminder, ReminderWish, Habit } = copy.tables
    const gone = Habit.find(({ archivedOn }: Row) => archivedOn !== null)
    HabitBreak[0].startDay = '2020-01-01'
    HabitBreak[1].habitId = user.id
    HabitNote[0].day = '2099-01-01'
    HabitNote[1].text = 'two\nlines'
    const [used, living] = [...Goal].sort(
      (a, b) => Number(a.archivedOn === null) - Number(b.archivedOn === null),
    )
    GoalHabit[0].goalId = used.id
    GoalHabit.push({ habitId: gone.id, goalId: user.id }, { habitId: user.id, goalId: living.id })
    Goal.push({ ...living, picture: 'yacht', id: user.id }, living)
    HabitReminder.push({ habitId: gone.id, minuteOfDay: 60 }, { habitId: gone.id, minuteOfDay: 61 })
    ReminderWish[0].mostPerDay = 1_000
    const plan = await planOf(await newUser(world), JSON.stringify(copy))
    expect(refusedIn(plan)).toEqual([
      'Goal 3 not-readable',
      'Goal 4 twice',
      'GoalHabit 1 unknown-goal',
      'GoalHabit 2 unknown-goal',
      'GoalHabit 3 unknown-habit',
      'HabitBreak 1 not-readable',
      'HabitBreak 2 unknown-habit',
      'HabitNote 1 in-future',
      'HabitNote 2 not-readable',
      'HabitReminder 2 put-away',
      'HabitReminder 3 not-readable',
      'ReminderWish 1 not-readable',
    ])
  })

  test('never makes more goals than there can be, however many it has', async () => {
    const user = await livedSaver()
    const copy = JSON.parse(await exportOf(user))
    const living = copy.tables.Goal.find(({ archivedOn }: Row) => archivedOn === null)
    for (let more = 0; more < 31; more += 1)
      copy.tables.Goal.push({ ...living, id: randomUUID(), name: `Goal ${more}`, position: more + 2 })
    const newcomer = await newUser(world)
    const plan = await planOf(newcomer, JSON.stringify(copy))
    expect(refusedIn(plan)).toEqual(['Goal 32 too-many-goals', 'Goal 33 too-many-goals'])
    const wish = { name: 'One more', targetMinor: 500, byDay: null, picture: 'gift', habitIds: [] }
    await world.models.goals.create(newcomer.id, wish, 'DKK', SOMEBODY)
    const draft = await world.models.imports.draft(newcomer.id)
    const late = await world.models.imports.confirm(newcomer, draft?.id ?? '', null, SOMEBODY)
    expect(late).toEqual({ kind: 'changed' })
    expect(await habitsOf(newcomer)).toEqual([])
  })

  test('leaves out check-offs on days on which all habits have a break, in lists too', async () => {
    const user = await newLinkedUser(world)
    const today = dayIn(world.clock.now())
    const away = { kind: 'VACATION' as const, habitId: null, start: today, end: today }
    await world.models.breaks.add(user, away, SOMEBODY)
    world.clock.advance(2 * DAY)
    expect(refusedIn(await planOf(user, `Date,Brand new,\n${today},2,\n`))).toEqual(['line 2 put-away'])
    const giver = await newLinkedUser(world)
    const habit = await newHabit(world, giver)
    await checkOff(world, giver, habit.id)
    const copy = JSON.parse(await exportOf(giver))
    Object.assign(copy.tables.CheckOff[0], { day: today, period: today })
    Object.assign(copy.tables.Habit[0], { startDate: today })
    expect(refusedIn(await planOf(user, JSON.stringify(copy)))).toEqual(['CheckOff 1 put-away'])
  })

  test('brings nothing twice, neither to where it came from nor to where it was brought', async () => {
    const user = await livedSaver()
    const text = await exportOf(user)
    const atHome = await planOf(user, text)
    expect(atHome.habits.map(({ made, checkOffs }) => [made, checkOffs.length])).toEqual(
      Array(3).fill([null, 0]),
    )
    expect(atHome.settings).toBeNull()
    expect(atHome.beside).toMatchObject(NOTHING_NEW)
    const newcomer = await newUser(world)
    await imported(newcomer, text)
    const { users } = world.models
    const again = await planOf((await users.find(newcomer.id)) as User, text)
    expect(again.habits.map(({ made, checkOffs }) => [made, checkOffs.length])).toEqual(
      Array(3).fill([null, 0]),
    )
    expect(again.beside).toMatchObject(NOTHING_NEW)
  })

  test('names the row of what somebody has broken in it', async () => {
    const user = await livedSaver()
    const copy = JSON.parse(await exportOf(user))
    const [first, second, third, fourth] = copy.tables.CheckOff
    first.amountMinor = 12.5
    second.habitId = user.id
    third.day = '2999-01-01'
    fourth.slot = '1; DROP TABLE'
    copy.tables.Habit[2].name = 'a\nb'
    const refused = refusedIn(await planOf(await newUser(world), JSON.stringify(copy)))
    expect(refused).toEqual(
      expect.arrayContaining([
        'Habit 3 not-readable',
        'CheckOff 1 not-readable',
        'CheckOff 2 unknown-habit',
        'CheckOff 3 in-future',
        'CheckOff 4 not-readable',
      ]),
    )
  })

  test('an invented one moves no money, and names no habit of somebody else', async () => {
    const victim = await livedSaver()
    const copy = JSON.parse(await exportOf(victim))
    for (const row of copy.tables.CheckOff) Object.assign(row, { recordOnly: false, userId: victim.id })
    const thief = await newUser(world)
    const theirs = await habitsOf(victim)
    await imported(thief, JSON.stringify(copy))
    expect(await habitsOf(victim)).toEqual(theirs)
    expect((await checkOffsOf(thief)).every(({ recordOnly, paymentId }) => recordOnly && !paymentId)).toBe(
      true,
    )
    expect((await habitsOf(thief)).map(({ id }) => id)).not.toEqual(theirs.map(({ id }) => id))
  })
})

describe('what an export shows', () => {
  test('is brought back, or stays behind for a reason, table by table', () => {
    const decided = [...Object.keys(CARRIED), ...Object.keys(TABLES_LEFT)]
    expect(exportedTables().filter((table) => !decided.includes(table))).toEqual([])
  })

  test.each(Object.keys(CARRIED) as (keyof typeof CARRIED)[])('and column by column of %s', (table) => {
    const decided = [...Object.keys(CARRIED[table].shape), ...Object.keys(COLUMNS_LEFT[table])]
    expect(exportedColumns(table).filter((column) => !decided.includes(column))).toEqual([])
    expect(decided.filter((column) => !exportedColumns(table).includes(column))).toEqual([])
  })
})
