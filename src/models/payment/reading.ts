import { HOUR } from '../../clock.ts'
import type { Account, CheckOff, Payment, PaymentEvent } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import type { ModelContext } from '../context.ts'

type CheckOffOfHabit = CheckOff & { habit: { id: string; name: string } }

export type PaymentWithHabits = Payment & {
  /** Of a saving, what it saves; of a reversal, what it brings back. */
  checkOffs: CheckOffOfHabit[]
  broughtBack: CheckOffOfHabit[]
}

/** A payment as lists show it, and no more of it than they do. */
export type PaymentInList = Pick<
  Payment,
  'id' | 'kind' | 'state' | 'isBatch' | 'createdOn' | 'dueAt' | 'amountMinor' | 'currency'
> &
  Named

/** What a payment is for, and in what state that is. */
export interface Named {
  checkOffs: NamedCheckOff[]
  broughtBack: NamedCheckOff[]
}
type NamedCheckOff = Pick<CheckOff, 'state'> & { habit: { name: string } }

/** One that waits, as a notice tells of it. */
export type PaymentWaiting = Pick<Payment, 'id' | 'kind' | 'state' | 'reason' | 'amountMinor' | 'currency'>

export type PaymentWithStory = PaymentWithHabits & {
  events: PaymentEvent[]
  debtorAccount: Account
  creditorAccount: Account
}

export interface WaitingApproval {
  /** The bank's page on which the saver approves. */
  approvalUrl: string
  payments: number
  amountMinor: number
  currency: Currency
}

/** Whoever comes back from the bank finds what they have just approved, and not what they did yesterday. */
const LATELY_MS = HOUR
/** The bank confirms at most so many together. */
const MOST_LATELY = 100

const HABIT = { include: { habit: { select: { id: true, name: true } } }, orderBy: { at: 'asc' } } as const

/** The states that are asked for say so already; this is what leads to the few among a long history. */
const NOT_OVER = { finalOn: null }

/** What pages show of payments; every look names the owner. */
export function createReading({ db, clock }: Pick<ModelContext, 'db' | 'clock'>) {
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

    /** What the bank wants the saver's approval for, by the bank's pages; the page that has waited longest first. */
    async approvalsWaiting(userId: string): Promise<WaitingApproval[]> {
      const sums = await db.prisma.payment.groupBy({
        by: ['approvalUrl', 'currency'],
        where: { userId, ...NOT_OVER, state: 'AWAITING_APPROVAL', approvalUrl: { not: null } },
        _count: true,
        _sum: { amountMinor: true },
        orderBy: { _min: { createdOn: 'asc' } },
      })
      return sums.map(({ approvalUrl, currency, _count, _sum }) => ({
        approvalUrl: approvalUrl ?? '',
        payments: _count,
        amountMinor: _sum.amountMinor ?? 0,
        currency,
      }))
    },

    /** Those that wait for the saver's approval, or did a short while ago; the newest first. */
    async approvedLately(userId: string): Promise<PaymentWithHabits[]> {
      const since = new Date(clock.now().getTime() - LATELY_MS)
      return db.prisma.payment.findMany({
        where: {
          userId,
          OR: [
            { state: 'AWAITING_APPROVAL' },
            { events: { some: { from: 'AWAITING_APPROVAL', at: { gte: since } } } },
          ],
        },
        orderBy: { id: 'desc' },
        take: MOST_LATELY,
        include: { checkOffs: HABIT, broughtBack: HABIT },
      })
    },

    /** Those that are not sent yet, in the order in which they would go out. */
    async unsentOf(userId: string): Promise<PaymentWithHabits[]> {
      return db.prisma.payment.findMany({
        where: { userId, ...NOT_OVER, state: { in: ['SCHEDULED', 'BLOCKED'] } },
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
