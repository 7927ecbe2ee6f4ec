import type { Account, CheckOff, Payment, PaymentEvent } from '../../generated/client.ts'
import type { ModelContext } from '../context.ts'

type CheckOffOfHabit = CheckOff & { habit: { id: string; name: string } }

export type PaymentWithHabits = Payment & {
  /** Of a saving, what it saves; of a reversal, what it brings back. */
  checkOffs: CheckOffOfHabit[]
  broughtBack: CheckOffOfHabit[]
}

export type PaymentWithStory = PaymentWithHabits & {
  events: PaymentEvent[]
  debtorAccount: Account
  creditorAccount: Account
}

const HABIT = { include: { habit: { select: { id: true, name: true } } }, orderBy: { at: 'asc' } } as const

/** What pages show of payments; every look names the owner. */
export function createReading({ db }: Pick<ModelContext, 'db'>) {
  return {
    /** The newest first. @param page.before the id of the last one already shown. */
    async listOwned(userId: string, page: { before?: string; size: number }): Promise<PaymentWithHabits[]> {
      return db.prisma.payment.findMany({
        where: { userId, ...(page.before ? { id: { lt: page.before } } : {}) },
        orderBy: { id: 'desc' },
        take: page.size,
        include: { checkOffs: HABIT, broughtBack: HABIT },
      })
    },

    async findOwned(userId: string, id: string): Promise<PaymentWithStory | null> {
      return db.prisma.payment.findFirst({
        where: { id, userId },
        include: {
          events: { orderBy: [{ at: 'asc' }, { id: 'asc' }] },
          checkOffs: HABIT,
          broughtBack: HABIT,
          debtorAccount: true,
          creditorAccount: true,
        },
      })
    },

    /** What needs the saver, or is not clear yet: shown on the dashboard until it is settled. */
    async waitingFor(userId: string): Promise<Payment[]> {
      return db.prisma.payment.findMany({
        where: { userId, state: { in: ['BLOCKED', 'AWAITING_APPROVAL', 'UNKNOWN'] } },
        orderBy: { createdOn: 'asc' },
        take: 20,
      })
    },

    /** Those that are not sent yet, in the order in which they would go out. */
    async unsentOf(userId: string): Promise<PaymentWithHabits[]> {
      return db.prisma.payment.findMany({
        where: { userId, state: { in: ['SCHEDULED', 'BLOCKED'] } },
        orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
        take: 100,
        include: { checkOffs: HABIT, broughtBack: HABIT },
      })
    },

    /** All payments that wait for the same approval as this one, itself included. */
    async approvedTogether(
      payment: Pick<Payment, 'id' | 'userId' | 'approvalUrl'>,
    ): Promise<PaymentWithHabits[]> {
      const { id, userId, approvalUrl } = payment
      return db.prisma.payment.findMany({
        where: approvalUrl ? { userId, approvalUrl, state: 'AWAITING_APPROVAL' } : { userId, id },
        orderBy: { id: 'asc' },
        include: { checkOffs: HABIT, broughtBack: HABIT },
      })
    },
  }
}
