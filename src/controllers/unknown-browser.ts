import type { ErrorRequestHandler, Request } from 'express'
import { type Clock, MINUTE } from '../clock.ts'
import { BrowserUnknown } from '../errors.ts'
import { paths } from '../paths.ts'
import { renderPage } from './page.ts'
import { fieldsOf } from './step-up.ts'

export const BROWSER_PAGE = { title: 'Is this your browser?', width: 'narrow' } as const
/** More than any form of ours has, and longer than what people type. */
const MOST_FIELDS = 20
const MOST_CHARACTERS = 300
const LINK_MS = 30 * MINUTE

/** The button that goes on with what was wanted, by the last word of its address. */
const GO_ON: Record<string, string> = {
  checkoff: 'Check it off',
  backfill: 'Record that day',
  again: 'Pay it again',
  'try-now': 'Try it now',
  'move-back': 'Move the money back',
  resume: 'Resume my savings',
  begin: 'Set it up',
  email: 'Move to the other address',
}

/** Before money moves, in a browser that only a password has been shown in. The form that came too early is kept. */
export function unknownBrowserPage(clock: Clock): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (!(error instanceof BrowserUnknown)) return next(error)
    req.session.wanted = {
      action: req.originalUrl,
      fields: fieldsOf(req)
        .slice(0, MOST_FIELDS)
        .map(({ name, value }) => ({ name, value: value.slice(0, MOST_CHARACTERS) })),
    }
    res.status(error.status)
    renderPage(req, res, 'auth/browser', BROWSER_PAGE, browserProps(req, clock.now()))
  }
}

export function browserProps({ session, user }: Request, now: Date) {
  const { wanted, browserConfirmed, browserLinkAt = 0 } = session
  return {
    isConfirmed: browserConfirmed === true,
    linkSentTo: now.getTime() - browserLinkAt < LINK_MS ? (user?.email ?? null) : null,
    askPath: paths.browser,
    wanted: wanted && { ...wanted, label: GO_ON[wanted.action.split(/[/?]/).at(-1) ?? ''] ?? 'Go on' },
    dashboardPath: paths.dashboard,
  }
}
