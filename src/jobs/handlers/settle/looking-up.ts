import type { LookUp } from '../../../bank/index.ts'
import { HOUR, SECOND } from '../../../clock.ts'
import type { Claim } from '../../../models/payment.ts'
import { distrustRefused, type OpenBank } from './bank-access.ts'
import { follow } from './following.ts'
import type { Run } from './run.ts'
import { doubled, sendTogether } from './sending.ts'
import { later, pauseMs, troubledPauseMs } from './waiting.ts'

/** A bank that lists nothing must not be given one order after another. */
const LONGEST_RESEND_WAIT_MS = HOUR

/** Asks the bank for orders that it may have; what it certainly doesn't have is sent again. @returns those that go on. */
export async function lookUpTogether(run: Run, claims: readonly Claim[]): Promise<Claim[]> {
  if (claims.length === 0) return []
  const bank = await run.bank()
  if (bank.kind !== 'open') {
    return run.each(claims, async (claim) => later(run, claim, await run.closedPauseMs(bank, claim)))
  }
  const externalIds = claims.map(({ payment }) => payment.externalId)
  const found = await run.deps.bank.findOrders(externalIds, bank.country, bank.context)
  const absent: Claim[] = []
  const goingOn = await run.each(claims, async (claim) => {
    const lookUp = found.get(claim.payment.externalId)
    if (lookUp?.kind !== 'absent') return foundOrUnknown(run, claim, bank, lookUp)
    const leftMs = untilResendIsSafe(run, claim)
    if (leftMs > 0) return later(run, claim, leftMs)
    absent.push(claim)
    return null
  })
  return [...goingOn, ...(await sendTogether(run, absent))]
}

async function foundOrUnknown(run: Run, claim: Claim, bank: OpenBank, lookUp: LookUp | undefined) {
  const paymentId = claim.payment.id
  if (lookUp?.kind === 'found') {
    if (lookUp.others) run.deps.log.error('the bank has several orders for one payment', { paymentId })
    return follow(run, claim, lookUp.order)
  }
  if (lookUp?.kind !== 'unknown') throw new Error(`payment ${paymentId} was not looked up`)
  await distrustRefused(run.deps, bank.consentId, lookUp.because)
  const pause = await troubledPauseMs(run, lookUp.retryAfterSeconds, pauseMs(run.deps, claim))
  return later(run, claim, pause)
}

/**
 * A request that timed out may still be on its way inside the bank, so its first "no such order" proves nothing; after
 * the waiting time it does. The time doubles with every order that went out without a trace.
 */
function untilResendIsSafe({ deps }: Run, { payment }: Claim): number {
  const waitMs = doubled(deps.rules.resendAfterSeconds * SECOND, payment.attempts, LONGEST_RESEND_WAIT_MS)
  return (payment.lastSentAt?.getTime() ?? 0) + waitMs - deps.clock.now().getTime()
}
