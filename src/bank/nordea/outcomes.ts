/**
 * From trouble to what it means for an order. The one question is whether the bank may have acted: only a proof says no.
 */
import type { LookUp, OrderOutcome, RejectionReason } from '../words.ts'
import type { Trouble } from './trouble.ts'

/** Kinds the bank answers before it acts: nothing has happened, and the same request may be sent again later. */
const REFUSED_BEFORE_ACTING = [
  'token-expired',
  'token-invalid',
  'client-refused',
  'consent-denied',
  'rate-limited',
  'invalid-request',
]

/** For any request about an order. */
export function outcomeOf(trouble: Trouble): OrderOutcome {
  const { kind, code, retryAfterSeconds } = trouble
  if (!trouble.written) return { kind: 'not-sent', because: kind, retryAfterSeconds }
  if (kind === 'conflict') return { kind: 'conflict', code }
  if (kind === 'not-found') return { kind: 'not-found' }
  return REFUSED_BEFORE_ACTING.includes(kind)
    ? { kind: 'not-sent', because: kind, retryAfterSeconds }
    : { kind: 'unknown', because: kind, retryAfterSeconds }
}

/**
 * For a new order, where "not found" can't be about the order itself, and where the interface's own objection to the
 * content is final. The same objection from a gateway or from nobody we recognise is our fault, not the order's.
 */
export function outcomeOfInitiation(trouble: Trouble): OrderOutcome {
  const { kind, code, speaker, retryAfterSeconds } = trouble
  if (trouble.written && speaker === 'interface' && (kind === 'invalid-request' || kind === 'not-found')) {
    return { kind: 'rejected', reason: reasonFor(trouble.about), code }
  }
  return kind === 'not-found' ? { kind: 'not-sent', because: kind, retryAfterSeconds } : outcomeOf(trouble)
}

export function lookUpOf(trouble: Trouble): LookUp {
  return { kind: 'unknown', because: trouble.kind, retryAfterSeconds: trouble.retryAfterSeconds }
}

/** @param about the path of the field the bank objects to, such as "$.creditor.account.value". */
function reasonFor(about: string | null): RejectionReason {
  if (about && /creditor.*account/i.test(about)) return 'creditor-account'
  if (about && /debtor.*account/i.test(about)) return 'debtor-account'
  return 'invalid-order'
}
