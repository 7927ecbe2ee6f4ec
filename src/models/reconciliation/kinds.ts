/** Every way in which check-offs, payments, ledger and bank can disagree. */

export const BOOK_KINDS = [
  'check-off-unpaid',
  'payment-not-the-sum',
  'ledger-out-of-place',
  'balance-not-the-sum',
  'entry-not-balanced',
  'story-broken',
  'audit-incomplete',
  'too-long-under-way',
  'unknown-too-long',
] as const

export const ORDER_KINDS = [
  'order-missing',
  'order-unknown',
  'order-repeated',
  'order-amount-differs',
  'order-accounts-differ',
  'order-status-differs',
] as const

export const MONEY_KINDS = ['transaction-missing', 'transaction-unexpected', 'transaction-doubtful'] as const

export type BookKind = (typeof BOOK_KINDS)[number]
export type OrderKind = (typeof ORDER_KINDS)[number]
export type MoneyKind = (typeof MONEY_KINDS)[number]
export type DifferenceKind = BookKind | OrderKind | MoneyKind

/** For a person to look at; nothing says that money is wrong, so the saver's payments go on. */
const FOR_REVIEW: readonly DifferenceKind[] = [
  'too-long-under-way',
  'unknown-too-long',
  'transaction-doubtful',
]

/** Whether the saver's payments wait while a difference of this kind is open. */
export function holdsBack(kind: DifferenceKind): boolean {
  return !FOR_REVIEW.includes(kind)
}

/** One difference as a comparison finds it. */
export interface Finding {
  kind: DifferenceKind
  /** What is different: the same difference has the same key in every run. */
  objectKey: string
  userId: string | null
  paymentId: string | null
  /** What our books say, and what they were held against, in words. */
  ours: string
  theirs: string
}
