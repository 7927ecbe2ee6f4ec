import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { CountryResponse } from 'mmdb-lib'
import { networksNotPublicAnd } from './networks.ts'

// The package's own reader wants the whole table in memory; its parts don't. They are CommonJS with a default of their own.
const load = createRequire(import.meta.url)
const { default: Decoder } = load('mmdb-lib/lib/decoder.js') as typeof import('mmdb-lib/lib/decoder.js')
const { default: addresses } = load('mmdb-lib/lib/ip.js') as typeof import('mmdb-lib/lib/ip.js')
const { parseMetadata } = load('mmdb-lib/lib/metadata.js') as typeof import('mmdb-lib/lib/metadata.js')
const { default: walkerOf } = load(
  'mmdb-lib/lib/reader/walker.js',
) as typeof import('mmdb-lib/lib/reader/walker.js')

/** @returns ISO 3166-1, two letters; null for what is nobody's in particular, or not in the table. */
export type CountryOf = (ip: string | null | undefined) => string | null

export const NO_COUNTRIES: CountryOf = () => null

const OWN_TABLE = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/**
 * The table stays on the disk: in memory it would be eight megabytes of every process, and a look-up reads five times three kilobytes,
 * which the system has at hand.
 * @param setting the path of another table in the same format; empty for the one that comes with the app.
 * @throws when there is no such table.
 */
export function readCountryTable(setting: string): CountryOf {
  if (setting === 'off') return NO_COUNTRIES
  const find = openTable(setting || load.resolve(OWN_TABLE))
  return (given) => {
    const ip = (given ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
    const family = isIP(ip)
    if (family === 0 || NOBODYS.check(ip, family === 4 ? 'ipv4' : 'ipv6')) return null
    const entry = found(find, ip)
    const code = entry?.country_code ?? entry?.country?.iso_code ?? ''
    return /^[A-Z]{2}$/.test(code) ? code : null
  }
}

/** A country is a hint: without a table that can be read nobody is kept from anything. */
function found(find: Find, ip: string): CountryEntry | null {
  try {
    return find(ip)
  } catch {
    return null
  }
}

/** The table's own shape, and the shape of other tables in this format. */
type CountryEntry = CountryResponse & { country_code?: string }
type Find = (ip: string) => CountryEntry | null

/** By their paths: open as long as the process lives, so that a deploy that replaces one leaves ours as it was. */
const tables = new Map<string, Find>()

function openTable(path: string): Find {
  const known = tables.get(path)
  if (known) return known
  const file = openSync(path, 'r')
  try {
    const find = findIn(file)
    tables.set(path, find)
    return find
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** What follows a node mostly lies right behind it, so that an address takes about five readings instead of fourteen. */
const NODES_AT_ONCE = 512
/** Between the tree of networks and what is known of them. */
const GAP_BYTES = 16
/** What describes the table is at its end, and no longer. */
const MOST_METADATA_BYTES = 128 * 1_024

/** As the format has it (maxmind.github.io/MaxMind-DB): a tree that is walked bit by bit, and behind it what its leaves point to. */
function findIn(file: number): Find {
  const { size } = fstatSync(file)
  const { nodeCount, nodeByteSize, recordSize, searchTreeSize, ipVersion } = parseMetadata(
    bytesFrom(file, Math.max(0, size - MOST_METADATA_BYTES), size),
  )
  const entries = new Decoder(bytesFrom(file, searchTreeSize + GAP_BYTES, size))
  const block = Buffer.alloc(NODES_AT_ONCE * nodeByteSize)
  const { left, right } = walkerOf(block, recordSize)
  let inBlock = -1
  const below = (place: number, bit: number): number => {
    const wanted = Math.floor(place / NODES_AT_ONCE)
    if (wanted !== inBlock) {
      // Until the whole of it has come there is none.
      inBlock = -1
      const start = wanted * block.length
      readInto(block.subarray(0, Math.min(block.length, searchTreeSize - start)), file, start)
      inBlock = wanted
    }
    const at = (place % NODES_AT_ONCE) * nodeByteSize
    return bit === 0 ? left(at) : right(at)
  }
  /** Addresses of 32 bits are those of 128 whose first 96 are 0. */
  let top = 0
  for (let depth = 0; ipVersion === 6 && depth < 96 && top < nodeCount; depth += 1) top = below(top, 0)

  return (ip) => {
    const address = addresses.parse(ip)
    if (address.length > 4 && ipVersion === 4) return null
    let place = address.length === 4 ? top : 0
    for (let depth = 0; depth < address.length * 8 && place < nodeCount; depth += 1)
      place = below(place, addresses.bitAt(address, depth))
    return place > nodeCount ? entries.decode(place - nodeCount - GAP_BYTES).value : null
  }
}

function bytesFrom(file: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start)
  readInto(bytes, file, start)
  return bytes
}

/** @throws when the file ends before the buffer is full. */
function readInto(bytes: Buffer, file: number, start: number): void {
  for (let read = 0; read < bytes.length; ) {
    const more = readSync(file, bytes, read, bytes.length - read, start + read)
    if (more === 0) throw new Error('a table of countries ends too soon')
    read += more
  }
}

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
