import type { Request, RequestHandler, Response } from 'express'
import { formatMoney, inWords, tooManyTries } from '../../format.ts'
import { t } from '../../language.ts'
import {
  actorOf,
  type CheckPassword,
  endSession,
  halfSignedIn,
  startHalf,
  startSession,
} from '../../middleware/authentication.ts'
import { browserOf } from '../../middleware/browser-mark.ts'
import { flash } from '../../middleware/flash.ts'
import { isOwnPath } from '../../middleware/own-path.ts'
import type { FactorResult } from '../../models/identity.ts'
import type { Comer } from '../../models/proof-of-work.ts'
import { type FactorKind, hasFactor, withoutFactors } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { codeForm, passkeyForm, signInForm } from '../forms/account-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { askToWait, renderOpenPage, renderPage, renderRefused } from '../page.ts'
import { unproven } from './proofs.ts'

const signInPage = () => ({ title: t('Sign in'), width: 'narrow' }) as const
const codePage = () => ({ title: t('One more step'), width: 'narrow' }) as const
const lostPage = () => ({ title: t('Second step lost'), width: 'narrow' }) as const
const wrong = () => [{ field: null, message: t('The address or the password is wrong.') }]
const wrongPasskey = () => [
  {
    field: null,
    message: t('This passkey did not sign you in. If this page was open for a while, try once more.'),
  },
]
const wrongCode = () => [{ field: 'code', message: t('This code is wrong, or has been used already.') }]

export function sessionControllers({ models, clock }: WebContext, checkPassword: CheckPassword) {
  /** GET / */
  const home: RequestHandler = (req, res) => {
    if (req.user) return res.redirect(303, paths.dashboard)
    renderOpenPage(
      req,
      res,
      'auth/home',
      { title: t('Save by keeping habits') },
      { exampleAmount: formatMoney(2_500, 'DKK') },
    )
  }

  /** GET /login */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'auth/login', signInPage(), await loginProps(req, { typed: {}, errors: [] }, null))
  }

  /** POST /login */
  const create: RequestHandler = async (req, res) => {
    const reading = readForm(signInForm, req.body)
    if (reading.kind === 'refused') return refuseSignIn(req, res, reading, null)
    const { email } = reading.value
    const refuse = (errors: FieldError[], status?: number) =>
      refuseSignIn(req, res, refusedWith(req.body, errors), email, status)
    const isDue = await models.proofs.isDue(comerOf(req, email))
    const refused = isDue ? await unproven(req, res, 'sign-in', { models }) : null
    if (refused) return refuse(refused.errors, refused.status)
    const result = await checkPassword(req)
    if (result.kind === 'wrong') return refuse(wrong())
    if (result.kind === 'wait') {
      askToWait(res, result.ms)
      return refuse(tooMany(result.ms), res.statusCode)
    }
    const { user } = result
    if (!hasFactor(user)) return enter(req, res, user, null)
    if (await models.factors.completeReset(user.id, actorOf(req))) {
      return enter(req, res, withoutFactors(user), null)
    }
    await startHalf(req, user, clock)
    res.redirect(303, paths.loginCode)
  }

  /** POST /login/passkey: instead of address, password and code. */
  const createWithPasskey: RequestHandler = async (req, res) => {
    const refuse = (errors: FieldError[], status?: number) =>
      refuseSignIn(req, res, { typed: {}, errors }, null, status)
    const reading = readForm(passkeyForm, req.body)
    if (reading.kind === 'refused') return refuse(withoutFields(reading.errors))
    const at = { sid: req.sessionID, mark: browserOf(req).mark }
    const result = await models.identity.signIn(reading.value.answer, at, actorOf(req))
    if (result.kind === 'wrong') return refuse(wrongPasskey())
    if (result.kind === 'wait') {
      askToWait(res, result.ms)
      return refuse(tooMany(result.ms), res.statusCode)
    }
    await enter(req, res, result.user, 'passkey')
  }

  /** GET /login/code */
  const showCode: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    renderPage(req, res, 'auth/login-code', codePage(), await codeProps(req, user, []))
  }

  /** POST /login/code */
  const createWithCode: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    const reading = readForm(codeForm, req.body)
    if (reading.kind === 'refused') return refuseCode(req, res, user, reading.errors)
    const { code } = reading.value
    const result = await models.identity.checkCode(user, code, browserOf(req).mark, actorOf(req))
    await finish(req, res, user, result, wrongCode())
  }

  /** POST /login/code/passkey */
  const finishWithPasskey: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    const reading = readForm(passkeyForm, req.body)
    if (reading.kind === 'refused') return refuseCode(req, res, user, withoutFields(reading.errors))
    const at = { sid: req.sessionID, mark: browserOf(req).mark }
    const result = await models.identity.checkPasskey(user, reading.value.answer, at, actorOf(req))
    await finish(req, res, user, result, wrongPasskey())
  }

  /** POST /login/lost: the way back for who has shown the password and has no code any more goes through their mailbox. */
  const lose: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    await models.users.loseFactor(user.id, actorOf(req))
    await flash(req, 'info', t('We have sent you a mail with the next step.'))
    res.redirect(303, paths.loginCode)
  }

  /** GET /login/lost/:token */
  const showLost: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const user = await models.users.findByToken('FACTOR', token)
    if (!user) return linkTooOld(req, res)
    const delay = inWords(models.factors.resetDelayMs)
    renderPage(req, res, 'auth/factor-lost', lostPage(), {
      email: user.email,
      delay,
      lostPath: paths.lost(token),
    })
  }

  /** POST /login/lost/:token */
  const askReset: RequestHandler = async (req, res) => {
    const user = await models.users.findByToken('FACTOR', tokenOf(req))
    if (!user) return linkTooOld(req, res)
    // In this order: a link that is spent for nothing would have to be asked for again.
    await models.factors.askReset(user.id, actorOf(req))
    await models.users.spendFactorLink(tokenOf(req))
    await flash(
      req,
      'done',
      t('Noted. From {time} from now on your password alone signs you in. We have told you by mail.', {
        time: inWords(models.factors.resetDelayMs),
      }),
    )
    res.redirect(303, paths.login)
  }

  /** POST /logout */
  const destroy: RequestHandler = async (req, res) => {
    if (req.user) await models.users.noteSignOut(req.user, actorOf(req))
    await endSession(req)
    res.setHeader('Clear-Site-Data', '"cache", "storage"')
    res.redirect(303, paths.home)
  }

  /** POST /session/keep: the page's own question whether anybody is still there was answered. */
  const keep: RequestHandler = (_req, res) => {
    res.status(204).end()
  }

  return {
    home,
    show,
    create,
    createWithPasskey,
    showCode,
    createWithCode,
    finishWithPasskey,
    lose,
    showLost,
    askReset,
    destroy,
    keep,
  }

  async function refuseSignIn(
    req: Request,
    res: Response,
    refused: Refused,
    email: string | null,
    status?: number,
  ) {
    renderRefused(req, res, 'auth/login', signInPage(), await loginProps(req, refused, email), status)
  }

  async function loginProps(req: Request, { typed, errors }: Refused, email: string | null) {
    return {
      form: typed,
      errors,
      proof: await proofFor(req, email),
      passkey: await models.passkeys.ask({ purpose: 'sign-in', sid: req.sessionID, userId: null }),
      passkeyPath: paths.loginPasskey,
    }
  }

  /** The second step was shown, somehow. */
  async function finish(
    req: Request,
    res: Response,
    user: Express.User,
    result: FactorResult,
    refused: FieldError[],
  ) {
    if (result.kind === 'right') return enter(req, res, user, result.factor)
    if (result.kind === 'wrong') return refuseCode(req, res, user, refused)
    askToWait(res, result.ms)
    renderPage(req, res, 'auth/login-code', codePage(), await codeProps(req, user, tooMany(result.ms)))
  }

  async function refuseCode(req: Request, res: Response, user: Express.User, errors: FieldError[]) {
    renderRefused(req, res, 'auth/login-code', codePage(), await codeProps(req, user, errors))
  }

  async function proofFor(req: Request, email: string | null): Promise<string | null> {
    return (await models.proofs.isDue(comerOf(req, email))) ? models.proofs.challengeFor('sign-in') : null
  }

  async function enter(req: Request, res: Response, user: Express.User, factor: FactorKind | null) {
    const { returnTo } = req.session
    await startSession(req, res, { user, factor }, { users: models.users, clock })
    res.redirect(303, user.emailConfirmedOn ? destination(user, returnTo) : paths.confirmResend)
  }

  async function halfUser(req: Request): Promise<Express.User | null> {
    const userId = halfSignedIn(req, clock)
    const user = userId === null ? null : await models.users.find(userId)
    return user?.status === 'ACTIVE' ? user : null
  }

  async function codeProps(req: Request, user: Express.User, errors: FieldError[]) {
    const reset = await models.factors.openReset(user.id)
    const resetNote =
      reset &&
      t('Your request is noted: from {time} from now on your password alone signs you in.', {
        time: inWords(reset.effectiveOn.getTime() - clock.now().getTime()),
      })
    return {
      errors,
      resetNote,
      hasAuthenticator: user.totpConfirmedOn !== null,
      hasPasskeys: user.passkeyCount > 0,
      passkey: await models.passkeys.ask({ purpose: 'confirm', sid: req.sessionID, userId: user.id }),
      codePath: paths.loginCode,
      passkeyPath: paths.loginCodePasskey,
      lostPath: paths.loginLost,
    }
  }
}

function comerOf(req: Request, email: string | null): Comer {
  return { email, mark: browserOf(req).mark, ip: req.ip ?? null }
}

async function beginAgain(req: Request, res: Response): Promise<void> {
  await flash(req, 'info', t('That took too long. Begin again with your password.'))
  res.redirect(303, paths.login)
}

async function linkTooOld(req: Request, res: Response): Promise<void> {
  await flash(req, 'warning', t('That link has been used or is too old. Sign in to ask for a new one.'))
  res.redirect(303, paths.login)
}

/** The answer stands in no field that anybody could put right. */
function withoutFields(errors: FieldError[]): FieldError[] {
  return errors.map(({ message }) => ({ field: null, message }))
}

function tooMany(ms: number): FieldError[] {
  return [{ field: null, message: tooManyTries(ms) }]
}

/** `returnTo` was set by us from a local address; it is checked again, since a redirect must never leave the site. */
function destination(user: Express.User, returnTo: string | undefined): string {
  if (returnTo !== undefined && isOwnPath(returnTo)) return returnTo
  return user.role === 'ADMIN' ? paths.admin : paths.dashboard
}
