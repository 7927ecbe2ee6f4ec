import type { Request } from 'express'
import { type Bank, type BankAccount, BankError, type BankTroubleKind, maskIban } from '../../bank/index.ts'
import { BankTrouble } from '../../errors.ts'
import type { Models } from '../../models/index.ts'
import { paths } from '../../paths.ts'
import { type BankAccess, bankAccessFor, bankTroubleFor } from '../bank-access.ts'
import { formatMoney } from '../view-models/format.ts'

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

export type Answer<T> = { kind: 'done'; value: T } | { kind: 'refused'; message: string }

const REFUSALS: readonly BankTroubleKind[] = ['invalid-request', 'consent-denied', 'not-found', 'conflict']
const UNCLEAR: readonly BankTroubleKind[] = ['timeout', 'connection', 'server-error', 'unreadable']

/**
 * For the sandbox's own calls, which act: a refusal belongs to the form, and an unclear answer must not invite a second try.
 * @param refusal what a no of the bank means here.
 */
export async function answerOf<T>(call: Promise<T>, refusal: string): Promise<Answer<T>> {
  try {
    return { kind: 'done', value: await call }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    if (REFUSALS.includes(error.kind)) return { kind: 'refused', message: withCode(refusal, error.code) }
    throw UNCLEAR.includes(error.kind) ? unclear() : bankTroubleFor(error)
  }
}

/** Admins may see the bank's own code; savers may not. */
export function withCode(sentence: string, code: string | null): string {
  return code ? `${sentence} (${code})` : sentence
}

function unclear(): BankTrouble {
  return new BankTrouble(
    'Nordea gave no clear answer, so it is not known whether this was done. Look at the accounts before you try again.',
    [{ href: paths.adminSandbox, label: 'To the accounts' }],
  )
}

/** The account in words, without its number. */
export function accountLine(account: BankAccount): string {
  return `${account.name}, ${maskIban(account.iban)}`
}

export function kindLabel(account: BankAccount): string {
  return account.kind === 'savings' ? 'Savings account' : 'Current account'
}

export function balanceText(minor: number | null, account: BankAccount): string {
  return minor === null ? 'not shown' : formatMoney(minor, account.currency)
}

/** The accounts as a choice in a form, by their hashes. */
export function accountChoices(models: Models, accounts: readonly BankAccount[], picked: string | undefined) {
  return accounts.map((account) => {
    const value = models.accounts.hashOf(account)
    return {
      value,
      label: account.name,
      hint: `${kindLabel(account)} ${maskIban(account.iban)}`,
      detail: account.availableMinor === null ? '' : formatMoney(account.availableMinor, account.currency),
      checked: value === picked,
    }
  })
}

/** The account a form names; only what the bank has just listed can be found. */
export function chosenAccount(models: Models, { accounts }: OpenSandbox, hash: string): BankAccount | null {
  return models.accounts.findAtBank({ hashedAccNo: hash }, accounts)
}

export const UNLISTED = 'Choose one of the accounts that the bank lists.'
