import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, uuidParam } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { formatInstant, formatMoney } from '../view-models/format.ts'
import { habitNames, recentRow, storyOf } from '../view-models/payment-rows.ts'
import {
  canBeUndone,
  isMoving,
  meaningWords,
  moneyTone,
  remedyFor,
  STATE_WORDS,
} from '../view-models/payment-view.ts'

const PAGE_SIZE = 25
const REFRESH_SECONDS = 3

export function paymentControllers({ models }: WebContext) {
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
      { title: 'Payments' },
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
    const payment = await models.payments.findOwned(user.id, idOf(req))
    if (!payment) throw new NotFound()
    const words = STATE_WORDS[payment.state]
    const [checkOff] = payment.checkOffs
    renderPage(
      req,
      res,
      'main/payment',
      { title: `Payment ${payment.reference}` },
      {
        heading: habitNames(payment),
        amount: { text: formatMoney(payment.amountMinor, payment.currency), tone: moneyTone(payment.state) },
        badge: { text: words.label, tone: words.tone },
        ...meaningWords(payment),
        remedy: remedyFor(payment),
        facts: [
          { term: 'From', text: payment.debtorAccount.name },
          { term: 'To', text: payment.creditorAccount.name },
          { term: 'Reference on your statement', text: payment.reference },
          { term: 'Recorded', text: formatInstant(payment.createdOn, user.timezone) },
          ...(canBeUndone(payment)
            ? [{ term: 'Can be taken back until', text: formatInstant(payment.dueAt, user.timezone) }]
            : []),
        ],
        events: storyOf(payment, user.timezone),
        approvalUrl: payment.state === 'AWAITING_APPROVAL' ? payment.approvalUrl : null,
        undoPath: canBeUndone(payment) && checkOff?.state === 'RECORDED' ? paths.undo(checkOff.id) : null,
        refreshSeconds: isMoving(payment.state) ? REFRESH_SECONDS : null,
        paymentPath: paths.payment(payment.id),
      },
    )
  }

  /** GET /payments/return: the bank sends the browser here after an approval; what it says is asked again, not believed. */
  const comeBack: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const id = uuidParam.safeParse(req.query.state)
    const payment = id.success ? await models.payments.findOwned(user.id, id.data) : null
    if (!payment) {
      flash(req, 'info', 'You are back from Nordea. Here is where your payments stand.')
      return res.redirect(303, paths.payments)
    }
    await models.payments.lookNow(user.id, payment.id)
    flash(req, 'info', 'You are back from Nordea. We are asking how it went.')
    res.redirect(303, paths.payment(payment.id))
  }

  return { list, show, comeBack }
}
