/** What the transactions on a saver's accounts say of what has been paid; pure. */
import type { BankTransaction } from '../../bank/index.ts'
import { DAY } from '../../clock.ts'
import { digestOf } from '../../crypto.ts'
import { type Currency, toDecimal } from '../../money.ts'
import { isFinal, isUnsent } from '../payment/states.ts'
import type { Finding } from './kinds.ts'
import type { PaymentFacts } from './reading.ts'
import { type Entry, type Leg, matchTransactions, referencesIn } from './transactions.ts'

/** Banks book in their own time: so many days after we heard that it was paid, it must be there. */
const BOOKING_DAYS = 3

/** The transactions of one account, with the hashes that their counterparties may have; null where none is shown. */
export interface AccountEntries {
  accountHash: string
  transactions: readonly (BankTransaction & { counterpartyHashes: readonly string[] | null })[]
}

export interface MoneyComparison {
  userId: string
  now: Date
  /** The saver's payments that must be found on the accounts. */
  checked: readonly PaymentFacts[]
  /** All payments that may explain an entry: through these accounts, or named in a text. */
  possible: readonly PaymentFacts[]
  accounts: readonly AccountEntries[]
}

/** The days that must be read to find everything since then. */
export function daysToRead(since: Date, now: Date): { from: string; to: string } {
  return { from: dayOf(since, -BOOKING_DAYS), to: dayOf(now, 0) }
}

/** A payment that was paid earlier than this can't be booked within the days that are read. */
export function explainsFrom(since: Date): Date {
  return new Date(since.getTime() - 2 * BOOKING_DAYS * DAY)
}

export function referencesAmong(accounts: readonly AccountEntries[]): string[] {
  return referencesIn(
    ...accounts.flatMap(({ transactions }) =>
      transactions.flatMap(({ text, reference }) => [text, reference]),
    ),
  )
}

export function compareMoney(comparison: MoneyComparison): Finding[] {
  const byReference = new Map(comparison.possible.map((payment) => [payment.reference, payment]))
  const entries = comparison.accounts.flatMap((account) => entriesOf(account, byReference))
  const { unmatched, surplus, stray } = matchTransactions(legsOf(comparison), entries)
  const { userId } = comparison
  return [
    ...unmatched.map(({ leg, closest }) => missing(userId, leg, closest)),
    ...surplus.map((entry) => doubtful(userId, entry)),
    ...stray.flatMap((entry) => unexpected(userId, entry, byReference)),
  ]
}

function legsOf({ userId, now, checked, possible, accounts }: MoneyComparison): Leg[] {
  const read = new Set(accounts.map(({ accountHash }) => accountHash))
  const due = new Set(checked.map(({ id }) => id))
  const today = dayOf(now, 0)
  return possible
    .filter(({ state, lastSentAt }) => lastSentAt !== null && mayHaveMoved(state))
    .flatMap((payment): Leg[] => {
      const { id, reference, amountMinor, currency, debtorHash, creditorHash } = payment
      const to = dayOf(payment.finalOn ?? now, BOOKING_DAYS)
      const isDue = payment.userId === userId && due.has(id) && to < today
      const leg = {
        paymentId: id,
        reference,
        currency,
        from: dayOf(payment.lastSentAt ?? now, -1),
        to,
        isDue,
      }
      return [
        { ...leg, account: debtorHash, counterparty: creditorHash, amountMinor: -amountMinor },
        { ...leg, account: creditorHash, counterparty: debtorHash, amountMinor },
      ]
    })
    .filter(({ account }) => read.has(account))
}

function entriesOf(
  { accountHash, transactions }: AccountEntries,
  byReference: ReadonlyMap<string, PaymentFacts>,
): Entry[] {
  const times = new Map<string, number>()
  return transactions.map((transaction) => {
    const { id, amountMinor, currency, bookedOn, booked, text, reference } = transaction
    const facts = id ?? [bookedOn, amountMinor, text].join(' ')
    const time = times.get(facts) ?? 0
    times.set(facts, time + 1)
    return {
      key: digestOf([accountHash, facts, time].join(' ')).slice(0, 32),
      account: accountHash,
      amountMinor,
      currency,
      bookedOn,
      isBooked: booked,
      references: referencesIn(text, reference).filter((each) => byReference.has(each)),
      counterparties: transaction.counterpartyHashes,
    }
  })
}

function missing(userId: string, leg: Leg, closest: Entry | null): Finding {
  const side = leg.amountMinor < 0 ? 'debit' : 'credit'
  return {
    kind: closest ? 'transaction-doubtful' : 'transaction-missing',
    objectKey: `${leg.paymentId} ${side}`,
    userId,
    paymentId: leg.paymentId,
    ours: `PAID, a ${side} of ${money(leg)} between ${leg.from} and ${leg.to}`,
    theirs: closest ? `the closest is ${described(closest)}` : `no such ${side}`,
  }
}

function doubtful(userId: string, entry: Entry): Finding {
  return {
    kind: 'transaction-doubtful',
    objectKey: `${userId} ${entry.key}`,
    userId,
    paymentId: null,
    ours: 'every payment like it has its transaction',
    theirs: `one more: ${described(entry)}`,
  }
}

/** While a payment is under way its money may arrive before we hear of it; and what belongs to somebody who shares the account is told in their name. */
function unexpected(userId: string, entry: Entry, byReference: ReadonlyMap<string, PaymentFacts>): Finding[] {
  const payment = entry.references.map((reference) => byReference.get(reference)).find((found) => found)
  if (!payment || payment.isForgotten || !entry.isBooked || isUnderWay(payment.state)) return []
  const isOwn = payment.userId === userId
  if (!isOwn && [payment.debtorHash, payment.creditorHash].includes(entry.account)) return []
  return [
    {
      kind: 'transaction-unexpected',
      objectKey: `${userId} ${entry.key}`,
      userId,
      paymentId: isOwn ? payment.id : null,
      ours: isOwn ? `${payment.state}, ${money(payment)}` : 'the reference of somebody else’s payment',
      theirs: `a transaction with its reference: ${described(entry)}`,
    },
  ]
}

function mayHaveMoved(state: PaymentFacts['state']): boolean {
  return state === 'PAID' || isUnderWay(state)
}

function isUnderWay(state: PaymentFacts['state']): boolean {
  return !isFinal(state) && !isUnsent(state)
}

function described(entry: Entry): string {
  const when = entry.bookedOn ? `on ${entry.bookedOn}` : 'without a day'
  return `${money(entry)} ${entry.isBooked ? 'booked' : 'reserved'} ${when}`
}

function money({ amountMinor, currency }: { amountMinor: number; currency: Currency }): string {
  return `${toDecimal(amountMinor)} ${currency}`
}

/** Days are UTC's; which midnight a bank counts by makes a day's difference, and the bounds allow for that. */
function dayOf(instant: Date, days: number): string {
  return new Date(instant.getTime() + days * DAY).toISOString().slice(0, 10)
}
