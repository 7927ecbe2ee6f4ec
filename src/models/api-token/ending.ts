import type { Tx } from '../../db.ts'

/**
 * In the caller's transaction: nothing that programs show for this saver is worth anything afterwards. The database does the
 * same for an account that is locked, shut or closed.
 * @returns how many were good until now.
 */
export async function endTokens(tx: Tx, userId: string): Promise<number> {
  return tx.$executeRaw`
    UPDATE "ApiToken" SET "revokedOn" = now() WHERE "userId" = ${userId}::uuid AND "revokedOn" IS NULL`
}
