import type { OrderStatus, RejectionReason } from '../../bank/index.ts'
import { t, term } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import { withCode } from './sandbox-access.ts'

type Tone = 'plain' | 'waiting' | 'done' | 'arrived' | 'attention'

/** How the bank looks at an order, for the one who tests it. */
export const ORDER_WORDS: Record<OrderStatus['kind'], { label: string; tone: Tone; meaning: string }> = {
  'awaiting-confirmation': {
    label: term('To be confirmed'),
    tone: 'attention',
    meaning: term('Nordea has the order and waits for the confirmation. No money has moved.'),
  },
  'awaiting-approval': {
    label: term('Needs approval'),
    tone: 'attention',
    meaning: term('The account’s owner has to approve the order at Nordea. No money has moved.'),
  },
  'on-hold': {
    label: term('On hold'),
    tone: 'waiting',
    meaning: term('Nordea is having a closer look at the order.'),
  },
  accepted: { label: term('Accepted'), tone: 'waiting', meaning: term('Nordea is carrying the order out.') },
  paid: { label: term('Paid'), tone: 'arrived', meaning: term('The money has moved.') },
  rejected: {
    label: term('Refused'),
    tone: 'attention',
    meaning: term('Nordea refused the order. No money has moved.'),
  },
  expired: {
    label: term('Expired'),
    tone: 'attention',
    meaning: term('The approval did not come in time. No money has moved.'),
  },
  cancelled: {
    label: term('Cancelled'),
    tone: 'plain',
    meaning: term('The order was cancelled. No money has moved.'),
  },
  'not-understood': {
    label: term('Not understood'),
    tone: 'attention',
    meaning: term('Nordea names a status that Sparvana does not know. It says nothing about the money.'),
  },
}

export const REASON_WORDS: Record<RejectionReason, string> = {
  'insufficient-funds': term('There was not enough money in the account.'),
  'limit-exceeded': term('The amount was above a limit of the bank.'),
  'approval-refused': term('The approval did not succeed.'),
  'approval-cancelled': term('The approval was cancelled.'),
  'debtor-account': term('Money can’t be taken from this account.'),
  'creditor-account': term('Money can’t be paid into this account.'),
  'invalid-order': term('It takes no order like this: look at amount, currency and accounts.'),
  'refused-by-bank': term('It gave no reason that Sparvana knows.'),
}

/** Why the order stands where it stands; null where the status says it all. */
export function statusReason(status: OrderStatus): string | null {
  if (status.kind === 'rejected') return withCode(t(REASON_WORDS[status.reason]), status.code)
  return status.kind === 'not-understood' ? t('Nordea calls it “{status}”.', { status: status.status }) : null
}

export function orderMoneyTone({ kind }: OrderStatus): 'plain' | 'waiting' | 'arrived' {
  if (kind === 'paid') return 'arrived'
  return ['rejected', 'expired', 'cancelled'].includes(kind) ? 'plain' : 'waiting'
}

export function flashKindOf({ kind }: OrderStatus): Flash['kind'] {
  if (kind === 'paid' || kind === 'accepted') return 'done'
  return ['rejected', 'expired', 'cancelled', 'not-understood'].includes(kind) ? 'warning' : 'info'
}
