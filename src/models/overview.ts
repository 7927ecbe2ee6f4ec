import type { PaymentState } from '../generated/enums.ts'
import { type AuditEntry, audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'

export type ConsoleAction =
  | 'account-creation'
  | 'account-deletion'
  | 'funds'
  | 'payment'
  | 'payment-confirmation'
  | 'call'
  | 'fault'
  | 'fault-clearing'
  | 'clock-move'

export type Overview = ReturnType<typeof createOverview>

/** What admins see of the whole, and the trail of what they do at the bank. */
export function createOverview({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
  return {
    async paymentsByState(): Promise<Map<PaymentState, number>> {
      const groups = await db.prisma.payment.groupBy({ by: ['state'], _count: { _all: true } })
      return new Map(groups.map((group) => [group.state, group._count._all]))
    },

    /** Payments whose time has come and that nobody holds; the worker takes them within seconds. */
    async backlog(): Promise<{ due: number; oldestDueAt: Date | null }> {
      const now = clock.now()
      const { _count, _min } = await db.prisma.payment.aggregate({
        where: { nextActionAt: { lte: now }, OR: [{ leaseUntil: null }, { leaseUntil: { lte: now } }] },
        _count: { _all: true },
        _min: { nextActionAt: true },
      })
      return { due: _count._all, oldestDueAt: _min.nextActionAt }
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
