import type { BankAccount } from '../bank/index.ts'
import type { Payment, User } from '../generated/client.ts'
import type { Currency } from '../generated/enums.ts'
import type { Accounts, ChosenAccounts } from './account.ts'
import type { BankCalls, UnattendedReads } from './bank-call.ts'
import type { ModelContext } from './context.ts'
import type { Limits } from './limits.ts'
import { guardFactsIn } from './payment/facts.ts'
import { type GuardFacts, refusalOf } from './payment/guards.ts'
import { type Calendar, windowsAt } from './payment/windows.ts'
import type { PaymentReason, Payments, PaymentWithHabits } from './payment.ts'

/** What came of asking the bank, just before. */
export type BankSays =
  | { kind: 'accounts'; listed: readonly BankAccount[] }
  | { kind: 'no-consent' }
  | { kind: 'consent-expired' }
  | { kind: 'consent-outdated' }
  | { kind: 'no-answer' }

export interface Preview {
  rows: PreviewRow[]
  /** Of the chosen accounts; null before there are any. */
  account: AccountPreview | null
  reads: UnattendedReads
  /** Of the last orders that the bank has finished with, how many it wanted approved. */
  approvals: { needed: number; of: number }
}

export interface PreviewRow {
  payment: PaymentWithHabits
  /** When it is tried; of what is due already, now. */
  at: Date
  /** Why it would wait; null if it would go out. */
  reason: PaymentReason | null
}

export interface AccountPreview {
  chosen: ChosenAccounts
  currency: Currency
  limits: Limits
  /** Null where the bank didn't tell. */
  availableMinor: number | null
  /** After everything that is on its way from it or would go out. */
  afterwardsMinor: number | null
  /** What the limits leave after what has gone out and would go out today, and this month. */
  leftTodayMinor: number
  leftThisMonthMinor: number
}

/** A payment that would go out, or has. */
interface Gone {
  at: Date
  payment: Pick<Payment, 'kind' | 'amountMinor' | 'currency'>
}

const APPROVALS_OF = 10
/** Stands for the payment when the books are asked what there is without one. */
const NO_PAYMENT = { id: '00000000-0000-0000-0000-000000000000', kind: 'SAVING', amountMinor: 0 } as const

/** What would happen to a saver's payments, by the rules by which it will happen. Looks only. */
export function createPreviews(
  { db, clock, rules }: Pick<ModelContext, 'db' | 'clock' | 'rules'>,
  models: { payments: Payments; accounts: Accounts; bankCalls: BankCalls },
) {
  return {
    async of(user: User, bankSays: BankSays): Promise<Preview> {
      const now = clock.now()
      const booksAt = bookReader(user)
      const gone: Gone[] = []
      const rows: PreviewRow[] = []
      for (const { payment, at } of inOrder(await models.payments.unsentOf(user.id), now)) {
        const books = withEarlier(await booksAt(at, payment.currency), gone, payment.currency, user)
        const reason = await reasonFor(payment, { ...books, payment }, bankSays)
        if (reason === null) gone.push({ at, payment })
        rows.push({ payment, at, reason })
      }
      const chosen = await models.accounts.chosenBy(user.id)
      return {
        rows,
        account: chosen && (await accountPreview(user, chosen, bankSays, gone, now)),
        reads: await models.bankCalls.unattendedReads(user.id),
        approvals: await approvalsOf(user.id),
      }
    },
  }

  /** The books are read once for each instant: what is due already is all tried now. */
  function bookReader(user: User) {
    const known = new Map<string, Promise<GuardFacts>>()
    return (now: Date, currency: Currency): Promise<GuardFacts> => {
      const key = `${now.getTime()} ${currency}`
      const outside = { now, availableMinor: null, exposureLimitMinor: rules.exposureLimitMinor }
      const facts = known.get(key) ?? guardFactsIn(db.prisma, user, { ...NO_PAYMENT, currency }, outside)
      known.set(key, facts)
      return facts
    }
  }

  /** In the order in which reasons are found when it is sent: the books, the consent, the accounts, the balance. */
  async function reasonFor(
    payment: PaymentWithHabits,
    books: GuardFacts,
    bankSays: BankSays,
  ): Promise<PaymentReason | null> {
    const byBooks = refusalOf(books)
    if (byBooks && byBooks !== 'balance-unknown') return byBooks
    if (bankSays.kind === 'no-answer') return byBooks
    if (bankSays.kind !== 'accounts') return bankSays.kind
    const sides = await models.accounts.sidesOf(payment)
    const isChosen = sides.debtor.isDebitor && sides.creditor.isCreditor
    if (payment.kind === 'SAVING' && !isChosen) return 'accounts-changed'
    const debtor = models.accounts.findAtBank(sides.debtor, bankSays.listed)
    const creditor = models.accounts.findAtBank(sides.creditor, bankSays.listed)
    if (!debtor?.open || !creditor?.open) return 'account-missing'
    if (debtor.currency !== payment.currency || creditor.currency !== payment.currency)
      return 'currency-differs'
    return refusalOf({ ...books, availableMinor: debtor.availableMinor })
  }

  async function accountPreview(
    user: User,
    chosen: ChosenAccounts,
    bankSays: BankSays,
    gone: readonly Gone[],
    now: Date,
  ): Promise<AccountPreview> {
    const { currency } = chosen.debtor
    const listed = bankSays.kind === 'accounts' ? bankSays.listed : []
    const availableMinor = models.accounts.findAtBank(chosen.debtor, listed)?.availableMinor ?? null
    const booksNow = await bookReader(user)(now, currency)
    const { limits } = booksNow
    const { nextDayStart, nextMonthStart } = windowsAt(now, user)
    const by = (end: Date) => gone.filter(({ at }) => at < end)
    const today = withEarlier(booksNow, by(nextDayStart), currency, user)
    const thisMonth = withEarlier(booksNow, by(nextMonthStart), currency, user)
    const { unreservedMinor } = withEarlier(booksNow, gone, currency, user)
    return {
      chosen,
      currency,
      limits,
      availableMinor,
      afterwardsMinor: availableMinor === null ? null : availableMinor - unreservedMinor,
      leftTodayMinor: Math.max(0, limits.capPerDayMinor - today.sentTodayMinor),
      leftThisMonthMinor: Math.max(0, limits.capPerMonthMinor - thisMonth.sentThisMonthMinor),
    }
  }

  async function approvalsOf(userId: string): Promise<Preview['approvals']> {
    const finished = await db.prisma.payment.findMany({
      where: { userId, attempts: { gt: 0 }, finalOn: { not: null } },
      orderBy: { finalOn: 'desc' },
      take: APPROVALS_OF,
      select: { events: { where: { to: 'AWAITING_APPROVAL' }, take: 1, select: { id: true } } },
    })
    return { needed: finished.filter(({ events }) => events.length > 0).length, of: finished.length }
  }
}

function inOrder(payments: readonly PaymentWithHabits[], now: Date) {
  return payments
    .map((payment) => ({ payment, at: payment.dueAt > now ? payment.dueAt : now }))
    .sort((a, b) => a.at.getTime() - b.at.getTime())
}

/** The books as they will be once the earlier ones have gone out. The bank doesn't hold their money back yet. */
function withEarlier(
  books: GuardFacts,
  gone: readonly Gone[],
  currency: Currency,
  calendar: Calendar,
): GuardFacts {
  const { dayStart, monthStart } = windowsAt(books.now, calendar)
  const same = gone.filter(({ payment }) => payment.currency === currency)
  const savings = same.filter(({ payment }) => payment.kind === 'SAVING')
  return {
    ...books,
    sentTodayMinor: books.sentTodayMinor + sumOf(savings.filter(({ at }) => at >= dayStart)),
    sentThisMonthMinor: books.sentThisMonthMinor + sumOf(savings.filter(({ at }) => at >= monthStart)),
    unreservedMinor: books.unreservedMinor + sumOf(savings),
    exposure: { ...books.exposure, inFlightMinor: books.exposure.inFlightMinor + sumOf(same) },
  }
}

function sumOf(gone: readonly Gone[]): number {
  return gone.reduce((sum, { payment }) => sum + payment.amountMinor, 0)
}
