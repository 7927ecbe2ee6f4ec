import type { CallContext } from '../../../bank/index.ts'
import { MINUTE } from '../../../clock.ts'
import { currentRequestId } from '../../../logger.ts'
import { type Actor, workerActor } from '../../../models/context.ts'
import { type Claim, LeaseLost, PaymentsStopped } from '../../../models/payment.ts'
import { type ClosedBank, type OpenBank, openBank } from './bank-access.ts'
import type { SettleDeps, Step } from './deps.ts'
import { BLOCKED_PAUSE_MS, pauseMs, troubledPauseMs } from './waiting.ts'

/** One worker's turn with one saver. */
export interface Run {
  deps: SettleDeps
  userId: string
  by: Actor
  /** The way to the bank, found once and kept for the run. */
  bank(): Promise<OpenBank | ClosedBank>
  /** There while the saver has asked for these payments so lately that they count as being here. */
  presence: CallContext['presence'] | undefined
  /** How soon to come back to a bank that can't be asked. */
  closedPauseMs(bank: ClosedBank, claim: Claim): Promise<number>
  /** Takes a step with each claim; one that was lost to somebody else doesn't keep the others from theirs. */
  each(claims: readonly Claim[], step: (claim: Claim) => Step): Promise<Claim[]>
}

/** The saver who has just asked for a payment is waiting for it. */
const PRESENT_FOR_MS = 10 * MINUTE

export function beginRun(deps: SettleDeps, userId: string, claims: readonly Claim[]): Run {
  const presence = presenceIn(deps, claims)
  let bank: Promise<OpenBank | ClosedBank> | null = null
  return {
    deps,
    userId,
    by: workerActor(currentRequestId()),
    presence,
    bank: () => {
      bank ??= openBank(deps, userId, { presence })
      return bank
    },
    // A saver who links again wakes it.
    closedPauseMs: async (closed, claim) =>
      closed.kind === 'closed' ? BLOCKED_PAUSE_MS : troubledPauseMs({ deps }, null, pauseMs(deps, claim)),
    each: async (claims, step) => {
      const moved: Claim[] = []
      for (const claim of claims) {
        try {
          const next = await step(claim)
          if (next) moved.push(next)
        } catch (error) {
          const { id } = claim.payment
          if (error instanceof LeaseLost)
            deps.log.info('another worker or the saver was faster', { paymentId: id })
          // It is looked at again when its lease is over, and then waits with the stop as its reason.
          else if (error instanceof PaymentsStopped)
            deps.log.info('payments were stopped meanwhile', { paymentId: id })
          else throw error
        }
      }
      return moved
    },
  }
}

function presenceIn({ clock }: SettleDeps, claims: readonly Claim[]): Run['presence'] {
  const since = clock.now().getTime() - PRESENT_FOR_MS
  const fresh = claims.find(
    ({ payment }) => payment.askedFromIp && payment.askedOn && payment.askedOn.getTime() >= since,
  )
  return fresh?.payment.askedFromIp ? { ip: fresh.payment.askedFromIp, userAgent: '' } : undefined
}

/** How long the holder of a claim may still begin to send: a process that was stopped meanwhile must not. */
export function leaseLeftMs({ clock }: SettleDeps, { payment }: Claim): number {
  return (payment.leaseUntil?.getTime() ?? 0) - clock.now().getTime()
}
