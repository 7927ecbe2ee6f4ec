import connectPgSimple from 'connect-pg-simple'
import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import type pg from 'pg'
import { type Clock, HOUR, MINUTE } from '../clock.ts'

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

/**
 * The store as it is inserts whatever a request ends with. A session that was ended meanwhile (signed out, password changed)
 * would come back to life with a request that was under way; here only a new one is inserted.
 */
class SessionStore extends connectPgSimple(session) {
  readonly #pool: pg.Pool
  readonly #stored = new WeakSet<object>()

  constructor(pool: pg.Pool, errorLog: (...details: unknown[]) => void) {
    super({ pool, errorLog, pruneSessionInterval: 15 * 60 })
    this.#pool = pool
  }

  override createSession(req: Request, data: session.SessionData): session.Session & session.SessionData {
    const found = super.createSession(req, data)
    this.#stored.add(found)
    return found
  }

  override set(sid: string, data: session.SessionData, done: (error?: unknown) => void = () => {}): void {
    if (this.#stored.has(data)) this.#update(sid, data, done)
    else {
      this.#stored.add(data)
      super.set(sid, data, done)
    }
  }

  #update(sid: string, data: session.SessionData, done: (error?: unknown) => void): void {
    const expire = Math.ceil((data.cookie.expires?.getTime() ?? Date.now()) / 1_000)
    this.#pool
      .query('UPDATE session SET sess = $1, expire = to_timestamp($2) WHERE sid = $3', [data, expire, sid])
      .then(() => done(), done)
  }
}

function endAfter(longestMs: number, clock: Clock): RequestHandler {
  return (req, _res, next) => {
    const { signedInAt } = req.session
    if (signedInAt === undefined || clock.now().getTime() - signedInAt < longestMs) return next()
    req.session.regenerate(next)
  }
}
