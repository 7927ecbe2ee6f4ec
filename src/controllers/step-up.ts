import { createHmac } from 'node:crypto'
import type { ErrorRequestHandler, Request } from 'express'
import { StepUpNeeded } from '../errors.ts'
import { formatMoney, weekdayName } from '../format.ts'
import { t, term } from '../language.ts'
import { signedIn } from '../middleware/authentication.ts'
import type { MarkOf } from '../middleware/step-up.ts'
import type { Models } from '../models/index.ts'
import { hasFactor } from '../models/second-factor.ts'
import { paths } from '../paths.ts'
import { WEEKDAY_FIELDS } from './forms/habit-forms.ts'
import { SCOPE_FIELDS } from './forms/token-forms.ts'
import { renderPage } from './page.ts'

interface Term {
  term: string
  text: string
}

const page = () => ({ title: t('Show that it is you'), width: 'narrow' }) as const

/** What cannot be read off the fields. */
const ABOUT: Record<string, string> = {
  [paths.accountsLoad]: term('Other accounts: where money comes from, and where it goes'),
  [paths.authenticatorBegin]: term('A new authenticator'),
  [paths.authenticator]: term('A new authenticator'),
  [paths.authenticatorRemove]: term('Signing in without an authenticator'),
  [paths.passkeyBegin]: term('A new passkey'),
  [paths.passkeyNew]: term('A new passkey'),
  [paths.backupCodes]: term('New backup codes instead of the old ones'),
  [paths.adminPaymentStop]: term('All payments stop'),
  [paths.adminPaymentStopEnd]: term('All payments go on'),
  [paths.adminFaults]: term('A fault of the emulator'),
  [paths.adminFaultsClear]: term('The emulator’s faults are cleared'),
  [paths.adminClock]: term('The emulator’s clock is moved'),
  [paths.settingsTokens]: term('A new token for a program'),
  [paths.settingsEmail]: term('Another e-mail address for your account'),
  [paths.settingsCheckOffs]: term('Fewer questions at check-offs'),
  [paths.savingsResume]: term('Your savings go on'),
  [paths.dataExport]: term('A file with everything we keep about you'),
  [paths.importConfirm]: term('Habits and check-offs are imported'),
  [paths.dataErase]: term('Your account is closed, and your data erased'),
}

const ABOUT_PATTERNS: [RegExp, string][] = [
  [/\/passkeys\/.+\/remove$/, term('A passkey is removed')],
  [/\/checkoff$/, term('A check-off')],
  [/\/backfill$/, term('A check-off of a past day')],
  [/\/again$/, term('A payment that is tried once more')],
  [/\/try-now$/, term('A payment that is tried now')],
  [/\/move-back$/, term('Money moves back out of your savings')],
  [/^\/admin\/users\/.+\/lock$/, term('An account is locked')],
  [/^\/admin\/users\/.+\/unlock$/, term('An account is opened again')],
  [/^\/admin\/users\/.+\/sign-out$/, term('Somebody is signed out everywhere')],
  [/^\/admin\/users\/.+\/factor-reset$/, term('A second factor goes after the delay')],
  [/^\/admin\/users\/.+\/role$/, term('A role is changed')],
  [/^\/admin\/payments\/.+\/look$/, term('A payment is looked at again now')],
  [/^\/admin\/payments\/.+\/cancel$/, term('A payment that isn’t sent yet is called off')],
  [/^\/admin\/payments\/.+\/mark$/, term('A payment is marked, and its saver’s payments wait')],
  [/^\/admin\/payments\/.+\/unmark$/, term('The mark is taken off a payment')],
  [/^\/admin\/jobs\/.+\/retry$/, term('A job that was given up is tried again')],
  [/^\/admin\/audit\/export$/, term('Lines of the audit trail leave as a file')],
  [/^\/admin\/alarms\/.+\/acknowledge$/, term('An alarm has been looked at')],
  [/^\/admin\/calls\/.+\/repeat$/, term('A call to the bank is made once more')],
  [/^\/admin\/sandbox\/calls\/refresh$/, term('The access to the bank is renewed')],
  [/^\/admin\/sandbox\/calls\/revoke$/, term('Your own consent at the bank is withdrawn')],
  [/^\/admin\/sandbox\/calls\/consent$/, term('A consent of your own is begun')],
  [/^\/admin\/sandbox\/calls\/order-delete$/, term('An order in the sandbox is deleted')],
  [/^\/admin\/sandbox\/calls\/order-confirm$/, term('A payment in the sandbox is confirmed')],
  [/^\/admin\/sandbox\/calls\/payment$/, term('A payment in the sandbox')],
  [/^\/admin\/sandbox\/calls\/funds$/, term('Money is added to an account of the sandbox')],
  [/^\/admin\/sandbox\/calls\/account-new$/, term('A new account in the sandbox')],
  [/^\/admin\/sandbox\/calls\/account-delete$/, term('An account of the sandbox is deleted')],
  [/^\/admin\/sandbox\/calls\/.+$/, term('A call to the sandbox of the bank')],
]

/** How the fields of our forms are called; what has no name here is not shown, but sent on all the same. */
const TERMS: Record<string, string> = {
  name: term('Habit'),
  amount: term('Moves each time'),
  frequency: term('Times'),
  interval: term('In so many days'),
  rollingTimes: term('At least so many times'),
  rollingDays: term('In any so many days'),
  startDate: term('First day'),
  endDate: term('Last day'),
  capPerPayment: term('At most at a time'),
  capPerDay: term('At most a day'),
  capPerMonth: term('At most a month'),
  floor: term('Stays in the account'),
  country: term('Country of your bank'),
  newEmail: term('New address'),
  tokenName: term('Token'),
  habitsRead: term('May see habits and check-offs'),
  checkOffsWrite: term('May check off, which moves money'),
  paymentsRead: term('May see payments'),
  goalsRead: term('May see goals and what they hold'),
  days: term('Good for so many days'),
  reason: term('Why'),
  role: term('Role'),
}

/** Boxes: that they are sent is all that they say. */
const TICKED: readonly string[] = [...WEEKDAY_FIELDS, ...Object.keys(SCOPE_FIELDS)]

function termOf(field: string): string | null {
  const weekday = (WEEKDAY_FIELDS as readonly string[]).indexOf(field)
  if (weekday >= 0) return weekdayName(weekday + 1)
  const known = TERMS[field]
  return known ? t(known) : null
}

/**
 * The page in between: it carries the form that came too early, and shows what is about to be confirmed; of what a habit
 * pays, the amount and between which accounts.
 */
export function stepUpPage(
  models: Pick<Models, 'accounts' | 'habits' | 'passkeys'>,
  markOf: MarkOf,
): ErrorRequestHandler {
  return async (error, req, res, next) => {
    if (!(error instanceof StepUpNeeded)) return next(error)
    const user = signedIn(req)
    const fields = fieldsOf(req)
    const chosen = pays(req) ? await models.accounts.chosenBy(user.id) : null
    const seen = await markOf(req)
    const question = { purpose: 'confirm', sid: req.sessionID, userId: user.id, about: seen } as const
    res.status(error.status)
    renderPage(req, res, 'auth/step-up', page(), {
      because: error.because,
      asksForCode: hasFactor(user),
      hasAuthenticator: user.totpConfirmedOn !== null,
      passkey: await models.passkeys.ask(question),
      action: req.originalUrl,
      fields,
      seen,
      summary: [
        ...aboutPath(req.path),
        ...(await aboutCheckOff(req, models)),
        ...ofChosenKind(fields).flatMap(({ name, value }) => {
          const called = termOf(name)
          return called && value !== ''
            ? [{ term: called, text: TICKED.includes(name) ? t('yes') : value }]
            : []
        }),
        ...(chosen
          ? [
              { term: t('From'), text: chosen.debtor.name },
              { term: t('To'), text: chosen.creditor.name },
            ]
          : []),
      ],
    })
  }
}

/** Nobody who changes a form on that page, and nobody who changes the accounts meanwhile, gets it confirmed. */
export function marksOfForms(models: Pick<Models, 'accounts'>, key: string): MarkOf {
  return async (req) => {
    const chosen = pays(req) ? await models.accounts.chosenBy(signedIn(req).id) : null
    const fields = fieldsOf(req)
      // As browsers send line breaks back.
      .map(({ name, value }) => [name, value.replace(/\r\n?/g, '\n')])
      .sort(([one = ''], [other = '']) => (one < other ? -1 : 1))
    const shown = [req.sessionID, req.originalUrl, fields, chosen?.debtor.id, chosen?.creditor.id]
    return createHmac('sha256', key).update(JSON.stringify(shown)).digest('base64url')
  }
}

/** Of habits: what they pay, and each check-off. */
function pays({ path }: Request): boolean {
  return path.startsWith('/habits/')
}

const OF_KINDS: Record<string, string[]> = {
  TIMES: ['frequency', 'interval'],
  WEEKDAYS: [...WEEKDAY_FIELDS],
  ROLLING: ['rollingTimes', 'rollingDays'],
}

/** The form of a habit sends the fields of every kind of schedule along; only those of its own kind are its terms. */
function ofChosenKind(fields: readonly { name: string; value: string }[]) {
  const kind = fields.find(({ name }) => name === 'kind')?.value ?? 'TIMES'
  const others = Object.entries(OF_KINDS).flatMap(([each, names]) => (each === kind ? [] : names))
  return fields.filter(({ name }) => !others.includes(name))
}

function aboutPath(path: string): Term[] {
  const what = ABOUT[path] ?? ABOUT_PATTERNS.find(([pattern]) => pattern.test(path))?.[1]
  return what ? [{ term: t('What'), text: t(what) }] : []
}

/** Its form names the terms by their number only. */
async function aboutCheckOff(req: Request, models: Pick<Models, 'habits'>): Promise<Term[]> {
  const [, habitId] = /^\/habits\/([0-9a-f-]{36})\/(?:checkoff|backfill)$/.exec(req.path) ?? []
  const number = Number((req.body as Record<string, unknown> | undefined)?.version)
  const terms =
    habitId && Number.isInteger(number) ? await models.habits.terms(signedIn(req).id, habitId, number) : null
  return terms
    ? [
        { term: t('Habit'), text: terms.name },
        { term: t('Moves'), text: formatMoney(terms.amountMinor, terms.currency) },
      ]
    : []
}

export function fieldsOf(req: Request): { name: string; value: string }[] {
  return Object.entries((req.body ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    typeof value === 'string' && name !== '_csrf' && !/password/i.test(name) ? [{ name, value }] : [],
  )
}
