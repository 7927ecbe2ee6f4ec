/** What only a sandbox can: accounts come and go, and money comes from nowhere. */
import type { Request } from 'express'
import { type Bank, type BankAccount, type Country, maskIban, type SandboxBank } from '../../bank/index.ts'
import { NotFound } from '../../errors.ts'
import { formatMoney } from '../../format.ts'
import { t, term } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import { CURRENCIES } from '../../money.ts'
import { paths } from '../../paths.ts'
import { bankAccessFor } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { addFundsForm, deleteAccountForm, newAccountForm, newAccountQuery } from '../forms/bank-forms.ts'
import {
  COUNTRY_NAMES,
  type ConsoleCall,
  countryField,
  described,
  type Field,
  type Made,
  refusedAt,
  select,
  type Typed,
} from './console-call.ts'
import {
  type Answer,
  accountCards,
  accountLine,
  answerOf,
  openSandbox,
  withAccount,
  withCode,
} from './sandbox-access.ts'
import { suggestedNumber } from './sandbox-numbers.ts'

const NEW_ACCOUNT = 'account-new'
const CURRENCY_OF: Record<Country, string> = { DK: 'DKK', SE: 'SEK', NO: 'NOK', FI: 'EUR' }
const KINDS = [
  { value: 'current', label: term('Current account') },
  { value: 'savings', label: term('Savings account') },
]
const toAccounts = () => ({ href: paths.adminSandbox, label: t('To the accounts') })

export const SANDBOX_CALLS: readonly ConsoleCall[] = [
  described({
    name: NEW_ACCOUNT,
    api: 'sandbox.create-account',
    action: 'account-creation',
    title: term('New account'),
    lede: term('It exists in the sandbox only, and opens with the balance you give it.'),
    button: term('Make the account'),
    fields: newAccountFields,
    form: newAccountForm,
    noted: ({ number, country, balance }) => ({
      account: maskIban(number.value),
      country,
      balanceMinor: balance,
    }),
    run: async (req, { models, bank }, { accountName: name, balance: balanceMinor, ...rest }) => {
      const { context } = await bankAccessFor(req, models, bank)
      const answer = await answerOf(sandboxOf(bank).createAccount({ ...rest, name, balanceMinor }, context))
      const refusal = t(
        'Nordea did not take this account. Its number may be taken, or your consent may be for another country.',
      )
      return madeOf(answer, { field: 'accountNumber', refusal }, (account) => {
        const made = t('{account}: made.', { account: accountLine(account) })
        return `${made} ${t('If it is not listed, link your bank again to include it.')}`
      })
    },
  }),
  described({
    name: 'account-delete',
    api: 'sandbox.delete-account',
    action: 'account-deletion',
    title: term('Delete an account'),
    lede: term(
      'The account and its transactions are gone for good. The bank may keep the accounts it came with.',
    ),
    button: term('Delete the account'),
    isDangerous: true,
    // What was ticked is not ticked again: a second try is a second decision.
    fields: async (req, { models, bank }, { account }) => [
      accountCards('account', t('Account'), models, await openSandbox(req, models, bank), account),
      { kind: 'checkbox', name: 'sure', label: t('Delete it for good') },
    ],
    form: deleteAccountForm,
    noted: ({ account }) => ({ account }),
    run: (req, context, { account: hash }) =>
      withAccount(req, context, hash, async (account, call, { bank }) => {
        const refusal = t(
          'Nordea does not let this account be deleted; only accounts that were made here can be.',
        )
        const answer = await answerOf(sandboxOf(bank).deleteAccount(account.id, call))
        return madeOf(answer, { field: 'account', refusal }, () =>
          t('{account}: deleted.', { account: accountLine(account) }),
        )
      }),
  }),
  described({
    name: 'funds',
    api: 'sandbox.create-transaction',
    action: 'funds',
    title: term('Add funds'),
    lede: term('Books a transaction on a sandbox account; the money comes from nowhere.'),
    button: term('Add funds'),
    fields: async (req, { models, bank }, { account, amount = '', text = t('Wages') }) => [
      accountCards('account', t('Account'), models, await openSandbox(req, models, bank), account),
      {
        kind: 'field',
        name: 'amount',
        label: t('Amount'),
        value: amount,
        hint: t('In the account’s currency, for example 1000 or 12,50'),
        autocomplete: 'off',
        inputmode: 'decimal',
      },
      {
        kind: 'field',
        name: 'text',
        label: t('Text on the statement'),
        value: text,
        autocomplete: 'off',
        maxlength: 35,
      },
    ],
    form: addFundsForm,
    noted: ({ account, amount }) => ({ account, amountMinor: amount }),
    run: (req, context, { account: hash, amount: amountMinor, text }) =>
      withAccount(req, context, hash, async (account, call, { bank }) => {
        const { currency, id } = account
        const answer = await answerOf(
          sandboxOf(bank).createTransaction(id, { amountMinor, currency, text }, call),
        )
        const refusal = t('Nordea did not take this transaction.')
        return madeOf(answer, { field: null, refusal }, () => added(account, amountMinor))
      }),
  }),
]

async function newAccountFields(req: Request, { models, bank }: WebContext, typed: Typed): Promise<Field[]> {
  const access = await bankAccessFor(req, models, bank)
  const query = newAccountQuery.safeParse(req.query)
  const country = query.success ? query.data.country : access.country
  const form = { country, currency: CURRENCY_OF[country], kind: 'current', ...typed }
  const { accountName = t('Wallet'), accountNumber = suggestedNumber(country), balance = '1000.00' } = typed
  return [
    countryField(form.country),
    select('currency', t('Currency'), CURRENCIES, form.currency),
    {
      kind: 'field',
      name: 'accountName',
      label: t('Name'),
      value: accountName,
      autocomplete: 'off',
      maxlength: 35,
    },
    {
      kind: 'field',
      name: 'accountNumber',
      label: t('Account number'),
      value: accountNumber,
      hint: t('Denmark 14 digits, Sweden and Norway 11 digits, Finland an IBAN.'),
      autocomplete: 'off',
      maxlength: 34,
    },
    { kind: 'links', name: 'numbers', label: t('Suggest another number:'), links: suggestions() },
    {
      kind: 'radio-cards',
      name: 'kind',
      legend: t('Kind'),
      options: KINDS.map(({ value, label }) => ({
        value,
        label: t(label),
        checked: value === form.kind,
      })),
    },
    {
      kind: 'field',
      name: 'balance',
      label: t('Opening balance'),
      value: balance,
      hint: t('In the account’s currency, for example 1000 or 0'),
      autocomplete: 'off',
      inputmode: 'decimal',
    },
  ]
}

function suggestions() {
  return Object.entries(COUNTRY_NAMES).map(([country, label]) => ({
    href: `${paths.adminConsoleCall(NEW_ACCOUNT)}?country=${country}`,
    label: t(label),
  }))
}

function madeOf<T>(
  answer: Answer<T>,
  { field, refusal }: { field: string | null; refusal: string },
  words: (value: T) => string,
): Made {
  if (answer.kind === 'refused') return refusedAt(field, withCode(refusal, answer.code))
  return { kind: 'made', said: said(answer, words) }
}

function said<T>(answer: Exclude<Answer<T>, { kind: 'refused' }>, words: (value: T) => string): Flash {
  if (answer.kind === 'done') return { kind: 'done', text: words(answer.value), link: toAccounts() }
  const text = t(
    'Nordea gave no clear answer, so it is not known whether this was done. Look at the accounts before you try again.',
  )
  return { kind: 'warning', text, link: toAccounts() }
}

function added(account: BankAccount, amountMinor: number): string {
  return t('{amount} added to {account}.', {
    amount: formatMoney(amountMinor, account.currency),
    account: accountLine(account),
  })
}

/** Without a sandbox there is no console. */
function sandboxOf({ sandbox }: Bank): SandboxBank {
  if (sandbox) return sandbox
  throw new NotFound()
}
