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

/** One row more than is shown tells whether there is another page. */
export const oneMore = (size: number) => size + 1

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
