import type { Request, RequestHandler } from 'express'
import { MINUTE, SECOND } from '../../clock.ts'
import { TooManyRequests } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Throttles } from '../../models/throttle.ts'

const WINDOW_MS = MINUTE

/**
 * How many requests one token may make in a minute, whichever process takes them; every answer says how many are left.
 * @param most 0: no limit.
 */
export function tokenLimit(
  throttles: Throttles,
  most: number,
  log: Logger,
  routeOf: (req: Request) => string,
): RequestHandler {
  return async (req, res, next) => {
    const { apiToken } = req
    if (most === 0 || !apiToken) return next()
    const { count, leftMs } = await throttles.countIn(`api token ${apiToken.id}`, WINDOW_MS)
    const left = Math.max(0, most - count)
    res.setHeader('RateLimit-Policy', `"token";q=${most};w=${WINDOW_MS / SECOND}`)
    res.setHeader('RateLimit', `"token";r=${left};t=${Math.ceil(leftMs / SECOND)}`)
    if (count <= most) return next()
    log.warn('too many requests', {
      route: routeOf(req),
      userId: apiToken.userId,
      via: apiToken.id,
      ip: req.ip,
    })
    next(new TooManyRequests(leftMs))
  }
}
