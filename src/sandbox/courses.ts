/** The courses an order may take once it is confirmed. */

import type { PaymentStatus } from './model.ts'

/** How an order may end instead of being paid, by the name a fault asks for it. */
export const OUTCOMES = [
  'insufficient-funds',
  'limit-exceeded',
  'rejected',
  'rejected-late',
  'on-hold',
  'on-hold-then-second-confirmation',
  'on-hold-then-paid',
  'approval-timeout',
  'approval-failed',
  'approval-cancelled',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Statuses a payment reaches by itself after confirming, each one delay after the one before. */
export const COURSE: Record<Outcome | 'usual', PaymentStatus[]> = {
  usual: ['Confirmed', 'Paid'],
  'insufficient-funds': ['Confirmed', 'InsufficientFunds'],
  'limit-exceeded': ['LimitExceeded'],
  rejected: ['Rejected'],
  'rejected-late': ['Confirmed', 'Rejected'],
  'on-hold': ['OnHold'],
  'on-hold-then-second-confirmation': ['OnHold', 'PendingSecondConfirmation'],
  'on-hold-then-paid': ['OnHold', 'Confirmed', 'Paid'],
  'approval-timeout': ['UserApprovalTimeout'],
  'approval-failed': ['UserApprovalFailed'],
  'approval-cancelled': ['UserApprovalCancelled'],
}

/** What the caller may ask the sandbox to pretend on confirming, in the API's own words. */
export const CONFIRM_SCENARIOS: ReadonlyMap<string, Outcome> = new Map([
  ['PaymentSigningExpires', 'approval-timeout'],
  ['PaymentMissingFunds', 'insufficient-funds'],
  ['PaymentOnHold', 'on-hold'],
  ['PaymentOnHold2CCYes', 'on-hold-then-second-confirmation'],
  ['PaymentOnHold2CCNo', 'on-hold-then-paid'],
])
