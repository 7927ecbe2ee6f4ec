import type { Tx } from '../../db.ts'
import type { Account } from '../../generated/client.ts'

/** Where money goes from, and where to. */
export interface Sides {
  debtor: Account
  creditor: Account
}

/** @returns the two accounts the saver has chosen as of now; null before they have. */
export async function chosenSides(tx: Tx, userId: string): Promise<Sides | null> {
  const accounts = await tx.account.findMany({
    where: { userId, OR: [{ isDebitor: true }, { isCreditor: true }] },
  })
  const debtor = accounts.find((account) => account.isDebitor)
  const creditor = accounts.find((account) => account.isCreditor)
  return debtor && creditor ? { debtor, creditor } : null
}
