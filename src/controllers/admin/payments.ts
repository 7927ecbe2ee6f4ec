import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { type Flash, flash } from '../../middleware/flash.ts'
import type { PaymentForDesk } from '../../models/desk/payment-desk.ts'
import { MOVES, type PaymentState } from '../../models/payment/states.ts'
import type { RetryResult } from '../../models/retry.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, readForm, told } from '../forms/form.ts'
import { optional, optionalId } from '../forms/list-forms.ts'
import { readNothing } from '../forms/offers.ts'
import { reasonForm } from '../forms/people-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { deskPage, deskRow, reviewRow } from '../view-models/desk-view.ts'
import { choices, saidWords } from '../view-models/list-page.ts'
import { STATE_WORDS } from '../view-models/payment-view.ts'
import { filteredList } from './filtered-list.ts'

const listPage = () => ({ title: t('Payments'), width: 'wide' }) as const
const reviewPage = () => ({ title: t('To be looked at'), width: 'wide' }) as const
const MOST_TO_REVIEW = 200

const STATES = Object.keys(MOVES) as PaymentState[]

const filter = {
  state: optional(z.enum(STATES)),
  saver: optionalId,
  reference: optional(
    z
      .string()
      .trim()
      .toUpperCase()
      .regex(/^[0-9A-Z]{12}$/, told('A reference has 12 letters and digits.')),
  ),
}

export function paymentDeskControllers({ models, log }: WebContext) {
  const desk = models.paymentDesk

  /** GET /admin/payments */
  const list = filteredList({
    view: 'admin/payments',
    options: listPage,
    path: paths.adminPayments,
    filter,
    fieldsOf,
    find: async ({ saver, ...rest }, page, { timezone }) => {
      const found = await desk.list({ ...rest, saverId: saver }, page)
      return { ...found, rows: found.rows.map((payment) => deskRow(payment, timezone)) }
    },
  }).show

  /** GET /admin/payments/:id */
  const show: RequestHandler = async (req, res) => {
    const found = await foundBy(req)
    const options = { title: t('Payment {reference}', { reference: found.payment.reference }) }
    renderPage(req, res, 'admin/payment', options, {
      ...deskPage(found, signedIn(req).timezone),
      form: {},
      errors: [],
    })
  }

  /** POST /admin/payments/:id/look */
  const look: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const asked = await desk.lookAgain(idOf(req), actorOf(req))
    await answer(
      req,
      res,
      asked
        ? ['done', t('The worker looks at it at its next turn.')]
        : ['info', t('There is nothing to look for: it has ended, is being worked on, or isn’t due yet.')],
    )
  }

  /** POST /admin/payments/:id/cancel */
  const cancel: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const result = await desk.cancel(idOf(req), actorOf(req))
    if (!result) throw new NotFound()
    if (result === 'taken-back')
      log.warn('a payment was called off', { payment: idOf(req), by: signedIn(req).id })
    const [kind, sentence] = CANCELLED[result]
    await answer(req, res, [kind, t(sentence)])
  }

  /** POST /admin/payments/:id/again */
  const again: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const { payment } = await foundBy(req)
    const result = await desk.payAgain(payment, actorOf(req))
    if (!result) throw new NotFound()
    const [kind, sentence] = AGAIN[result.kind]
    await answer(req, res, [kind, t(sentence)])
  }

  /** POST /admin/payments/:id/mark */
  const mark: RequestHandler = async (req, res) => {
    const found = await foundBy(req)
    const reading = readForm(reasonForm, req.body)
    if (reading.kind === 'refused') {
      const options = { title: t('Payment {reference}', { reference: found.payment.reference }) }
      const { typed, errors } = reading
      const props = { ...deskPage(found, signedIn(req).timezone), form: typed, errors }
      return renderRefused(req, res, 'admin/payment', options, props)
    }
    const marked = await desk.mark(found.payment, reading.value.reason, actorOf(req))
    if (marked)
      log.warn('a payment was marked for review', { payment: found.payment.id, by: signedIn(req).id })
    await answer(
      req,
      res,
      marked
        ? ['done', t('Marked. Nothing of this saver is sent until the mark is taken off.')]
        : ['info', t('It is marked already.')],
    )
  }

  /** POST /admin/payments/:id/unmark */
  const unmark: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const { payment } = await foundBy(req)
    const gone = await desk.unmark(payment, actorOf(req))
    await answer(
      req,
      res,
      gone ? ['done', t('The mark is off. What waited goes on.')] : ['info', t('It wasn’t marked.')],
    )
  }

  /** GET /admin/review */
  const review: RequestHandler = async (req, res) => {
    const open = await desk.review(MOST_TO_REVIEW)
    renderPage(req, res, 'admin/review', reviewPage(), {
      rows: open.map((difference) => reviewRow(difference, signedIn(req).timezone)),
    })
  }

  return { list, show, look, cancel, again, mark, unmark, review }

  async function foundBy(req: Request): Promise<PaymentForDesk> {
    const found = await desk.find(idOf(req))
    if (!found) throw new NotFound()
    return found
  }

  async function answer(req: Request, res: Response, [kind, text]: Said): Promise<void> {
    await flash(req, kind, text)
    res.redirect(303, paths.adminPaymentDesk(idOf(req)))
  }
}

type Said = [Flash['kind'], string]

const CANCELLED: Record<'taken-back' | 'no-money' | 'too-late', Said> = {
  'taken-back': ['done', term('Called off before it was sent. The saver can have it paid again.')],
  'no-money': ['info', term('It has ended already, without moving money.')],
  'too-late': ['warning', term('Too late: the order is at the bank, or may be.')],
}

const AGAIN: Record<RetryResult['kind'], Said> = {
  scheduled: ['done', term('A new payment carries it on.')],
  'already-scheduled': ['info', term('A new payment carries it on already.')],
  'not-ended': ['info', term('It has not ended without moving money, so there is nothing to try again.')],
  'nothing-to-pay': ['info', term('Nothing is left to pay: what it was for has been taken back.')],
  'no-accounts': ['warning', term('The saver has no accounts chosen.')],
  'currency-differs': ['warning', term('The saver’s account is in another currency now.')],
}

function fieldsOf(typed: Record<string, string>) {
  const states = Object.fromEntries(STATES.map((state) => [state, STATE_WORDS[state].label]))
  return [
    {
      kind: 'select',
      name: 'state',
      label: t('State'),
      options: choices(t('Every state'), saidWords(states), typed.state),
    },
    {
      kind: 'field',
      name: 'reference',
      label: t('Reference'),
      value: typed.reference,
      hint: t('As on the bank statement'),
      autocomplete: 'off',
    },
    { kind: 'field', name: 'saver', label: t('Saver’s id'), value: typed.saver, autocomplete: 'off' },
  ]
}
