/** One call as the handlers see it, and what they give back; handlers know nothing of express. */

import type { Bank } from './bank.ts'
import { invalid, invalidToken } from './errors.ts'
import type { Fault } from './faults/orders.ts'
import type { Consent, Scope } from './model.ts'
import type { Dialect, Wire } from './serialise/common.ts'

export interface Call {
  bank: Bank
  dialect: Dialect
  params: Record<string, string>
  query: URLSearchParams
  raw: Buffer
  header(name: string): string | undefined
  /** null on calls made without a bearer token. */
  consent: Consent | null
  /** What the bank is to get wrong on this call, if anything. */
  fault: Fault | null
  now: Date
}

export interface Answer {
  status: number
  /** null: no body at all. */
  body: unknown
  location?: string
}

/** Who may call: anybody with a client id in the query, the app with id and secret, or the app with a customer's token. */
export type Door = 'browser' | 'app' | 'customer'

export interface Route {
  method: 'get' | 'post' | 'put' | 'delete'
  path: string
  dialect: Dialect
  door: Door
  /** All of these must have been granted. */
  scopes: readonly Scope[]
  handle(call: Call): Answer
}

/** The usual answer: `response` in its envelope, with whatever else stands beside it. */
export function enveloped(
  call: Call,
  status: number,
  response: unknown,
  beside: Wire = {},
  key?: string,
): Answer {
  const group_header = {
    message_identification: call.dialect.messageId(),
    creation_date_time: call.now.toISOString(),
    http_code: status,
    ...(key !== undefined && { message_pagination: { continuation_key: key } }),
  }
  return { status, body: { group_header, response, ...beside } }
}

/** The consent behind the call's token. */
export function granted(call: Call): Consent {
  if (!call.consent) throw invalidToken('This call needs a customer’s access token.')
  return call.consent
}

/** The outcomes the caller asked the sandbox to pretend. */
export function scenarios(call: Call): string[] {
  return (call.header('x-response-scenarios') ?? '').split(',').map((name) => name.trim())
}

/** @throws ApiError 400 when the body is not a JSON object. */
export function jsonBody(call: Call): Wire {
  const text = call.raw.toString('utf8').trim()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Wire
  } catch {
    // reported below, together with JSON that is no object
  }
  throw invalid('$', text === '' ? 'NotNull' : 'Pattern', 'The body must be a JSON object.')
}

/** Form fields; some official samples label the same form as JSON, so the label is not looked at. */
export function formBody(call: Call): URLSearchParams {
  return new URLSearchParams(call.raw.toString('utf8'))
}
