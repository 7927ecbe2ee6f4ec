import type { Tx } from '../../db.ts'
import type { Currency, LedgerBucket } from '../../generated/enums.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import type { Recorded } from './differences.ts'

interface Balance {
  userId: string
  habitId: string
  bucket: LedgerBucket
  currency: Currency
}

/**
 * A balance is what its lines come to, kept so that nobody has to add them up; an edited one is added up anew. Nothing else
 * is ever repaired: lines, orders and transactions are evidence.
 */
export function createBalances({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    /**
     * Puts right what these differences say. Left to a person: whose lines are in doubt themselves, what would come to less
     * than nothing, and a balance that isn't there at all.
     * @returns the ids of the differences that are no more.
     */
    async correct(differences: readonly Recorded[], by: Actor): Promise<Set<string>> {
      const corrected = new Set<string>()
      for (const difference of differences) {
        const isDone = await db.transaction(async (tx) => {
          const balance = await balanceOf(tx, difference.id)
          return (
            balance !== null &&
            !(await areLinesInDoubt(tx, balance)) &&
            correctOne(tx, balance, difference, by)
          )
        })
        if (isDone) corrected.add(difference.id)
      }
      return corrected
    },
  }

  async function correctOne(tx: Tx, balance: Balance, { id }: Recorded, by: Actor): Promise<boolean> {
    const { userId, habitId, bucket, currency } = balance
    const lines = await lockedWithSum(tx, balance)
    if (lines === null || (lines.sum < 0 && bucket !== 'OPEN')) return false
    if (lines.balance === lines.sum) return true
    await tx.ledgerBalance.update({
      where: { userId_habitId_bucket_currency: balance },
      data: { balanceMinor: lines.sum },
    })
    const object = { kind: 'difference', id }
    const detail = {
      habitId,
      bucket,
      currency,
      beforeMinor: Number(lines.balance),
      afterMinor: Number(lines.sum),
    }
    await audit(tx, {
      action: 'ledger.balance-corrected',
      by,
      at: clock.now(),
      subjectId: userId,
      object,
      detail,
    })
    return true
  }
}

/** The key of such a difference is the balance's own. */
async function balanceOf(tx: Tx, differenceId: string): Promise<Balance | null> {
  const difference = await tx.reconciliationDifference.findFirst({
    where: { id: differenceId, goneOn: null },
    select: { objectKey: true },
  })
  if (!difference) return null
  const [userId = '', habitId = '', bucket, currency] = difference.objectKey.split(' ')
  return { userId, habitId, bucket: bucket as LedgerBucket, currency: currency as Currency }
}

/** Lines can't be edited by the app; where they were all the same, their sum proves nothing. */
async function areLinesInDoubt(tx: Tx, { userId }: Balance): Promise<boolean> {
  const others = await tx.reconciliationDifference.count({
    where: { userId, goneOn: null, kind: { in: ['ledger-out-of-place', 'entry-not-balanced'] } },
  })
  return others > 0
}

/** Whoever books holds the balance's row until their lines are there: with it in hand, none is missing from the sum. */
async function lockedWithSum(
  tx: Tx,
  { userId, habitId, bucket, currency }: Balance,
): Promise<{ balance: bigint; sum: bigint } | null> {
  await tx.$queryRaw`
    SELECT 1 FROM "LedgerBalance" WHERE "userId" = ${userId}::uuid AND "habitId" = ${habitId}::uuid
      AND bucket = ${bucket}::"LedgerBucket" AND currency = ${currency}::"Currency" FOR NO KEY UPDATE`
  const [found] = await tx.$queryRaw<{ balance: bigint; sum: bigint }[]>`
    SELECT b."balanceMinor" AS balance,
           (SELECT coalesce(sum(line."amountMinor"), 0)::bigint FROM "LedgerLine" line
            WHERE (line."userId", line."habitId", line.bucket, line.currency)
                  = (b."userId", b."habitId", b.bucket, b.currency)) AS sum
    FROM "LedgerBalance" b WHERE b."userId" = ${userId}::uuid AND b."habitId" = ${habitId}::uuid
      AND b.bucket = ${bucket}::"LedgerBucket" AND b.currency = ${currency}::"Currency"`
  return found ?? null
}
