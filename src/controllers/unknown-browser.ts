import type { ErrorRequestHandler, Request } from 'express'
import { type Clock, MINUTE } from '../clock.ts'
import { BrowserUnknown } from '../errors.ts'
import { t, term } from '../language.ts'
import { paths } from '../paths.ts'
import { renderPage } from './page.ts'
import { fieldsOf } from './step-up.ts'

export const browserPage = () => ({ title: t('Is this your browser?'), width: 'narrow' }) as const
/** More than any form of ours has, and longer than what people type. */
const MOST_FIELDS = 20
const MOST_CHARACTERS = 300
const LINK_MS = 30 * MINUTE

/** The button that goes on with what was wanted, by the last word of its address. */
const GO_ON: Record<string, string> = {
  checkoff: term('Check it off'),
  backfill: term('Record that day'),
  again: term('Pay it again'),
  'try-now': term('Try it now'),
  'move-back': term('Move the money back'),
  resume: term('Resume my savings'),
  begin: term('Set it up'),
  email: term('Move to the other address'),
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
    renderPage(req, res, 'auth/browser', browserPage(), browserProps(req, clock.now()))
  }
}

export function browserProps({ session, user }: Request, now: Date) {
  const { wanted, browserConfirmed, browserLinkAt = 0 } = session
  const goOn = GO_ON[wanted?.action.split(/[/?]/).at(-1) ?? '']
  return {
    isConfirmed: browserConfirmed === true,
    linkSentTo: now.getTime() - browserLinkAt < LINK_MS ? (user?.email ?? null) : null,
    askPath: paths.browser,
    wanted: wanted && { ...wanted, label: goOn ? t(goOn) : t('Go on') },
    dashboardPath: paths.dashboard,
  }
}
