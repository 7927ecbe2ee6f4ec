/** Turns everything that isn't a good answer into one of our kinds of trouble. */
import { BankError, type BankTroubleKind } from '../words.ts'
import { apiError, gatewayError } from './schema.ts'
import type { TransportError, WireAnswer } from './transport.ts'

export interface Trouble {
  kind: BankTroubleKind
  /** False only where it is proven that the bank never saw the request. */
  written: boolean
  status: number | null
  /** The bank's own code. */
  code: string | null
  /** The part of the request the bank objects to, as the bank names it. */
  about: string | null
  /** Who spoke: the interface itself, the gateway before it, or nobody we recognise. */
  speaker: 'interface' | 'gateway' | 'nobody'
  retryAfterSeconds: number | null
  cause?: unknown
}

const MAX_RETRY_AFTER_SECONDS = 86_400

export function troubleOfTransport(error: TransportError): Trouble {
  const kinds = {
    timeout: 'timeout',
    connection: 'connection',
    'too-large': 'unreadable',
    'refused-locally': 'invalid-request',
    'too-late': 'timeout',
  } as const
  return {
    ...NOTHING_KNOWN,
    kind: kinds[error.failure],
    written: error.written,
    status: error.status,
    cause: error,
  }
}

/** For a call the gate held back. */
export function resting(forMs: number): Trouble {
  const retryAfterSeconds = Math.ceil(forMs / 1_000)
  return { ...NOTHING_KNOWN, kind: 'resting', written: false, status: null, retryAfterSeconds }
}

/** For an answer that promises success and can't be understood, or contradicts what was asked. */
export function unreadable(status: number): Trouble {
  return { ...NOTHING_KNOWN, kind: 'unreadable', status }
}

/** @param answer any answer that isn't the expected success. */
export function troubleOfAnswer(answer: WireAnswer, now: Date): Trouble {
  const { code, about, speaker } = readFailure(answer.body)
  return {
    kind: kindOf(answer.status, code),
    written: true,
    status: answer.status,
    code,
    about,
    speaker,
    retryAfterSeconds: retryAfter(answer.headers['retry-after'], now),
  }
}

export function errorOf(trouble: Trouble): BankError {
  const { status, code, retryAfterSeconds, cause } = trouble
  return new BankError(trouble.kind, { status, code, retryAfterSeconds, cause })
}

/** Seconds or an HTTP date; never negative, at most a day. @returns null where the bank said nothing sensible. */
export function retryAfter(header: string | string[] | undefined, now: Date): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim()
  if (!text) return null
  const seconds = /^\d{1,9}$/.test(text)
    ? Number(text)
    : Math.ceil((Date.parse(text) - now.getTime()) / 1_000)
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}

const NOTHING_KNOWN = {
  written: true,
  code: null,
  about: null,
  speaker: 'nobody',
  retryAfterSeconds: null,
} as const

const BY_STATUS: Readonly<Record<number, BankTroubleKind>> = {
  403: 'consent-denied',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  429: 'rate-limited',
}

function kindOf(status: number, code: string | null): BankTroubleKind {
  if (status === 401) return kindOfUnauthorised(code)
  if (status >= 500) return 'server-error'
  if (status >= 400) return BY_STATUS[status] ?? 'invalid-request'
  // A success or redirect nobody asked for is no refusal: the bank may have acted.
  return 'unreadable'
}

/** Without a code that blames the token, a 401 is ours (id, secret, signature): savers must not be sent to link again. */
function kindOfUnauthorised(code: string | null): BankTroubleKind {
  if (code === 'error.token.expired') return 'token-expired'
  return code === 'error.token' || code?.startsWith('error.token.') ? 'token-invalid' : 'client-refused'
}

function readFailure(body: string): Pick<Trouble, 'code' | 'about' | 'speaker'> {
  const json = parseJson(body)
  const api = apiError.safeParse(json)
  if (api.success) {
    const [first] = ('error' in api.data ? api.data.error : api.data.response).failures
    return { code: short(first?.code), about: short(first?.path), speaker: 'interface' }
  }
  const gateway = gatewayError.safeParse(json)
  if (gateway.success) return { code: short(gateway.data.moreInformation), about: null, speaker: 'gateway' }
  const xml = /<errorResponse\b/.test(body) ? /<moreInformation>([^<]{0,200})</.exec(body) : null
  return xml
    ? { code: short(xml[1]), about: null, speaker: 'gateway' }
    : { code: null, about: null, speaker: 'nobody' }
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Codes go into logs and on operators' pages: one printable line. */
function short(text: string | null | undefined): string | null {
  return text ? text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100) : null
}
