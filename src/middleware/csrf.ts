import csurf from 'csurf'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import { StaleForm } from '../errors.ts'
import { t } from '../language.ts'
import { paths } from '../paths.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Two independent checks on everything that acts: the browser's own word where the request comes from, and a token kept in
 * the session. csurf's makers have retired it; this is the only file that names it (see docs/decisions).
 */
export function csrf(baseUrl: string): (RequestHandler | ErrorRequestHandler)[] {
  return [sameOrigin(baseUrl), formToken(), wordRefusal]
}

/** Empty where there is no session (any more): an error page has no form that could use it. */
export function csrfToken(req: Request): string {
  return req.session && typeof req.csrfToken === 'function' ? req.csrfToken() : ''
}

/** csurf gives every visitor a secret, and with it a session. Who only looks gets theirs with the first form they see. */
function formToken(): RequestHandler {
  const check = csurf({ cookie: false, value: tokenOf }) as RequestHandler
  return (req, res, next) => {
    if (!SAFE_METHODS.has(req.method)) return check(req, res, next)
    req.csrfToken = () => {
      let trouble: unknown
      check(req, res, (error) => {
        trouble = error
      })
      if (trouble) throw trouble
      // By now it is csurf's own.
      return req.csrfToken()
    }
    next()
  }
}

function sameOrigin(baseUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (SAFE_METHODS.has(req.method)) return next()
    const site = req.headers['sec-fetch-site']
    const { origin } = req.headers
    const isOurs =
      (site === undefined || site === 'same-origin' || site === 'none') &&
      (origin === undefined || origin === baseUrl)
    next(isOurs ? undefined : new StaleForm())
  }
}

/** Only the form field counts: a token in an address would end up in histories and logs. */
function tokenOf(req: Request): string {
  const token: unknown = req.body?._csrf
  return typeof token === 'string' ? token : ''
}

/** Most often the session has ended meanwhile, and signing in again is the next step. */
const wordRefusal: ErrorRequestHandler = (error, req, _res, next) => {
  const signIn = [{ href: paths.login, label: t('Sign in') }]
  next(error?.code === 'EBADCSRFTOKEN' ? new StaleForm(req.user ? [] : signIn) : error)
}
