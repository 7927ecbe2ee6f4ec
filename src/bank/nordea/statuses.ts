/** Every payment status and reason code the bank has published, in our words. */
import type { OrderStatus, RejectionReason } from '../words.ts'

type Meaning = OrderStatus | 'rejected-by-message'

const STATUSES: Readonly<Record<string, Meaning>> = {
  PendingConfirmation: { kind: 'awaiting-confirmation' },
  // The bank held the order, asked the saver, and now wants the same id confirmed again.
  PendingSecondConfirmation: { kind: 'awaiting-confirmation' },
  PendingUserApproval: { kind: 'awaiting-approval' },
  OnHold: { kind: 'on-hold' },
  Confirmed: { kind: 'accepted' },
  Paid: { kind: 'paid' },
  Rejected: 'rejected-by-message',
  InsufficientFunds: { kind: 'rejected', reason: 'insufficient-funds', code: null },
  LimitExceeded: { kind: 'rejected', reason: 'limit-exceeded', code: null },
  UserApprovalFailed: { kind: 'rejected', reason: 'approval-refused', code: null },
  UserApprovalCancelled: { kind: 'rejected', reason: 'approval-cancelled', code: null },
  UserApprovalTimeout: { kind: 'expired', reason: 'approval-timeout' },
  Cancelled: { kind: 'cancelled' },
  Stopped: { kind: 'cancelled' },
}

/** ISO 20022 reason codes; one that isn't here, or that names no side, is 'refused-by-bank'. */
const REASONS: Readonly<Record<string, RejectionReason>> = {
  AM04: 'insufficient-funds',
  AM02: 'limit-exceeded',
  AM13: 'limit-exceeded',
  AM21: 'limit-exceeded',
  AC02: 'debtor-account',
  AC05: 'debtor-account',
  AC10: 'debtor-account',
  AC13: 'debtor-account',
  RC06: 'debtor-account',
  AC03: 'creditor-account',
  AC11: 'creditor-account',
  AC14: 'creditor-account',
  RC04: 'creditor-account',
  RC07: 'creditor-account',
  AM03: 'invalid-order',
  AM11: 'invalid-order',
  AM12: 'invalid-order',
  BE19: 'invalid-order',
  BE20: 'invalid-order',
  BE22: 'invalid-order',
  CH03: 'invalid-order',
  CH04: 'invalid-order',
  CH15: 'invalid-order',
  DT01: 'invalid-order',
  DT03: 'invalid-order',
  FF04: 'invalid-order',
  FF05: 'invalid-order',
  FF06: 'invalid-order',
  FF08: 'invalid-order',
  RR07: 'invalid-order',
  RR09: 'invalid-order',
  RR10: 'invalid-order',
}

export interface BankMessage {
  category?: string | null | undefined
  code?: string | null | undefined
}

/** @param status the bank's own name; missing or unknown names are 'not-understood', whatever the messages say. */
export function statusOf(status: string | null | undefined, messages: readonly BankMessage[]): OrderStatus {
  const meaning = status && Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined
  if (meaning === undefined) return { kind: 'not-understood', status: printable(status) }
  const code = decidingCode(messages)
  if (meaning === 'rejected-by-message') return { kind: 'rejected', reason: reasonOf(code), code }
  return meaning.kind === 'rejected' ? { ...meaning, code } : meaning
}

export function reasonOf(code: string | null): RejectionReason {
  return (code !== null && Object.hasOwn(REASONS, code) && REASONS[code]) || 'refused-by-bank'
}

/** The first error's code; warnings and hints decide nothing unless there is no error. */
function decidingCode(messages: readonly BankMessage[]): string | null {
  const deciding = messages.find(({ category }) => category === 'ERROR') ?? messages[0]
  return deciding?.code?.slice(0, 40) ?? null
}

function printable(status: string | null | undefined): string {
  return (status ?? '').replace(/[^\w .-]/g, '?').slice(0, 60) || 'none given'
}
