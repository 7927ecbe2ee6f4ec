/** What the gate in front of the bank's host is told of a call. */
import type { BankGate } from '../words.ts'
import type { TransportFailure } from './transport.ts'
import type { Trouble } from './trouble.ts'

export interface Course {
  /** Where the transport gave up; null where a whole answer came. */
  failure: TransportFailure | null
  status: number | null
  trouble: Trouble | null
}

export async function tellGate(gate: BankGate | undefined, course: Course): Promise<void> {
  const outcome = outcomeFor(course)
  if (outcome) await gate?.report(outcome, pauseMs(course))
}

/** @returns null for what never went and so says nothing about the bank. */
function outcomeFor({ failure, status }: Course): 'answered' | 'failed' | null {
  if (failure === 'refused-locally' || failure === 'too-late') return null
  if (failure === 'timeout' || failure === 'connection') return 'failed'
  return status !== null && status >= 500 ? 'failed' : 'answered'
}

/** Only these two statuses speak of the bank as a whole; with others the wish concerns the one call. */
function pauseMs({ status, trouble }: Course): number | null {
  const seconds = status === 429 || status === 503 ? trouble?.retryAfterSeconds : null
  return typeof seconds === 'number' ? seconds * 1_000 : null
}
