/** Rows as JSON has them: instants and days are text. */
export type Texts<Row> = {
  [Column in keyof Row]: Row[Column] extends Date | null ? string | null : Row[Column]
}

/** The same row, with instants and days as Prisma gives them in place of their text: nobody else has the row. */
export function dated<Row>(row: Texts<Row>, columns: (keyof Row & string)[]): Row {
  const given = row as Record<string, unknown>
  for (const column of columns) {
    const text = given[column]
    if (typeof text === 'string') given[column] = new Date(text)
  }
  return row as Row
}

/** SQL. By name: a column that a migration adds changes nothing about what was prepared. */
export function columns(of: object, table: string): string {
  return Object.keys(of)
    .map((column) => `${table}."${column}"`)
    .join(', ')
}

/** SQL: a subquery's rows as one JSON list, in the order that it says. */
export function list(rows: string): string {
  return `(SELECT coalesce(json_agg(line), '[]') FROM (${rows}) line)`
}

/** SQL: a subquery's only row as JSON; null without one. */
export function row(of: string): string {
  return `(SELECT row_to_json(line) FROM (${of}) line)`
}
