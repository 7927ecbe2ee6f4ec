import type { Request, RequestHandler } from 'express'
import { NotFound, WrongState } from '../../errors.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { endedWithoutMoney } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage } from '../page.ts'
import { moveBackPage } from '../view-models/move-back-page.ts'

const UNDERWAY = term('It is being moved back already, or has been. Here is where that stands.')

export function reversalControllers({ models }: WebContext) {
  /** GET /checkoffs/:id/move-back: says what would happen. */
  const confirm: RequestHandler = async (req, res) => {
    const checkOff = await models.reversals.find(signedIn(req).id, idOf(req))
    if (!checkOff) throw new NotFound()
    const { payment, reversal } = checkOff
    if (payment?.state !== 'PAID') throw new NotSaved(payment?.id ?? null)
    if (reversal && !endedWithoutMoney(reversal.state)) {
      await flash(req, 'info', t(UNDERWAY))
      return res.redirect(303, paths.payment(reversal.id))
    }
    renderPage(
      req,
      res,
      'main/move-back',
      { title: t('Move the money back'), width: 'narrow' },
      moveBackPage({ ...checkOff, payment }),
    )
  }

  /** POST /checkoffs/:id/move-back */
  const create: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const result = await models.reversals.moveBack(signedIn(req).id, idOf(req), actorOf(req))
    if (!result) throw new NotFound()
    if (result.kind === 'not-saved') throw new NotSaved(result.paymentId)
    if (result.kind === 'scheduled')
      await flash(req, 'done', t('The money will be moved back. Until it is sent you can call that off.'))
    else await flash(req, 'info', t(UNDERWAY))
    res.redirect(303, paths.payment(result.paymentId))
  }

  /** POST /payments/:id/cancel */
  const cancel: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const id = idOf(req)
    const result = await models.reversals.callOff(signedIn(req).id, id, actorOf(req))
    if (!result) throw await notCancelled(req, id)
    if (result === 'called-off')
      await flash(req, 'done', t('Called off. The money stays in your savings account.'))
    else if (result === 'already-ended') await flash(req, 'info', t('It had ended already. Nothing is sent.'))
    else
      await flash(
        req,
        'warning',
        t('Too late to call it off: the order has been sent. Here is where it stands.'),
      )
    res.redirect(303, paths.payment(id))
  }

  return { confirm, create, cancel }

  async function notCancelled(req: Request, id: string): Promise<NotFound | WrongState> {
    const saving = await models.payments.findOwned(signedIn(req).id, id)
    if (!saving) return new NotFound()
    return new WrongState(
      t('This payment isn’t called off as a whole'),
      t('Take back what it pays for, one by one. Nothing was changed.'),
      [{ href: paths.payment(id), label: t('See the payment') }],
    )
  }
}

class NotSaved extends WrongState {
  constructor(paymentId: string | null) {
    super(
      t('There is nothing to move back'),
      t('The money of this check-off isn’t in your savings account.'),
      paymentId
        ? [{ href: paths.payment(paymentId), label: t('See the payment') }]
        : [{ href: paths.dashboard, label: t('To today') }],
    )
  }
}
