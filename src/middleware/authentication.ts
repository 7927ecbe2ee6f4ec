import type { Request, RequestHandler, Response } from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { type Clock, MINUTE } from '../clock.ts'
import { goOnIn, isLanguage } from '../language.ts'
import { currentRequestId } from '../logger.ts'
import type { Actor } from '../models/context.ts'
import { type Arrival, kindOf, type SignInResult, type Users } from '../models/user.ts'
import { browserOf, keepMark } from './browser-mark.ts'
import { csrfToken } from './csrf.ts'
import { countryOf } from './place.ts'
import { boundTo } from './session.ts'
import { regenerated, saved, visitorOf } from './session-store.ts'

/** Who has shown the password has so long to show the second factor. */
const HALF_MS = 5 * MINUTE

/** Passport with one strategy (address and password); the session holds the user's id and nothing about them. */
export function authentication(users: Users): { handlers: RequestHandler[]; checkPassword: CheckPassword } {
  const auth = new passport.Passport()
  auth.use(
    new Strategy({ usernameField: 'email', passReqToCallback: true }, (req, email, password, done) => {
      users.signIn(email.trim().toLowerCase(), password, browserOf(req).mark, actorOf(req)).then((result) => {
        const info = { message: result.kind, result }
        done(null, result.kind === 'right' ? result.user : false, info)
      }, done)
    }),
  )
  auth.serializeUser((user, done) => done(null, user.id))
  auth.deserializeUser(
    (req: Request, id: string, done: (error: unknown, user?: Express.User | false) => void) => {
      const visitor = visitorOf(req)
      const found = visitor?.id === id ? Promise.resolve(visitor) : users.find(id)
      found.then((user) => done(null, user?.status === 'ACTIVE' ? user : false), done)
    },
  )
  return {
    handlers: [auth.session() as RequestHandler],
    checkPassword: (req) =>
      new Promise((resolve, reject) => {
        const settle = (error: unknown, _user: Express.User | false, info?: { result?: SignInResult }) =>
          error ? reject(error) : resolve(info?.result ?? { kind: 'wrong' })
        auth.authenticate('local', settle)(req, req.res, reject)
      }),
  }
}

export type CheckPassword = (req: Request) => Promise<SignInResult>

/** Signs somebody in who has shown all that is asked for. Nothing of the session before is worth anything afterwards. */
export async function startSession(
  req: Request,
  res: Response,
  arrival: Arrival & { user: Express.User },
  { users, clock }: { users: Users; clock: Clock },
): Promise<void> {
  const { user, factor } = arrival
  const { mark, isConfirmed } = await users.arrive(user, browserOf(req), arrival, actorOf(req))
  await new Promise<void>((resolve, reject) => {
    req.logIn(user, (error) => (error ? reject(error) : resolve()))
  })
  if (isLanguage(user.locale)) goOnIn(user.locale)
  const now = clock.now().getTime()
  Object.assign(req.session, { signedInAt: now, lastSeenAt: now, freshAt: now, factor, ...boundTo(req) })
  if (isConfirmed) req.session.browserConfirmed = true
  keepMark(req, res, mark)
  // The browser may ask for its next pages before this answer has ended: it must be known by then, and with one secret.
  csrfToken(req)
  await saved(req.session)
}

/** The password was right; whoever it is has no more rights than a visitor, until the second factor has been shown. */
export async function startHalf(req: Request, user: Express.User, clock: Clock): Promise<void> {
  const { returnTo, language } = req.session
  await regenerated(req)
  if (returnTo !== undefined) req.session.returnTo = returnTo
  if (language !== undefined) req.session.language = language
  req.session.half = { userId: user.id, at: clock.now().getTime() }
  csrfToken(req)
  await saved(req.session)
}

/** @returns the id of who is half signed in; null when nobody is, or not any more. */
export function halfSignedIn(req: Request, clock: Clock): string | null {
  const { half } = req.session
  return half && clock.now().getTime() - half.at <= HALF_MS ? half.userId : null
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
    country: countryOf(req),
    requestId: currentRequestId(),
    ...(req.apiToken ? { via: req.apiToken.id } : {}),
  }
}
