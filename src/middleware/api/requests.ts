import type { RequestHandler } from 'express'
import { AppError, NotFound } from '../../errors.ts'
import { paths } from '../../paths.ts'

const BELOW = new RegExp(`^${paths.api.replace(/\/v1$/, '')}(?:/|$)`, 'i')
const JSON_TYPES = ['application/json', 'application/problem+json']

/** Whatever begins so belongs to the API, whether it is there or not. */
export function isOfApi(path: string): boolean {
  return BELOW.test(path)
}

/** Nobody is sent on to the right address: a token has come over the wrong one, and would come so again. */
export function onlyHost(baseUrl: string): RequestHandler {
  const { host, protocol } = new URL(baseUrl)
  return (req, _res, next) => {
    if (req.headers.host === host && (protocol !== 'https:' || req.secure)) return next()
    next(
      new AppError(421, 'This is not the address of the API', `It is ${baseUrl}${paths.api}, and no other.`),
    )
  }
}

/** Before anybody is asked who they are: what there is stands in a document that everybody may read. */
export function knownRoutes(methodsAt: (path: string) => string[]): RequestHandler {
  return (req, res, next) => {
    const methods = methodsAt(req.path)
    if (methods.length === 0) return next(new NotFound())
    if (methods.includes(req.method)) return next()
    res.setHeader('Allow', methods.join(', '))
    next(new AppError(405, 'This can’t be done here', 'The header Allow names what can.'))
  }
}

/** There are no other answers. */
export const wantsJson: RequestHandler = (req, _res, next) => {
  if (req.accepts(JSON_TYPES)) return next()
  next(new AppError(406, 'There is only JSON here', 'Accept application/json.'))
}

/** Another body is refused before anybody reads it. */
export const sendsJson: RequestHandler = (req, _res, next) => {
  if (req.is('application/json') !== false) return next()
  next(new AppError(415, 'A body must be JSON', 'Send it as application/json.'))
}
