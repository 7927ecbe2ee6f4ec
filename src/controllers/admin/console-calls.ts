/** What the console can ask of the bank by a form of a few fields, one description each. */
import type { Request } from 'express'
import type { z } from 'zod'
import { type Bank, COUNTRIES, type Country, ibanOf } from '../../bank/index.ts'
import { DAY } from '../../clock.ts'
import { WrongState } from '../../errors.ts'
import type { AuditEvent, BankCall } from '../../generated/client.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { awayAtBank } from '../../middleware/session.ts'
import { paths } from '../../paths.ts'
import { anonymousContext, bankAccessFor, tellBankOfEnd } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import { bankOrderParam } from '../forms/bank-forms.ts'
import {
  accountCallForm,
  consentCallForm,
  NUMBER_TYPES,
  noFieldsForm,
  numberForm,
  orderCallForm,
  transactionsCallForm,
} from '../forms/console-forms.ts'
import { type FieldError, type FormReading, readForm } from '../forms/form.ts'
import { accountLine, chosenAccount, openSandbox, UNLISTED } from './sandbox-access.ts'
import { suggestedNumber } from './sandbox-numbers.ts'

/** Props of the partial that is named by `kind`. */
interface Field {
  kind: 'field' | 'select'
  name: string
  label: string
  [prop: string]: unknown
}

export type Typed = Readonly<Record<string, string>>
type Detail = Record<string, string | number>

export type Made =
  /** The entry in the log of bank calls says the rest. */
  | { kind: 'made' }
  | { kind: 'refused'; errors: FieldError[] }
  /** What no entry has. */
  | { kind: 'shown'; facts: { term: string; text: string }[]; next: { href: string; label: string } | null }

interface Description<T extends z.ZodType> {
  /** As its address ends. */
  name: string
  /** As the log of bank calls names it; null where the bank isn't asked at all. */
  api: string | null
  title: string
  lede: string
  button: string
  /** Why the versions of the bank's interface in use have no such call. */
  missing?: (bank: Bank) => string | null
  /** With what was typed, or with what makes sense. */
  fields: (req: Request, context: WebContext, typed: Typed) => Promise<Field[]> | Field[]
  form: T
  /** What of the form is written down before it is done. */
  noted: (value: z.output<T>) => Detail
  run: (req: Request, context: WebContext, value: z.output<T>) => Promise<Made>
  /** Only of calls that read: what makes a call of the log anew; null where that isn't known any more. */
  again?: (call: BankCall, noted: AuditEvent['detail']) => Typed | null
}

export type ConsoleCall = Pick<
  Description<z.ZodType>,
  'name' | 'api' | 'title' | 'lede' | 'button' | 'fields' | 'again'
> & {
  missing: (bank: Bank) => string | null
  read: (body: unknown) => FormReading<{
    noted: Detail
    run: (req: Request, context: WebContext) => Promise<Made>
  }>
}

/** Keeps each form and what is done with it of one type. */
function described<T extends z.ZodType>(description: Description<T>): ConsoleCall {
  const { form, noted, run, missing = () => null, ...rest } = description
  return {
    ...rest,
    missing,
    read: (body) => {
      const reading = readForm(form, body)
      if (reading.kind === 'refused') return reading
      const { value } = reading
      return {
        kind: 'good',
        value: { noted: noted(value), run: (req, context) => run(req, context, value) },
      }
    },
  }
}

const MADE: Made = { kind: 'made' }
const COUNTRY_NAMES: Record<Country, string> = { DK: 'Denmark', SE: 'Sweden', NO: 'Norway', FI: 'Finland' }
const STATEMENT_DAYS = 90

export const CONSOLE_CALLS: readonly ConsoleCall[] = [
  described({
    name: 'consent',
    api: 'authorization.begin',
    title: 'Begin a consent',
    lede: 'Asks the bank for a new consent of your own. It replaces yours only once you have given it at the bank; the code that you bring back is redeemed then.',
    button: 'Begin a consent',
    fields: (_req, { consentDays }, { country = 'DK', days = String(consentDays) }) => [
      select('country', 'Country', COUNTRIES, country, (one) => COUNTRY_NAMES[one]),
      { kind: 'field', name: 'days', label: 'For how many days', value: days, inputmode: 'numeric' },
    ],
    form: consentCallForm,
    noted: (value) => value,
    run: beginConsent,
  }),
  described({
    name: 'refresh',
    api: 'authorization.refresh',
    title: 'Renew the access',
    lede: 'Spends the refresh token of your own consent for a new pair, long before the access ends.',
    button: 'Renew the access',
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: renewAccess,
  }),
  described({
    name: 'revoke',
    api: 'authorization.revoke',
    title: 'Withdraw your consent',
    lede: 'Ends your own consent, here and at the bank. The console asks you to link the sandbox again afterwards.',
    button: 'Withdraw my consent',
    missing: (bank) =>
      bank.canRevoke ? null : 'Version 3 of the bank’s interface can’t withdraw a consent.',
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: withdraw,
  }),
  described({
    name: 'accounts',
    api: 'accounts.list',
    title: 'List accounts',
    lede: 'Every account that your own consent covers.',
    button: 'List accounts',
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: async (req, { models, bank }) => {
      await bank.listAccounts((await bankAccessFor(req, models, bank)).context)
      return MADE
    },
    again: () => ({}),
  }),
  described({
    name: 'account',
    api: 'accounts.detail',
    title: 'Look at an account',
    lede: 'One of the accounts that your own consent covers.',
    button: 'Look at the account',
    fields: async (req, context, { account }) => [await accountField(req, context, account)],
    form: accountCallForm,
    noted: (value) => value,
    run: (req, context, { account }) =>
      withAccount(req, context, account, async (id, { bank }, call) => {
        await bank.account(id, call)
      }),
    again: (_call, noted) => textsIn(noted, ['account']),
  }),
  described({
    name: 'transactions',
    api: 'accounts.transactions',
    title: 'List transactions',
    lede: 'Of one account, from the first to the last day; all pages are read.',
    button: 'List transactions',
    fields: async (req, context, { account, from, to }) => [
      await accountField(req, context, account),
      dayField('from', 'First day', from ?? dayBefore(context, STATEMENT_DAYS)),
      dayField('to', 'Last day', to ?? dayBefore(context, 0)),
    ],
    form: transactionsCallForm,
    noted: (value) => value,
    run: (req, context, { account, from, to }) =>
      withAccount(req, context, account, async (id, { bank }, call) => {
        await bank.transactions(id, { from, to }, call)
      }),
    again: (_call, noted) => textsIn(noted, ['account', 'from', 'to']),
  }),
  described({
    name: 'orders',
    api: 'payments.list',
    title: 'List orders',
    lede: 'Every order of your own at the bank, page by page until there are no more.',
    button: 'List orders',
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: async (req, { models, bank }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.listOrders(country, context)
      return MADE
    },
    again: () => ({}),
  }),
  described({
    name: 'order',
    api: 'payments.detail',
    title: 'Look at an order',
    lede: 'Asks the bank how one of your own orders stands.',
    button: 'Look at the order',
    fields: orderFields,
    form: orderCallForm,
    noted: (value) => value,
    run: async (req, { models, bank }, { order }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.order(order, country, context)
      return MADE
    },
    again: ({ path }) => orderIn(path),
  }),
  described({
    name: 'order-delete',
    api: 'payments.delete',
    title: 'Delete an order',
    lede: 'One of your own that has not been confirmed. The bank is asked how it stands first.',
    button: 'Delete the order',
    missing: (bank) => (bank.deleteOrder ? null : 'Version 3 of the bank’s interface can’t delete an order.'),
    fields: orderFields,
    form: orderCallForm,
    noted: (value) => value,
    run: async (req, { models, bank }, { order }) => {
      const { country, context } = await bankAccessFor(req, models, bank)
      await bank.deleteOrder?.(order, country, context)
      return MADE
    },
  }),
  described({
    name: 'iban',
    api: null,
    title: 'Turn a number into an IBAN',
    lede: 'As every account number of the bank is read; the bank isn’t asked.',
    button: 'Show the IBAN',
    fields: (_req, _context, { numberType = 'BBAN_DK', number = suggestedNumber('DK') }) => [
      select('numberType', 'Kind of number', NUMBER_TYPES, numberType),
      { kind: 'field', name: 'number', label: 'Account number', value: number, autocomplete: 'off' },
    ],
    form: numberForm,
    noted: ({ numberType }) => ({ numberType }),
    run: async (_req, _context, { numberType: type, number: value }) => {
      const iban = ibanOf({ type, value })
      if (iban) return { kind: 'shown', facts: [{ term: 'IBAN', text: iban }], next: null }
      const message = 'No IBAN follows from this number. Is it of this kind?'
      return { kind: 'refused', errors: [{ field: 'number', message }] }
    },
  }),
]

export function consoleCallNamed(name: unknown): ConsoleCall | null {
  return CONSOLE_CALLS.find((call) => call.name === name) ?? null
}

async function beginConsent(
  req: Request,
  { models, bank, clock }: WebContext,
  { country, days }: { country: Country; days: number },
): Promise<Made> {
  const state = await models.consents.begin(signedIn(req).id, req.sessionID, country, actorOf(req))
  const wish = { state, country, durationMinutes: (days * DAY) / 60_000 }
  const { redirectTo } = await bank.beginConsent(wish, anonymousContext(req))
  awayAtBank(req, clock.now())
  const next = { href: redirectTo, label: 'Go on at the bank' }
  return { kind: 'shown', facts: [{ term: 'The bank', text: 'waits for you on its own pages.' }], next }
}

async function renewAccess(req: Request, { models, bank }: WebContext): Promise<Made> {
  const consent = await models.consents.live(signedIn(req).id)
  if (consent) await models.consents.distrustToken(consent.id)
  await bankAccessFor(req, models, bank)
  return MADE
}

async function withdraw(req: Request, { models, bank }: WebContext): Promise<Made> {
  const user = signedIn(req)
  const consent = await models.consents.live(user.id)
  const ended = consent && (await models.consents.revoke(user.id, consent.id, actorOf(req)))
  if (!consent || !ended)
    throw new WrongState('Your bank is not linked', 'There is no consent of yours to withdraw.', [
      { href: paths.bank, label: 'To your bank link' },
    ])
  await tellBankOfEnd(req, { models, bank }, { id: consent.id, refreshToken: ended.refreshToken })
  return MADE
}

/** Only an account that the bank lists now can be asked about. */
async function withAccount(
  req: Request,
  context: WebContext,
  hash: string,
  ask: (
    id: string,
    context: WebContext,
    call: Awaited<ReturnType<typeof bankAccessFor>>['context'],
  ) => Promise<void>,
): Promise<Made> {
  const opened = await openSandbox(req, context.models, context.bank)
  const account = chosenAccount(context.models, opened, hash)
  if (!account) return { kind: 'refused', errors: [{ field: 'account', message: UNLISTED }] }
  await ask(account.id, context, opened.context)
  return MADE
}

async function accountField(
  req: Request,
  { models, bank }: WebContext,
  picked: string | undefined,
): Promise<Field> {
  const { accounts } = await openSandbox(req, models, bank)
  const options = accounts.map((account) => {
    const value = models.accounts.hashOf(account)
    return { value, label: accountLine(account), selected: value === picked }
  })
  return { kind: 'select', name: 'account', label: 'Account', options }
}

/** The newest order is there to begin with, where the bank shows any. */
async function orderFields(req: Request, { models, bank }: WebContext, { order }: Typed): Promise<Field[]> {
  const { country, context } = await bankAccessFor(req, models, bank)
  const newest = order === undefined ? await bank.listOrders(country, context).catch(() => []) : []
  return [
    {
      kind: 'field',
      name: 'order',
      label: 'The bank’s id of the order',
      value: order ?? newest[0]?.bankPaymentId ?? '',
      autocomplete: 'off',
      maxlength: 200,
    },
  ]
}

function select<V extends string>(
  name: string,
  label: string,
  values: readonly V[],
  picked: string,
  wordsOf: (value: V) => string = (value) => value,
): Field {
  const options = values.map((value) => ({ value, label: wordsOf(value), selected: value === picked }))
  return { kind: 'select', name, label, options }
}

function dayField(name: string, label: string, value: string): Field {
  return { kind: 'field', name, label, type: 'date', value }
}

function dayBefore({ clock }: WebContext, days: number): string {
  return new Date(clock.now().getTime() - days * DAY).toISOString().slice(0, 10)
}

function textsIn(noted: AuditEvent['detail'], names: readonly string[]): Typed | null {
  const detail = typeof noted === 'object' && noted !== null && !Array.isArray(noted) ? noted : {}
  const found = names.map((name) => [name, detail[name]] as const)
  const isWhole = found.every((entry): entry is [string, string] => typeof entry[1] === 'string')
  return isWhole ? (Object.fromEntries(found) as Record<string, string>) : null
}

/** Ids of orders are kept in the log; what was taken out of a path is no id any more. */
function orderIn(path: string): Typed | null {
  const id = decodeURIComponent(path.split('?')[0]?.split('/').at(-1) ?? '')
  return bankOrderParam.safeParse(id).success && !id.includes('[') ? { order: id } : null
}
