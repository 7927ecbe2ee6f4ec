/** One call: past the gate, sending, reading, and its line in the log of bank calls. */
import type { AnonymousContext, BankCallEntry, BankTroubleKind } from '../words.ts'
import { tellGate } from './gate.ts'
import type { Reading } from './parser.ts'
import { redactBody, redactForm, redactPath } from './redact.ts'
import type { Checked, NordeaSettings } from './settings.ts'
import {
  type Transport,
  TransportError,
  type TransportFailure,
  type WireAnswer,
  type WireRequest,
} from './transport.ts'
import {
  parseJson,
  resting,
  type Trouble,
  troubleOfAnswer,
  troubleOfTransport,
  unreadable,
} from './trouble.ts'
import { ADDRESS_HEADER, wireRequest } from './wire-request.ts'

export interface Call<T> {
  /** The name in the log, such as 'payments.confirm'. */
  api: string
  method: WireRequest['method']
  /** Percent-encoded path below the base's prefix. */
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  form?: Readonly<Record<string, string>>
  /** True where the bank changes something: then a failing log must not hide the outcome. */
  acts: boolean
  /** The GET that begins a consent names the application in its query, so it goes without the secret. */
  withoutSecret?: boolean
  /** Values of this call that must not reach the log, besides tokens and the application's secret. */
  secrets?: readonly string[]
  success: readonly number[]
  read: (answer: { status: number; json: unknown; headers: WireAnswer['headers'] }) => Reading<T>
}

export type Result<T> = { ok: true; value: T } | { ok: false; trouble: Trouble }
export type Context = AnonymousContext & { accessToken?: string }
export type Caller = <T>(call: Call<T>, context: Context) => Promise<Result<T>>

export function createCaller(settings: NordeaSettings, checked: Checked, transport: Transport): Caller {
  return async (call, context) => {
    const sendBefore = performance.now() + (context.sendWithinMs ?? Infinity)
    const turn = await settings.gate?.enter()
    if (turn?.kind === 'closed') return { ok: false, trouble: resting(turn.forMs) }
    const unlimited = wireRequest(call, context, settings, checked)
    const request = call.acts ? { ...unlimited, sendBefore } : unlimited
    const startedAt = settings.clock.now()
    const start = performance.now()
    const exchange = await perform(call, request, transport, settings)
    // Held back like by the gate: what the bank never saw is neither in the log nor held against it.
    if (exchange.failure === 'too-late') return exchange.result
    const durationMs = Math.round(performance.now() - start)
    const entry = entryOf(call, context, request, exchange, { startedAt, durationMs, settings })
    await noteDown(settings, entry, exchange, call.acts)
    return exchange.result
  }
}

interface Exchange<T> {
  result: Result<T>
  /** Null where a whole answer came. */
  failure: TransportFailure | null
  status: number | null
  body: string | null
  remark: string | null
}

async function perform<T>(
  call: Call<T>,
  request: WireRequest,
  transport: Transport,
  settings: NordeaSettings,
): Promise<Exchange<T>> {
  let answer: WireAnswer
  try {
    answer = await transport.send(request)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    const remark = causeOf(error)
    return {
      result: { ok: false, trouble: troubleOfTransport(error) },
      failure: error.failure,
      status: error.status,
      body: null,
      remark,
    }
  }
  const { status, headers, body } = answer
  if (!call.success.includes(status)) {
    const trouble = troubleOfAnswer(answer, settings.clock.now())
    return { result: { ok: false, trouble }, failure: null, status, body, remark: null }
  }
  const reading = call.read({ status, json: parseJson(body), headers })
  return reading.kind === 'read'
    ? { result: { ok: true, value: reading.value }, failure: null, status, body, remark: reading.remark }
    : { result: { ok: false, trouble: unreadable(status) }, failure: null, status, body, remark: reading.why }
}

/** The system's own code (ECONNREFUSED, CERT_HAS_EXPIRED) is what an operator needs; messages may hold addresses. */
function causeOf(error: TransportError): string {
  const { cause } = error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : null
  return `${error.failure}${code ? ` ${code}` : ''}${error.written ? '' : ', nothing was sent'}`
}

function entryOf<T>(
  call: Call<T>,
  context: Context,
  request: WireRequest,
  { result, status, remark, body }: Exchange<T>,
  { startedAt, durationMs, settings }: { startedAt: Date; durationMs: number; settings: NordeaSettings },
): BankCallEntry {
  const secrets = [settings.clientSecret, context.accessToken ?? '', ...(call.secrets ?? [])]
  return {
    actor: context.actor,
    onBehalfOf: context.onBehalfOf,
    requestId: context.requestId,
    api: call.api,
    method: call.method,
    path: redactPath(request.target, secrets),
    startedAt,
    durationMs,
    attended: ADDRESS_HEADER in request.headers,
    outcome: result.ok ? 'ok' : (result.trouble.kind satisfies BankTroubleKind),
    status,
    remark,
    requestBody: call.form ? redactForm(call.form, secrets) : redactBody(request.body, secrets),
    responseBody: redactBody(body, secrets),
  }
}

/**
 * The log and the gate, each whatever becomes of the other. Nothing is read without a trace; but a call that acted keeps
 * its outcome, and the process warns.
 */
async function noteDown(
  { onCall, gate }: NordeaSettings,
  entry: BankCallEntry,
  exchange: Exchange<unknown>,
  acted: boolean,
): Promise<void> {
  const { result, failure, status } = exchange
  const trouble = result.ok ? null : result.trouble
  const [logged, told] = await Promise.allSettled([
    (async () => onCall(entry))(),
    tellGate(gate, { failure, status, trouble }),
  ])
  const lost = [logged, told].find((note) => note.status === 'rejected')
  if (lost && !acted) throw lost.reason
  const call = `the bank call ${entry.api} (${entry.outcome})`
  if (logged.status === 'rejected') process.emitWarning(`${call} could not be logged`, 'BankCallNotLogged')
  if (told.status === 'rejected') process.emitWarning(`the gate wasn't told of ${call}`, 'BankGateNotTold')
}
