import type { RequestHandler } from 'express'
import { t } from '../language.ts'
import { onlyLooks } from './known-requests.ts'
import { isOwnPath } from './own-path.ts'

/**
 * One address for everybody: sessions, form checks and the bank's redirect all depend on it. Anything else that reaches us
 * is sent there when it only looks, and refused when it wants to act.
 */
export function canonicalHost(baseUrl: string): RequestHandler {
  const { host, protocol } = new URL(baseUrl)
  const wantsTls = protocol === 'https:'
  return (req, res, next) => {
    if (req.headers.host === host && (!wantsTls || req.secure)) return next()
    if (onlyLooks(req))
      return res.redirect(308, baseUrl + (isOwnPath(req.originalUrl) ? req.originalUrl : '/'))
    res
      .status(421)
      .type('text')
      .send(`${t('This is not the address of the site.')}\n`)
  }
}
