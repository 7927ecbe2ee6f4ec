import type { RequestHandler } from 'express'
import session from 'express-session'
import type pg from 'pg'
import { type Clock, HOUR, MINUTE } from '../clock.ts'
import { SessionStore } from './session-store.ts'

export interface SessionOptions {
  pool: pg.Pool
  secret: string
  https: boolean
  idleMinutes: number
  clock: Clock
  onError: (error: Error) => void
}

/** However busy, a session ends this long after its sign-in. */
const LONGEST_MS = 12 * HOUR

/** Sessions live in PostgreSQL; the cookie is a signed random id and nothing else. */
export function sessions(options: SessionOptions): RequestHandler[] {
  const store = new SessionStore(options.pool, (...details) =>
    options.onError(new Error(details.map(String).join(' '))),
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
        maxAge: options.idleMinutes * MINUTE,
      },
    }),
    endAfter(LONGEST_MS, options.clock),
  ]
}

function endAfter(longestMs: number, clock: Clock): RequestHandler {
  return (req, _res, next) => {
    const { signedInAt } = req.session
    if (signedInAt === undefined || clock.now().getTime() - signedInAt < longestMs) return next()
    req.session.regenerate(next)
  }
}
