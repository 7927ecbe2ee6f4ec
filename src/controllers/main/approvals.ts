import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { uuidParam } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { approvalsPage } from '../view-models/approvals-page.ts'
import { isMoving } from '../view-models/payment-view.ts'

/** How many times the page has refreshed itself. */
const lookParam = z.coerce.number().int().min(0).default(0).catch(Infinity)

export function approvalControllers({ models }: Pick<WebContext, 'models'>) {
  /**
   * GET /payments/return: the bank sends the browser here after an approval. What the address says about it is not believed;
   * all that waited for an approval lately is shown as it is, and asked about.
   */
  const comeBack: RequestHandler = async (req, res) => {
    const { id: userId } = signedIn(req)
    const payments = await models.payments.approvedLately(userId)
    if (payments.length === 0) return nothingLately(req, res)
    const moving = payments.filter(({ state }) => isMoving(state)).map(({ id }) => id)
    await models.payments.lookNow(userId, moving, actorOf(req))
    const approvals = await models.payments.approvalsWaiting(userId)
    const look = lookParam.parse(req.query.look)
    const { refresh, props } = approvalsPage(payments, approvals, look)
    renderPage(req, res, 'main/approvals', { title: t('Back from Nordea'), refresh }, props)
  }

  return { comeBack }

  /** The page was opened again long after: of what the bank said then, only the payment's own page still speaks. */
  async function nothingLately(req: Request, res: Response): Promise<void> {
    const id = uuidParam.safeParse(req.query.state)
    const payment = id.success ? await models.payments.findOwned(signedIn(req).id, id.data) : null
    const sentence = payment
      ? t('Nothing waits for your approval. Here is where it stands.')
      : t('Nothing waits for your approval. Here is where your payments stand.')
    await flash(req, 'info', sentence)
    res.redirect(303, payment ? paths.payment(payment.id) : paths.payments)
  }
}
