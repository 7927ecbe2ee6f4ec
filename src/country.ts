import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import { type CountryResponse, Reader } from 'mmdb-lib'
import { networksNotPublicAnd } from './networks.ts'

/** @returns ISO 3166-1, two letters; null for what is nobody's in particular, or not in the table. */
export type CountryOf = (ip: string | null | undefined) => string | null

export const NO_COUNTRIES: CountryOf = () => null

const OWN_TABLE = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/**
 * Reads the whole table into memory: eight megabytes, once, so that a look-up takes microseconds and asks nobody.
 * @param setting the path of another table in the same format; empty for the one that comes with the app.
 * @throws when there is no such table.
 */
export function readCountryTable(setting: string): CountryOf {
  if (setting === 'off') return NO_COUNTRIES
  const path = setting || createRequire(import.meta.url).resolve(OWN_TABLE)
  const table = new Reader<CountryEntry>(readFileSync(path))
  return (given) => {
    const ip = (given ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
    const family = isIP(ip)
    if (family === 0 || NOBODYS.check(ip, family === 4 ? 'ipv4' : 'ipv6')) return null
    const entry = table.get(ip)
    const code = entry?.country_code ?? entry?.country?.iso_code ?? ''
    return /^[A-Z]{2}$/.test(code) ? code : null
  }
}

/** The table's own shape, and the shape of other tables in this format. */
type CountryEntry = CountryResponse & { country_code?: string }

/** Networks of homes, machines and examples: tables say something of them, and it means nothing. */
const NOBODYS = networksNotPublicAnd({
  ipv4: [
    ['192.0.2.0', 24],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
  ],
  ipv6: [
    ['::', 127],
    ['2001:db8::', 32],
  ],
})
