import type { PaymentState } from '../generated/enums.ts'
import { type AuditEntry, audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

export type ConsoleAction =
  | 'account-creation'
  | 'account-deletion'
  | 'funds'
  | 'payment'
  | 'payment-confirmation'

export type Overview = ReturnType<typeof createOverview>

/** What admins see of the whole, and the trail of what they do at the bank. */
export function createOverview({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async paymentsByState(): Promise<Map<PaymentState, number>> {
      const groups = await db.prisma.payment.groupBy({ by: ['state'], _count: { _all: true } })
      return new Map(groups.map((group) => [group.state, group._count._all]))
    },

    /**
     * Written before the bank is asked, so that nothing can be asked unnoted; how it ended stands in the log of bank calls
     * under the same request id.
     */
    async noteConsoleAction(
      by: Actor,
      action: ConsoleAction,
      detail: NonNullable<AuditEntry['detail']>,
    ): Promise<void> {
      await db.transaction((tx) =>
        audit(tx, { action: `sandbox.${action}-asked`, by, at: clock.now(), detail }),
      )
    },
  }
}
