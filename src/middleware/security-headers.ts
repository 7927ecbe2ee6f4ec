import type { Request, RequestHandler, Response } from 'express'
import helmet from 'helmet'

const YEAR_SECONDS = 365 * 24 * 3_600

/**
 * @param bankOrigins where a form may lead through a redirect: the consent begins with our POST and ends at the bank, and
 * browsers hold `form-action` against redirects too.
 */
export function securityHeaders(options: { bankOrigins: readonly string[]; https: boolean }): RequestHandler {
  const headers = headersOf(
    helmet({
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
    }),
  )
  return (_req, res, next) => {
    res.setHeaders(headers)
    next()
  }
}

/** Helmet's are the same for every answer, so it is asked for them once. */
function headersOf(middleware: RequestHandler): Map<string, string> {
  const headers = new Map<string, string>()
  const res = { setHeader: (name: string, value: string) => headers.set(name, value), removeHeader: () => {} }
  middleware({} as Request, res as unknown as Response, (error?: unknown) => {
    if (error) throw error
  })
  return headers
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
