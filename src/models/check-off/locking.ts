import type { Statements, Tx } from '../../db.ts'
import type { CheckOff } from '../../generated/client.ts'

/**
 * Holds the saver's row as the lines that point at it will. A worker that is about to send locks that row before the
 * payment; who came to it only after the payment could deadlock with the worker.
 */
export async function holdSaver(tx: Pick<Statements, '$queryRaw'>, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT id FROM "User" WHERE id = ${userId}::uuid FOR KEY SHARE`
}

/**
 * Locks a check-off for the rest of the transaction and, before it, the payment that carries it: a worker comes to them in
 * the same order. The check-off is locked as an update locks it, so that ledger lines may still point at it.
 * @returns as it is once both are locked; null if this saver has none of that id.
 */
export async function lockWithPayment(tx: Tx, userId: string, id: string): Promise<CheckOff | null> {
  const found = await tx.checkOff.findFirst({ where: { id, userId }, select: { paymentId: true } })
  if (!found) return null
  const { paymentId } = found
  await holdSaver(tx, userId)
  if (paymentId) await tx.$queryRaw`SELECT id FROM "Payment" WHERE id = ${paymentId}::uuid FOR UPDATE`
  await tx.$queryRaw`SELECT id FROM "CheckOff" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
  const checkOff = await tx.checkOff.findUniqueOrThrow({ where: { id, userId } })
  // While we waited another payment may have taken it over, which is locked in its turn.
  return checkOff.paymentId === paymentId ? checkOff : lockWithPayment(tx, userId, id)
}
