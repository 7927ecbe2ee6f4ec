import type { Request, RequestHandler, Response } from 'express'
import { DAY } from '../../clock.ts'
import { TooManyRequests } from '../../errors.ts'
import { formatInstant } from '../../format.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { newEmailForm } from '../forms/account-forms.ts'
import { type Refused, readForm, refusedWith, tokenOf } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage, renderRefused } from '../page.ts'

const page = () => ({ title: t('E-mail address'), width: 'narrow' }) as const
const movePage = () => ({ title: t('Move your account'), width: 'narrow' }) as const
const same = () => ({ field: 'newEmail', message: t('This is the address of your account already.') })

export function addressControllers({ models }: WebContext) {
  /** GET /settings/email */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'main/email', page(), await props(req, { typed: {}, errors: [] }))
  }

  /** POST /settings/email: the same words whoever has the new address. */
  const ask: RequestHandler = async (req, res) => {
    const reading = readForm(newEmailForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const result = await models.addresses.ask(signedIn(req).id, reading.value.newEmail, actorOf(req))
    if (result.kind === 'wait') throw new TooManyRequests(result.ms)
    if (result.kind === 'same') return refuse(req, res, refusedWith(req.body, [same()]))
    await flash(req, 'info', t('We have sent a link to the new address, and told the old one.'))
    res.redirect(303, paths.settingsEmail)
  }

  /** POST /settings/email/call-off */
  const callOff: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const wasOpen = await models.addresses.callOff(signedIn(req).id, actorOf(req))
    if (wasOpen) await flash(req, 'done', t('Called off. Your address stays.'))
    else await flash(req, 'info', t('There was nothing to call off.'))
    res.redirect(303, paths.settingsEmail)
  }

  /** GET /address/new/:token */
  const showMove: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const wish = await models.addresses.wishBehind(signedIn(req).id, token)
    if (!wish) return tooOld(req, res)
    const { oldEmail, newEmail } = wish
    renderPage(req, res, 'main/email-move', movePage(), {
      oldEmail,
      newEmail,
      movePath: paths.addressNew(token),
    })
  }

  /** POST /address/new/:token: the link shows whose mailbox it is, the session whose account. */
  const move: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const result = await models.addresses.move(signedIn(req).id, tokenOf(req), req.sessionID, actorOf(req))
    if (result.kind === 'spent') return tooOld(req, res)
    if (result.kind === 'taken') {
      await flash(
        req,
        'warning',
        t('This address has got another account in the meantime. Yours stays where it is.'),
      )
      return res.redirect(303, paths.settingsEmail)
    }
    await flash(
      req,
      'done',
      t('Your account has moved to {email}. You are signed out everywhere else.', { email: result.email }),
    )
    res.redirect(303, paths.settingsEmail)
  }

  return { show, ask, callOff, showMove, move }

  async function refuse(req: Request, res: Response, refused: Refused): Promise<void> {
    renderRefused(req, res, 'main/email', page(), await props(req, refused))
  }

  async function props(req: Request, { typed, errors }: Refused) {
    const { id, email, timezone } = signedIn(req)
    const wish = await models.addresses.open(id)
    return {
      email,
      form: typed,
      errors,
      wish: wish && {
        newEmail: wish.newEmail,
        until: formatInstant(new Date(wish.askedOn.getTime() + DAY), timezone),
      },
      emailPath: paths.settingsEmail,
      callOffPath: paths.settingsEmailCallOff,
    }
  }
}

async function tooOld(req: Request, res: Response): Promise<void> {
  await flash(
    req,
    'warning',
    t('That link has been used, called off or is too old, or belongs to another account.'),
  )
  res.redirect(303, paths.settingsEmail)
}
