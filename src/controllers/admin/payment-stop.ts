import type { RequestHandler } from 'express'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { readForm } from '../forms/form.ts'
import { stopForm } from '../forms/savings-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { paymentStopPage } from '../view-models/payment-stop-view.ts'

const page = () => ({ title: t('Stop payments'), width: 'narrow' }) as const

export function paymentStopControllers({ models, log }: WebContext) {
  /** GET /admin/payments/stop */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'admin/payment-stop', page(), {
      ...(await props(signedIn(req).timezone)),
      form: {},
      errors: [],
    })
  }

  /** POST /admin/payments/stop */
  const start: RequestHandler = async (req, res) => {
    const reading = readForm(stopForm, req.body)
    if (reading.kind === 'refused') {
      const shown = await props(signedIn(req).timezone)
      const { typed, errors } = reading
      return renderRefused(req, res, 'admin/payment-stop', page(), { ...shown, form: typed, errors })
    }
    if (await models.stops.start(reading.value.reason, actorOf(req))) {
      log.warn('all payments are stopped', { by: signedIn(req).id })
      await flash(req, 'done', t('All payments are stopped.'))
    } else {
      await flash(
        req,
        'warning',
        t('Payments were stopped already; your reason was not kept. Here is the stop that is on.'),
      )
    }
    res.redirect(303, paths.adminPaymentStop)
  }

  /** POST /admin/payments/stop/end */
  const end: RequestHandler = async (req, res) => {
    if (await models.stops.end(actorOf(req))) {
      log.warn('payments go on', { by: signedIn(req).id })
      await flash(req, 'done', t('Payments go on. What was held back is tried now.'))
    } else {
      await flash(req, 'info', t('Payments were not stopped.'))
    }
    res.redirect(303, paths.adminPaymentStop)
  }

  return { show, start, end }

  async function props(timezone: string) {
    const [stop, standing] = await Promise.all([models.stops.current(), models.stops.standing()])
    return paymentStopPage(stop, standing, timezone)
  }
}
