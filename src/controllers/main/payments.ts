import type { Request, RequestHandler } from 'express'
import { NotFound, WrongState } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import type { PaymentWithStory } from '../../models/payment.ts'
import type { RetryResult } from '../../models/retry.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, uuidParam } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage } from '../page.ts'
import { paymentPage } from '../view-models/payment-page.ts'
import { recentRow } from '../view-models/payment-rows.ts'

const PAGE_SIZE = 25

export function paymentControllers({ models, clock }: WebContext) {
  /** GET /payments */
  const list: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const before = uuidParam.safeParse(req.query.before)
    const payments = await models.payments.listOwned(user.id, {
      size: PAGE_SIZE + 1,
      ...(before.success ? { before: before.data } : {}),
    })
    const shown = payments.slice(0, PAGE_SIZE)
    const last = shown.at(-1)
    renderPage(
      req,
      res,
      'main/payments',
      { title: t('Payments') },
      {
        rows: shown.map((payment) => recentRow(payment, user.timezone)),
        olderPath: payments.length > PAGE_SIZE && last ? `${paths.payments}?before=${last.id}` : null,
        newestPath: before.success ? paths.payments : null,
      },
    )
  }

  /** GET /payments/:id */
  const show: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const payment = await owned(req)
    const [waysBack, carriedOnBy] = await Promise.all([
      models.reversals.waysBack(user.id, payment.id),
      models.retries.carriedOnBy(payment),
    ])
    const title = t('Payment {reference}', { reference: payment.reference })
    const beside = { waysBack, carriedOnBy, now: clock.now() }
    renderPage(req, res, 'main/payment', { title }, paymentPage(payment, beside, user))
  }

  /** POST /payments/:id/again */
  const again: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const id = idOf(req)
    const result = await models.retries.payAgain(signedIn(req).id, id, actorOf(req))
    if (!result) throw new NotFound()
    if (result.kind !== 'scheduled' && result.kind !== 'already-scheduled') throw notAgain(result, id)
    if (result.kind === 'scheduled')
      await flash(req, 'done', t('Scheduled again. Until it is sent you can take it back.'))
    else await flash(req, 'info', t('It was scheduled again already. Here is where that stands.'))
    res.redirect(303, paths.payment(result.paymentId))
  }

  /** POST /payments/:id/try-now */
  const tryNow: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const { id, userId } = await owned(req)
    const waits = await models.payments.tryNow(userId, id, actorOf(req))
    await flash(
      req,
      'info',
      waits ? t('We are trying it now.') : t('It isn’t waiting. Here is where it stands.'),
    )
    res.redirect(303, paths.payment(id))
  }

  return { list, show, again, tryNow }

  async function owned(req: Request): Promise<PaymentWithStory> {
    const payment = await models.payments.findOwned(signedIn(req).id, idOf(req))
    if (!payment) throw new NotFound()
    return payment
  }
}

type NotAgain = Exclude<RetryResult, { paymentId: string }>

function notAgain({ kind }: NotAgain, paymentId: string): WrongState {
  const toPayment = { href: paths.payment(paymentId), label: t('See the payment') }
  switch (kind) {
    case 'not-ended':
      return new WrongState(t('This payment has not failed'), t('Nothing was sent again.'), [toPayment])
    case 'nothing-to-pay':
      return new WrongState(
        t('Nothing is left to pay here'),
        t('What it was for has been taken back. Nothing was sent again.'),
        [toPayment],
      )
    case 'no-accounts':
      return new WrongState(t('Choose your accounts first'), t('Nothing was sent again.'), [
        { href: paths.bank, label: t('To your bank link') },
        toPayment,
      ])
    case 'currency-differs':
      return new WrongState(
        t('Your account is in another currency'),
        t('This payment is in the currency of the account it came from. Nothing was sent again.'),
        [{ href: paths.accountsLoad, label: t('Choose your accounts') }, toPayment],
      )
  }
}
