import type { OrderStatus, RejectionReason } from '../../bank/index.ts'
import type { Flash } from '../../middleware/flash.ts'
import { withCode } from './sandbox-access.ts'

type Tone = 'plain' | 'waiting' | 'done' | 'arrived' | 'attention'

/** How the bank looks at an order, for the one who tests it. */
export const ORDER_WORDS: Record<OrderStatus['kind'], { label: string; tone: Tone; meaning: string }> = {
  'awaiting-confirmation': {
    label: 'To be confirmed',
    tone: 'attention',
    meaning: 'Nordea has the order and waits for the confirmation. No money has moved.',
  },
  'awaiting-approval': {
    label: 'Needs approval',
    tone: 'attention',
    meaning: 'The account’s owner has to approve the order at Nordea. No money has moved.',
  },
  'on-hold': { label: 'On hold', tone: 'waiting', meaning: 'Nordea is having a closer look at the order.' },
  accepted: { label: 'Accepted', tone: 'waiting', meaning: 'Nordea is carrying the order out.' },
  paid: { label: 'Paid', tone: 'arrived', meaning: 'The money has moved.' },
  rejected: { label: 'Refused', tone: 'attention', meaning: 'Nordea refused the order. No money has moved.' },
  expired: {
    label: 'Expired',
    tone: 'attention',
    meaning: 'The approval did not come in time. No money has moved.',
  },
  cancelled: { label: 'Cancelled', tone: 'plain', meaning: 'The order was cancelled. No money has moved.' },
  'not-understood': {
    label: 'Not understood',
    tone: 'attention',
    meaning: 'Nordea names a status that Sparvana does not know. It says nothing about the money.',
  },
}

export const REASON_WORDS: Record<RejectionReason, string> = {
  'insufficient-funds': 'There was not enough money in the account.',
  'limit-exceeded': 'The amount was above a limit of the bank.',
  'approval-refused': 'The approval did not succeed.',
  'approval-cancelled': 'The approval was cancelled.',
  'debtor-account': 'Money can’t be taken from this account.',
  'creditor-account': 'Money can’t be paid into this account.',
  'invalid-order': 'It takes no order like this: look at amount, currency and accounts.',
  'refused-by-bank': 'It gave no reason that Sparvana knows.',
}

/** Why the order stands where it stands; null where the status says it all. */
export function statusReason(status: OrderStatus): string | null {
  if (status.kind === 'rejected') return withCode(REASON_WORDS[status.reason], status.code)
  return status.kind === 'not-understood' ? `Nordea calls it “${status.status}”.` : null
}

export function orderMoneyTone({ kind }: OrderStatus): 'plain' | 'waiting' | 'arrived' {
  if (kind === 'paid') return 'arrived'
  return ['rejected', 'expired', 'cancelled'].includes(kind) ? 'plain' : 'waiting'
}

export function flashKindOf({ kind }: OrderStatus): Flash['kind'] {
  if (kind === 'paid' || kind === 'accepted') return 'done'
  return ['rejected', 'expired', 'cancelled', 'not-understood'].includes(kind) ? 'warning' : 'info'
}
