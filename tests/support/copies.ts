import { type CARRIED, COLUMNS_LEFT } from '../../src/models/import/columns.ts'

export type Row = Record<string, unknown>

/** With names in the place of ids, and without what an import leaves behind. */
export function normalised(text: string) {
  const { tables } = JSON.parse(text) as { tables: Record<string, Row[]> }
  const names = new Map((tables.Habit ?? []).map(({ id, name }) => [id, name]))
  const numbers = new Map((tables.HabitVersion ?? []).map(({ id, number }) => [id, number]))
  const of = (table: keyof typeof CARRIED) =>
    (tables[table] ?? [])
      .map((row) =>
        Object.fromEntries(
          Object.entries(row)
            .filter(([column]) => column !== 'id' && !COLUMNS_LEFT[table].includes(column))
            .map(([column, value]) => {
              if (column === 'habitId') return [column, names.get(value)]
              return [column, column === 'habitVersionId' ? numbers.get(value) : value]
            }),
        ),
      )
      .map((row) => JSON.stringify(row))
      .sort()
  return {
    User: of('User'),
    Habit: of('Habit'),
    HabitVersion: of('HabitVersion'),
    CheckOff: of('CheckOff'),
  }
}
