import type { Request, RequestHandler, Response } from 'express'
import { t, term } from '../../language.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import type { TakeBackResult } from '../../models/address.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { tokenOf } from '../forms/form.ts'
import { renderPage } from '../page.ts'

const page = () => ({ title: t('It was not you?'), width: 'narrow' }) as const

const RESULTS: Record<Exclude<TakeBackResult, 'spent'>, string> = {
  'called-off': term(
    'Called off. Everybody is signed out; choose a new password with the link that we are sending you.',
  ),
  'taken-back': term(
    'The account is back at your address. Everybody is signed out; choose a new password with the link that we are sending you.',
  ),
  taken: term(
    'Your old address has another account by now, so this one could not come back to it. Nobody gets into it any more; write to us.',
  ),
}

/** For who reads the old address of an account that moves, or has moved: they may be shut out of it already. */
export function addressLinkControllers({ models, log }: WebContext) {
  /** GET /address/take-back/:token: looking changes nothing. */
  const show: RequestHandler = async (req, res) => {
    const token = tokenOf(req)
    const change = await models.addresses.changeBehind(token)
    if (!change) return tooOld(req, res)
    const takeBackPath = paths.addressTakeBack(token)
    renderPage(req, res, 'auth/address-take-back', page(), {
      hasMoved: change.confirmedOn !== null,
      takeBackPath,
    })
  }

  /** POST /address/take-back/:token */
  const takeBack: RequestHandler = async (req, res) => {
    const result = await models.addresses.takeBack(tokenOf(req), actorOf(req))
    if (result === 'spent') return tooOld(req, res)
    log.warn('a change of address was taken back', { result, ip: req.ip })
    await flash(req, result === 'taken' ? 'problem' : 'done', t(RESULTS[result]))
    res.redirect(303, paths.login)
  }

  return { show, takeBack }
}

async function tooOld(req: Request, res: Response): Promise<void> {
  await flash(req, 'warning', t('That link has been used or is too old.'))
  res.redirect(303, paths.login)
}
