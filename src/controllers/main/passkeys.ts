import type { Request, RequestHandler } from 'express'
import { Forbidden, NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { browserOf } from '../../middleware/browser-mark.ts'
import { flash } from '../../middleware/flash.ts'
import { isFresh } from '../../middleware/step-up.ts'
import { browserWords } from '../../models/device.ts'
import { MOST_PASSKEYS } from '../../models/passkey.ts'
import { hasFactor } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { passkeyNewForm, passkeyRenameForm } from '../forms/account-forms.ts'
import { type FieldError, idOf, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'
import { adminsNeedOne, showCodes } from './factors.ts'

const newPage = () => ({ title: t('Add a passkey'), width: 'narrow' }) as const
const renamePage = () => ({ title: t('Rename a passkey'), width: 'narrow' }) as const

const REFUSALS = {
  wrong: () => t('Your device’s answer did not fit, or came too late. Try once more.'),
  known: () => t('This passkey is in use already.'),
  full: () =>
    t('You have {most} passkeys, and that is the most. Remove one that you no longer use.', {
      most: MOST_PASSKEYS,
    }),
} as const

export function passkeyControllers({ models, clock }: WebContext) {
  /** POST /settings/security/passkeys/begin: who it is, is asked before the device is. */
  const begin: RequestHandler = (req, res) => {
    readNothing(req.body)
    res.redirect(303, paths.passkeyNew)
  }

  /** GET /settings/security/passkeys/new */
  const showNew: RequestHandler = async (req, res) => {
    const typed = { label: browserWords(browserOf(req).label) }
    renderPage(req, res, 'main/passkey-new', newPage(), await newProps(req, { typed, errors: [] }))
  }

  /** POST /settings/security/passkeys/new */
  const create: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const refuse = async (refused: Refused) =>
      renderRefused(req, res, 'main/passkey-new', newPage(), await newProps(req, refused))
    const reading = readForm(passkeyNewForm, req.body)
    if (reading.kind === 'refused')
      return refuse({ typed: reading.typed, errors: reading.errors.map(withoutAnswer) })
    const result = await models.passkeys.add(user, reading.value, req.sessionID, actorOf(req))
    if (result.kind === 'refused')
      return refuse(refusedWith(req.body, [{ field: null, message: REFUSALS[result.because]() }]))
    // Whoever has just made it has it in hand.
    req.session.factor ??= 'passkey'
    await flash(req, 'done', t('Your passkey is added. You are signed out everywhere else.'))
    if (result.codes) return showCodes(req, res, models.factors, result.codes)
    res.redirect(303, paths.settingsSecurity)
  }

  /** GET /settings/security/passkeys/:id/rename */
  const showRename: RequestHandler = async (req, res) => {
    const passkey = await models.passkeys.findOwned(signedIn(req).id, idOf(req))
    if (!passkey) throw new NotFound()
    renderPage(req, res, 'main/passkey-rename', renamePage(), renameProps(req, { label: passkey.label }, []))
  }

  /** POST /settings/security/passkeys/:id/rename */
  const rename: RequestHandler = async (req, res) => {
    const { id } = signedIn(req)
    const passkeyId = idOf(req)
    if (!(await models.passkeys.findOwned(id, passkeyId))) throw new NotFound()
    const reading = readForm(passkeyRenameForm, req.body)
    if (reading.kind === 'refused') {
      const props = renameProps(req, reading.typed, reading.errors)
      return renderRefused(req, res, 'main/passkey-rename', renamePage(), props)
    }
    const isRenamed = await models.passkeys.rename(id, passkeyId, reading.value.label, actorOf(req))
    if (!isRenamed) throw new NotFound()
    await flash(req, 'done', t('Your passkey has its new name.'))
    res.redirect(303, paths.settingsSecurity)
  }

  /** POST /settings/security/passkeys/:id/remove */
  const remove: RequestHandler = async (req, res) => {
    const passkeyId = idOf(req)
    readNothing(req.body)
    const { id } = signedIn(req)
    const result = await models.passkeys.remove(id, passkeyId, req.sessionID, actorOf(req))
    if (result === 'missing') throw new NotFound()
    if (result === 'has-to-stay') throw new Forbidden(adminsNeedOne())
    const user = await models.users.find(id)
    if (!user || !hasFactor(user)) req.session.factor = null
    await flash(req, 'done', t('The passkey is removed. Delete it on your device, too.'))
    res.redirect(303, paths.settingsSecurity)
  }

  return { begin, showNew, create, showRename, rename, remove }

  /** A page that was left open begins anew. */
  async function newProps(req: Request, { typed, errors }: Refused) {
    const user = signedIn(req)
    const mayAdd = models.passkeys.isOn && user.passkeyCount < MOST_PASSKEYS && isFresh(req, clock)
    return {
      form: { label: typed.label },
      errors,
      passkey: mayAdd ? await models.passkeys.askForNew(user, req.sessionID) : null,
      isFull: user.passkeyCount >= MOST_PASSKEYS,
      isFirst: !hasFactor(user),
      beginPath: paths.passkeyBegin,
      addPath: paths.passkeyNew,
      securityPath: paths.settingsSecurity,
    }
  }

  function renameProps(req: Request, form: Record<string, string>, errors: FieldError[]) {
    return { form, errors, renamePath: paths.passkeyRename(idOf(req)), securityPath: paths.settingsSecurity }
  }
}

/** The answer stands in no field that anybody could put right. */
function withoutAnswer({ field, message }: FieldError): FieldError {
  return { field: field === 'answer' ? null : field, message }
}
