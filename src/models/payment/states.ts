import { type LedgerBucket, PaymentState } from '../../generated/enums.ts'

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

/** Where a saving stands in the ledger while its payment is in this state. */
export const BUCKET_OF = {
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

export { PaymentState }
