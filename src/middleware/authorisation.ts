import type { Request, RequestHandler } from 'express'
import { BrowserUnknown, Forbidden, ScopeMissing, StepUpNeeded, TokenNeeded } from '../errors.ts'
import { t } from '../language.ts'
import type { Scope } from '../models/api-token/scopes.ts'
import { hasFactor } from '../models/second-factor.ts'
import { paths } from '../paths.ts'
import { flash } from './flash.ts'
import { isOwnPath } from './own-path.ts'

/** Longer addresses are nobody's bookmark; a session is no place to keep them. */
const LONGEST_RETURN = 500

export type Who = 'public' | 'visitor' | 'signed-in' | 'confirmed' | 'admin' | 'token'

/** What a route asks of whoever comes. All of it must hold. */
export interface Guard {
  who: Who
  /** In a browser in which its owner has shown more than the password: money moves, or the account changes hands. */
  known?: true
  /** Everything that a sign-in asks for was shown a few minutes ago, or is shown now. */
  fresh?: true
  /** Of whoever comes with a token: what it has to open. */
  scope?: Scope
}

export const PUBLIC: Guard = { who: 'public' }
/** Nobody signed in. */
export const VISITOR: Guard = { who: 'visitor' }
export const SIGNED_IN: Guard = { who: 'signed-in' }
/** Signed in, with a confirmed address: nothing private opens before. */
export const CONFIRMED: Guard = { who: 'confirmed' }
/** The same, for what decides over money or the account. */
export const CONFIRMED_FRESHLY: Guard = { who: 'confirmed', fresh: true }
/** For what makes money move. */
export const CONFIRMED_HERE: Guard = { who: 'confirmed', known: true }
/** For what opens other ways into the account. */
export const CONFIRMED_HERE_FRESHLY: Guard = { who: 'confirmed', known: true, fresh: true }
/** Signed in with a second factor. */
export const ADMIN: Guard = { who: 'admin' }
export const ADMIN_FRESHLY: Guard = { who: 'admin', fresh: true }
/** A program with any token; nobody by a cookie. */
export const TOKEN: Guard = { who: 'token' }

export function tokenFor(scope: Scope): Guard {
  return { who: 'token', scope }
}

/** Somebody is signed in; whoever is not is sent to the sign-in page and, after it, back to where they wanted to go. */
const needsSignIn: RequestHandler = (req, res, next) => {
  if (req.user) return next()
  if (req.method === 'GET') req.session.returnTo = returnPath(req)
  res.redirect(303, paths.login)
}

const needsConfirmedAddress: RequestHandler = (req, res, next) => {
  if (req.user?.emailConfirmedOn) return next()
  res.redirect(303, paths.confirmResend)
}

const needsAdmin: RequestHandler = (req, _res, next) => {
  next(req.user?.role === 'ADMIN' ? undefined : new Forbidden())
}

/** The most that can be done here can be done by admins: a password is not enough. */
const needsFactor: RequestHandler = async (req, res, next) => {
  if (req.user && hasFactor(req.user) && req.session.factor) return next()
  await flash(
    req,
    'info',
    t(
      'Admins sign in with a second factor. Set up your authenticator app first, or add a passkey under Password and security.',
    ),
  )
  res.redirect(303, paths.authenticator)
}

/** Whoever has a second factor shows it; whoever has none shows that they read the account's mail. */
const needsKnownBrowser: RequestHandler = (req, _res, next) => {
  if (!req.session.browserConfirmed) {
    return next(req.user && hasFactor(req.user) ? new StepUpNeeded('new-browser') : new BrowserUnknown())
  }
  delete req.session.wanted
  next()
}

const needsFresh: RequestHandler = (_req, res, next) => {
  next(res.locals.isFresh === true ? undefined : new StepUpNeeded('too-long-ago'))
}

const needsNobody: RequestHandler = (req, res, next) => {
  if (!req.user) return next()
  res.redirect(303, paths.dashboard)
}

const needsToken: RequestHandler = (req, _res, next) => {
  next(req.apiToken ? undefined : new TokenNeeded())
}

function needsScope(scope: Scope): RequestHandler {
  return (req, _res, next) => next(req.apiToken?.scopes.includes(scope) ? undefined : new ScopeMissing(scope))
}

const WHO: Record<Who, readonly RequestHandler[]> = {
  public: [],
  visitor: [needsNobody],
  'signed-in': [needsSignIn],
  confirmed: [needsSignIn, needsConfirmedAddress],
  admin: [needsSignIn, needsConfirmedAddress, needsAdmin, needsFactor],
  token: [needsToken],
}

/** What stands before the handlers of a route, in order. */
export function guardsOf({ who, known, fresh, scope }: Guard): readonly RequestHandler[] {
  return [
    ...WHO[who],
    ...(scope ? [needsScope(scope)] : []),
    ...(known ? [needsKnownBrowser] : []),
    ...(fresh ? [needsFresh] : []),
  ]
}

/** The bank's answer carries a code that belongs into no session; it would be refused after a new sign-in anyway. */
function returnPath(req: Request): string {
  const { originalUrl } = req
  if (req.path === paths.bankCallback) return paths.bank
  return isOwnPath(originalUrl) && originalUrl.length <= LONGEST_RETURN ? originalUrl : paths.dashboard
}
