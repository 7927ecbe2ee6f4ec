import { type Clock, HOUR } from '../clock.ts'
import type { Sealer } from '../crypto.ts'
import type { Db, Prisma } from '../db.ts'
import { sealedFor } from './sealing.ts'

/** Rows read at once. */
const PAGE = 200
/** What changes while it is looked at is looked at again, but not for ever. */
const MOST_PASSES = 3
/** A process that died while renewing a token leaves its name on it; by now nobody waits for its answer any more. */
const LEASE_FORGOTTEN_MS = HOUR
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

type Bytes = Uint8Array<ArrayBuffer>

export interface SealedColumn {
  /** As the schema has it: Model.column. */
  name: string
  context(id: string): string
  /** The rows after this id, by id; those that hold nothing may be among them. */
  page(after: string): Promise<{ id: string; sealed: Bytes | null }[]>
  /** @returns how many rows were changed: none when the value is no longer `before`, or must not be touched now. */
  replace(id: string, before: Bytes, after: Bytes): Promise<{ count: number }>
}

export interface Rotated {
  column: string
  /** Values that were there. */
  looked: number
  rotated: number
  /** Ids of rows that were being changed and still have an older key. */
  left: string[]
  /** Ids of rows whose value no key opens. */
  unreadable: string[]
}

/** Seals every secret with the newest key; until the last one is, both keys are needed. */
export function createKeyRotation({ db, clock, sealer }: { db: Db; clock: Clock; sealer: Sealer }) {
  return {
    /** Every value is opened, the newest too: one that somebody has changed is found. One statement a value, so it can stop anywhere. */
    async rotate(column: SealedColumn): Promise<Rotated> {
      const result = await pass(column)
      for (let passes = 1; passes < MOST_PASSES && result.left.length > 0; passes += 1) {
        const { rotated, left, unreadable } = await pass(column)
        Object.assign(result, { rotated: result.rotated + rotated, left, unreadable })
      }
      return result
    },

    columns: (): SealedColumn[] => sealedColumns(db, clock),
  }

  async function pass(column: SealedColumn): Promise<Rotated> {
    const result: Rotated = { column: column.name, looked: 0, rotated: 0, left: [], unreadable: [] }
    let rows = await column.page(BEFORE_ALL)
    while (rows.length > 0) {
      for (const { id, sealed } of rows) if (sealed) await renew(column, id, sealed, result)
      rows = await column.page(rows.at(-1)?.id ?? '')
    }
    return result
  }

  async function renew(column: SealedColumn, id: string, sealed: Bytes, result: Rotated): Promise<void> {
    result.looked += 1
    const plain = opened(sealed, column.context(id))
    if (plain === null) {
      result.unreadable.push(id)
      return
    }
    if (sealer.versionOf(sealed) === sealer.newest) return
    const { count } = await column.replace(id, sealed, sealer.seal(plain, column.context(id)))
    if (count === 1) result.rotated += 1
    else result.left.push(id)
  }

  function opened(sealed: Bytes, context: string): string | null {
    try {
      return sealer.open(sealed, context)
    } catch {
      return null
    }
  }
}

/** All of them; a test holds the list against the schema. */
function sealedColumns(db: Db, clock: Clock): SealedColumn[] {
  return [
    ofUser(db, 'totpSecretSealed', sealedFor.totpSecret),
    ofUser(db, 'totpPendingSealed', sealedFor.totpSecret),
    ofConsent(db, 'accessTokenSealed', sealedFor.accessToken, () => ({})),
    ofConsent(db, 'refreshTokenSealed', sealedFor.refreshToken, () => beingSpentByNobody(clock.now())),
    ofConsent(db, 'endedTokenSealed', sealedFor.refreshToken, () => ({})),
    ofPush(db),
  ]
}

type Context = SealedColumn['context']

function ofUser(
  { prisma }: Db,
  column: 'totpSecretSealed' | 'totpPendingSealed',
  context: Context,
): SealedColumn {
  return {
    name: `User.${column}`,
    context,
    page: async (after) => {
      const users = await prisma.user.findMany({
        where: { id: { gt: after } },
        select: { id: true, totpSecretSealed: true, totpPendingSealed: true },
        orderBy: { id: 'asc' },
        take: PAGE,
      })
      return users.map((user) => ({ id: user.id, sealed: user[column] }))
    },
    replace: (id, before, sealed) =>
      prisma.user.updateMany({ where: { id, [column]: before }, data: { [column]: sealed } }),
  }
}

function ofConsent(
  { prisma }: Db,
  column: 'accessTokenSealed' | 'refreshTokenSealed' | 'endedTokenSealed',
  context: Context,
  free: () => Prisma.BankConsentWhereInput,
): SealedColumn {
  return {
    name: `BankConsent.${column}`,
    context,
    page: async (after) => {
      const consents = await prisma.bankConsent.findMany({
        where: { id: { gt: after }, [column]: { not: null } },
        select: { id: true, accessTokenSealed: true, refreshTokenSealed: true, endedTokenSealed: true },
        orderBy: { id: 'asc' },
        take: PAGE,
      })
      return consents.map((consent) => ({ id: consent.id, sealed: consent[column] }))
    },
    replace: (id, before, sealed) =>
      prisma.bankConsent.updateMany({
        where: { id, [column]: before, ...free() },
        data: { [column]: sealed },
      }),
  }
}

function ofPush({ prisma }: Db): SealedColumn {
  return {
    name: 'PushSubscription.targetSealed',
    context: sealedFor.pushTarget,
    page: async (after) => {
      const rows = await prisma.pushSubscription.findMany({
        where: { id: { gt: after } },
        select: { id: true, targetSealed: true },
        orderBy: { id: 'asc' },
        take: PAGE,
      })
      return rows.map(({ id, targetSealed }) => ({ id, sealed: targetSealed }))
    },
    replace: (id, before, sealed) =>
      prisma.pushSubscription.updateMany({
        where: { id, targetSealed: before },
        data: { targetSealed: sealed },
      }),
  }
}

/**
 * Whoever is spending a refresh token stores the new pair over exactly these bytes: with others in their place, the only pair
 * that the bank takes would be lost.
 */
function beingSpentByNobody(now: Date): Prisma.BankConsentWhereInput {
  const forgotten = new Date(now.getTime() - LEASE_FORGOTTEN_MS)
  return { OR: [{ refreshLeaseOwner: null }, { refreshLeaseUntil: { lt: forgotten } }] }
}
