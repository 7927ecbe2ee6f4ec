import { type IncomingHttpHeaders, request } from 'node:http'
import type { TestApp } from '../../support/app.ts'
import type { Visitor } from '../../support/visitor.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Question {
  headers?: Record<string, string>
  body?: string
}

const FORM = 'application/x-www-form-urlencoded'

export type Bytes = Omit<Answer, 'text'> & { bytes: Buffer }

/** One request exactly as written: no tidying of the path, any method, any headers, nothing followed. */
export async function ask(
  app: Pick<TestApp, 'baseUrl'>,
  method: string,
  path: string,
  question: Question = {},
): Promise<Answer> {
  const { status, headers, bytes } = await askForBytes(app, method, path, question)
  return { status, headers, text: bytes.toString('utf8') }
}

/** As `ask`, for what is no text, or packed. */
export function askForBytes(
  app: Pick<TestApp, 'baseUrl'>,
  method: string,
  path: string,
  question: Question = {},
): Promise<Bytes> {
  const { hostname, port } = new URL(app.baseUrl)
  const { body, headers = {} } = question
  const ofBody = body === undefined ? {} : { 'content-type': FORM, 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: { ...ofBody, ...headers } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(parts) }),
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** The session cookie that a visitor's browser would send now. */
export async function cookieOf(visitor: Visitor, path = '/confirm/resend'): Promise<string> {
  return cookieIn((await visitor.get(path)).headers['set-cookie'])
}

export function cookieIn(header: string | string[] | undefined): string {
  const cookie = [header ?? []].flat().find((each) => /^(?:__Host-)?sparvana=/.test(each)) ?? ''
  return cookie.split(';')[0] ?? ''
}

/** A visitor's form with a good token and the body as it stands: repeated names, lists, whatever. */
export async function askAs(
  app: Pick<TestApp, 'baseUrl'>,
  visitor: Visitor,
  path: string,
  body: string,
  method = 'POST',
): Promise<Answer> {
  const cookie = await cookieOf(visitor, '/password/forgot')
  const withToken = `_csrf=${encodeURIComponent(visitor.token)}&${body}`
  return ask(app, method, path, { headers: { cookie }, body: withToken })
}
