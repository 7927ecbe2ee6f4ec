import type { RequestHandler } from 'express'
import helmet from 'helmet'

const YEAR_SECONDS = 365 * 24 * 3_600

/**
 * @param bankOrigins where a form may lead through a redirect: the consent begins with our POST and ends at the bank, and
 * browsers hold `form-action` against redirects too.
 */
export function securityHeaders(options: { bankOrigins: readonly string[]; https: boolean }): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        objectSrc: ["'none'"],
        manifestSrc: ["'self'"],
        workerSrc: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'", ...options.bankOrigins],
        ...(options.https ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: options.https ? { maxAge: YEAR_SECONDS, includeSubDomains: true } : false,
    // Nothing leaves the site. Not 'no-referrer': with it browsers send `Origin: null` from our own forms.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
}

/** For answers to an address that carries a secret: where they lead must not learn it, our own pages included. */
export const noReferrer: RequestHandler = (_req, res, next) => {
  res.setHeader('Referrer-Policy', 'no-referrer')
  next()
}

/** Private pages are never kept by a browser or a proxy. */
export const noStore: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store')
  next()
}
