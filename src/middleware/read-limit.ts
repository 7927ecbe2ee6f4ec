import type { Request, RequestHandler } from 'express'
import { type Clock, MINUTE } from '../clock.ts'
import { TooManyRequests } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { networkOf } from '../models/network.ts'
import type { Throttles } from '../models/throttle.ts'
import { paths } from '../paths.ts'

const WINDOW_MS = MINUTE
/** Pages that ask the bank while their reader waits. */
const AT_BANK: readonly string[] = [paths.accountsLoad, paths.paymentsPreview]

export interface ReadLimits {
  /** Pages a minute of one saver or one network of visitors, at this process; 0: no limit. */
  pages: number
  /** Of those, pages that ask the bank, of one saver, whichever process answers; 0: no limit. */
  atBank: number
}

/**
 * How much one person may look at. Pages are counted in memory, because looking must stay cheap; what costs the bank's
 * patience too is counted where all processes see it.
 * @param routeOf what is asked for, without the one-time part of a link.
 */
export function readLimit(
  throttles: Throttles,
  limits: ReadLimits,
  clock: Clock,
  log: Logger,
  routeOf: (req: Request) => string,
): RequestHandler {
  const looked = new Map<string, number>()
  let began = 0

  function pagesLeftInMs(whose: string): number {
    const now = clock.now().getTime()
    if (now - began >= WINDOW_MS) {
      looked.clear()
      began = now
    }
    const times = (looked.get(whose) ?? 0) + 1
    looked.set(whose, times)
    return times > limits.pages ? began + WINDOW_MS - now : 0
  }

  async function waitMs(req: Request): Promise<number> {
    const whose = req.user ? `user ${req.user.id}` : `network ${networkOf(req.ip ?? '')}`
    const ofPages = limits.pages > 0 ? pagesLeftInMs(whose) : 0
    if (ofPages > 0 || limits.atBank === 0 || !req.user || !AT_BANK.includes(req.path)) return ofPages
    return throttles.withinWindow(`bank pages of ${req.user.id}`, limits.atBank, WINDOW_MS)
  }

  return async (req, _res, next) => {
    if (req.method === 'POST') return next()
    const ms = await waitMs(req)
    if (ms === 0) return next()
    log.warn('too many pages', { route: routeOf(req), userId: req.user?.id ?? null, ip: req.ip })
    next(new TooManyRequests(ms))
  }
}
