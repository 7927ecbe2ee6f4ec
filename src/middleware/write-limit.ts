import type { Request, RequestHandler } from 'express'
import { MINUTE } from '../clock.ts'
import { TooManyRequests } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { networkOf } from '../models/network.ts'
import type { Throttles } from '../models/throttle.ts'

const WINDOW_MS = MINUTE

/**
 * How many forms one saver, or one network of visitors, may send in a minute, whichever process takes them.
 * @param routeOf what is asked for, without the one-time part of a link.
 */
export function writeLimit(
  throttles: Throttles,
  most: number,
  log: Logger,
  routeOf: (req: Request) => string,
): RequestHandler {
  return async (req, _res, next) => {
    if (most === 0 || req.method !== 'POST') return next()
    const whose = req.user ? `user ${req.user.id}` : `network ${networkOf(req.ip ?? '')}`
    const waitMs = await throttles.withinWindow(whose, most, WINDOW_MS)
    if (waitMs === 0) return next()
    log.warn('too many requests', { route: routeOf(req), userId: req.user?.id ?? null, ip: req.ip })
    next(new TooManyRequests(waitMs))
  }
}
