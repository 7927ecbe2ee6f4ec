import { type LedgerBucket, type PaymentKind, PaymentState } from '../../generated/enums.ts'

/**
 * The life of a payment, as one table; a database trigger holds the same one and refuses every other move.
 *
 * SENDING is written before the bank is called, so whoever finds it later knows that an order may exist there.
 * UNKNOWN leaves only by asking the bank; it goes back to SENDING only when the bank says that no order exists.
 */
export const MOVES = {
  SCHEDULED: ['SENDING', 'BLOCKED', 'CANCELLED'],
  BLOCKED: ['SCHEDULED', 'CANCELLED', 'EXPIRED'],
  SENDING: ['INITIATED', 'UNKNOWN', 'REJECTED', 'SCHEDULED', 'BLOCKED'],
  INITIATED: ['CONFIRMING', 'REJECTED', 'CANCELLED', 'EXPIRED'],
  CONFIRMING: [
    'INITIATED',
    'AWAITING_APPROVAL',
    'ACCEPTED',
    'PAID',
    'REJECTED',
    'CANCELLED',
    'EXPIRED',
    'UNKNOWN',
  ],
  AWAITING_APPROVAL: ['ACCEPTED', 'PAID', 'REJECTED', 'CANCELLED', 'EXPIRED', 'UNKNOWN'],
  ACCEPTED: ['PAID', 'REJECTED', 'CANCELLED', 'EXPIRED', 'UNKNOWN'],
  UNKNOWN: [
    'SENDING',
    'INITIATED',
    'CONFIRMING',
    'AWAITING_APPROVAL',
    'ACCEPTED',
    'PAID',
    'REJECTED',
    'CANCELLED',
    'EXPIRED',
  ],
  PAID: [],
  REJECTED: [],
  CANCELLED: [],
  EXPIRED: [],
} as const satisfies Record<PaymentState, readonly PaymentState[]>

export function mayMove(from: PaymentState, to: PaymentState): boolean {
  return (MOVES[from] as readonly PaymentState[]).includes(to)
}

export function isFinal(state: PaymentState): boolean {
  return MOVES[state].length === 0
}

/** Until the order goes out, the saver can still take it back. */
export function isUnsent(state: PaymentState): boolean {
  return state === 'SCHEDULED' || state === 'BLOCKED'
}

/** Such an order may be at the bank, and its money may move. */
export const IN_FLIGHT = [
  'SENDING',
  'INITIATED',
  'CONFIRMING',
  'AWAITING_APPROVAL',
  'ACCEPTED',
  'UNKNOWN',
] as const satisfies readonly PaymentState[]

/** It has ended, and no money has moved. */
export function endedWithoutMoney(state: PaymentState): boolean {
  return isFinal(state) && state !== 'PAID'
}

const SAVING_BUCKETS = {
  SCHEDULED: 'PLEDGED',
  BLOCKED: 'PLEDGED',
  SENDING: 'ON_ITS_WAY',
  INITIATED: 'ON_ITS_WAY',
  CONFIRMING: 'ON_ITS_WAY',
  AWAITING_APPROVAL: 'ON_ITS_WAY',
  ACCEPTED: 'ON_ITS_WAY',
  UNKNOWN: 'ON_ITS_WAY',
  PAID: 'SAVED',
  REJECTED: 'OPEN',
  CANCELLED: 'OPEN',
  EXPIRED: 'OPEN',
} as const satisfies Record<PaymentState, LedgerBucket>

/** What is brought back counts as saved until its order goes out, and again if that comes to nothing. */
const REVERSAL_BUCKETS = {
  ...SAVING_BUCKETS,
  SCHEDULED: 'SAVED',
  BLOCKED: 'SAVED',
  SENDING: 'RETURNING',
  INITIATED: 'RETURNING',
  CONFIRMING: 'RETURNING',
  AWAITING_APPROVAL: 'RETURNING',
  ACCEPTED: 'RETURNING',
  UNKNOWN: 'RETURNING',
  PAID: 'OPEN',
  REJECTED: 'SAVED',
  CANCELLED: 'SAVED',
  EXPIRED: 'SAVED',
} as const satisfies Record<PaymentState, LedgerBucket>

/** Where the money of a payment's check-offs stands in the ledger while it is in this state. */
export function bucketOf(kind: PaymentKind, state: PaymentState): LedgerBucket {
  return kind === 'SAVING' ? SAVING_BUCKETS[state] : REVERSAL_BUCKETS[state]
}

export { PaymentState }
