import type { Request, RequestHandler, Response } from 'express'
import { maskIban, type SandboxBank } from '../../bank/index.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { deleteAccountForm } from '../forms/bank-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import {
  accountChoices,
  accountLine,
  answerOf,
  chosenAccount,
  type OpenSandbox,
  openSandbox,
  UNLISTED,
} from './sandbox-access.ts'

const PAGE = { title: 'Delete an account' } as const
const NOT_DELETED = 'Nordea does not let this account be deleted; only accounts that were made here can be.'

export function accountDeletionControllers({ models, bank }: WebContext, sandbox: SandboxBank) {
  /** GET /admin/sandbox/accounts/delete */
  const show: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    renderPage(req, res, 'admin/sandbox-account-delete', PAGE, propsFor(opened, undefined, []))
  }

  /** POST /admin/sandbox/accounts/delete */
  const create: RequestHandler = async (req, res) => {
    const opened = await openSandbox(req, models, bank)
    const reading = readForm(deleteAccountForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, opened, reading)
    const account = chosenAccount(models, opened, reading.value.account)
    if (!account) return refuse(req, res, opened, wrong(req, UNLISTED))
    const detail = { account: maskIban(account.iban) }
    await models.overview.noteConsoleAction(actorOf(req), 'account-deletion', detail)
    const answer = await answerOf(sandbox.deleteAccount(account.id, opened.context), NOT_DELETED)
    if (answer.kind === 'refused') return refuse(req, res, opened, wrong(req, answer.message))
    await flash(req, 'done', `${accountLine(account)}: deleted.`)
    res.redirect(303, paths.adminSandbox)
  }

  return { show, create }

  /** What was ticked is not ticked again: a second try is a second decision. */
  function refuse(req: Request, res: Response, opened: OpenSandbox, { typed, errors }: Refused): void {
    const props = propsFor(opened, typed.account, errors)
    renderRefused(req, res, 'admin/sandbox-account-delete', PAGE, props)
  }

  function propsFor({ accounts }: OpenSandbox, picked: string | undefined, errors: FieldError[]) {
    return { accountOptions: accountChoices(models, accounts, picked), errors }
  }
}

function wrong(req: Request, message: string): Refused {
  return refusedWith(req.body, [{ field: 'account', message }])
}
