import type { Request, RequestHandler } from 'express'
import { type Clock, MINUTE } from '../clock.ts'
import { StepUpNeeded, TooManyRequests } from '../errors.ts'
import type { Browsers } from '../models/browser.ts'
import type { Identity, ShownInside } from '../models/identity.ts'
import { hasFactor } from '../models/second-factor.ts'
import { actorOf } from './authentication.ts'
import { browserOf, keepMark } from './browser-mark.ts'
import { saved } from './session-store.ts'

/** What has been shown counts for so long (the strictest our requirements ask for). */
const FRESH_MS = 5 * MINUTE
/** Longer than any password or code. */
const MOST_SHOWN = 200

interface Confirming {
  identity: Identity
  browsers: Browsers
}

/** A mark of what a form says, and of what it would do, for whoever is signed in. */
export type MarkOf = (req: Request) => Promise<string>

/** The fields that the page in between adds to a form; they never reach the form's own handler. */
export const SHOWN_FIELDS = { password: '_password', code: '_code', passkey: '_passkey' } as const
/** Of the form and the accounts as that page has shown them. */
export const SEEN_FIELD = '_seen'

/**
 * Before what matters (routes say so in their guard), whoever is signed in shows once more that it is them. A form that comes too late is not lost: the page
 * that asks carries all its fields, and sends them on together with what was shown.
 * Only what that page has shown is confirmed by it: the mark of the form must be the mark of what was sent.
 */
export function stepUp({ identity, browsers }: Confirming, markOf: MarkOf, clock: Clock): RequestHandler {
  return async (req, res, next) => {
    res.locals.isFresh = isFresh(req, clock)
    const { body, user } = req
    const shown = shownIn(body, req.sessionID)
    const seen: unknown = body?.[SEEN_FIELD]
    if (body) for (const name of [...Object.values(SHOWN_FIELDS), SEEN_FIELD]) delete body[name]
    if (!user || !shown) return next()
    if (seen !== (await markOf(req))) return next(new StepUpNeeded('changed'))
    const result = await identity.confirm(user, shown, actorOf(req))
    if (result.kind === 'wait') return next(new TooManyRequests(result.ms))
    if (result.kind === 'wrong') return next(new StepUpNeeded('wrong'))
    req.session.freshAt = clock.now().getTime()
    res.locals.isFresh = true
    if (hasFactor(user) && !req.session.browserConfirmed) {
      keepMark(req, res, await browsers.confirmByFactor(user.id, browserOf(req), actorOf(req)))
      req.session.browserConfirmed = true
    }
    await saved(req.session)
    next()
  }
}

export function isFresh({ session }: Request, clock: Clock): boolean {
  return clock.now().getTime() - (session.freshAt ?? 0) <= FRESH_MS
}

/** A passkey says more than what may stand beside it. */
function shownIn(body: Record<string, unknown> | undefined, sid: string): ShownInside | null {
  const { _passkey: passkey, _password: password, _code: code } = body ?? {}
  if (typeof passkey === 'string' && passkey !== '')
    return { passkey, sid, about: textOf(body?.[SEEN_FIELD]) }
  return password === undefined ? null : { password: textOf(password), code: textOf(code) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MOST_SHOWN) : ''
}
