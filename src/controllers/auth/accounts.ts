import type { Request, RequestHandler, Response } from 'express'
import { type BankAccount, maskIban } from '../../bank/index.ts'
import { formatMoney } from '../../format.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import type { ChooseResult } from '../../models/account.ts'
import { paths } from '../../paths.ts'
import { bankAccessFor, bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { accountsForm } from '../forms/bank-forms.ts'
import { type Refused, readForm, refusedWith } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'

const page = () => ({ title: t('Choose your accounts') }) as const

const REFUSALS: Record<Extract<ChooseResult, { kind: 'refused' }>['because'], string> = {
  unknown: term('Choose one of the accounts that the bank lists.'),
  same: term('Choose two different accounts.'),
  closed: term('This account is closed.'),
  currency: term('Both accounts must have the same currency.'),
  country: term('Both accounts must be in the same country.'),
}

export function accountControllers({ models, bank }: WebContext) {
  /** GET /accounts/load: what the bank shows us now; nothing of it is kept until two accounts are chosen. */
  const show: RequestHandler = async (req, res) => {
    const { listed } = await load(req)
    const chosen = await models.accounts.chosenBy(signedIn(req).id)
    const picks = {
      debtorAccount: chosen?.debtor.hashedAccNo ?? guess(listed, 'current'),
      creditorAccount: chosen?.creditor.hashedAccNo ?? guess(listed, 'savings'),
    }
    renderPage(req, res, 'auth/accounts', page(), { ...choices(listed, picks), errors: [] })
  }

  /** POST /accounts/load */
  const choose: RequestHandler = async (req, res) => {
    const reading = readForm(accountsForm, req.body)
    const { listed, consentId } = await load(req)
    if (reading.kind === 'refused') return refuse(req, res, listed, reading)
    const result = await models.accounts.choose(
      signedIn(req).id,
      consentId,
      listed,
      reading.value,
      actorOf(req),
    )
    if (result.kind === 'refused') {
      const errors = [{ field: result.field, message: t(REFUSALS[result.because]) }]
      return refuse(req, res, listed, refusedWith(req.body, errors))
    }
    await flash(req, 'done', t('Your accounts are set.'))
    res.redirect(303, paths.dashboard)
  }

  return { show, choose }

  async function load(req: Request): Promise<{ listed: BankAccount[]; consentId: string }> {
    const { context, consentId } = await bankAccessFor(req, models, bank)
    const listed = await bank.listAccounts(context).catch((error) => Promise.reject(bankTroubleFor(error)))
    return { listed: listed.filter((account) => account.open), consentId }
  }

  function refuse(req: Request, res: Response, listed: BankAccount[], refused: Refused): void {
    renderRefused(req, res, 'auth/accounts', page(), {
      ...choices(listed, refused.typed),
      errors: refused.errors,
    })
  }

  function guess(listed: readonly BankAccount[], kind: BankAccount['kind']): string | undefined {
    const found = listed.find((account) => account.kind === kind)
    return found && models.accounts.hashOf(found)
  }

  function choices(
    listed: readonly BankAccount[],
    picks: { debtorAccount?: string | undefined; creditorAccount?: string | undefined },
  ) {
    const options = (picked: string | undefined) =>
      listed.map((account) => {
        const value = models.accounts.hashOf(account)
        return {
          value,
          label: account.name,
          detail:
            account.availableMinor === null ? '' : formatMoney(account.availableMinor, account.currency),
          hint: kindText(account),
          checked: value === picked,
        }
      })
    return { debtorOptions: options(picks.debtorAccount), creditorOptions: options(picks.creditorAccount) }
  }
}

function kindText({ kind, iban }: BankAccount): string {
  const number = maskIban(iban)
  return kind === 'savings'
    ? t('Savings account {number}', { number })
    : t('Current account {number}', { number })
}
