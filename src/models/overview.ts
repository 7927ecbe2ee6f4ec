import type { PaymentState } from '../generated/enums.ts'
import { type AuditEntry, audit } from './audit.ts'
import type { Actor, ModelContext } from './context.ts'
import { rowsAbout } from './desk/about.ts'

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
    /** Those that are paid are most of all: of many, what is left of the estimated whole. */
    async paymentsByState(): Promise<Map<PaymentState, number>> {
      const [groups, { count }] = await Promise.all([
        db.prisma.$queryRaw<{ state: PaymentState; count: number }[]>`
          SELECT state, count(*)::int AS count FROM "Payment" WHERE state <> 'PAID' GROUP BY state`,
        rowsAbout(db, 'Payment', () => db.prisma.payment.count()),
      ])
      const states = new Map(groups.map((group) => [group.state, group.count]))
      const paid = count - groups.reduce((sum, group) => sum + group.count, 0)
      return paid > 0 ? states.set('PAID', paid) : states
    },

    /** Of many, about so many. */
    async savers(): Promise<{ savers: number; confirmed: number; linked: number }> {
      const [all, admins, unconfirmed, linked] = await Promise.all([
        rowsAbout(db, 'User', () => db.prisma.user.count()),
        // Literally: only what is no parameter can be seen to be part of what an index is for.
        db.prisma.$queryRaw<
          { count: number }[]
        >`SELECT count(*)::int AS count FROM "User" WHERE role = 'ADMIN'`,
        db.prisma.user.count({ where: { emailConfirmedOn: null } }),
        rowsAbout(db, 'Account_one_debitor', () => db.prisma.account.count({ where: { isDebitor: true } })),
      ])
      const savers = Math.max(0, all.count - (admins[0]?.count ?? 0))
      return { savers, confirmed: Math.max(0, savers - unconfirmed), linked: linked.count }
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
