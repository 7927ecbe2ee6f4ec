/** What the console can ask of the bank by a form of a few fields, one description each. */
import type { Request } from 'express'
import { type Country, ibanOf } from '../../bank/index.ts'
import { DAY } from '../../clock.ts'
import { WrongState } from '../../errors.ts'
import type { AuditEvent } from '../../generated/client.ts'
import { t, term } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { awayAtBank } from '../../middleware/session.ts'
import { paths } from '../../paths.ts'
import { anonymousContext, bankAccessFor, tellBankOfEnd } from '../bank-access.ts'
import type { WebContext } from '../context.ts'
import {
  accountCallForm,
  consentCallForm,
  NUMBER_TYPES,
  noFieldsForm,
  numberForm,
  transactionsCallForm,
} from '../forms/console-forms.ts'
import {
  type ConsoleCall,
  countryField,
  described,
  type Field,
  MADE,
  type Made,
  refusedAt,
  select,
  type Typed,
} from './console-call.ts'
import { ORDER_CALLS } from './console-orders.ts'
import { SANDBOX_CALLS } from './console-sandbox.ts'
import { accountLine, openSandbox, withAccount } from './sandbox-access.ts'
import { suggestedNumber } from './sandbox-numbers.ts'

const STATEMENT_DAYS = 90

export const CONSOLE_CALLS: readonly ConsoleCall[] = [
  described({
    name: 'consent',
    api: 'authorization.begin',
    title: term('Begin a consent'),
    lede: term(
      'Asks the bank for a new consent of your own. It replaces yours only once you have given it at the bank; the code that you bring back is redeemed then.',
    ),
    button: term('Begin a consent'),
    fields: (_req, { consentDays }, { country = 'DK', days = String(consentDays) }) => [
      countryField(country),
      { kind: 'field', name: 'days', label: t('For how many days'), value: days, inputmode: 'numeric' },
    ],
    form: consentCallForm,
    noted: (value) => value,
    run: beginConsent,
  }),
  described({
    name: 'refresh',
    api: 'authorization.refresh',
    title: term('Renew the access'),
    lede: term('Spends the refresh token of your own consent for a new pair, long before the access ends.'),
    button: term('Renew the access'),
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: renewAccess,
  }),
  described({
    name: 'revoke',
    api: 'authorization.revoke',
    title: term('Withdraw your consent'),
    lede: term(
      'Ends your own consent, here and at the bank. The console asks you to link the sandbox again afterwards.',
    ),
    button: term('Withdraw my consent'),
    missing: (bank) =>
      bank.canRevoke ? null : t('Version 3 of the bank’s interface can’t withdraw a consent.'),
    fields: () => [],
    form: noFieldsForm,
    noted: () => ({}),
    run: withdraw,
  }),
  described({
    name: 'accounts',
    api: 'accounts.list',
    title: term('List accounts'),
    lede: term('Every account that your own consent covers.'),
    button: term('List accounts'),
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
    title: term('Look at an account'),
    lede: term('One of the accounts that your own consent covers.'),
    button: term('Look at the account'),
    fields: async (req, context, { account }) => [await accountField(req, context, account)],
    form: accountCallForm,
    noted: (value) => value,
    run: (req, context, { account }) =>
      withAccount(req, context, account, async ({ id }, call, { bank }) => {
        await bank.account(id, call)
        return MADE
      }),
    again: (_call, noted) => textsIn(noted, ['account']),
  }),
  described({
    name: 'transactions',
    api: 'accounts.transactions',
    title: term('List transactions'),
    lede: term('Of one account, from the first to the last day; all pages are read.'),
    button: term('List transactions'),
    fields: async (req, context, { account, from, to }) => [
      await accountField(req, context, account),
      dayField('from', t('First day'), from ?? dayBefore(context, STATEMENT_DAYS)),
      dayField('to', t('Last day'), to ?? dayBefore(context, 0)),
    ],
    form: transactionsCallForm,
    noted: (value) => value,
    run: (req, context, { account, from, to }) =>
      withAccount(req, context, account, async ({ id }, call, { bank }) => {
        await bank.transactions(id, { from, to }, call)
        return MADE
      }),
    again: (_call, noted) => textsIn(noted, ['account', 'from', 'to']),
  }),
  ...ORDER_CALLS,
  ...SANDBOX_CALLS,
  described({
    name: 'iban',
    api: null,
    title: term('Turn a number into an IBAN'),
    lede: term('As every account number of the bank is read; the bank isn’t asked.'),
    button: term('Show the IBAN'),
    fields: (_req, _context, { numberType = 'BBAN_DK', number = suggestedNumber('DK') }) => [
      select('numberType', t('Kind of number'), NUMBER_TYPES, numberType),
      { kind: 'field', name: 'number', label: t('Account number'), value: number, autocomplete: 'off' },
    ],
    form: numberForm,
    noted: ({ numberType }) => ({ numberType }),
    run: async (_req, _context, { numberType: type, number: value }) => {
      const iban = ibanOf({ type, value })
      if (iban) return { kind: 'shown', facts: [{ term: t('IBAN'), text: iban }], next: null }
      return refusedAt('number', t('No IBAN follows from this number. Is it of this kind?'))
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
  const next = { href: redirectTo, label: t('Go on at the bank') }
  return { kind: 'shown', facts: [{ term: t('The bank'), text: t('waits for you on its own pages.') }], next }
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
    throw new WrongState(t('Your bank is not linked'), t('There is no consent of yours to withdraw.'), [
      { href: paths.bank, label: t('To your bank link') },
    ])
  await tellBankOfEnd(req, { models, bank }, { id: consent.id, refreshToken: ended.refreshToken })
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
  return { kind: 'select', name: 'account', label: t('Account'), options }
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
