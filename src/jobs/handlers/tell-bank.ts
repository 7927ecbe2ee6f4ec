import { type Bank, BankError } from '../../bank/index.ts'
import type { Clock } from '../../clock.ts'
import { currentRequestId, type Logger } from '../../logger.ts'
import { TELL_BANK_FOR_MS, type Untold } from '../../models/consent/ending.ts'
import { workerActor } from '../../models/context.ts'
import type { Models } from '../../models/index.ts'
import { ENDED_THERE } from './erasure.ts'

export interface TellBankDeps {
  models: Pick<Models, 'consents'>
  bank: Bank
  clock: Clock
  log: Logger
}

/** Looked at in one round; whoever is left has their turn in the next. */
const MOST_AT_ONCE = 100

/**
 * Tells the bank of consents that are over here, with no transaction open. An unclear answer is as good as none: it is told
 * again in the next round, which does no harm, until it confirms or three days are over.
 */
export function createTellBank({ models: { consents }, bank, clock, log }: TellBankDeps) {
  return async function tellBank(): Promise<void> {
    const by = workerActor(currentRequestId())
    for (const consent of await consents.untold(MOST_AT_ONCE)) {
      try {
        if (await tell(consent)) await consents.noteTold(consent.id, by)
        else if (isHopeless(consent)) await consents.giveUpTelling(consent.id, by)
      } catch (error) {
        // The others needn't wait for what is wrong with one.
        log.error('the bank could not be told of the end of a consent', { consentId: consent.id, error })
      }
    }
  }

  /** @returns whether the bank knows now. */
  async function tell({ userId, refreshToken }: Untold): Promise<boolean> {
    if (!bank.canRevoke) return false
    try {
      const context = { onBehalfOf: userId, actor: 'worker', requestId: currentRequestId() }
      await bank.revoke(refreshToken, context)
      return true
    } catch (error) {
      if (!(error instanceof BankError)) throw error
      return ENDED_THERE.includes(error.kind)
    }
  }

  function isHopeless({ endedOn }: Untold): boolean {
    return !bank.canRevoke || clock.now().getTime() - endedOn.getTime() >= TELL_BANK_FOR_MS
  }
}
