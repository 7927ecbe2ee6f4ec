import type { Request, RequestHandler, Response } from 'express'
import { t } from '../../language.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { passwordProblem } from '../../models/password.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { emailForm, newPasswordForm } from '../forms/account-forms.ts'
import { type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { unproven } from './proofs.ts'

const forgotPage = () => ({ title: t('Forgotten password'), width: 'narrow' }) as const
const resetPage = () => ({ title: t('Choose a new password'), width: 'narrow' }) as const

export function passwordControllers({ models }: WebContext) {
  /** GET /password/forgot */
  const showForgot: RequestHandler = async (req, res) => {
    const proof = await models.proofs.challengeFor('forgotten-password')
    renderPage(req, res, 'auth/password-forgot', forgotPage(), { form: {}, errors: [], proof })
  }

  /** POST /password/forgot */
  const forget: RequestHandler = async (req, res) => {
    const reading = readForm(emailForm, req.body)
    if (reading.kind === 'refused') return refuseForgot(req, res, reading)
    const refused = await unproven(req, res, 'forgotten-password', { models })
    if (refused) return refuseForgot(req, res, refusedWith(req.body, refused.errors), refused.status)
    await models.users.forgetPassword(reading.value.email, actorOf(req))
    await flash(req, 'info', t('If we know that address, a mail with the next step is on its way.'))
    res.redirect(303, paths.passwordForgot)
  }

  /** GET /password/reset/:token */
  const showReset: RequestHandler = async (req, res) => {
    const user = await models.users.findByToken('RESET', tokenOf(req))
    if (!user) return tooOld(req, res)
    renderPage(req, res, 'auth/password-reset', resetPage(), {
      email: user.email,
      resetPath: paths.passwordReset(tokenOf(req)),
      errors: [],
    })
  }

  /** POST /password/reset/:token */
  const reset: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const user = await models.users.findByToken('RESET', token)
    if (!user) return tooOld(req, res)
    const reading = readForm(newPasswordForm, req.body)
    const problem =
      reading.kind === 'good'
        ? await passwordProblem(reading.value.password, [user.fullName, user.email])
        : null
    const refused =
      reading.kind === 'refused'
        ? reading
        : problem && refusedWith({}, [{ field: 'password', message: problem }])
    if (refused) {
      return renderRefused(req, res, 'auth/password-reset', resetPage(), {
        email: user.email,
        resetPath: paths.passwordReset(token),
        errors: refused.errors,
      })
    }
    if (
      reading.kind !== 'good' ||
      !(await models.users.resetPassword(token, reading.value.password, actorOf(req)))
    ) {
      return tooOld(req, res)
    }
    await flash(req, 'done', t('Your new password is set. Sign in with it.'))
    res.redirect(303, paths.login)
  }

  return { showForgot, forget, showReset, reset }

  async function refuseForgot(req: Request, res: Response, { typed, errors }: Refused, status?: number) {
    const proof = await models.proofs.challengeFor('forgotten-password')
    renderRefused(req, res, 'auth/password-forgot', forgotPage(), { form: typed, errors, proof }, status)
  }
}

async function tooOld(req: Request, res: Response): Promise<void> {
  await flash(req, 'warning', t('That link has been used or is too old. Ask for a new one here.'))
  res.redirect(303, paths.passwordForgot)
}
