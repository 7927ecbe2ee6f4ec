import type { Claim } from '../../models/payment.ts'
import type { SettleDeps } from './settle/deps.ts'
import { confirmTogether, followAll } from './settle/following.ts'
import { lookUpTogether } from './settle/looking-up.ts'
import { beginRun, type Run } from './settle/run.ts'
import { interrupted, sendTogether } from './settle/sending.ts'
import { later } from './settle/waiting.ts'

export type { SettleDeps } from './settle/deps.ts'

/** One run goes on while its payments do, and no longer than this; the next one continues. */
const MOST_ROUNDS = 8

/**
 * Brings all due payments of one saver as far as they go now: the accounts are read once for all of them, and the bank is
 * told to carry them out together, so that one approval is enough. The state is always written before the bank is called,
 * so whatever kills this process, the next one knows what may have happened and asks the bank before it does anything.
 */
export function createSettleSaver(deps: SettleDeps) {
  return async function settle(userId: string): Promise<void> {
    const claims = await deps.models.payments.claimDue(userId)
    if (claims.length === 0) return
    const letGo = deps.models.payments.hold(claims)
    try {
      const run = beginRun(deps, userId, claims)
      await goOn(run, claims)
      await deps.models.goals.noteReached(userId, run.by)
    } finally {
      letGo()
    }
  }
}

async function goOn(run: Run, claims: Claim[]): Promise<void> {
  let held = claims
  for (let round = 0; round < MOST_ROUNDS && held.length > 0; round += 1) {
    if (round > 0 && run.deps.stopping?.aborted) break
    held = await roundOf(run, held)
  }
  await run.each(held, async (claim) => later(run, claim, 0))
}

/** @returns those that can go on at once. */
async function roundOf(run: Run, held: Claim[]): Promise<Claim[]> {
  const inState = (...states: Claim['payment']['state'][]) =>
    held.filter(({ payment }) => states.includes(payment.state))
  const unknown = inState('UNKNOWN')
  const lost = unknown.filter(({ payment }) => payment.bankPaymentId === null)
  const found = unknown.filter(({ payment }) => payment.bankPaymentId !== null)
  const unsent = inState('SCHEDULED', 'BLOCKED')

  const goingOn = [
    ...(await run.each(inState('SENDING'), (claim) => interrupted(run, claim))),
    ...(await lookUpTogether(run, lost)),
    ...(await sendTogether(run, unsent)),
    ...(await followAll(run, [...found, ...inState('CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED')])),
  ]
  const initiated = inState('INITIATED')
  // Whatever may join them is waited for, so that all are confirmed together.
  return goingOn.length > 0 ? [...goingOn, ...initiated] : confirmTogether(run, initiated)
}
