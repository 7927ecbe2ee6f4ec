import type { Request, RequestHandler } from 'express'
import { MINUTE } from '../../clock.ts'
import { Forbidden } from '../../errors.ts'
import { formatInstant, tooManyTries } from '../../format.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { isFresh } from '../../middleware/step-up.ts'
import { browserWords } from '../../models/device.ts'
import { MOST_PASSKEYS } from '../../models/passkey.ts'
import { passwordProblem } from '../../models/password.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { changePasswordForm, codeForm, sessionMarkForm } from '../forms/account-forms.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { askToWait, renderPage, renderRefused } from '../page.ts'
import { passkeyList } from '../view-models/passkey-list.ts'
import { qrCode } from '../view-models/qr-code.ts'
import { adminsNeedOne, showCodes } from './factors.ts'

const securityPage = () => ({ title: t('Password and security'), width: 'narrow' }) as const
const authenticatorPage = () => ({ title: t('Authenticator app'), width: 'narrow' }) as const
const codesPage = () => ({ title: t('Your backup codes'), width: 'narrow' }) as const

/** What a passkey confirms in the form of the password. */
const NEW_PASSWORD = 'a new password'

export function securityControllers({ models, clock, idleMinutes }: WebContext) {
  /** GET /settings/security */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'main/security', securityPage(), await securityProps(req, []))
  }

  /** POST /settings/security */
  const changePassword: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const refuse = async (errors: FieldError[]) =>
      renderRefused(req, res, 'main/security', securityPage(), await securityProps(req, errors))
    const reading = readForm(changePasswordForm, req.body)
    if (reading.kind === 'refused') return refuse(reading.errors)
    const { passwordCurrent, password, code, answer } = reading.value
    const problem = await passwordProblem(password, [user.fullName, user.email])
    if (problem) return refuse([{ field: 'password', message: problem }])
    const tooMany = async (ms: number) => {
      askToWait(res, ms)
      const errors = [{ field: null, message: tooManyTries(ms) }]
      renderPage(req, res, 'main/security', securityPage(), await securityProps(req, errors))
    }
    if (asksForCode(req)) {
      const shown = answer
        ? { passkey: answer, sid: req.sessionID, about: NEW_PASSWORD }
        : { password: passwordCurrent, code: code ?? '' }
      const confirmed = await models.identity.confirm(user, shown, actorOf(req))
      if (confirmed.kind === 'wait') return tooMany(confirmed.ms)
      if (confirmed.kind === 'wrong') return refuse([{ field: 'passwordCurrent', message: wrongFor(user) }])
    }
    const change = { current: passwordCurrent, next: password }
    const result = await models.users.changePassword(user, change, req.sessionID, actorOf(req))
    if (result.kind === 'wait') return tooMany(result.ms)
    if (result.kind === 'wrong') {
      return refuse([{ field: 'passwordCurrent', message: t('This is not your current password.') }])
    }
    await flash(req, 'done', t('Your password is changed. You are signed out everywhere else.'))
    res.redirect(303, paths.settings)
  }

  /** POST /settings/security/authenticator/begin */
  const begin: RequestHandler = async (req, res) => {
    readNothing(req.body)
    await models.factors.begin(signedIn(req).id, actorOf(req))
    res.redirect(303, paths.authenticator)
  }

  /** GET /settings/security/authenticator */
  const showAuthenticator: RequestHandler = (req, res) => {
    renderPage(req, res, 'main/authenticator', authenticatorPage(), authenticatorProps(req, []))
  }

  /** POST /settings/security/authenticator: its first code. */
  const confirm: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const refuse = (errors: FieldError[]) =>
      renderRefused(req, res, 'main/authenticator', authenticatorPage(), authenticatorProps(req, errors))
    const reading = readForm(codeForm, req.body)
    if (reading.kind === 'refused') return refuse(reading.errors)
    const code = reading.value.code.replace(/\s/g, '')
    const codes = await models.factors.confirm(user, code, req.sessionID, actorOf(req))
    if (!codes)
      return refuse([{ field: 'code', message: t('This code is wrong. Is the clock of your phone right?') }])
    // Whoever has just shown a code has the factor in hand.
    req.session.factor = 'authenticator'
    await showCodes(req, res, models.factors, codes)
  }

  /** POST /settings/security/authenticator/remove */
  const remove: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const user = signedIn(req)
    const isRemoved = await models.factors.remove(user.id, req.sessionID, actorOf(req))
    if (!isRemoved) throw new Forbidden(adminsNeedOne())
    // What was shown at the sign-in counts as long as there is another factor that could be shown.
    if (user.passkeyCount === 0) req.session.factor = null
    await flash(req, 'done', t('Your authenticator is no longer asked for.'))
    res.redirect(303, paths.settingsSecurity)
  }

  /** GET /settings/security/codes: once, right after they were made. */
  const showNewCodes: RequestHandler = (req, res) => {
    const { newCodes } = req.session
    if (newCodes === undefined) return res.redirect(303, paths.settingsSecurity)
    delete req.session.newCodes
    const codes = models.factors.shown(signedIn(req).id, newCodes)
    renderPage(req, res, 'main/backup-codes', codesPage(), { codes })
  }

  /** POST /settings/security/codes */
  const renewCodes: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const user = signedIn(req)
    if (!hasFactor(user)) return res.redirect(303, paths.authenticator)
    await showCodes(req, res, models.factors, await models.factors.newCodes(user.id, actorOf(req)))
  }

  /** POST /settings/security/reset/call-off */
  const callOffReset: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const wasOpen = await models.factors.callOffReset(signedIn(req).id, actorOf(req))
    await flash(
      req,
      'done',
      wasOpen ? t('Called off. Your second step stays.') : t('There was nothing to call off.'),
    )
    res.redirect(303, paths.settingsSecurity)
  }

  /** POST /settings/security/sessions/end */
  const endSession: RequestHandler = async (req, res) => {
    const reading = readForm(sessionMarkForm, req.body)
    const ended =
      reading.kind === 'good' &&
      (await models.sessions.end(signedIn(req).id, reading.value.session, actorOf(req)))
    await flash(
      req,
      ended ? 'done' : 'info',
      ended ? t('Signed out there.') : t('That one had ended already.'),
    )
    res.redirect(303, paths.settingsSecurity)
  }

  /** POST /settings/security/sessions/end-others */
  const endOthers: RequestHandler = async (req, res) => {
    readNothing(req.body)
    await models.sessions.endOthers(signedIn(req).id, req.sessionID, actorOf(req))
    await flash(req, 'done', t('You are signed out everywhere else.'))
    res.redirect(303, paths.settingsSecurity)
  }

  return {
    show,
    changePassword,
    begin,
    showAuthenticator,
    confirm,
    remove,
    showNewCodes,
    renewCodes,
    callOffReset,
    endSession,
    endOthers,
  }

  /** The form asks for the password itself; what a sign-in asks for besides must be as fresh. */
  function asksForCode(req: Request): boolean {
    return hasFactor(signedIn(req)) && !isFresh(req, clock)
  }

  async function securityProps(req: Request, errors: FieldError[]) {
    const user = signedIn(req)
    const aliveSince = new Date(clock.now().getTime() - idleMinutes * MINUTE)
    const sessions = await models.sessions.listOwned(user.id, req.sessionID, aliveSince)
    const reset = await models.factors.openReset(user.id)
    const question = {
      purpose: 'confirm',
      sid: req.sessionID,
      userId: user.id,
      about: NEW_PASSWORD,
    } as const
    return {
      email: user.email,
      securityPath: paths.settingsSecurity,
      errors,
      asksForCode: asksForCode(req),
      passkey: asksForCode(req) ? await models.passkeys.ask(question) : null,
      factor: {
        isOn: user.totpConfirmedOn !== null,
        since: user.totpConfirmedOn && formatInstant(user.totpConfirmedOn, user.timezone),
        codesLeft: hasFactor(user) ? await models.factors.codesLeft(user.id) : null,
        mayBeRemoved: user.role !== 'ADMIN' || user.passkeyCount > 0,
        resetOn: reset && formatInstant(reset.effectiveOn, user.timezone),
      },
      passkeys: passkeyList(await models.passkeys.listOwned(user.id), user),
      mayAddPasskey: models.passkeys.isOn && user.passkeyCount < MOST_PASSKEYS,
      sessions: sessions.map((session) => ({
        mark: session.mark,
        browser: browserWords(session.browser),
        from: session.ip ?? t('an unknown address'),
        signedIn: formatInstant(session.signedInOn, user.timezone),
        lastSeen: formatInstant(session.lastSeenOn, user.timezone),
        isCurrent: session.isCurrent,
      })),
      actions: {
        authenticator: paths.authenticator,
        begin: paths.authenticatorBegin,
        remove: paths.authenticatorRemove,
        addPasskey: paths.passkeyBegin,
        codes: paths.backupCodes,
        callOff: paths.resetCallOff,
        endSession: paths.sessionEnd,
        endOthers: paths.sessionsEndOthers,
      },
    }
  }

  /** The key is shown to whoever has just shown who they are; a page that was left open begins anew. */
  function authenticatorProps(req: Request, errors: FieldError[]) {
    const user = signedIn(req)
    const pending = isFresh(req, clock) ? models.factors.pending(user) : null
    return {
      errors,
      isOn: user.totpConfirmedOn !== null,
      pending: pending && {
        // Four at a time, as people type them.
        key: pending.secret.replace(/(.{4})(?=.)/g, '$1 '),
        uri: pending.uri,
        qr: qrCode(pending.uri),
      },
      beginPath: paths.authenticatorBegin,
      confirmPath: paths.authenticator,
      securityPath: paths.settingsSecurity,
    }
  }
}

function wrongFor({ passkeyCount }: Express.User): string {
  return passkeyCount > 0
    ? t('The current password, the code or the passkey is wrong.')
    : t('The current password or the code is wrong.')
}
