import type { Request } from 'express'
import {
  type Bank,
  type BankAccount,
  BankError,
  type BankTroubleKind,
  type CallContext,
  maskIban,
} from '../../bank/index.ts'
import { formatMoney } from '../../format.ts'
import { t, term } from '../../language.ts'
import type { Models } from '../../models/index.ts'
import { type BankAccess, bankAccessFor, bankTroubleFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { type Field, type Made, refusedAt } from './console-call.ts'

export interface OpenSandbox extends BankAccess {
  accounts: BankAccount[]
}

/** The admin's own way to the bank, and the open accounts it shows there. */
export async function openSandbox(req: Request, models: Models, bank: Bank): Promise<OpenSandbox> {
  const access = await bankAccessFor(req, models, bank)
  const listed = await bank
    .listAccounts(access.context)
    .catch((error) => Promise.reject(bankTroubleFor(error)))
  return { ...access, accounts: listed.filter((account) => account.open) }
}

/** What became of a call that acts; what is unclear must not invite a second try. */
export type Answer<T> =
  | { kind: 'done'; value: T }
  | { kind: 'refused'; code: string | null }
  | { kind: 'unclear' }

const REFUSALS: readonly BankTroubleKind[] = ['invalid-request', 'consent-denied', 'not-found', 'conflict']
const UNCLEAR: readonly BankTroubleKind[] = ['timeout', 'connection', 'server-error', 'unreadable']

export async function answerOf<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'done', value: await call }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    const { kind, code } = error
    if (REFUSALS.includes(kind)) return { kind: 'refused', code }
    if (UNCLEAR.includes(kind)) return { kind: 'unclear' }
    throw bankTroubleFor(error)
  }
}

/** Admins may see the bank's own code; savers may not. */
export function withCode(sentence: string, code: string | null): string {
  return code ? `${sentence} (${code})` : sentence
}

/** Only an account that the bank lists now can be asked about. */
export async function withAccount(
  req: Request,
  context: WebContext,
  hash: string,
  ask: (account: BankAccount, call: CallContext, context: WebContext) => Promise<Made>,
): Promise<Made> {
  const opened = await openSandbox(req, context.models, context.bank)
  const account = chosenAccount(context.models, opened, hash)
  return account ? ask(account, opened.context, context) : refusedAt('account', t(UNLISTED))
}

/** The account in words, without its number. */
export function accountLine(account: BankAccount): string {
  return `${account.name}, ${maskIban(account.iban)}`
}

export function kindLabel(account: BankAccount): string {
  return t(account.kind === 'savings' ? 'Savings account' : 'Current account')
}

export function balanceText(minor: number | null, account: BankAccount): string {
  return minor === null ? t('not shown') : formatMoney(minor, account.currency)
}

/** The accounts as a choice in a form, by their hashes. */
export function accountCards(
  name: string,
  legend: string,
  models: Models,
  { accounts }: OpenSandbox,
  picked: string | undefined,
): Field {
  const options = accounts.map((account) => {
    const value = models.accounts.hashOf(account)
    return {
      value,
      label: account.name,
      hint: `${kindLabel(account)} ${maskIban(account.iban)}`,
      detail: account.availableMinor === null ? '' : formatMoney(account.availableMinor, account.currency),
      checked: value === picked,
    }
  })
  return { kind: 'radio-cards', name, legend, options }
}

/** The account a form names; only what the bank has just listed can be found. */
export function chosenAccount(models: Models, { accounts }: OpenSandbox, hash: string): BankAccount | null {
  return models.accounts.findAtBank({ hashedAccNo: hash }, accounts)
}

export const UNLISTED = term('Choose one of the accounts that the bank lists.')
