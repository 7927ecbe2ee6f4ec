/** A call as it goes on the wire: target, headers, signature and body. */
import type { Call, Context } from './caller.ts'
import type { Checked, NordeaSettings } from './settings.ts'
import { digestOf, normalisedForm, SANDBOX_SIGNATURE, signatureHeader } from './signature.ts'
import type { WireRequest } from './transport.ts'

/** The bank refuses dates that lie ahead of its clock and takes old ones: half a minute covers a clock that runs fast. */
const DATE_LAG_MS = 30_000
/** This is what tells the bank that the saver is there. */
export const ADDRESS_HEADER = 'X-Nordea-Originating-User-Ip'

export function wireRequest(
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
    ...(address ? { [ADDRESS_HEADER]: address } : {}),
    ...(agent ? { 'X-Nordea-Originating-User-Agent': agent } : {}),
  }
}
