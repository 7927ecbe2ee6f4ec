import type { Tx } from '../db.ts'

/**
 * Takes something that may be taken once, whichever process sees it first. Those that have run out are refused before anybody
 * comes here, so that they need not be remembered.
 * @returns false when it was taken already.
 */
export async function takeOnce(
  db: Pick<Tx, '$executeRaw'>,
  nonce: string,
  { now, expiresOn }: { now: Date; expiresOn: Date },
): Promise<boolean> {
  const taken = await db.$executeRaw`
    WITH gone AS (DELETE FROM "SpentProof" WHERE "expiresOn" < ${now})
    INSERT INTO "SpentProof" (nonce, "expiresOn") VALUES (${nonce}, ${expiresOn})
    ON CONFLICT (nonce) DO NOTHING`
  return taken === 1
}
