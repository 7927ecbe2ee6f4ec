import type { RequestHandler } from 'express'
import { Forbidden } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { paths } from '../paths.ts'

/** Somebody is signed in; whoever is not is sent to the sign-in page and, after it, back to where they wanted to go. */
export const requireSignedIn: RequestHandler = (req, res, next) => {
  if (req.user) return next()
  if (req.method === 'GET') req.session.returnTo = req.originalUrl
  res.redirect(303, paths.login)
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
