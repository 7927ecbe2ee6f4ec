/** The two shapes of refusal: the API's own, with an envelope, and the gateway's flat one in front of it. */

import type { Request, Response } from 'express'
import { longMessageId } from './ids.ts'

/** `path` and `type` (NotNull, Pattern, Size) only where a field of the request is at fault. */
export interface Failure {
  code: string
  description: string
  path?: string
  type?: string
}

/** A refusal by the API itself. */
export class ApiError extends Error {
  readonly status: number
  readonly failures: Failure[]

  constructor(status: number, failures: Failure[]) {
    super(failures.map((failure) => failure.code).join(', '))
    this.status = status
    this.failures = failures
  }
}

/** A refusal by the gateway, before the API has seen the call. */
export class GatewayError extends Error {
  readonly status: number
  readonly title: string
  readonly headers: Record<string, string>

  constructor(status: number, title: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.title = title
    this.headers = headers
  }
}

export const unknownPath = () => new GatewayError(404, 'Not Found', 'No resource has this URL.')
export const wrongMethod = () =>
  new GatewayError(405, 'Method Not Allowed', 'The method is not allowed for the requested URL')
export const wrongClient = () => new GatewayError(401, 'Unauthorized', 'Invalid client id or secret.')
export const tooManyCalls = (retryAfterSeconds: number) =>
  new GatewayError(429, 'Too Many Requests', 'Assembly Rate Limit exceeded', {
    'Retry-After': String(retryAfterSeconds),
  })

export function refusal(status: number, code: string, description: string): ApiError {
  return new ApiError(status, [{ code, description }])
}

export const invalidToken = (description: string) => refusal(401, 'error.token.invalid', description)
export const deniedResource = () =>
  refusal(403, 'error.resource.denied', 'The customer has not given access to this resource.')
export const notFound = (what: string) => refusal(404, 'error.resource.notfound', `There is no such ${what}.`)

export function invalid(path: string, type: 'NotNull' | 'Pattern' | 'Size', description: string): ApiError {
  return new ApiError(400, [{ code: 'error.validation', description, path, type }])
}

/** Answers with whichever shape fits the error; anything unforeseen becomes a 500 of the API's shape, and is logged. */
export function sendError(error: unknown, req: Request, res: Response, now: Date): void {
  if (error instanceof GatewayError) {
    sendGatewayError(error, req, res)
    return
  }
  if (!(error instanceof ApiError)) console.error('sandbox:', error)
  const { status, failures } =
    error instanceof ApiError ? error : refusal(500, 'error.internal', 'The emulator failed; see its log.')
  res.status(status).json({
    group_header: {
      message_identification: longMessageId(),
      creation_date_time: now.toISOString(),
      http_code: status,
    },
    error: { request: { url: req.path.replace(/^\/personal(?=\/)/, '') }, failures },
  })
}

function sendGatewayError(error: GatewayError, req: Request, res: Response): void {
  res.status(error.status).set(error.headers)
  const [httpCode, httpMessage, moreInformation] = [String(error.status), error.title, error.message]
  if (req.accepts(['json', 'xml']) !== 'xml') {
    res.json({ httpCode, httpMessage, moreInformation })
    return
  }
  const fields = { httpCode, httpMessage, moreInformation }
  const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`)
  res.type('application/xml').send(`<errorResponse>${xml.join('')}</errorResponse>`)
}
