import type { Request, RequestHandler, Response } from 'express'
import { type Country, maskIban, type SandboxBank } from '../../bank/index.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { CURRENCIES } from '../../money.ts'
import { paths } from '../../paths.ts'
import { bankAccessFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { newAccountForm, newAccountQuery } from '../forms/bank-forms.ts'
import { type FieldError, type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { accountLine, answerOf } from './sandbox-access.ts'
import { suggestedNumber } from './sandbox-numbers.ts'

const PAGE = { title: 'New account' } as const
const COUNTRIES = [
  { country: 'DK', name: 'Denmark', currency: 'DKK' },
  { country: 'SE', name: 'Sweden', currency: 'SEK' },
  { country: 'NO', name: 'Norway', currency: 'NOK' },
  { country: 'FI', name: 'Finland', currency: 'EUR' },
] as const satisfies { country: Country; name: string; currency: string }[]
const KINDS = [
  { value: 'current', label: 'Current account' },
  { value: 'savings', label: 'Savings account' },
]
const NOT_MADE =
  'Nordea did not take this account. Its number may be taken, or your consent may be for another country.'

export function newAccountControllers({ models, bank }: WebContext, sandbox: SandboxBank) {
  /** GET /admin/sandbox/accounts/new */
  const show: RequestHandler = async (req, res) => {
    const access = await bankAccessFor(req, models, bank)
    const query = newAccountQuery.safeParse(req.query)
    const form = suggestion(query.success ? query.data.country : access.country)
    renderPage(req, res, 'admin/sandbox-account-new', PAGE, propsFor(form, []))
  }

  /** POST /admin/sandbox/accounts/new */
  const create: RequestHandler = async (req, res) => {
    const { context } = await bankAccessFor(req, models, bank)
    const reading = readForm(newAccountForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, reading)
    const { accountName: name, balance: balanceMinor, ...rest } = reading.value
    const detail = { account: maskIban(rest.number.value), country: rest.country, balanceMinor }
    await models.overview.noteConsoleAction(actorOf(req), 'account-creation', detail)
    const answer = await answerOf(sandbox.createAccount({ ...rest, name, balanceMinor }, context), NOT_MADE)
    if (answer.kind === 'refused') {
      return refuse(req, res, refusedWith(req.body, [{ field: 'accountNumber', message: answer.message }]))
    }
    const made = `${accountLine(answer.value)}: made.`
    await flash(req, 'done', `${made} If it is not listed below, link your bank again to include it.`)
    res.redirect(303, paths.adminSandbox)
  }

  return { show, create }
}

function refuse(req: Request, res: Response, { typed, errors }: Refused): void {
  renderRefused(req, res, 'admin/sandbox-account-new', PAGE, propsFor(typed, errors))
}

function suggestion(country: Country): Record<string, string> {
  return {
    country,
    currency: COUNTRIES.find((one) => one.country === country)?.currency ?? '',
    accountName: 'Wallet',
    accountNumber: suggestedNumber(country),
    kind: 'current',
    balance: '1000.00',
  }
}

function propsFor(form: Record<string, string>, errors: FieldError[]) {
  return {
    form,
    countryOptions: COUNTRIES.map(({ country, name }) => ({
      value: country,
      label: name,
      selected: country === form.country,
    })),
    currencyOptions: CURRENCIES.map((code) => ({
      value: code,
      label: code,
      selected: code === form.currency,
    })),
    kindOptions: KINDS.map((kind) => ({ ...kind, checked: kind.value === form.kind })),
    suggestions: COUNTRIES.map(({ country, name }) => ({
      href: `${paths.adminAccountNew}?country=${country}`,
      label: name,
    })),
    errors,
  }
}
