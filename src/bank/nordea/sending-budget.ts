/** `sendWithinMs` counts from the moment the app asks, also where one request to the door takes several calls. */
import type { CallContext } from '../words.ts'

/** @returns the context as it is at the time of asking: with what is left of the budget. */
export function sendingBudget(context: CallContext): () => CallContext {
  const { sendWithinMs } = context
  if (sendWithinMs === undefined) return () => context
  const until = performance.now() + sendWithinMs
  return () => ({ ...context, sendWithinMs: until - performance.now() })
}
