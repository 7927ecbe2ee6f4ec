import type { Request, RequestHandler, Response } from 'express'
import { TooManyRequests } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { browserOf, keepMark } from '../../middleware/browser-mark.ts'
import { flash } from '../../middleware/flash.ts'
import { saved } from '../../middleware/session-store.ts'
import type { BrowserLink } from '../../models/browser.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { tokenOf } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { browserPage, browserProps } from '../unknown-browser.ts'

export function browserControllers({ models, clock }: WebContext) {
  /** GET /browser: whether money may move from here, and what was wanted before that was asked. */
  const show: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/browser', browserPage(), browserProps(req, clock.now()))
  }

  /** POST /browser: mails a link that works in this browser. */
  const ask: RequestHandler = async (req, res) => {
    if (req.session.browserConfirmed) return res.redirect(303, paths.browser)
    const asked = await models.browsers.askLink(signedIn(req), browserOf(req), actorOf(req))
    if (asked.kind === 'wait') throw new TooManyRequests(asked.ms)
    keepMark(req, res, asked.mark)
    if (asked.kind === 'confirmed') req.session.browserConfirmed = true
    else req.session.browserLinkAt = clock.now().getTime()
    await saved(req.session)
    res.redirect(303, paths.browser)
  }

  /** GET /browser/:token: looking spends nothing. Where the link doesn't work it is said at once, before anybody signs in there. */
  const showLink: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const seen = await models.browsers.look(token, browserOf(req).mark)
    if (seen !== 'good') return refuse(req, res, seen)
    if (!req.user) {
      req.session.returnTo = paths.browserLink(token)
      return res.redirect(303, paths.login)
    }
    renderPage(req, res, 'auth/browser-link', browserPage(), { linkPath: paths.browserLink(token) })
  }

  /** POST /browser/:token */
  const confirm: RequestHandler = async (req, res) => {
    const { mark } = browserOf(req)
    const result = await models.browsers.confirmByLink(signedIn(req).id, tokenOf(req), mark, actorOf(req))
    if (result !== 'good') return refuse(req, res, result)
    req.session.browserConfirmed = true
    delete req.session.browserLinkAt
    await saved(req.session)
    res.redirect(303, paths.browser)
  }

  return { show, ask, showLink, confirm }
}

async function refuse(req: Request, res: Response, because: Exclude<BrowserLink, 'good'>): Promise<void> {
  if (because === 'other-browser') {
    const text = t('That link was asked for in another browser, and works there only. Open it there.')
    await flash(req, 'warning', text)
  } else await flash(req, 'warning', t('That link has been used or is too old.'))
  res.redirect(303, req.user ? paths.browser : paths.login)
}
