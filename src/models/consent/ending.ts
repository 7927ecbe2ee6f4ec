import { DAY } from '../../clock.ts'
import type { Tx } from '../../db.ts'
import type { BankConsent } from '../../generated/client.ts'
import { audit } from '../audit.ts'
import type { Actor, ModelContext } from '../context.ts'
import { sealedFor } from '../sealing.ts'

export type EndReason =
  | 'revoked-by-saver'
  | 'unused'
  | 'account-unused'
  | 'refused-by-bank'
  | 'replaced'
  | 'account-erased'

/**
 * What the bank hears of it. `tell`: its token is kept until the bank has been told. `knows`: it was the bank that said so, or
 * it has been told. `leave`: the keys are thrown away, and the consent at the bank runs out by itself.
 */
type AtBank = 'tell' | 'knows' | 'leave'

/** A consent that is over here, and the bank doesn't know. */
export interface Untold {
  id: string
  userId: string
  refreshToken: string
  endedOn: Date
}

/** A bank that can't be told for so long isn't told any more: our key to it goes all the same. */
export const TELL_BANK_FOR_MS = 3 * DAY

/** One statement decides between two who end it. @returns false when it had ended before. */
export async function endConsent(
  tx: Tx,
  { id, userId }: Pick<BankConsent, 'id' | 'userId'>,
  reason: EndReason,
  { by, at, bank }: { by: Actor; at: Date; bank: AtBank },
): Promise<boolean> {
  const count = await tx.$executeRaw`
    UPDATE "BankConsent" SET "revokedAt" = ${at}, "endReason" = ${reason},
      "endedTokenSealed" = CASE WHEN ${bank === 'tell'}::boolean THEN "refreshTokenSealed" END,
      "bankToldOn" = ${bank === 'knows' ? at : null}::timestamptz,
      "accessTokenSealed" = NULL, "refreshTokenSealed" = NULL, "refreshLeaseOwner" = NULL, "refreshLeaseUntil" = NULL
    WHERE id = ${id}::uuid AND "revokedAt" IS NULL`
  if (count === 0) return false
  const object = { kind: 'consent', id }
  await audit(tx, { action: 'consent.ended', by, at, subjectId: userId, object, detail: { reason } })
  return true
}

/** Telling the bank of consents that have ended here; the calls themselves are made by others, with no transaction open. */
export function createTelling({ db, clock, sealer }: Pick<ModelContext, 'db' | 'clock' | 'sealer'>) {
  return {
    /** Of whom the bank has to be told, those who have waited longest first. */
    async untold(most: number): Promise<Untold[]> {
      const ended = await db.prisma.bankConsent.findMany({
        where: { endedTokenSealed: { not: null } },
        orderBy: { revokedAt: 'asc' },
        take: most,
      })
      return ended.flatMap(({ id, userId, endedTokenSealed, revokedAt }) =>
        endedTokenSealed && revokedAt
          ? [
              {
                id,
                userId,
                refreshToken: sealer.open(endedTokenSealed, sealedFor.refreshToken(id)),
                endedOn: revokedAt,
              },
            ]
          : [],
      )
    },

    /** The bank has confirmed it; the last key to it goes. */
    async noteTold(id: string, by: Actor): Promise<void> {
      await settle(id, true, by)
    },

    /** The bank can't be told: the last key to the consent goes, and it runs out there by itself. */
    async giveUpTelling(id: string, by: Actor): Promise<void> {
      await settle(id, false, by)
    },
  }

  async function settle(id: string, isTold: boolean, by: Actor): Promise<void> {
    const at = clock.now()
    await db.transaction(async (tx) => {
      const [consent] = await tx.bankConsent.updateManyAndReturn({
        where: { id, endedTokenSealed: { not: null } },
        data: { endedTokenSealed: null, ...(isTold ? { bankToldOn: at } : {}) },
      })
      if (!consent) return
      const action = isTold ? 'consent.bank-told' : 'consent.bank-not-told'
      await audit(tx, { action, by, at, subjectId: consent.userId, object: { kind: 'consent', id } })
    })
  }
}
