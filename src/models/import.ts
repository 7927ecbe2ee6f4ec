import { HOUR } from '../clock.ts'
import { uuidv7 } from '../crypto.ts'
import type { Prisma, Tx } from '../db.ts'
import type { HabitBreak, User } from '../generated/client.ts'
import type { Currency } from '../money.ts'
import { chosenIn } from './account.ts'
import { audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { MOST_HABITS } from './habit.ts'
import { countBeside, type KnownBeside } from './import/beside.ts'
import { asksForAmount, type KnownHabit, type Plan, type PlannedHabit, planFor } from './import/planning.ts'
import { readText } from './import/reading.ts'
import { NotReadable, type TextRefusal } from './import/shape.ts'
import { Changed, insertInto, writeBeside } from './import/writing.ts'
import type { Throttles } from './throttle.ts'

export type ReadResult =
  | { kind: 'read' }
  | { kind: 'refused'; because: TextRefusal; line: number | null }
  | { kind: 'nothing-in-it' }
  | { kind: 'wait'; ms: number }

export interface Draft {
  id: string
  plan: Plan
  expiresOn: Date
}

export type ImportResult =
  | { kind: 'imported'; habits: number; checkOffs: number }
  /** Confirmed before, thrown away, replaced by another text, or too old. */
  | { kind: 'gone' }
  /** What the saver has is not what it was when the text was read. */
  | { kind: 'changed' }
  /** New habits need the currency of the saver's accounts. */
  | { kind: 'no-accounts' }
  | { kind: 'no-amount' }

/** Somebody tries a file or two, and puts it right. */
const MOST_READ = { times: 20, windowMs: HOUR }
const KEPT_MS = HOUR
/** Rows of one statement. */
const AT_ONCE = 1_000

export type Imports = ReturnType<typeof createImports>

/** Habits, check-offs and what belongs to them out of a text: read and shown first, then made in one transaction or not at all. Money never moves. */
export function createImports({ db, clock }: ModelContext, throttles: Throttles) {
  return {
    /** Keeps what would be done for an hour; the text itself is not kept. */
    async read(user: User, text: string, by: Actor): Promise<ReadResult> {
      const { times, windowMs } = MOST_READ
      const waitMs = await throttles.withinWindow(`import ${user.id}`, times, windowMs)
      if (waitMs > 0) return { kind: 'wait', ms: waitMs }
      const plan = await planned(user, text)
      if ('because' in plan) return { kind: 'refused', ...plan }
      const isBeside = plan.beside !== null && countBeside(plan.beside) > 0
      if (plan.habits.length === 0 && plan.refused.count === 0 && !plan.settings && !isBeside)
        return { kind: 'nothing-in-it' }
      const now = clock.now()
      await db.transaction(async (tx) => {
        await hold(tx, user.id)
        await tx.importDraft.deleteMany({ where: { userId: user.id } })
        const expiresOn = new Date(now.getTime() + KEPT_MS)
        await tx.importDraft.create({
          data: {
            userId: user.id,
            createdOn: now,
            expiresOn,
            plan: plan as unknown as Prisma.InputJsonValue,
          },
        })
        const detail = detailOf(plan)
        await audit(tx, { action: 'user.import-read', by, at: now, subjectId: user.id, detail })
      })
      return { kind: 'read' }
    },

    async draft(userId: string): Promise<Draft | null> {
      const found = await db.prisma.importDraft.findFirst({
        where: { userId, expiresOn: { gt: clock.now() } },
      })
      return found && { id: found.id, expiresOn: found.expiresOn, plan: found.plan as unknown as Plan }
    },

    /** @param amountMinor what new habits move each time whose text doesn't say it; null where none needs it. */
    async confirm(user: User, draftId: string, amountMinor: number | null, by: Actor): Promise<ImportResult> {
      try {
        return await db.transaction((tx) => confirmIn(tx, user, draftId, amountMinor, by))
      } catch (error) {
        if (error instanceof Changed) return { kind: 'changed' }
        throw error
      }
    },

    /** @returns false when there was nothing to throw away. */
    async discard(userId: string, by: Actor): Promise<boolean> {
      return db.transaction(async (tx) => {
        const { count } = await tx.importDraft.deleteMany({ where: { userId } })
        if (count > 0)
          await audit(tx, { action: 'user.import-discarded', by, at: clock.now(), subjectId: userId })
        return count > 0
      })
    },
  }

  async function planned(
    user: User,
    text: string,
  ): Promise<Plan | { because: TextRefusal; line: number | null }> {
    try {
      const reading = readText(text)
      const { habits, breaksOfAll } = await knownHabits(user.id)
      const living = habits.filter(({ archivedOn }) => archivedOn === null).length
      const beside = await knownBeside(user.id)
      const room = Math.max(0, MOST_HABITS - living)
      return planFor(reading, { user, now: clock.now(), habits, breaksOfAll, beside, room })
    } catch (error) {
      if (error instanceof NotReadable) return { because: error.because, line: error.line }
      throw error
    }
  }

  async function knownHabits(userId: string): Promise<{ habits: KnownHabit[]; breaksOfAll: HabitBreak[] }> {
    const [habits, breaksOfAll] = await Promise.all([
      db.prisma.habit.findMany({
        where: { userId },
        orderBy: [{ createdOn: 'asc' }, { id: 'asc' }],
        include: {
          versions: true,
          checkOffs: {
            select: { day: true, period: true, slot: true, daySlot: true, state: true, at: true },
          },
          breaks: true,
        },
      }),
      db.prisma.habitBreak.findMany({ where: { userId, habitId: null } }),
    ])
    return {
      habits: habits.map((habit) => ({ ...habit, breaks: [...habit.breaks, ...breaksOfAll] })),
      breaksOfAll,
    }
  }

  async function knownBeside(userId: string): Promise<KnownBeside> {
    const where = { userId }
    const [breaks, notes, goals, ties, times, wish] = await Promise.all([
      db.prisma.habitBreak.findMany({ where }),
      db.prisma.habitNote.findMany({ where, select: { habitId: true, day: true } }),
      db.prisma.goal.findMany({ where }),
      db.prisma.goalHabit.findMany({ where }),
      db.prisma.habitReminder.findMany({ where }),
      db.prisma.reminderWish.findUnique({ where }),
    ])
    const [tied, timed] = [ties, times].map((rows) => new Set(rows.map(({ habitId }) => habitId)))
    return { breaks, notes, goals, tied: tied ?? new Set(), timed: timed ?? new Set(), wish }
  }

  async function confirmIn(
    tx: Tx,
    user: User,
    draftId: string,
    amountMinor: number | null,
    by: Actor,
  ): Promise<ImportResult> {
    const now = clock.now()
    // Of two that confirm at once, the second finds nothing any more.
    await hold(tx, user.id)
    const draft = await tx.importDraft.findFirst({
      where: { id: draftId, userId: user.id, expiresOn: { gt: now } },
    })
    if (!draft) return { kind: 'gone' }
    const plan = draft.plan as unknown as Plan
    const currency = asksForAmount(plan) ? ((await chosenIn(tx, user.id))?.debtor.currency ?? null) : null
    if (asksForAmount(plan) && !currency) return { kind: 'no-accounts' }
    if (asksForAmount(plan) && amountMinor === null) return { kind: 'no-amount' }
    await holdKnown(tx, user.id, plan)
    if (plan.settings) await changeSettings(tx, user.id, plan.settings, by)
    for (const habit of plan.habits) await make(tx, user.id, habit, { amountMinor, currency }, by)
    if (plan.beside) await writeBeside(tx, user.id, plan.beside, now, by)
    await tx.importDraft.deleteMany({ where: { id: draftId, userId: user.id } })
    await audit(tx, { action: 'user.imported', by, at: now, subjectId: user.id, detail: detailOf(plan) })
    return { kind: 'imported', ...countsOf(plan) }
  }

  /** @throws Changed when a habit is gone that check-offs were meant for, or there are too many by now. */
  async function holdKnown(tx: Tx, userId: string, { habits }: Plan): Promise<void> {
    const ids = habits.filter(({ made }) => made === null).map(({ id }) => id)
    const held = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM "Habit" WHERE id = ANY (${ids}::uuid[]) AND "userId" = ${userId}::uuid ORDER BY id FOR UPDATE`
    const living = await tx.habit.count({ where: { userId, archivedOn: null } })
    const more = habits.filter(({ made }) => made?.archivedOn === null).length
    if (held.length < ids.length || living + more > MOST_HABITS) throw new Changed()
  }

  async function changeSettings(
    tx: Tx,
    userId: string,
    settings: NonNullable<Plan['settings']>,
    by: Actor,
  ): Promise<void> {
    const { locale, ...calendar } = settings
    const detail = { ...calendar, ...(locale ? { locale } : {}) }
    await tx.user.update({ where: { id: userId }, data: detail })
    await audit(tx, { action: 'user.preferences-changed', by, at: clock.now(), subjectId: userId, detail })
  }

  async function make(
    tx: Tx,
    userId: string,
    { id, name, made, versions, checkOffs }: PlannedHabit,
    asked: { amountMinor: number | null; currency: Currency | null },
    by: Actor,
  ): Promise<void> {
    const filled = <T extends { amountMinor: number | null; currency: Currency | null }>(columns: T) => ({
      ...columns,
      amountMinor: columns.amountMinor ?? asked.amountMinor,
      currency: columns.currency ?? asked.currency,
    })
    if (made) {
      // Only a living habit takes check-offs: one that had been put away is so again at the end.
      await insertInto(tx, 'Habit', [{ id, userId, name, ...made, archivedOn: null }])
      await insertInto(
        tx,
        'HabitVersion',
        versions.map((version) => ({ habitId: id, ...filled(version) })),
      )
    }
    for (let from = 0; from < checkOffs.length; from += AT_ONCE) {
      const rows = checkOffs.slice(from, from + AT_ONCE)
      // An import only ever records: nothing of it is carried by a payment.
      const recorded = { userId, habitId: id, recordOnly: true }
      await insertInto(
        tx,
        'CheckOff',
        rows.map((row) => ({ id: uuidv7(), ...filled(row), ...recorded })),
      )
    }
    if (made?.archivedOn)
      await tx.habit.update({ where: { id, userId }, data: { archivedOn: made.archivedOn } })
    await audit(tx, {
      action: 'habit.imported',
      by,
      at: clock.now(),
      subjectId: userId,
      object: { kind: 'habit', id },
      detail: { isNew: made !== null, versions: versions.length, checkOffs: checkOffs.length },
    })
  }
}

/** What one saver brings in, one after the other. */
async function hold(tx: Tx, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
}

function detailOf(plan: Plan) {
  const { format, beside, refused } = plan
  const { goals = [], breaks = [], notes = [], times = [] } = beside ?? {}
  const more = { goals: goals.length, breaks: breaks.length, notes: notes.length, reminders: times.length }
  return { format, ...countsOf(plan), ...(beside ? more : {}), refused: refused.count }
}

function countsOf({ habits }: Plan): { habits: number; checkOffs: number } {
  return {
    habits: habits.filter(({ made }) => made !== null).length,
    checkOffs: habits.reduce((sum, { checkOffs }) => sum + checkOffs.length, 0),
  }
}
