import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import type pg from 'pg'
import { type Clock, HOUR, MINUTE, SECOND } from '../clock.ts'
import { t, term } from '../language.ts'
import type { Logger } from '../logger.ts'
import { networkOf } from '../models/network.ts'
import type { Visits } from '../models/visit.ts'
import { flash } from './flash.ts'
import { regenerated, SessionStore } from './session-store.ts'

export interface SessionOptions {
  pool: pg.Pool
  visits: Visits
  secret: string
  https: boolean
  idleMinutes: number
  longestHours: number
  /** What a session stays bound to besides its cookie: the browser alone, or the network it comes from too. */
  binding: 'browser' | 'network'
  clock: Clock
  log: Logger
}

/** Whoever has not signed in has nothing to lose but a form that is half filled in. */
const VISITOR_MS = 2 * HOUR
const LONGEST_AGENT = 300
/** What is done so shortly after something else is not written down: a session may end so much earlier. */
export const SEEN_EVERY_MS = 10 * SECOND
const SESSION_COOKIE = /(?:^|;\s*)(?:__Host-)?sparvana=/

/** Sessions live in PostgreSQL; the cookie is a signed random id and nothing else. */
export function sessions(options: SessionOptions): RequestHandler[] {
  const { pool, visits, log } = options
  const store = new SessionStore(pool, visits, (...details) =>
    log.error('session store', { error: new Error(details.map(String).join(' ')) }),
  )
  return [
    session({
      name: options.https ? '__Host-sparvana' : 'sparvana',
      secret: options.secret,
      store,
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure: options.https,
        maxAge: options.longestHours * HOUR,
      },
    }),
    whileAlive(options),
  ]
}

/** Whether there may be a session behind the request; without one its sender is anybody. */
export function bringsSession({ headers }: Request): boolean {
  return SESSION_COOKIE.test(headers.cookie ?? '')
}

/** What a session is bound to when somebody signs in. */
export function boundTo(req: Request): { agent: string; network: string; ip: string | null } {
  // Worked out anew each time it is asked for.
  const { ip } = req
  return {
    agent: (req.headers['user-agent'] ?? '').slice(0, LONGEST_AGENT),
    network: networkOf(ip ?? ''),
    ip: ip ?? null,
  }
}

/** Whoever gives their consent on the bank's pages takes a while, and does nothing here. */
const AT_BANK_MS = 15 * MINUTE

export function awayAtBank(req: Request, now: Date): void {
  req.session.awayUntil = now.getTime() + AT_BANK_MS
}

type Ending = 'idle' | 'too-old' | 'other-browser' | 'other-network'

const ENDINGS: Record<Ending, string> = {
  idle: term('You were signed out because nothing had happened for a while.'),
  'too-old': term('You have been signed in for long enough for one day. Sign in again to go on.'),
  'other-browser': term('Your browser has changed, so you were signed out. Sign in again to go on.'),
  'other-network': term('Your connection has changed, so you were signed out. Sign in again to go on.'),
}

/** A session that is over, or was carried elsewhere, ends here, for whoever holds its cookie. */
function whileAlive(options: SessionOptions): RequestHandler {
  return async (req, _res, next) => {
    const { session } = req
    if (session.signedInAt === undefined && session.passport?.user === undefined) {
      session.cookie.maxAge = VISITOR_MS
      return next()
    }
    const now = options.clock.now().getTime()
    const ending = endingOf(req, now, options)
    if (!ending) {
      if (!isBackground(req) && now - (session.lastSeenAt ?? 0) >= SEEN_EVERY_MS) session.lastSeenAt = now
      return next()
    }
    options.log.warn('a session has ended', {
      because: ending,
      userId: session.passport?.user ?? null,
      ip: req.ip,
    })
    await regenerated(req)
    await flash(req, 'info', t(ENDINGS[ending]))
    next()
  }
}

function endingOf(req: Request, now: number, options: SessionOptions): Ending | null {
  const { signedInAt = 0, lastSeenAt = signedInAt, awayUntil = 0, agent, network } = req.session
  if (now - signedInAt >= options.longestHours * HOUR) return 'too-old'
  if (now > Math.max(lastSeenAt + options.idleMinutes * MINUTE, awayUntil)) return 'idle'
  const here = boundTo(req)
  if (agent !== here.agent) return 'other-browser'
  return options.binding === 'network' && network !== here.network ? 'other-network' : null
}

/** A page that refreshes itself is no sign of anybody being there. */
function isBackground(req: Request): boolean {
  if (req.method === 'POST') return false
  const destination = req.headers['sec-fetch-dest']
  return (destination !== undefined && destination !== 'document') || req.query.auto !== undefined
}
