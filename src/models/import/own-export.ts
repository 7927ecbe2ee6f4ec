/** Our own export: a JSON text with tables (models/export.ts). */
import type { z } from 'zod'
import { CARRIED, type CheckOffColumns, type VersionColumns } from './columns.ts'
import {
  MOST_ROWS,
  NotReadable,
  type Reading,
  type Refusal,
  type Row,
  type Spot,
  type WholeHabit,
} from './shape.ts'

type Tables = Record<string, unknown>

/** @throws NotReadable unless it is an export of ours, at least by its form. */
export function readOwnExport(text: string): Reading {
  const tables = tablesIn(text)
  const refused: Refusal[] = []
  const read = <T>(table: keyof typeof CARRIED, schema: z.ZodType<T>) =>
    rowsOf(tables, table).flatMap((row, index): Row<T>[] => {
      const spot = { table, line: index + 1 }
      const parsed = schema.safeParse(row)
      if (parsed.success) return [{ ...spot, columns: parsed.data }]
      refused.push({ ...spot, because: 'not-readable' })
      return []
    })
  const rows = Object.keys(CARRIED).map((table) => rowsOf(tables, table).length)
  if (rows.reduce((sum, count) => sum + count, 0) > MOST_ROWS) throw new NotReadable('too-many-rows')

  const habits = new Map<string, WholeHabit>()
  for (const { columns: habit, ...spot } of read('Habit', CARRIED.Habit)) {
    if (habits.has(habit.id)) refused.push({ ...spot, because: 'twice' })
    else habits.set(habit.id, { kind: 'whole', ...spot, habit, versions: [], checkOffs: [] })
  }
  for (const { columns, ...spot } of read('HabitVersion', CARRIED.HabitVersion))
    addVersion(habits.get(columns.habitId), columns, spot, refused)
  for (const { columns, ...spot } of read('CheckOff', CARRIED.CheckOff))
    addCheckOff(habits.get(columns.habitId), columns, spot, refused)
  const [user] = read('User', CARRIED.User)
  const [wish] = read('ReminderWish', CARRIED.ReminderWish)
  const beside = {
    breaks: read('HabitBreak', CARRIED.HabitBreak),
    notes: read('HabitNote', CARRIED.HabitNote),
    goals: read('Goal', CARRIED.Goal),
    ties: read('GoalHabit', CARRIED.GoalHabit),
    times: read('HabitReminder', CARRIED.HabitReminder),
    wish: wish?.columns ?? null,
  }
  return { format: 'export', settings: user?.columns ?? null, habits: [...habits.values()], beside, refused }
}

function tablesIn(text: string): Tables {
  const whole = parsed(text)
  const tables = whole && typeof whole === 'object' && 'tables' in whole ? whole.tables : null
  if (!tables || typeof tables !== 'object' || !('Habit' in tables)) throw new NotReadable('not-our-export')
  return tables as Tables
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const [, place] = /position (\d+)/.exec(String(error)) ?? []
    const line = place === undefined ? null : text.slice(0, Number(place)).split('\n').length
    throw new NotReadable('broken', line)
  }
}

function rowsOf(tables: Tables, name: string): unknown[] {
  const rows = tables[name] ?? []
  if (!Array.isArray(rows)) throw new NotReadable('not-our-export')
  return rows
}

function addVersion(
  habit: WholeHabit | undefined,
  columns: VersionColumns,
  spot: Spot,
  refused: Refusal[],
): void {
  if (!habit) refused.push({ ...spot, because: 'unknown-habit' })
  else if (habit.versions.some(({ id, number }) => id === columns.id || number === columns.number))
    refused.push({ ...spot, because: 'twice' })
  else habit.versions.push(columns)
}

function addCheckOff(
  habit: WholeHabit | undefined,
  columns: CheckOffColumns,
  spot: Spot,
  refused: Refusal[],
): void {
  const isKnown = habit?.versions.some(({ id }) => id === columns.habitVersionId)
  if (habit && isKnown) habit.checkOffs.push({ ...spot, columns })
  else refused.push({ ...spot, because: 'unknown-habit' })
}
