import { createHmac, timingSafeEqual } from 'node:crypto'
import { keyFor } from '../crypto.ts'
import type { Db, Tx } from '../db.ts'
import type { Rules } from './context.ts'

/** Lines that one transaction seals. */
const BATCH = 1_000
/** Links that are read at once to be checked. */
const CHECKED_AT_ONCE = 5_000
/** Whoever seals holds this lock of PostgreSQL's until the transaction ends. */
const SEALING_LOCK = 7_226_001
/** Where the chain begins. */
const START: Head = { number: 0n, hash: '0'.repeat(64) }
/** Broken links that are named; behind the first there may be any number. */
const MOST_NAMED = 20

/** A line of the audit trail as the chain covers it. */
interface Line {
  id: string
  at: Date
  actorKind: string
  actorId: string | null
  subjectId: string | null
  action: string
  objectKind: string | null
  objectId: string | null
  outcome: string
  /** As PostgreSQL writes its jsonb: always the same text for the same content. */
  detail: string
  ip: string | null
  country: string | null
  requestId: string | null
}

/** What a link covers besides the instant, in this order for good: another order would break every chain there is. */
const COVERED = [
  'id',
  'actorKind',
  'actorId',
  'subjectId',
  'action',
  'objectKind',
  'objectId',
  'outcome',
  'detail',
  'requestId',
  'country',
] as const satisfies readonly (keyof Line)[]

/** The last link: whoever has noted it once can show later that nothing before it was taken away. */
export interface Head {
  number: bigint
  hash: string
}

export type Tampering =
  /** The line, its place or its link isn't what was sealed. */
  | 'changed'
  /** The seal is there and the line is not. */
  | 'removed'
  /** A line came to the trail by a way that doesn't wait for a seal, or its seal was removed. */
  | 'unsealed'
  /** A link is missing from the chain. */
  | 'link-missing'
  /** Where somebody came from isn't what was sealed. */
  | 'address-changed'
  /** The chain ends before a head that was noted, or had another link there. */
  | 'not-the-noted-head'

export interface BrokenLink {
  /** Its place in the chain; null where it has none. */
  number: bigint | null
  eventId: string | null
  what: Tampering
}

export interface Verified {
  /** Links that were looked at. */
  checked: number
  /** Lines that wait for their seal. */
  waiting: number
  head: Head | null
  /** In the order of the chain, the first so many. */
  broken: BrokenLink[]
}

export type AuditChain = ReturnType<typeof createAuditChain>

/**
 * The audit trail as a chain: each line is sealed together with all before it, under a key outside the database, so that one
 * that is changed, removed, moved or put in later shows. Lines are sealed after they were committed: no writer waits.
 */
export function createAuditChain({ db, rules }: { db: Db; rules: Pick<Rules, 'auditKey'> }) {
  return {
    /** Seals what waits. Of several workers one does it at a time. @returns how many lines were sealed. */
    async seal(): Promise<number> {
      let total = 0
      for (;;) {
        const sealed = await db.transaction(sealBatch)
        total += sealed
        if (sealed < BATCH) return total
      }
    },

    /** @returns null while nothing was sealed. */
    async head(): Promise<Head | null> {
      return headOf(db.prisma)
    },

    /**
     * Looks at the whole chain.
     * @param noted a head that was noted earlier: nothing up to it may have gone.
     * @param onProgress called now and then with the number of links that were checked.
     */
    async verify({
      noted = null,
      onProgress,
    }: {
      noted?: Head | null
      onProgress?: (checked: number) => void
    } = {}): Promise<Verified> {
      const broken: BrokenLink[] = []
      let previous = START
      let checked = 0
      let wasNoted = noted === null || noted.number === 0n
      for (;;) {
        const links = await linksAfter(previous.number)
        for (const link of links) {
          broken.push(...wrongWith(link, previous))
          previous = { number: link.number, hash: link.hash.toString('hex') }
          if (noted && noted.number === previous.number) wasNoted = noted.hash === previous.hash
        }
        checked += links.length
        onProgress?.(checked)
        if (links.length < CHECKED_AT_ONCE) break
      }
      if (!wasNoted) broken.push({ number: noted?.number ?? null, eventId: null, what: 'not-the-noted-head' })
      broken.push(...(await outsideOfTheChain()))
      const head = previous.number === 0n ? null : previous
      return {
        checked,
        waiting: await db.prisma.auditUnsealed.count(),
        head,
        broken: broken.slice(0, MOST_NAMED),
      }
    },
  }

  async function sealBatch(tx: Tx): Promise<number> {
    const [lock] = await tx.$queryRaw<{ mine: boolean }[]>`
      SELECT pg_try_advisory_xact_lock(${SEALING_LOCK}::bigint) AS mine`
    if (!lock?.mine) return 0
    const waiting = await tx.$queryRaw<(Line & { place: bigint })[]>`
      SELECT u.number AS place, e.id, e.at, e."actorKind", e."actorId", e."subjectId", e.action, e."objectKind", e."objectId",
        e.outcome, e.detail::text AS detail, e.ip, e.country, e."requestId"
      FROM "AuditUnsealed" u JOIN "AuditEvent" e ON e.id = u."eventId" ORDER BY u.number LIMIT ${BATCH}`
    if (waiting.length === 0) return 0
    let { number, hash } = (await headOf(tx)) ?? START
    const links = waiting.map((line) => {
      number += 1n
      hash = linkOf(hash, line).toString('hex')
      return { number, eventId: line.id, hash, addressMac: addressMacOf(line)?.toString('hex') ?? null }
    })
    await tx.$executeRaw`
      INSERT INTO "AuditSeal" (number, "eventId", hash, "addressMac")
      SELECT number, "eventId"::uuid, decode(hash, 'hex'), decode("addressMac", 'hex')
      FROM jsonb_to_recordset(${JSON.stringify(links, plain)}::jsonb)
        AS link (number bigint, "eventId" text, hash text, "addressMac" text)`
    const places = waiting.map(({ place }) => place)
    await tx.$executeRaw`DELETE FROM "AuditUnsealed" WHERE number = ANY (${places})`
    return waiting.length
  }

  async function linksAfter(number: bigint): Promise<Link[]> {
    const { rows } = await db.pool.query<LinkRow>({
      name: 'audit-links',
      text: `SELECT s.number, s."eventId", s.hash, s."addressMac", e.id, e.at, e."actorKind", e."actorId", e."subjectId",
          e.action, e."objectKind", e."objectId", e.outcome, e.detail::text AS detail, e.ip, e.country, e."requestId"
        FROM "AuditSeal" s LEFT JOIN "AuditEvent" e ON e.id = s."eventId"
        WHERE s.number > $1 ORDER BY s.number LIMIT ${CHECKED_AT_ONCE}`,
      values: [number],
    })
    return rows.map(({ number: place, eventId, hash, addressMac, id, ...line }) => ({
      number: BigInt(place),
      eventId,
      hash,
      addressMac,
      line: id === null ? null : { id, ...line },
    }))
  }

  function wrongWith({ number, eventId, hash, addressMac, line }: Link, previous: Head): BrokenLink[] {
    if (number !== previous.number + 1n)
      return [{ number: previous.number + 1n, eventId: null, what: 'link-missing' }]
    if (!line) return [{ number, eventId, what: 'removed' }]
    if (!timingSafeEqual(linkOf(previous.hash, line), hash)) return [{ number, eventId, what: 'changed' }]
    const mac = addressMacOf(line)
    const isSame = mac && addressMac ? timingSafeEqual(mac, addressMac) : mac === addressMac
    return isSame ? [] : [{ number, eventId, what: 'address-changed' }]
  }

  /** Lines that neither have a seal nor wait for one, and places in the queue whose line has gone. */
  async function outsideOfTheChain(): Promise<BrokenLink[]> {
    const { rows } = await db.pool.query<{ eventId: string; what: Tampering }>(
      `SELECT e.id AS "eventId", 'unsealed' AS what FROM "AuditEvent" e
         WHERE NOT EXISTS (SELECT 1 FROM "AuditSeal" s WHERE s."eventId" = e.id)
           AND NOT EXISTS (SELECT 1 FROM "AuditUnsealed" u WHERE u."eventId" = e.id)
       UNION ALL
       SELECT u."eventId", 'removed' FROM "AuditUnsealed" u
         WHERE NOT EXISTS (SELECT 1 FROM "AuditEvent" e WHERE e.id = u."eventId")
       LIMIT ${MOST_NAMED}`,
    )
    return rows.map((row) => ({ number: null, ...row }))
  }

  function linkOf(previous: string, line: Line): Buffer {
    return macOf(['link', previous, line.at.toISOString(), ...COVERED.map((column) => line[column])])
  }

  function addressMacOf({ id, ip }: Line): Buffer<ArrayBuffer> | null {
    return ip === null ? null : macOf(['address', id, ip])
  }

  /** JSON keeps what stands next to each other apart. */
  function macOf(parts: readonly (string | null)[]): Buffer<ArrayBuffer> {
    return createHmac('sha256', rules.auditKey).update(JSON.stringify(parts)).digest()
  }
}

interface Link {
  number: bigint
  eventId: string
  hash: Buffer
  addressMac: Buffer | null
  line: Line | null
}

type LinkRow = Omit<Line, 'id'> & { id: string | null } & Omit<Link, 'number' | 'line'> & { number: string }

/** Derived from the key that can't change as long as there are accounts, so that old seals stay good. */
export function auditKeyFrom(accountHashKey: Buffer): string {
  return keyFor('audit trail', accountHashKey.toString('base64'))
}

/** JSON has no whole numbers as large as these may get. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

async function headOf(tx: Pick<Tx, 'auditSeal'>): Promise<Head | null> {
  const last = await tx.auditSeal.findFirst({ orderBy: { number: 'desc' } })
  return last && { number: last.number, hash: Buffer.from(last.hash).toString('hex') }
}
