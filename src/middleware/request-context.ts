import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { type Logger, logContext } from '../logger.ts'

/** Gives every request an id that its log lines, bank calls and error page share, and logs how it ended. */
export function requestContext(log: Logger): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    res.setHeader('X-Request-Id', requestId)
    logContext.run({ requestId }, () => {
      res.on('finish', () => {
        log.info('request', {
          method: req.method,
          // The route's pattern, not the address: addresses can carry one-time links.
          route: req.route?.path ?? '(none)',
          status: res.statusCode,
          ms: Math.round(performance.now() - startedAt),
          ...(req.user ? { userId: req.user.id } : {}),
        })
      })
      next()
    })
  }
}
