/** What trouble can be ordered, and in which words. */

import { z } from 'zod'
import { OUTCOMES } from '../courses.ts'

const longestDelayMs = 120_000

const route = routeOf('[A-Z]+', 'Write a route as "PUT /v3/payments/*", or "* *" for all.')
const shared = {
  /** "<METHOD or *> <path>"; in the path `*` stands for anything and `:name` for one segment. */
  route,
  /** How many matching calls pass unharmed first; no dice are rolled for them. */
  skip: z.int().min(0).default(0),
  /** How many times it still strikes; null: until it is cleared. */
  count: z.int().min(1).nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
  seed: z.int().default(1),
}
/** In real time, however far the bank's clock is moved: a client's patience is real too. */
const delayMs = z.int().min(1).max(longestDelayMs)
const answeredBy = z.enum(['interface', 'gateway'])

export const faultSchema = z.discriminatedUnion('kind', [
  /** Handled later, even if the caller has given up by then. */
  z.strictObject({ kind: z.literal('delay'), ...shared, delayMs }),

  // These keep the call from acting.
  z.strictObject({
    kind: z.literal('status'),
    ...shared,
    status: z.int().min(400).max(599).default(500),
    answeredBy: answeredBy.default('interface'),
  }),
  z.strictObject({ kind: z.literal('rate-limit'), ...shared, retryAfterSeconds: z.int().min(0).default(1) }),
  z.strictObject({ kind: z.literal('drop-before'), ...shared }),
  /** No answer ever: the connection is held until the caller gives up or the emulator closes. */
  z.strictObject({ kind: z.literal('timeout-before'), ...shared }),

  // Under these the call acts, and its answer suffers on the way. One without a body has none to be spoilt.
  z.strictObject({
    kind: z.literal('status-after'),
    ...shared,
    status: z.int().min(500).max(599).default(502),
    answeredBy: answeredBy.default('gateway'),
  }),
  z.strictObject({ kind: z.literal('drop-after'), ...shared }),
  z.strictObject({ kind: z.literal('timeout-after'), ...shared }),
  z.strictObject({ kind: z.literal('slow-headers'), ...shared, delayMs }),
  /** The head comes at once, the body in pieces spread over the delay. */
  z.strictObject({ kind: z.literal('slow-body'), ...shared, delayMs }),
  z.strictObject({ kind: z.literal('malformed-json'), ...shared }),
  /** The length of the whole, half the bytes, then the connection ends. */
  z.strictObject({ kind: z.literal('truncated-json'), ...shared }),
  /** What the same method and route answered successfully before; the first answer of all stays as it is. */
  z.strictObject({ kind: z.literal('duplicate-answer'), ...shared }),

  // Under these the bank itself goes astray.
  /** Orders are shown with the status before their present one. */
  z.strictObject({
    kind: z.literal('late-status'),
    ...shared,
    route: routeOf('GET', 'Only GET shows orders late.'),
  }),
  /** Amounts of orders are off in the answer; what is stored is right. */
  z.strictObject({
    kind: z.literal('wrong-amount'),
    ...shared,
    byMinor: z
      .int()
      .refine((minor) => minor !== 0, 'An amount off by nothing is right.')
      .default(100),
  }),
  /** Orders confirmed by the call end like this, without the customer's approval. */
  z.strictObject({
    kind: z.literal('course'),
    ...shared,
    route: routeOf('PUT', 'Only PUT confirms orders.'),
    outcome: z.enum(OUTCOMES),
  }),
  /** The access token presented ends now, for good. */
  z.strictObject({ kind: z.literal('token-expired'), ...shared }),
  /** The consent behind the access or refresh token presented ends now, and all its tokens with it. */
  z.strictObject({ kind: z.literal('consent-revoked'), ...shared }),
])

export type FaultOrder = z.input<typeof faultSchema>
export type Fault = z.output<typeof faultSchema> & { id: string }
export type FaultKind = Fault['kind']

export const FAULT_KINDS: readonly FaultKind[] = faultSchema.options.map(({ shape }) => shape.kind.value)

/** Kinds that strike one method alone, also where the route names none. */
export const ONLY_METHOD: Partial<Record<FaultKind, string>> = { 'late-status': 'GET', course: 'PUT' }

function routeOf(method: string, otherwise: string) {
  return z.string().regex(new RegExp(`^(\\*|${method}) \\S+$`), otherwise)
}
