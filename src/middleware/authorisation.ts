import type { Request, RequestHandler } from 'express'
import { Forbidden } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { paths } from '../paths.ts'
import { isOwnPath } from './own-path.ts'

/** Longer addresses are nobody's bookmark; a session is no place to keep them. */
const LONGEST_RETURN = 500

/** Somebody is signed in; whoever is not is sent to the sign-in page and, after it, back to where they wanted to go. */
export const requireSignedIn: RequestHandler = (req, res, next) => {
  if (req.user) return next()
  if (req.method === 'GET') req.session.returnTo = returnPath(req)
  res.redirect(303, paths.login)
}

/** The bank's answer carries a code that belongs into no session; it would be refused after a new sign-in anyway. */
function returnPath(req: Request): string {
  const { originalUrl } = req
  if (req.path === paths.bankCallback) return paths.bank
  return isOwnPath(originalUrl) && originalUrl.length <= LONGEST_RETURN ? originalUrl : paths.dashboard
}

/** The address is confirmed: nothing private opens before. */
export const requireConfirmed: RequestHandler = (req, res, next) => {
  if (req.user?.emailConfirmedOn) return next()
  if (!req.user) return requireSignedIn(req, res, next)
  res.redirect(303, paths.confirmResend)
}

export const requireVisitor: RequestHandler = (req, res, next) => {
  if (!req.user) return next()
  res.redirect(303, paths.dashboard)
}

export function requireAdmin(log: Logger): RequestHandler {
  return (req, _res, next) => {
    if (req.user?.role === 'ADMIN') return next()
    log.warn('refused', { route: req.baseUrl, userId: req.user?.id ?? null, ip: req.ip, outcome: 'denied' })
    next(new Forbidden())
  }
}
