import type { Request, RequestHandler, Response } from 'express'
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
import type { Comer } from '../../models/proof-of-work.ts'
import type { CodeKind } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { codeForm, signInForm } from '../forms/account-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { askToWait, renderPage, renderRefused } from '../page.ts'
import { inWords, tooManyTries } from '../view-models/format.ts'
import { unproven } from './proofs.ts'

const SIGN_IN = { title: 'Sign in', width: 'narrow' } as const
const CODE = { title: 'Your code', width: 'narrow' } as const
const LOST = { title: 'Authenticator lost', width: 'narrow' } as const
const WRONG = [{ field: null, message: 'The address or the password is wrong.' }]
const WRONG_CODE = [{ field: 'code', message: 'This code is wrong, or has been used already.' }]

export function sessionControllers({ models, clock }: WebContext, checkPassword: CheckPassword) {
  /** GET / */
  const home: RequestHandler = (req, res) => {
    if (req.user) return res.redirect(303, paths.dashboard)
    renderPage(req, res, 'auth/home', { title: 'Save by keeping habits' })
  }

  /** GET /login */
  const show: RequestHandler = async (req, res) => {
    const proof = await proofFor(req, null)
    renderPage(req, res, 'auth/login', SIGN_IN, { form: {}, errors: [], proof })
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
    if (result.kind === 'wrong') return refuse(WRONG)
    if (result.kind === 'wait') {
      askToWait(res, result.ms)
      return refuse(tooMany(result.ms), res.statusCode)
    }
    const { user } = result
    if (!user.totpConfirmedOn) return enter(req, res, user, null)
    if (await models.factors.completeReset(user.id, actorOf(req))) {
      return enter(req, res, { ...user, totpConfirmedOn: null }, null)
    }
    await startHalf(req, user, clock)
    res.redirect(303, paths.loginCode)
  }

  /** GET /login/code */
  const showCode: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    renderPage(req, res, 'auth/login-code', CODE, await codeProps(user, []))
  }

  /** POST /login/code */
  const createWithCode: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    const refuse = async (errors: FieldError[]) =>
      renderRefused(req, res, 'auth/login-code', CODE, await codeProps(user, errors))
    const reading = readForm(codeForm, req.body)
    if (reading.kind === 'refused') return refuse(reading.errors)
    const result = await models.identity.checkCode(
      user,
      reading.value.code,
      browserOf(req).mark,
      actorOf(req),
    )
    if (result.kind === 'wrong') return refuse(WRONG_CODE)
    if (result.kind === 'wait') {
      askToWait(res, result.ms)
      return renderPage(req, res, 'auth/login-code', CODE, await codeProps(user, tooMany(result.ms)))
    }
    await enter(req, res, user, result.factor)
  }

  /** POST /login/lost: the way back for who has shown the password and has no code any more goes through their mailbox. */
  const lose: RequestHandler = async (req, res) => {
    const user = await halfUser(req)
    if (!user) return beginAgain(req, res)
    await models.users.loseFactor(user.id, actorOf(req))
    await flash(req, 'info', 'We have sent you a mail with the next step.')
    res.redirect(303, paths.loginCode)
  }

  /** GET /login/lost/:token */
  const showLost: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const user = await models.users.findByToken('FACTOR', token)
    if (!user) return linkTooOld(req, res)
    const delay = inWords(models.factors.resetDelayMs)
    renderPage(req, res, 'auth/factor-lost', LOST, { email: user.email, delay, lostPath: paths.lost(token) })
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
      `Noted. From ${inWords(models.factors.resetDelayMs)} from now on your password alone signs you in. We have told you by mail.`,
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

  return { home, show, create, showCode, createWithCode, lose, showLost, askReset, destroy, keep }

  async function refuseSignIn(
    req: Request,
    res: Response,
    { typed, errors }: Refused,
    email: string | null,
    status?: number,
  ) {
    const proof = await proofFor(req, email)
    renderRefused(req, res, 'auth/login', SIGN_IN, { form: typed, errors, proof }, status)
  }

  async function proofFor(req: Request, email: string | null): Promise<string | null> {
    return (await models.proofs.isDue(comerOf(req, email))) ? models.proofs.challengeFor('sign-in') : null
  }

  async function enter(req: Request, res: Response, user: Express.User, factor: CodeKind | null) {
    const { returnTo } = req.session
    await startSession(req, res, { user, factor }, { users: models.users, clock })
    res.redirect(303, user.emailConfirmedOn ? destination(user, returnTo) : paths.confirmResend)
  }

  async function halfUser(req: Request): Promise<Express.User | null> {
    const userId = halfSignedIn(req, clock)
    const user = userId === null ? null : await models.users.find(userId)
    return user?.status === 'ACTIVE' ? user : null
  }

  async function codeProps(user: Express.User, errors: FieldError[]) {
    const reset = await models.factors.openReset(user.id)
    const resetNote =
      reset &&
      `Your request is noted: from ${inWords(reset.effectiveOn.getTime() - clock.now().getTime())} from now on your password alone signs you in.`
    return { errors, resetNote, codePath: paths.loginCode, lostPath: paths.loginLost }
  }
}

function comerOf(req: Request, email: string | null): Comer {
  return { email, mark: browserOf(req).mark, ip: req.ip ?? null }
}

async function beginAgain(req: Request, res: Response): Promise<void> {
  await flash(req, 'info', 'That took too long. Begin again with your password.')
  res.redirect(303, paths.login)
}

async function linkTooOld(req: Request, res: Response): Promise<void> {
  await flash(req, 'warning', 'That link has been used or is too old. Sign in to ask for a new one.')
  res.redirect(303, paths.login)
}

function tooMany(ms: number): FieldError[] {
  return [{ field: null, message: tooManyTries(ms) }]
}

/** `returnTo` was set by us from a local address; it is checked again, since a redirect must never leave the site. */
function destination(user: Express.User, returnTo: string | undefined): string {
  if (returnTo !== undefined && isOwnPath(returnTo)) return returnTo
  return user.role === 'ADMIN' ? paths.admin : paths.dashboard
}
