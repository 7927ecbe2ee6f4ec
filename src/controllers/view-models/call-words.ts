import type { BankCallOutcome } from '../../bank/index.ts'

/** The calls that the client makes, in the order of a link and a payment. */
export const API_WORDS: Readonly<Record<string, string>> = {
  'authorization.begin': 'Begin a consent',
  'authorization.exchange': 'Redeem the code of a consent',
  'authorization.refresh': 'Renew the access',
  'authorization.revoke': 'Withdraw a consent',
  'accounts.list': 'List accounts',
  'accounts.detail': 'Look at an account',
  'accounts.transactions': 'List transactions',
  'payments.initiate': 'Place an order',
  'payments.list': 'List orders',
  'payments.detail': 'Look at an order',
  'payments.confirm': 'Confirm an order',
  'payments.delete': 'Delete an order',
  'sandbox.create-account': 'Make an account (sandbox)',
  'sandbox.delete-account': 'Delete an account (sandbox)',
  'sandbox.create-transaction': 'Add a transaction (sandbox)',
}

export const OUTCOME_WORDS: Readonly<Record<BankCallOutcome, string>> = {
  ok: 'ok',
  timeout: 'no answer in time',
  connection: 'no connection',
  'server-error': 'error at the bank',
  unreadable: 'unreadable answer',
  'rate-limited': 'too many calls',
  'token-expired': 'access had run out',
  'token-invalid': 'access not accepted',
  'consent-denied': 'consent does not cover it',
  'client-refused': 'we were refused',
  'invalid-request': 'request not accepted',
  'not-found': 'not there',
  conflict: 'not possible in this state',
  resting: 'not asked: the gate was closed',
}

/** Outcomes change with the bank; what is written stays. */
export function outcomeBadge(outcome: string) {
  const text = OUTCOME_WORDS[outcome as BankCallOutcome] ?? outcome
  return { text, tone: outcome === 'ok' ? 'done' : 'attention' }
}
