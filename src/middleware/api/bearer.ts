import type { Request, RequestHandler } from 'express'
import { TokenNeeded, TokenWrong, TooManyRequests } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { ApiTokens } from '../../models/api-token.ts'
import { actorOf } from '../authentication.ts'

/** Ours have 46 characters. */
const MOST_CHARACTERS = 200
const BEARER = /^Bearer +(\S+) *$/i

/**
 * Who sends the request, by the token it carries and by nothing else: cookies are not looked at, and no session is made.
 * @param routeOf what is asked for, by the table of routes.
 */
export function bearer(tokens: ApiTokens, log: Logger, routeOf: (req: Request) => string): RequestHandler {
  return async (req, _res, next) => {
    const { authorization } = req.headers
    if (authorization === undefined) return next(new TokenNeeded())
    const secret = BEARER.exec(authorization.slice(0, MOST_CHARACTERS))?.[1] ?? ''
    const check = await tokens.check(secret, actorOf(req))
    if (check.kind === 'good') {
      req.apiToken = check.token
      req.user = check.user
      return next()
    }
    if (check.kind === 'wrong') return next(new TokenWrong())
    log.warn('too many wrong tokens', { route: routeOf(req), ip: req.ip, outcome: 'denied' })
    next(new TooManyRequests(check.ms))
  }
}
