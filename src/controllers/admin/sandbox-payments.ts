import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { maskIban, type PaymentOrder } from '../../bank/index.ts'
import { randomReference } from '../../crypto.ts'
import { NotFound } from '../../errors.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import { bankAccessFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { bankOrderParam, type SandboxPaymentForm, sandboxPaymentForm } from '../forms/bank-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { accountChoices, chosenAccount, type OpenSandbox, openSandbox, UNLISTED } from './sandbox-access.ts'
import { cannotShow, orderProps, outcomeWords, refusalOf } from './sandbox-orders.ts'

const NEW = { title: 'Make a payment' } as const

/** Orders of the console are not payments of Sparvana: no ledger, no worker; the bank alone keeps them. */
export function consolePaymentControllers({ models, bank }: WebContext) {
  /** GET /admin/sandbox/payments/new */
  const showNew: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    renderPage(req, res, 'admin/sandbox-payment-new', NEW, newProps(opened, {}, []))
  }

  /** POST /admin/sandbox/payments/new */
  const create: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    const reading = readForm(sandboxPaymentForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, opened, reading)
    const order = orderFrom(opened, reading.value)
    if ('message' in order) return refuse(req, res, opened, refusedWith(req.body, [order]))
    await models.overview.noteConsoleAction(actorOf(req), 'payment', auditDetail(order))
    const outcome = await bank.initiate(order, opened.context)
    const refusal = refusalOf(outcome)
    if (refusal) return refuse(req, res, opened, refusedWith(req.body, [refusal]))
    const { kind, text } = outcomeWords(outcome)
    await flash(
      req,
      kind,
      outcome.kind === 'order' ? text : `${text} Our id of the order is ${order.externalId}.`,
    )
    const isKnown = outcome.kind === 'order'
    res.redirect(303, isKnown ? paths.adminPayment(outcome.order.bankPaymentId) : paths.adminSandbox)
  }

  /** GET /admin/sandbox/payments/:id */
  const show: RequestHandler = async (req, res) => {
    const { country, context } = await bankAccessFor(req, models, bank)
    const outcome = await bank.order(orderIdOf(req), country, context)
    if (outcome.kind !== 'order') throw cannotShow(outcome)
    renderPage(req, res, 'admin/sandbox-payment', { title: 'Order' }, orderProps(outcome.order))
  }

  /** POST /admin/sandbox/payments/:id/confirm */
  const confirm: RequestHandler = async (req, res) => {
    const id = orderIdOf(req)
    const { country, context } = await bankAccessFor(req, models, bank)
    await models.overview.noteConsoleAction(actorOf(req), 'payment-confirmation', { bankPaymentId: id })
    const wish = { bankPaymentIds: [id], country, returnState: randomUUID() }
    const [outcome] = await bank.confirm(wish, context)
    if (!outcome || outcome.kind === 'not-found') throw new NotFound()
    const { kind, text } = outcomeWords(outcome)
    await flash(req, kind, text)
    res.redirect(303, paths.adminPayment(id))
  }

  return { showNew, create, show, confirm }

  function orderFrom(opened: OpenSandbox, form: SandboxPaymentForm): PaymentOrder | FieldError {
    const debtor = chosenAccount(models, opened, form.debtorAccount)
    const creditor = chosenAccount(models, opened, form.creditorAccount)
    if (!debtor || !creditor)
      return { field: debtor ? 'creditorAccount' : 'debtorAccount', message: UNLISTED }
    const ours = { externalId: randomUUID(), reference: randomReference() }
    return { ...ours, amountMinor: form.amount, currency: debtor.currency, debtor, creditor }
  }

  function refuse(req: Request, res: Response, opened: OpenSandbox, { typed, errors }: Refused): void {
    renderRefused(req, res, 'admin/sandbox-payment-new', NEW, newProps(opened, typed, errors))
  }

  function newProps({ accounts }: OpenSandbox, form: Record<string, string>, errors: FieldError[]) {
    return {
      form,
      debtorOptions: accountChoices(models, accounts, form.debtorAccount),
      creditorOptions: accountChoices(models, accounts, form.creditorAccount),
      errors,
    }
  }
}

function orderIdOf(req: Request): string {
  const id = bankOrderParam.safeParse(req.params.id)
  if (!id.success) throw new NotFound()
  return id.data
}

function auditDetail({ debtor, creditor, amountMinor, currency, externalId, reference }: PaymentOrder) {
  const sides = { debtor: maskIban(debtor.iban), creditor: maskIban(creditor.iban) }
  return { ...sides, amountMinor, currency, externalId, reference }
}
