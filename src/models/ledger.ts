import { randomUUID } from 'node:crypto'
import type { Tx } from '../db.ts'
import type { Currency, LedgerBucket } from '../generated/enums.ts'

export interface LedgerMove {
  userId: string
  habitId: string
  paymentId: string
  checkOffId: string
  currency: Currency
  /** Minor units, positive. */
  amountMinor: number
  from: LedgerBucket
  to: LedgerBucket
  at: Date
}

/**
 * Books one entry: the amount leaves one bucket and enters another, each line with the balance before and after.
 * Balances are locked in the order of bucket names, whatever the direction, so that two entries can't deadlock.
 */
export async function book(tx: Tx, move: LedgerMove): Promise<void> {
  const entryId = randomUUID()
  const sides = [
    { bucket: move.from, amountMinor: -move.amountMinor },
    { bucket: move.to, amountMinor: move.amountMinor },
  ].sort((a, b) => a.bucket.localeCompare(b.bucket))
  const lines = []
  for (const side of sides) {
    const key = { userId: move.userId, habitId: move.habitId, bucket: side.bucket, currency: move.currency }
    const balanceMinor = await addTo(tx, key, side.amountMinor)
    lines.push({ ...side, afterMinor: balanceMinor, beforeMinor: balanceMinor - BigInt(side.amountMinor) })
  }
  await tx.ledgerLine.createMany({
    data: lines.map((line) => ({
      entryId,
      userId: move.userId,
      habitId: move.habitId,
      paymentId: move.paymentId,
      checkOffId: move.checkOffId,
      currency: move.currency,
      at: move.at,
      ...line,
    })),
  })
}

type BalanceKey = Pick<LedgerMove, 'userId' | 'habitId' | 'currency'> & { bucket: LedgerBucket }

/** Not an upsert: its insert half would be checked against "not negative" although the row is there. */
async function addTo(tx: Tx, key: BalanceKey, amountMinor: number): Promise<bigint> {
  const add = () =>
    tx.ledgerBalance.updateManyAndReturn({ where: key, data: { balanceMinor: { increment: amountMinor } } })
  const [existing] = await add()
  if (existing) return existing.balanceMinor
  await tx.ledgerBalance.createMany({ data: [key], skipDuplicates: true })
  const [made] = await add()
  if (!made) throw new Error(`no balance of ${key.habitId} in ${key.bucket}`)
  return made.balanceMinor
}

export interface SavingsTotals {
  pledgedMinor: number
  onItsWayMinor: number
  savedMinor: number
}

export const NOTHING_SAVED: Readonly<SavingsTotals> = { pledgedMinor: 0, onItsWayMinor: 0, savedMinor: 0 }

/** Adds up balances of one currency; amounts of different currencies are never added. */
export function totalsOf(balances: readonly { bucket: LedgerBucket; balanceMinor: bigint }[]): SavingsTotals {
  const sum = (bucket: LedgerBucket) =>
    balances
      .filter((balance) => balance.bucket === bucket)
      .reduce((total, balance) => total + Number(balance.balanceMinor), 0)
  return { pledgedMinor: sum('PLEDGED'), onItsWayMinor: sum('ON_ITS_WAY'), savedMinor: sum('SAVED') }
}
