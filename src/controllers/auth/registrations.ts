import type { Request, RequestHandler, Response } from 'express'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { passwordProblem } from '../../models/password.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { emailForm, signUpForm } from '../forms/account-forms.ts'
import { type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'

const SIGN_UP = { title: 'Sign up', width: 'narrow' } as const
const CHECK_MAIL = { title: 'Check your mail', width: 'narrow' } as const
const CONFIRM = { title: 'Confirm your address', width: 'narrow' } as const

export function registrationControllers({ models }: WebContext) {
  /** GET /signup */
  const show: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/signup', SIGN_UP, { form: {}, errors: [] })
  }

  /** POST /signup */
  const create: RequestHandler = async (req, res) => {
    const reading = readForm(signUpForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const { fullName, email, password } = reading.value
    const problem = await passwordProblem(password, [fullName, email])
    if (problem) return refuse(req, res, refusedWith(req.body, [{ field: 'password', message: problem }]))
    await models.users.signUp({ fullName, email, password }, actorOf(req))
    flash(req, 'done', 'Almost there: we have sent you a mail.')
    res.redirect(303, paths.confirmResend)
  }

  /** GET /confirm/resend */
  const showResend: RequestHandler = (req, res) => {
    if (req.user?.emailConfirmedOn) return res.redirect(303, paths.dashboard)
    renderPage(req, res, 'auth/check-mail', CHECK_MAIL, {
      form: { email: req.user?.email ?? '' },
      errors: [],
    })
  }

  /** POST /confirm/resend */
  const resend: RequestHandler = async (req, res) => {
    const reading = readForm(emailForm, req.body)
    if (reading.kind === 'refused') {
      return renderRefused(req, res, 'auth/check-mail', CHECK_MAIL, {
        form: reading.typed,
        errors: reading.errors,
      })
    }
    await models.users.resendConfirmation(reading.value.email, actorOf(req))
    flash(req, 'info', 'If that address is waiting for a confirmation, a new mail is on its way.')
    res.redirect(303, paths.confirmResend)
  }

  /** GET /confirm/:token: mail programs open links to look at them, so the link alone changes nothing. */
  const showConfirm: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/confirm', CONFIRM, { confirmPath: paths.confirm(tokenOf(req)) })
  }

  /** POST /confirm/:token */
  const confirm: RequestHandler = async (req, res) => {
    const confirmed = await models.users.confirmEmail(tokenOf(req), actorOf(req))
    if (!confirmed) {
      flash(req, 'warning', 'That link has been used or is too old. Ask for a new one here.')
      return res.redirect(303, req.user?.emailConfirmedOn ? paths.dashboard : paths.confirmResend)
    }
    flash(req, 'done', 'Your address is confirmed.')
    res.redirect(303, req.user ? paths.dashboard : paths.login)
  }

  return { show, create, showResend, resend, showConfirm, confirm }
}

function refuse(req: Request, res: Response, refused: Refused): void {
  renderRefused(req, res, 'auth/signup', SIGN_UP, { form: refused.typed, errors: refused.errors })
}
