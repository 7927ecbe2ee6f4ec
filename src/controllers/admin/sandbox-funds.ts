import type { Request, RequestHandler, Response } from 'express'
import { maskIban, type SandboxBank } from '../../bank/index.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { addFundsForm } from '../forms/bank-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { formatMoney } from '../view-models/format.ts'
import {
  accountChoices,
  accountLine,
  answerOf,
  chosenAccount,
  type OpenSandbox,
  openSandbox,
  UNLISTED,
} from './sandbox-access.ts'

const PAGE = { title: 'Add funds' } as const
const NOT_ADDED = 'Nordea did not take this transaction.'

export function fundsControllers({ models, bank }: WebContext, sandbox: SandboxBank) {
  /** GET /admin/sandbox/transactions/new */
  const show: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    renderPage(req, res, 'admin/sandbox-funds', PAGE, propsFor(opened, { text: 'Wages' }, []))
  }

  /** POST /admin/sandbox/transactions/new */
  const create: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    const reading = readForm(addFundsForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, opened, reading)
    const { amount: amountMinor, text } = reading.value
    const account = chosenAccount(models, opened, reading.value.account)
    if (!account) return refuse(req, res, opened, wrong(req, 'account', UNLISTED))
    const { currency, iban, id } = account
    const detail = { account: maskIban(iban), amountMinor, currency }
    await models.overview.noteConsoleAction(actorOf(req), 'funds', detail)
    const call = sandbox.createTransaction(id, { amountMinor, currency, text }, opened.context)
    const answer = await answerOf(call, NOT_ADDED)
    if (answer.kind === 'refused') return refuse(req, res, opened, wrong(req, null, answer.message))
    await flash(req, 'done', `${formatMoney(amountMinor, currency)} added to ${accountLine(account)}.`)
    res.redirect(303, paths.adminSandbox)
  }

  return { show, create }

  function refuse(req: Request, res: Response, opened: OpenSandbox, { typed, errors }: Refused): void {
    renderRefused(req, res, 'admin/sandbox-funds', PAGE, propsFor(opened, typed, errors))
  }

  function propsFor({ accounts }: OpenSandbox, form: Record<string, string>, errors: FieldError[]) {
    return { form, accountOptions: accountChoices(models, accounts, form.account), errors }
  }
}

function wrong(req: Request, field: string | null, message: string): Refused {
  return refusedWith(req.body, [{ field, message }])
}
