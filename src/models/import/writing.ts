import { uuidv7 } from '../../crypto.ts'
import { Prisma, type Tx } from '../../db.ts'
import { audit } from '../audit.ts'
import type { Actor } from '../context.ts'
import { noteReachedIn } from '../goal/reached.ts'
import { MOST_GOALS } from '../goal/reading.ts'
import type { PlannedBeside } from './beside.ts'
import type { GoalColumns, WishColumns } from './columns.ts'

/** A habit is gone, or a place that was free has been taken, since the text was read. */
export class Changed extends Error {}

type Table =
  | 'Habit'
  | 'HabitVersion'
  | 'CheckOff'
  | 'HabitBreak'
  | 'HabitNote'
  | 'Goal'
  | 'GoalHabit'
  | 'HabitReminder'

/**
 * Breaks, notes, goals and reminders, once their habits are there with all their check-offs: a break takes none in any more.
 * @throws Changed
 */
export async function writeBeside(
  tx: Tx,
  userId: string,
  { breaks, notes, goals, ties, times, wish }: PlannedBeside,
  now: Date,
  by: Actor,
): Promise<void> {
  await insertInto(
    tx,
    'HabitBreak',
    breaks.map((row) => ({ id: uuidv7(), userId, ...row })),
  )
  await insertInto(
    tx,
    'HabitNote',
    notes.map((row) => ({ id: uuidv7(), userId, ...row })),
  )
  await writeGoals(tx, userId, goals, now, by)
  await insertInto(
    tx,
    'GoalHabit',
    ties.map((row) => ({ ...row, userId })),
  )
  await insertInto(
    tx,
    'HabitReminder',
    times.map((row) => ({ ...row, userId })),
  )
  if (wish) await writeWish(tx, userId, wish, now, by)
  // Saved money is shared out anew, and may fill one of them at once.
  if (goals.length > 0) await noteReachedIn(tx, userId, now, by)
}

/** After those that the saver has; by themselves they keep their places. Nothing of what they held comes with them. */
async function writeGoals(
  tx: Tx,
  userId: string,
  goals: readonly GoalColumns[],
  now: Date,
  by: Actor,
): Promise<void> {
  const { _count, _max } = await tx.goal.aggregate({
    where: { userId, archivedOn: null },
    _count: true,
    _max: { position: true },
  })
  const living = goals
    .filter(({ archivedOn }) => archivedOn === null)
    .sort((a, b) => a.position - b.position)
    .map(({ id }) => id)
  if (_count + living.length > MOST_GOALS) throw new Changed()
  const last = _max.position
  const placeOf = ({ id, position, archivedOn }: GoalColumns) =>
    last === null || archivedOn ? position : last + 1 + living.indexOf(id)
  await insertInto(
    tx,
    'Goal',
    goals.map((goal) => ({ ...goal, userId, position: placeOf(goal) })),
  )
  for (const { id, targetMinor, currency } of goals) {
    const object = { kind: 'goal', id }
    const detail = { targetMinor, currency }
    await audit(tx, { action: 'goal.imported', by, at: now, subjectId: userId, object, detail })
  }
}

async function writeWish(tx: Tx, userId: string, wish: WishColumns, now: Date, by: Actor): Promise<void> {
  // The worker reckons the next time, a moment later.
  const data = { ...wish, nextDigestAt: null, changedOn: now }
  await tx.reminderWish.upsert({ where: { userId }, create: { userId, ...data }, update: data })
  const action = 'reminder.wishes-changed'
  await audit(tx, { action, by, at: now, subjectId: userId, detail: { ...wish } })
}

/** Rows as the file has them, in one statement: PostgreSQL reads days, instants and words by the types of its own columns. */
export async function insertInto(
  tx: Tx,
  table: Table,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  const [first] = rows
  if (!first) return
  // Names of our own schemas, never of a file.
  const columns = Prisma.raw(
    Object.keys(first)
      .map((name) => `"${name}"`)
      .join(', '),
  )
  const into = Prisma.raw(`"${table}"`)
  try {
    await tx.$executeRaw`
      INSERT INTO ${into} (${columns})
      SELECT ${columns} FROM jsonb_populate_recordset(NULL::${into}, ${JSON.stringify(rows)}::jsonb)`
  } catch (error) {
    throw isTaken(error) ? new Changed() : error
  }
}

/** A unique rule said no to a statement that was written by hand. */
function isTaken(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.message.includes('23505')
}
