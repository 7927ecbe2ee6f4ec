import type { Request, RequestHandler } from 'express'
import { TooManyRequests } from '../../errors.ts'
import { formatInstant } from '../../format.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { sendStream } from '../../middleware/packing.ts'
import { regenerated } from '../../middleware/session-store.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { emailForm } from '../forms/account-forms.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'

const page = () => ({ title: t('Your data'), width: 'narrow' }) as const
const erasePage = () => ({ title: t('Erase your account'), width: 'narrow' }) as const
const FILE_NAME = 'sparvana-data.json'

export function dataControllers({ models }: WebContext) {
  /** GET /settings/data */
  const show: RequestHandler = async (req, res) => {
    const props = { exportPath: paths.dataExport, erasePath: paths.dataErase, wish: await wishOf(req) }
    renderPage(req, res, 'main/data', page(), { ...props, callOffPath: paths.dataEraseCallOff })
  }

  /** POST /settings/data/export: answers with the file itself, so that no copy lies anywhere. */
  const exportAll: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const user = signedIn(req)
    const waitMs = await models.exports.begin(user.id, actorOf(req))
    if (waitMs > 0) throw new TooManyRequests(waitMs)
    res.attachment(FILE_NAME)
    await sendStream(req, res, models.exports.write(user.id))
  }

  /** GET /settings/data/erase */
  const showErase: RequestHandler = async (req, res) => {
    if (await models.erasures.open(signedIn(req).id)) return res.redirect(303, paths.settingsData)
    renderPage(req, res, 'main/data-erase', erasePage(), await eraseProps(req, []))
  }

  /** POST /settings/data/erase */
  const erase: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const refuse = async (errors: FieldError[]) =>
      renderRefused(req, res, 'main/data-erase', erasePage(), await eraseProps(req, errors))
    const reading = readForm(emailForm, req.body)
    if (reading.kind === 'refused') return refuse(reading.errors)
    if (reading.value.email !== user.email)
      return refuse([{ field: 'email', message: t('This is not the address of this account.') }])
    const closing = await models.erasures.ask(user, actorOf(req))
    if (closing.kind === 'waiting') {
      await flash(req, 'info', t('Noted. Your account is erased as soon as your money has come to rest.'))
      return res.redirect(303, paths.settingsData)
    }
    // Whoever had the account is a visitor like any other now.
    await regenerated(req)
    await flash(
      req,
      'done',
      t(
        'Your account is closed. What identifies you is being erased; one last letter tells you when it is done.',
      ),
    )
    res.setHeader('Clear-Site-Data', '"cache", "storage"')
    res.redirect(303, paths.home)
  }

  /** POST /settings/data/erase/call-off */
  const callOff: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const wasOpen = await models.erasures.callOff(signedIn(req).id, actorOf(req))
    await flash(
      req,
      wasOpen ? 'done' : 'info',
      wasOpen ? t('Called off. Your account stays.') : t('There was nothing to call off.'),
    )
    res.redirect(303, paths.settingsData)
  }

  return { show, exportAll, showErase, erase, callOff }

  async function wishOf(req: Request) {
    const user = signedIn(req)
    const wish = await models.erasures.open(user.id)
    if (!wish) return null
    return {
      askedOn: formatInstant(wish.askedOn, user.timezone),
      ...(await models.erasures.hindrances(user.id)),
    }
  }

  async function eraseProps(req: Request, errors: FieldError[]) {
    const { id, email } = signedIn(req)
    return {
      email,
      errors,
      hindrances: await models.erasures.hindrances(id),
      erasePath: paths.dataErase,
      dataPath: paths.settingsData,
      paymentsPath: paths.payments,
    }
  }
}
