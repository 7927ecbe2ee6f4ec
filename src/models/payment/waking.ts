import type { Tx } from '../../db.ts'

/**
 * In the transaction of whatever takes a hindrance away (a new link to the bank, other accounts, other limits, the end of
 * a pause): what waits for the saver or the bank link gets another try now. That is what is blocked, and what is at the
 * bank and could not be asked about. A worker that holds one of them learns of it.
 */
export async function wakeWaiting(tx: Pick<Tx, 'payment'>, userId: string, now: Date): Promise<void> {
  await tx.payment.updateMany({
    where: {
      userId,
      nextActionAt: { not: null },
      // What is scheduled keeps its time, unless a worker is just finding out that it can't be sent.
      OR: [{ state: { not: 'SCHEDULED' } }, { leaseOwner: { not: null } }],
    },
    data: { nextActionAt: now },
  })
}
