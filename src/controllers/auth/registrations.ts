import type { Request, RequestHandler, Response } from 'express'
import { currentLanguage, t } from '../../language.ts'
import { actorOf, startHalf, startSession } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { passwordProblem } from '../../models/password.ts'
import { LEAST_AGE, NOTICE_VERSION } from '../../models/privacy-notice.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { confirmForm, emailForm, signUpForm } from '../forms/account-forms.ts'
import { type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { renderOpenPage, renderPage, renderRefused } from '../page.ts'
import { unproven } from './proofs.ts'

const signUpPage = () => ({ title: t('Sign up'), width: 'narrow' }) as const
const checkMailPage = () => ({ title: t('Check your mail'), width: 'narrow' }) as const
const confirmPage = () => ({ title: t('Confirm your address'), width: 'narrow' }) as const

const wrongPassword = () => ({
  field: 'password',
  message: t('This is not the password chosen at the last sign-up with this address.'),
})

export function registrationControllers({ models, clock, privacy: notice }: WebContext) {
  /** GET /privacy */
  const privacy: RequestHandler = (req, res) => {
    const props = { ...notice, version: NOTICE_VERSION, leastAge: LEAST_AGE }
    renderOpenPage(req, res, 'auth/privacy', { title: t('Privacy notice'), width: 'narrow' }, props)
  }

  /** GET /signup */
  const show: RequestHandler = async (req, res) => {
    const proof = await models.proofs.challengeFor('sign-up')
    renderPage(req, res, 'auth/signup', signUpPage(), { form: {}, errors: [], proof, leastAge: LEAST_AGE })
  }

  /** POST /signup */
  const create: RequestHandler = async (req, res) => {
    const reading = readForm(signUpForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const { fullName, email, password } = reading.value
    const problem = await passwordProblem(password, [fullName, email])
    if (problem) return refuse(req, res, refusedWith(req.body, [{ field: 'password', message: problem }]))
    const refused = await unproven(req, res, 'sign-up', { models })
    if (refused) return refuse(req, res, refusedWith(req.body, refused.errors), refused.status)
    await models.users.signUp({ fullName, email, password, locale: currentLanguage() }, actorOf(req))
    await flash(req, 'done', t('Almost there: we have sent you a mail.'))
    res.redirect(303, paths.confirmResend)
  }

  /** GET /confirm/resend */
  const showResend: RequestHandler = async (req, res) => {
    if (req.user?.emailConfirmedOn) return res.redirect(303, paths.dashboard)
    renderPage(req, res, 'auth/check-mail', checkMailPage(), {
      form: { email: req.user?.email ?? '' },
      errors: [],
      proof: await models.proofs.challengeFor('confirmation-mail'),
    })
  }

  /** POST /confirm/resend */
  const resend: RequestHandler = async (req, res) => {
    const reading = readForm(emailForm, req.body)
    if (reading.kind === 'refused') return refuseResend(req, res, reading)
    const refused = await unproven(req, res, 'confirmation-mail', { models })
    if (refused) return refuseResend(req, res, refusedWith(req.body, refused.errors), refused.status)
    await models.users.resendConfirmation(reading.value.email, actorOf(req))
    await flash(req, 'info', t('If that address is waiting for a confirmation, a new mail is on its way.'))
    res.redirect(303, paths.confirmResend)
  }

  /** GET /confirm/:token: mail programs open links to look at them, so the link alone changes nothing. */
  const showConfirm: RequestHandler = (req, res) => {
    renderPage(req, res, 'auth/confirm', confirmPage(), {
      confirmPath: paths.confirm(tokenOf(req)),
      errors: [],
    })
  }

  /** POST /confirm/:token: the link shows whose mailbox it is, the password who signed up; together they sign in. */
  const confirm: RequestHandler = async (req, res) => {
    const reading = readForm(confirmForm, req.body)
    if (reading.kind === 'refused') return refuseConfirm(req, res, reading)
    const result = await models.users.confirmEmail(tokenOf(req), reading.value.password, actorOf(req))
    switch (result.kind) {
      case 'wrong-password':
        return refuseConfirm(req, res, refusedWith(req.body, [wrongPassword()]))
      case 'spent':
        await flash(req, 'warning', t('That link has been used or is too old. Ask for a new one here.'))
        return res.redirect(303, req.user?.emailConfirmedOn ? paths.dashboard : paths.confirmResend)
      case 'confirmed':
        if (hasFactor(result.user)) {
          await startHalf(req, result.user, clock)
          return res.redirect(303, paths.loginCode)
        }
        await startSession(
          req,
          res,
          { user: result.user, factor: null, byMail: true },
          { users: models.users, clock },
        )
        await flash(req, 'done', t('Your address is confirmed, and you are signed in.'))
        res.redirect(303, paths.dashboard)
    }
  }

  return { privacy, show, create, showResend, resend, showConfirm, confirm }

  async function refuse(req: Request, res: Response, { typed, errors }: Refused, status?: number) {
    const proof = await models.proofs.challengeFor('sign-up')
    renderRefused(
      req,
      res,
      'auth/signup',
      signUpPage(),
      { form: typed, errors, proof, leastAge: LEAST_AGE },
      status,
    )
  }

  async function refuseResend(req: Request, res: Response, { typed, errors }: Refused, status?: number) {
    const proof = await models.proofs.challengeFor('confirmation-mail')
    renderRefused(req, res, 'auth/check-mail', checkMailPage(), { form: typed, errors, proof }, status)
  }
}

function refuseConfirm(req: Request, res: Response, { errors }: Refused): void {
  renderRefused(req, res, 'auth/confirm', confirmPage(), { confirmPath: paths.confirm(tokenOf(req)), errors })
}
