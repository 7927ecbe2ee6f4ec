/** One call: headers, signature, sending, reading, and its line in the log of bank calls. */
import type { AnonymousContext, BankCallEntry, BankTroubleKind } from '../words.ts'
import type { Reading } from './parser.ts'
import { redactBody, redactForm, redactPath } from './redact.ts'
import type { Checked, NordeaSettings } from './settings.ts'
import { digestOf, normalisedForm, SANDBOX_SIGNATURE, signatureHeader } from './signature.ts'
import { type Transport, TransportError, type WireAnswer, type WireRequest } from './transport.ts'
import { parseJson, type Trouble, troubleOfAnswer, troubleOfTransport, unreadable } from './trouble.ts'

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

/** The bank refuses dates that lie ahead of its clock and takes old ones: half a minute covers a clock that runs fast. */
const DATE_LAG_MS = 30_000

export function createCaller(settings: NordeaSettings, checked: Checked, transport: Transport): Caller {
  return async (call, context) => {
    const request = wireRequest(call, context, settings, checked)
    const startedAt = settings.clock.now()
    const start = performance.now()
    const exchange = await perform(call, request, transport, settings)
    const { result } = exchange
    const secrets = [settings.clientSecret, context.accessToken ?? '', ...(call.secrets ?? [])]
    const entry: BankCallEntry = {
      actor: context.actor,
      onBehalfOf: context.onBehalfOf,
      requestId: context.requestId,
      api: call.api,
      method: call.method,
      path: redactPath(request.target, secrets),
      startedAt,
      durationMs: Math.round(performance.now() - start),
      outcome: result.ok ? 'ok' : (result.trouble.kind satisfies BankTroubleKind),
      status: exchange.status,
      remark: exchange.remark,
      requestBody: call.form ? redactForm(call.form, secrets) : redactBody(request.body, secrets),
      responseBody: redactBody(exchange.body, secrets),
    }
    await record(settings, entry, call.acts)
    return result
  }
}

interface Exchange<T> {
  result: Result<T>
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
      status: error.status,
      body: null,
      remark,
    }
  }
  const { status, headers, body } = answer
  if (!call.success.includes(status)) {
    const trouble = troubleOfAnswer(answer, settings.clock.now())
    return { result: { ok: false, trouble }, status, body, remark: null }
  }
  const reading = call.read({ status, json: parseJson(body), headers })
  return reading.kind === 'read'
    ? { result: { ok: true, value: reading.value }, status, body, remark: reading.remark }
    : { result: { ok: false, trouble: unreadable(status) }, status, body, remark: reading.why }
}

/** The system's own code (ECONNREFUSED, CERT_HAS_EXPIRED) is what an operator needs; messages may hold addresses. */
function causeOf(error: TransportError): string {
  const { cause } = error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : null
  return `${error.failure}${code ? ` ${code}` : ''}${error.written ? '' : ', nothing was sent'}`
}

async function record(settings: NordeaSettings, entry: BankCallEntry, acted: boolean): Promise<void> {
  try {
    await settings.onCall(entry)
  } catch (error) {
    if (!acted) throw error
    process.emitWarning(
      `the bank call ${entry.api} (${entry.outcome}) could not be logged`,
      'BankCallNotLogged',
    )
  }
}

function wireRequest(
  call: Call<unknown>,
  context: Context,
  settings: NordeaSettings,
  checked: Checked,
): WireRequest {
  const prefix = checked.base.pathname.replace(/\/+$/, '')
  const query = call.query ? `?${new URLSearchParams(call.query)}` : ''
  const target = `${prefix}${call.path}${query}`
  const content = contentOf(call)
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'X-IBM-Client-Id': settings.clientId,
    ...(call.withoutSecret ? {} : { 'X-IBM-Client-Secret': settings.clientSecret }),
    ...(context.accessToken ? { Authorization: `Bearer ${context.accessToken}` } : {}),
    ...(content ? { 'Content-Type': content.type } : {}),
    ...presenceHeaders(context),
    ...(checked.profile.signed ? signatureHeaders(call.method, target, content, settings, checked) : {}),
  }
  return { method: call.method, target, headers, body: content?.body ?? null }
}

interface Content {
  type: string
  body: string
  /** What the digest is taken over. */
  digested: string
}

function contentOf(call: Call<unknown>): Content | null {
  if (call.form) {
    const body = new URLSearchParams(call.form).toString()
    return { type: 'application/x-www-form-urlencoded', body, digested: normalisedForm(call.form) }
  }
  if (call.json === undefined) return null
  const body = JSON.stringify(call.json)
  return { type: 'application/json', body, digested: body }
}

function signatureHeaders(
  method: string,
  target: string,
  content: Content | null,
  settings: NordeaSettings,
  checked: Checked,
): Record<string, string> {
  const host = checked.originatingHost
  const date = new Date(settings.clock.now().getTime() - DATE_LAG_MS).toUTCString()
  const signed = content ? { content: { type: content.type, digest: digestOf(content.digested) } } : {}
  return {
    'X-Nordea-Originating-Host': host,
    'X-Nordea-Originating-Date': date,
    ...(signed.content ? { Digest: signed.content.digest } : {}),
    Signature:
      checked.signing === 'skip'
        ? SANDBOX_SIGNATURE
        : signatureHeader(checked.signing, { method, target, host, date, ...signed }),
  }
}

/** Both values come from a browser: only what may stand in a header, and not without end. */
function presenceHeaders({ presence }: Context): Record<string, string> {
  if (!presence) return {}
  const agent = presence.userAgent.replace(/[^\x20-\x7e]/g, '').slice(0, 256)
  const address = /^[0-9A-Fa-f:.]{2,45}$/.test(presence.ip) ? presence.ip : ''
  return {
    ...(address ? { 'X-Nordea-Originating-User-Ip': address } : {}),
    ...(agent ? { 'X-Nordea-Originating-User-Agent': agent } : {}),
  }
}
