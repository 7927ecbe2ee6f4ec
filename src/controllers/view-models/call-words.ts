import type { BankCallOutcome } from '../../bank/index.ts'
import { t, term } from '../../language.ts'

/** The calls that the client makes, in the order of a link and a payment. */
export const API_WORDS: Readonly<Record<string, string>> = {
  'authorization.begin': term('Begin a consent'),
  'authorization.exchange': term('Redeem the code of a consent'),
  'authorization.refresh': term('Renew the access'),
  'authorization.revoke': term('Withdraw a consent'),
  'accounts.list': term('List accounts'),
  'accounts.detail': term('Look at an account'),
  'accounts.transactions': term('List transactions'),
  'payments.initiate': term('Place an order'),
  'payments.list': term('List orders'),
  'payments.detail': term('Look at an order'),
  'payments.confirm': term('Confirm an order'),
  'payments.delete': term('Delete an order'),
  'sandbox.create-account': term('Make an account (sandbox)'),
  'sandbox.delete-account': term('Delete an account (sandbox)'),
  'sandbox.create-transaction': term('Add a transaction (sandbox)'),
}

export const OUTCOME_WORDS: Readonly<Record<BankCallOutcome, string>> = {
  ok: term('ok'),
  timeout: term('no answer in time'),
  connection: term('no connection'),
  'server-error': term('error at the bank'),
  unreadable: term('unreadable answer'),
  'rate-limited': term('too many calls'),
  'token-expired': term('access had run out'),
  'token-invalid': term('access not accepted'),
  'consent-denied': term('consent does not cover it'),
  'client-refused': term('we were refused'),
  'invalid-request': term('request not accepted'),
  'not-found': term('not there'),
  conflict: term('not possible in this state'),
  resting: term('not asked: the gate was closed'),
}

/** Outcomes change with the bank; what is written stays. */
export function outcomeBadge(outcome: string) {
  const words = OUTCOME_WORDS[outcome as BankCallOutcome]
  return { text: words ? t(words) : outcome, tone: outcome === 'ok' ? 'done' : 'attention' }
}
