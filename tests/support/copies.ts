import { exportedColumns } from '../../src/models/data-inventory.ts'
import { CARRIED, COLUMNS_LEFT, TABLES_LEFT, type WhyLeft } from '../../src/models/import/columns.ts'

export type Row = Record<string, unknown>
type Carried = keyof typeof CARRIED

/** What came of comparing one table of two copies. */
export interface ComparedTable {
  table: string
  rows: { before: number; after: number }
  /** Compared value by value. */
  columns: string[]
  left: Record<string, WhyLeft>
  /** Rows that only one of the copies has, as text. */
  differences: string[]
}

/**
 * Two copies of somebody's data, table by table and column by column. Only what models/import/columns.ts leaves behind, each with
 * its reason, is not compared; ids are compared as what they stand for.
 * @throws when there is a table or a column that nobody has decided on.
 */
export function compared(before: string, after: string): ComparedTable[] {
  const [one, other] = [tablesIn(before), tablesIn(after)]
  return Object.keys({ ...one.tables, ...other.tables }).map((table) => {
    const rows = { before: one.rowsOf(table).length, after: other.rowsOf(table).length }
    const why = TABLES_LEFT[table]
    const all = exportedColumns(table)
    if (why)
      return { table, rows, columns: [], left: Object.fromEntries(all.map((c) => [c, why])), differences: [] }
    if (!(table in CARRIED)) throw new Error(`nobody has decided on ${table}`)
    const left: Record<string, WhyLeft> = { ...COLUMNS_LEFT[table as Carried] }
    // What an id stands for is compared wherever it is named.
    if (all.includes('id')) left.id = 'given-anew'
    const columns = all.filter((column) => !(column in left))
    const [was, is] = [one.shown(table, columns), other.shown(table, columns)]
    return { table, rows, columns, left, differences: [...onlyIn(was, is, '-'), ...onlyIn(is, was, '+')] }
  })
}

export function differencesOf(tables: readonly ComparedTable[]): string[] {
  return tables.flatMap(({ table, differences }) => differences.map((row) => `${table} ${row}`))
}

/** In figures, for the one who reads what the tests print. */
export function toldInFigures(tables: readonly ComparedTable[]): string {
  const carried = tables.filter(({ columns }) => columns.length > 0)
  const lines = tables.map(({ table, rows, columns, left, differences }) => {
    const why = Object.entries(Object.groupBy(Object.entries(left), ([, reason]) => reason)).map(
      ([reason, names = []]) =>
        `${reason}: ${columns.length === 0 ? 'all' : names.map(([name]) => name).join(' ')}`,
    )
    const cells = rows.before * columns.length
    return `${table.padEnd(24)} rows ${rows.before} -> ${rows.after}, columns ${columns.length}, values ${cells}, differences ${differences.length}${why.length > 0 ? `; left: ${why.join('; ')}` : ''}`
  })
  const sum = (of: (one: ComparedTable) => number) => carried.reduce((total, one) => total + of(one), 0)
  const values = sum(({ rows, columns }) => rows.before * columns.length)
  return [
    ...lines,
    `compared: ${carried.length} tables, ${sum(({ columns }) => columns.length)} columns, ${sum(({ rows }) => rows.before)} rows, ${values} values; differences: ${differencesOf(tables).length}`,
  ].join('\n')
}

function tablesIn(text: string) {
  const { tables } = JSON.parse(text) as { tables: Record<string, Row[]> }
  const rowsOf = (table: string) => tables[table] ?? []
  const names = new Map<unknown, string>()
  for (const { id, name, createdOn } of [...rowsOf('Habit'), ...rowsOf('Goal')])
    names.set(id, `${name} of ${createdOn}`)
  for (const { id, habitId, number } of rowsOf('HabitVersion'))
    names.set(id, `${names.get(habitId)}, version ${number}`)
  const value = (column: string, row: Row) => (column.endsWith('Id') ? names.get(row[column]) : row[column])
  const shown = (table: string, columns: readonly string[]) =>
    rowsOf(table)
      .map((row) =>
        JSON.stringify(Object.fromEntries(columns.map((name) => [name, value(name, row) ?? null]))),
      )
      .sort()
  return { tables, rowsOf, shown }
}

function onlyIn(these: readonly string[], those: readonly string[], sign: string): string[] {
  const left = [...those]
  return these.flatMap((row) => {
    const at = left.indexOf(row)
    if (at === -1) return [`${sign} ${row}`]
    left.splice(at, 1)
    return []
  })
}
