import { currentRequestId, type Logger } from '../../logger.ts'
import { workerActor } from '../../models/context.ts'
import type { Models } from '../../models/index.ts'

export interface CareDeps {
  models: Pick<Models, 'consentCare' | 'dormancy'>
  log: Logger
}

/**
 * Once a day: who has to know that a consent is about to end is told, and consents and accounts that nobody uses are ended
 * after a last word. What fails keeps nothing else from being done, and has its turn the next day.
 */
export function createCare({ models: { consentCare, dormancy }, log }: CareDeps) {
  const steps = {
    endsTold: consentCare.tellEnds,
    unusedTold: consentCare.tellUnused,
    unusedWithdrawn: consentCare.withdrawUnused,
    accountsTold: dormancy.warn,
    accountsShut: dormancy.shut,
    consentsOfDormant: dormancy.endConsents,
  }

  return async function care(): Promise<void> {
    const by = workerActor(currentRequestId())
    const done: Record<string, number> = {}
    for (const [name, step] of Object.entries(steps)) {
      try {
        done[name] = await step(by)
      } catch (error) {
        log.error('a part of the daily care failed', { part: name, error })
      }
    }
    log.info('consents and accounts looked after', done)
  }
}
