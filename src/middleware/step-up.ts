import type { Request, RequestHandler } from 'express'
import { type Clock, MINUTE } from '../clock.ts'
import { StepUpNeeded, TooManyRequests } from '../errors.ts'
import type { Identity } from '../models/identity.ts'
import { actorOf } from './authentication.ts'
import { saved } from './session-store.ts'

/** What has been shown counts for so long (the strictest our requirements ask for). */
const FRESH_MS = 5 * MINUTE
/** Longer than any password or code. */
const MOST_SHOWN = 200

/** The fields that the page in between adds to a form; they never reach the form's own handler. */
export const SHOWN_FIELDS = { password: '_password', code: '_code' } as const

/**
 * Before what matters (routes say so in their guard), whoever is signed in shows once more that it is them. A form that comes too late is not lost: the page
 * that asks carries all its fields, and sends them on together with what was shown.
 */
export function stepUp(identity: Identity, clock: Clock): RequestHandler {
  return async (req, res, next) => {
    res.locals.isFresh = isFresh(req, clock)
    const { body, user } = req
    const password: unknown = body?.[SHOWN_FIELDS.password]
    const code: unknown = body?.[SHOWN_FIELDS.code]
    if (body) for (const name of Object.values(SHOWN_FIELDS)) delete body[name]
    if (!user || password === undefined) return next()
    const shown = { password: textOf(password), code: textOf(code) }
    const result = await identity.confirm(user, shown, actorOf(req))
    if (result.kind === 'wait') return next(new TooManyRequests(result.ms))
    if (result.kind === 'wrong') return next(new StepUpNeeded('wrong'))
    req.session.freshAt = clock.now().getTime()
    res.locals.isFresh = true
    await saved(req.session)
    next()
  }
}

export function isFresh({ session }: Request, clock: Clock): boolean {
  return clock.now().getTime() - (session.freshAt ?? 0) <= FRESH_MS
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MOST_SHOWN) : ''
}
