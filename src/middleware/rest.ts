import type { RequestHandler } from 'express'
import type { Clock } from '../clock.ts'
import { TooManyRequests } from '../errors.ts'
import { paths } from '../paths.ts'

/** An account that has tried many things that aren't its own does nothing for a while, except sign out. */
export function rest(clock: Clock): RequestHandler {
  return (req, _res, next) => {
    const leftMs = (req.user?.restsUntil?.getTime() ?? 0) - clock.now().getTime()
    const mayGoOn = leftMs <= 0 || (req.method === 'POST' && req.path === paths.logout)
    next(mayGoOn ? undefined : new TooManyRequests(leftMs))
  }
}
