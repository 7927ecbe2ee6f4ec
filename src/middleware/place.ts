import type { Request } from 'express'
import type { CountryOf } from '../country.ts'

/** Under this name the app has its table of countries. */
export const COUNTRY_TABLE = 'country table'

/** Where a request comes from: ISO 3166-1, two letters; null where the table doesn't know. */
export function countryOf(req: Request): string | null {
  const table: CountryOf = req.app.get(COUNTRY_TABLE)
  return table(req.ip)
}
