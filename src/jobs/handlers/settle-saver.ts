import { currentRequestId } from '../../logger.ts'
import { type Actor, workerActor } from '../../models/context.ts'
import { type Claim, LeaseLost } from '../../models/payment.ts'
import type { SettleDeps, Step } from './settle/deps.ts'
import { askStatus, confirm } from './settle/following.ts'
import { interrupted, lookUp, send, unblock } from './settle/sending.ts'

export type { SettleDeps } from './settle/deps.ts'

/** One run goes on while the payment does, and no longer than this; the next alarm continues. */
const MOST_STEPS = 8

/**
 * Brings one payment as far as it goes now. The state is always written before the bank is called, so whatever kills
 * this process, the next one knows what may have happened and asks the bank before it does anything.
 */
export function createSettlePayment(deps: SettleDeps) {
  const { models, bank, clock, log } = deps

  return async function settle({ paymentId }: { paymentId: string }): Promise<void> {
    let claim = await models.payments.claim(paymentId)
    if (!claim) return
    const by = workerActor(currentRequestId())
    const letGo = models.payments.hold(claim)
    try {
      for (let step = 0; claim && step < MOST_STEPS; step += 1) {
        if (step > 0 && deps.stopping?.aborted) break
        claim = await stepOn(deps, claim, by)
      }
      if (claim) await models.payments.wait(claim, clock.now())
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error
      log.info('another worker or the saver was faster', { paymentId })
    } finally {
      letGo()
    }
  }

  /** Exhaustive over the states that have something left to do. */
  function stepOn(deps: SettleDeps, claim: Claim, by: Actor): Step {
    switch (claim.payment.state) {
      case 'BLOCKED':
        return unblock(deps, claim, by)
      case 'SCHEDULED':
        return send(deps, claim, by)
      case 'SENDING':
        return interrupted(deps, claim, by)
      case 'UNKNOWN':
        return lookUp(deps, claim, by)
      case 'INITIATED':
        return confirm(deps, claim, by)
      case 'CONFIRMING':
      case 'AWAITING_APPROVAL':
      case 'ACCEPTED':
        return askStatus(deps, claim, by)
      default:
        log.warn('a final payment was claimed', { paymentId: claim.payment.id, profile: bank.profile })
        return Promise.resolve(null)
    }
  }
}
