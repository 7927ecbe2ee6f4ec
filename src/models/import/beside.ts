/** What our own export has beside habits, planned: breaks, notes, goals, reminders. Pure: it looks nothing up. */
import { uuidv7 } from '../../crypto.ts'
import { fromDbDay } from '../../db.ts'
import type { Goal, HabitBreak, HabitNote } from '../../generated/client.ts'
import { MOST_GOALS } from '../goal/reading.ts'
import type { Day } from '../habit/schedule.ts'
import { MOST_BREAKS } from '../habit-break.ts'
import type { Wish } from '../reminder.ts'
import type {
  BreakColumns,
  GoalColumns,
  NoteColumns,
  TieColumns,
  TimeColumns,
  WishColumns,
} from './columns.ts'
import type { Beside, Refusal, Row, RowRefusal } from './shape.ts'
import { nameKey } from './tables.ts'

/** As it will be written; habits and goals have the ids that they will have. */
export interface PlannedBeside {
  breaks: BreakColumns[]
  notes: NoteColumns[]
  goals: GoalColumns[]
  ties: TieColumns[]
  times: TimeColumns[]
  /** Null where it is so already. */
  wish: WishColumns | null
  /** What the saver has already. */
  duplicates: number
}

/** What of it the saver has. */
export interface KnownBeside {
  breaks: readonly Pick<HabitBreak, 'habitId' | 'kind' | 'startDay' | 'createdOn'>[]
  notes: readonly Pick<HabitNote, 'habitId' | 'day'>[]
  goals: readonly Pick<Goal, 'id' | 'name' | 'createdOn' | 'archivedOn'>[]
  /** Habits that save for a goal. */
  tied: ReadonlySet<string>
  /** Habits that have a time of reminding. */
  timed: ReadonlySet<string>
  /** Null where nothing was ever wished: that is not the same as wishing for nothing, since only with a wish devices are told. */
  wish: Wish | null
}

/** A habit of the text, as it will be. */
interface PlacedHabit {
  id: string
  startDate: Day
  isPutAway: boolean
}

/** By its id in the text. */
type Placed = (oldId: string) => PlacedHabit | undefined

export function planBeside(
  read: Beside,
  known: KnownBeside,
  placed: Placed,
  tomorrow: Day,
  refused: Refusal[],
): PlannedBeside {
  const planned: PlannedBeside = {
    breaks: [],
    notes: [],
    goals: [],
    ties: [],
    times: [],
    wish: read.wish && isSameWish(read.wish, known.wish) ? null : read.wish,
    duplicates: 0,
  }
  const refuse = ({ table, line }: Row<unknown>, because: RowRefusal) =>
    refused.push({ table, line, because })
  planBreaks(planned, read.breaks, known, placed, refuse)
  planNotes(planned, read.notes, known, placed, tomorrow, refuse)
  const goals = planGoals(planned, read.goals, known, refuse)
  planTies(planned, read.ties, known, placed, goals, refuse)
  planTimes(planned, read.times, known, placed, refuse)
  return planned
}

/** How many things that is; what the saver has already is none. */
export function countBeside({ breaks, notes, goals, ties, times, wish }: PlannedBeside): number {
  const lists = [breaks, notes, goals, ties, times]
  return lists.reduce((sum, { length }) => sum + length, 0) + (wish ? 1 : 0)
}

type Refuse = (row: Row<unknown>, because: RowRefusal) => void

function planBreaks(
  planned: PlannedBeside,
  rows: Beside['breaks'],
  known: KnownBeside,
  placed: Placed,
  refuse: Refuse,
): void {
  const there = known.breaks.map((one) =>
    breakKey({ ...one, startDay: fromDbDay(one.startDay), createdOn: one.createdOn.toISOString() }),
  )
  const [taken, within] = [new Set(there), new Set<string>()]
  const counts = new Map<string | null, number>()
  for (const { habitId } of known.breaks) counts.set(habitId, (counts.get(habitId) ?? 0) + 1)
  for (const row of rows) {
    const habit = row.columns.habitId === null ? null : placed(row.columns.habitId)
    if (habit === undefined) {
      refuse(row, 'unknown-habit')
      continue
    }
    const added = { ...row.columns, habitId: habit?.id ?? null }
    const [key, count] = [breakKey(added), counts.get(added.habitId) ?? 0]
    if (taken.has(key)) planned.duplicates += 1
    else if (within.has(key)) refuse(row, 'twice')
    else if (count >= MOST_BREAKS) refuse(row, 'too-many-breaks')
    else {
      within.add(key)
      counts.set(added.habitId, count + 1)
      planned.breaks.push(added)
    }
  }
}

/** A day that is skipped twice is skipped once; of other breaks the instant tells which it is. */
function breakKey({ habitId, kind, startDay, createdOn }: Omit<BreakColumns, 'endDay'>): string {
  return [habitId ?? 'all', kind, startDay, kind === 'SKIP' ? '' : createdOn].join(' ')
}

function planNotes(
  planned: PlannedBeside,
  rows: Beside['notes'],
  known: KnownBeside,
  placed: Placed,
  tomorrow: Day,
  refuse: Refuse,
): void {
  const taken = new Set(known.notes.map(({ habitId, day }) => `${habitId} ${fromDbDay(day)}`))
  const within = new Set<string>()
  for (const row of rows) {
    const habit = placed(row.columns.habitId)
    const key = `${habit?.id} ${row.columns.day}`
    if (!habit) refuse(row, 'unknown-habit')
    else if (taken.has(key)) planned.duplicates += 1
    else if (within.has(key)) refuse(row, 'twice')
    else if (row.columns.day > tomorrow) refuse(row, 'in-future')
    else if (row.columns.day < habit.startDate) refuse(row, 'before-start')
    else {
      within.add(key)
      planned.notes.push({ ...row.columns, habitId: habit.id })
    }
  }
}

/** What became of a goal of the text: 'there' is one that the saver has, and is left as it is. */
type Goals = Map<string, GoalColumns | 'there'>

function planGoals(planned: PlannedBeside, rows: Beside['goals'], known: KnownBeside, refuse: Refuse): Goals {
  const goals: Goals = new Map()
  let living = known.goals.filter(({ archivedOn }) => archivedOn === null).length
  for (const row of rows) {
    const { columns: goal } = row
    const isLiving = goal.archivedOn === null
    if (goals.has(goal.id)) refuse(row, 'twice')
    else if (known.goals.some((one) => isSameGoal(one, goal))) {
      goals.set(goal.id, 'there')
      planned.duplicates += 1
    } else if (isLiving && living >= MOST_GOALS) refuse(row, 'too-many-goals')
    else {
      const made = { ...goal, id: uuidv7() }
      goals.set(goal.id, made)
      planned.goals.push(made)
      if (isLiving) living += 1
    }
  }
  return goals
}

/** The same goal, whoever has renamed it since; or the one that an earlier import has made of it. */
function isSameGoal(known: KnownBeside['goals'][number], goal: GoalColumns): boolean {
  const isCopy =
    nameKey(known.name) === nameKey(goal.name) && known.createdOn.toISOString() === goal.createdOn
  return known.id === goal.id || isCopy
}

function planTies(
  planned: PlannedBeside,
  rows: Beside['ties'],
  known: KnownBeside,
  placed: Placed,
  goals: Goals,
  refuse: Refuse,
): void {
  const within = new Set<string>()
  for (const row of rows) {
    const [habit, goal] = [placed(row.columns.habitId), goals.get(row.columns.goalId)]
    if (!habit) refuse(row, 'unknown-habit')
    // A goal that was put away takes no money in, so nothing saves for it.
    else if (!goal || (goal !== 'there' && goal.archivedOn)) refuse(row, 'unknown-goal')
    else if (goal === 'there') planned.duplicates += 1
    else if (known.tied.has(habit.id)) refuse(row, 'saves-elsewhere')
    else if (within.has(habit.id)) refuse(row, 'twice')
    else {
      within.add(habit.id)
      planned.ties.push({ habitId: habit.id, goalId: goal.id })
    }
  }
}

function planTimes(
  planned: PlannedBeside,
  rows: Beside['times'],
  known: KnownBeside,
  placed: Placed,
  refuse: Refuse,
): void {
  const within = new Set<string>()
  for (const row of rows) {
    const habit = placed(row.columns.habitId)
    if (!habit) refuse(row, 'unknown-habit')
    else if (known.timed.has(habit.id)) planned.duplicates += 1
    else if (within.has(habit.id)) refuse(row, 'twice')
    else if (habit.isPutAway) refuse(row, 'put-away')
    else {
      within.add(habit.id)
      planned.times.push({ ...row.columns, habitId: habit.id })
    }
  }
}

function isSameWish(wish: WishColumns, known: Wish | null): boolean {
  if (known === null) return false
  return (Object.keys(wish) as (keyof WishColumns)[]).every((name) => wish[name] === known[name])
}
