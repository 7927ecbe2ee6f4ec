import { Prisma } from '../../db.ts'

/** Where a page of a list ends that is ordered by instant and id, the newest first. */
export interface Place {
  at: Date
  id: string
}

export interface Listed<T> {
  rows: T[]
  /** Where the next page begins; null on the last. */
  next: Place | null
}

/** For LIMIT: one row more than is shown tells whether there is another page. */
export const oneMore = (size: number) => literally(size + 1)

/**
 * Begins a statement that is planned anew each time (a star keeps it from being kept, see db.ts): a plan that is made for any
 * filter walks through millions of rows for one that finds nothing.
 */
export const PLANNED_ANEW = Prisma.raw('/* for this filter */')

/**
 * A plan that is kept for any number of rows is made for many of them, and sorts a table where an index has the first few.
 * @throws RangeError for what is no whole number: it becomes part of a statement.
 */
export function literally(count: number): Prisma.Sql {
  if (!Number.isSafeInteger(count)) throw new RangeError(`${count} is no number of rows`)
  return Prisma.raw(String(count))
}

export function listed<T>(rows: T[], size: number, placeOf: (row: T) => Place): Listed<T> {
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  return { rows: shown, next: rows.length > size && last ? placeOf(last) : null }
}

/** Conditions that all hold; none is no condition. */
export function allOf(conditions: readonly (Prisma.Sql | null)[]): Prisma.Sql {
  const given = conditions.filter((condition) => condition !== null)
  return given.length === 0 ? Prisma.sql`TRUE` : Prisma.join(given, ' AND ')
}
