import type { Request, RequestHandler } from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { currentRequestId } from '../logger.ts'
import type { Actor } from '../models/context.ts'
import { kindOf, type Users } from '../models/user.ts'
import { csrfToken } from './csrf.ts'
import { saved } from './session-store.ts'

/** Passport with one strategy (address and password); the session holds the user's id and nothing about them. */
export function authentication(users: Users): { handlers: RequestHandler[]; checkPassword: CheckPassword } {
  const auth = new passport.Passport()
  auth.use(
    new Strategy({ usernameField: 'email', passReqToCallback: true }, (req, email, password, done) => {
      users
        .signIn(email.trim().toLowerCase(), password, actorOf(req))
        .then((user) => done(null, user ?? false), done)
    }),
  )
  auth.serializeUser((user, done) => done(null, user.id))
  auth.deserializeUser((id: string, done) => {
    users.find(id).then((user) => done(null, user?.status === 'ACTIVE' ? user : false), done)
  })
  return {
    handlers: [auth.session() as RequestHandler],
    checkPassword: (req) =>
      new Promise((resolve, reject) => {
        const settle = (error: unknown, user: Express.User | false) =>
          error ? reject(error) : resolve(user || null)
        auth.authenticate('local', settle)(req, req.res, reject)
      }),
  }
}

export type CheckPassword = (req: Request) => Promise<Express.User | null>

/** A new session id at sign-in: one that was planted before is worth nothing afterwards. */
export async function startSession(req: Request, user: Express.User, now: Date): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    req.logIn(user, (error) => (error ? reject(error) : resolve()))
  })
  req.session.signedInAt = now.getTime()
  // The browser may ask for its next pages before this answer has ended: it must be known by then, and with one secret.
  csrfToken(req)
  await saved(req.session)
}

export async function endSession(req: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    req.session.destroy((error) => (error ? reject(error) : resolve()))
  })
}

/** For handlers behind a guard: there is somebody. @throws when a route was left without its guard. */
export function signedIn(req: Pick<Request, 'user'>): Express.User {
  if (!req.user) throw new Error('a private route was reached without anybody signed in')
  return req.user
}

/** Who acts in this request, for the audit trail. */
export function actorOf(req: Request): Actor {
  return {
    kind: req.user ? kindOf(req.user) : 'visitor',
    id: req.user?.id ?? null,
    ip: req.ip ?? null,
    requestId: currentRequestId(),
  }
}
