import { type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Form, Person, Target } from './target.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** Whole milliseconds from sending to the last byte. */
  tookMs: number
}

export interface Question {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
}

/** Longer than any answer may take; a scan must come to an end. */
const PATIENCE_MS = 30_000

/** One request exactly as written, nothing followed. @throws when no whole answer comes. */
export function ask({ origin, ca }: Pick<Target, 'origin' | 'ca'>, question: Question): Promise<Answer> {
  const { protocol, hostname, port } = new URL(origin)
  const { method, path, headers = {}, body } = question
  const ofBody = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const options = { hostname, port, method, path, headers: { ...ofBody, ...headers }, timeout: PATIENCE_MS }
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: import('node:http').IncomingMessage) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(parts).toString('utf8'),
          tookMs: Math.round(performance.now() - begun),
        }),
      )
    }
    const sent =
      protocol === 'https:'
        ? secureRequest({ ...options, ...(ca ? { ca } : {}) }, onAnswer)
        : plainRequest(options, onAnswer)
    sent.once('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)))
    sent.once('error', reject)
    sent.end(body)
  })
}

export function look(target: Target, { cookie }: Person, path: string): Promise<Answer> {
  return ask(target, { method: 'GET', path, headers: cookie ? { cookie } : {} })
}

/** The form with other values in some of its fields. */
export async function submit(
  target: Target,
  form: Form,
  change: Record<string, string> = {},
): Promise<Answer> {
  const { cookie, token } = form.person
  const { fields = form.fields, headers = {} } = (await target.prepare?.(form)) ?? {}
  const body = new URLSearchParams({ _csrf: token, ...fields, ...change }).toString()
  return ask(target, {
    method: 'POST',
    path: form.address,
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...headers },
    body,
  })
}
