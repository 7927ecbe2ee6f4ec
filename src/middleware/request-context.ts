import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { type Logger, logContext } from '../logger.ts'
import type { RequestMetrics } from '../metrics.ts'

/** Gives every request an id that its log lines, bank calls and error page share, and logs and counts how it ended. */
export function requestContext(log: Logger, metrics: RequestMetrics): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    res.setHeader('X-Request-Id', requestId)
    logContext.run({ requestId }, () => {
      res.on('finish', () => {
        const ms = performance.now() - startedAt
        const { method } = req
        // The route's pattern, not the address: addresses can carry one-time links.
        const route: string = req.route?.path ?? '(none)'
        const status = res.statusCode
        metrics.observe({ method, route, status, ms })
        if (log.isInfoEnabled())
          log.info('request', {
            method,
            route,
            status,
            ms: Math.round(ms),
            ...(req.user ? { userId: req.user.id } : {}),
            ...(req.apiToken ? { via: req.apiToken.id } : {}),
          })
      })
      next()
    })
  }
}
