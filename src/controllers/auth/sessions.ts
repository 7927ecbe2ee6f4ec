import type { Request, RequestHandler, Response } from 'express'
import { actorOf, type CheckPassword, endSession, startSession } from '../../middleware/authentication.ts'
import { isOwnPath } from '../../middleware/own-path.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { signInForm } from '../forms/account-forms.ts'
import { type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'

const PAGE = { title: 'Sign in', width: 'narrow' } as const
const WRONG = [{ field: null, message: 'The address or the password is wrong.' }]

export function sessionControllers({ models, clock }: WebContext, checkPassword: CheckPassword) {
  /** GET / */
  const home: RequestHandler = (req, res) => {
    if (req.user) return res.redirect(303, paths.dashboard)
    renderPage(req, res, 'auth/home', { title: 'Save by keeping habits' })
  }

  /** GET /login */
  const show: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/login', PAGE, { form: {}, errors: [] })
  }

  /** POST /login */
  const create: RequestHandler = async (req, res) => {
    const reading = readForm(signInForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const user = await checkPassword(req)
    if (!user) return refuse(req, res, refusedWith(req.body, WRONG))
    const { returnTo } = req.session
    await startSession(req, user, clock.now())
    res.redirect(303, user.emailConfirmedOn ? destination(user, returnTo) : paths.confirmResend)
  }

  /** POST /logout */
  const destroy: RequestHandler = async (req, res) => {
    if (req.user) await models.users.noteSignOut(req.user, actorOf(req))
    await endSession(req)
    res.setHeader('Clear-Site-Data', '"cache", "storage"')
    res.redirect(303, paths.home)
  }

  return { home, show, create, destroy }
}

function refuse(req: Request, res: Response, refused: Refused): void {
  renderRefused(req, res, 'auth/login', PAGE, { form: refused.typed, errors: refused.errors })
}

/** `returnTo` was set by us from a local address; it is checked again, since a redirect must never leave the site. */
function destination(user: Express.User, returnTo: string | undefined): string {
  if (returnTo !== undefined && isOwnPath(returnTo)) return returnTo
  return user.role === 'ADMIN' ? paths.admin : paths.dashboard
}
