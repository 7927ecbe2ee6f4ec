import { createHmac } from 'node:crypto'
import type { ErrorRequestHandler, Request } from 'express'
import { StepUpNeeded } from '../errors.ts'
import { formatMoney, weekdayName } from '../format.ts'
import { term } from '../language.ts'
import { signedIn } from '../middleware/authentication.ts'
import type { MarkOf } from '../middleware/step-up.ts'
import type { Models } from '../models/index.ts'
import { hasFactor } from '../models/second-factor.ts'
import { paths } from '../paths.ts'
import { WEEKDAY_FIELDS } from './forms/habit-forms.ts'
import { renderPage } from './page.ts'

interface Term {
  term: string
  text: string
}

const PAGE = { title: 'Show that it is you', width: 'narrow' } as const

/** What cannot be read off the fields. */
const ABOUT: Record<string, string> = {
  [paths.accountsLoad]: 'Other accounts: where money comes from, and where it goes',
  [paths.authenticatorBegin]: 'A new authenticator',
  [paths.authenticator]: 'A new authenticator',
  [paths.authenticatorRemove]: 'Signing in without an authenticator',
  [paths.passkeyBegin]: 'A new passkey',
  [paths.passkeyNew]: 'A new passkey',
  [paths.backupCodes]: 'New backup codes instead of the old ones',
  [paths.adminPaymentStop]: 'All payments stop',
  [paths.adminPaymentStopEnd]: 'All payments go on',
  [paths.adminFaults]: 'A fault of the emulator',
  [paths.adminFaultsClear]: 'The emulator’s faults are cleared',
  [paths.adminClock]: 'The emulator’s clock is moved',
  [paths.settingsTokens]: 'A new token for a program',
  [paths.settingsEmail]: 'Another e-mail address for your account',
  [paths.settingsCheckOffs]: 'Fewer questions at check-offs',
  [paths.savingsResume]: 'Your savings go on',
  [paths.dataExport]: 'A file with everything we keep about you',
  [paths.importConfirm]: 'Habits and check-offs are imported',
  [paths.dataErase]: 'Your account is closed, and your data erased',
}

const ABOUT_PATTERNS: [RegExp, string][] = [
  [/\/passkeys\/.+\/remove$/, 'A passkey is removed'],
  [/\/checkoff$/, 'A check-off'],
  [/\/backfill$/, 'A check-off of a past day'],
  [/\/again$/, 'A payment that is tried once more'],
  [/\/try-now$/, 'A payment that is tried now'],
  [/\/move-back$/, 'Money moves back out of your savings'],
  [/^\/admin\/users\/.+\/lock$/, 'An account is locked'],
  [/^\/admin\/users\/.+\/unlock$/, 'An account is opened again'],
  [/^\/admin\/users\/.+\/sign-out$/, 'Somebody is signed out everywhere'],
  [/^\/admin\/users\/.+\/factor-reset$/, 'A second factor goes after the delay'],
  [/^\/admin\/users\/.+\/role$/, 'A role is changed'],
  [/^\/admin\/payments\/.+\/look$/, 'A payment is looked at again now'],
  [/^\/admin\/payments\/.+\/cancel$/, 'A payment that isn’t sent yet is called off'],
  [/^\/admin\/payments\/.+\/mark$/, 'A payment is marked, and its saver’s payments wait'],
  [/^\/admin\/payments\/.+\/unmark$/, 'The mark is taken off a payment'],
  [/^\/admin\/jobs\/.+\/retry$/, 'A job that was given up is tried again'],
  [/^\/admin\/audit\/export$/, 'Lines of the audit trail leave as a file'],
  [/^\/admin\/alarms\/.+\/acknowledge$/, 'An alarm has been looked at'],
  [/^\/admin\/calls\/.+\/repeat$/, 'A call to the bank is made once more'],
  [/^\/admin\/sandbox\/calls\/refresh$/, 'The access to the bank is renewed'],
  [/^\/admin\/sandbox\/calls\/revoke$/, 'Your own consent at the bank is withdrawn'],
  [/^\/admin\/sandbox\/calls\/consent$/, 'A consent of your own is begun'],
  [/^\/admin\/sandbox\/calls\/order-delete$/, 'An order in the sandbox is deleted'],
  [/^\/admin\/sandbox\/calls\/order-confirm$/, 'A payment in the sandbox is confirmed'],
  [/^\/admin\/sandbox\/calls\/payment$/, 'A payment in the sandbox'],
  [/^\/admin\/sandbox\/calls\/funds$/, 'Money is added to an account of the sandbox'],
  [/^\/admin\/sandbox\/calls\/account-new$/, 'A new account in the sandbox'],
  [/^\/admin\/sandbox\/calls\/account-delete$/, 'An account of the sandbox is deleted'],
  [/^\/admin\/sandbox\/calls\/.+$/, 'A call to the sandbox of the bank'],
]

/** How the fields of our forms are called; what has no name here is not shown, but sent on all the same. */
const TERMS: Record<string, string> = {
  name: 'Habit',
  amount: 'Moves each time',
  frequency: 'Times',
  interval: 'In so many days',
  rollingTimes: 'At least so many times',
  rollingDays: 'In any so many days',
  ...Object.fromEntries(WEEKDAY_FIELDS.map((name, at) => [name, weekdayName(at + 1)])),
  startDate: 'First day',
  endDate: 'Last day',
  capPerPayment: 'At most at a time',
  capPerDay: 'At most a day',
  capPerMonth: 'At most a month',
  floor: 'Stays in the account',
  country: 'Country of your bank',
  newEmail: 'New address',
  tokenName: 'Token',
  habitsRead: 'May see habits and check-offs',
  checkOffsWrite: 'May check off, which moves money',
  paymentsRead: 'May see payments',
  goalsRead: term('May see goals and what they hold'),
  days: 'Good for so many days',
  reason: 'Why',
  role: 'Role',
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
    renderPage(req, res, 'auth/step-up', PAGE, {
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
          const term = TERMS[name]
          return term && value !== '' ? [{ term, text: value }] : []
        }),
        ...(chosen
          ? [
              { term: 'From', text: chosen.debtor.name },
              { term: 'To', text: chosen.creditor.name },
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
  return what ? [{ term: 'What', text: what }] : []
}

/** Its form names the terms by their number only. */
async function aboutCheckOff(req: Request, models: Pick<Models, 'habits'>): Promise<Term[]> {
  const [, habitId] = /^\/habits\/([0-9a-f-]{36})\/(?:checkoff|backfill)$/.exec(req.path) ?? []
  const number = Number((req.body as Record<string, unknown> | undefined)?.version)
  const terms =
    habitId && Number.isInteger(number) ? await models.habits.terms(signedIn(req).id, habitId, number) : null
  return terms
    ? [
        { term: 'Habit', text: terms.name },
        { term: 'Moves', text: formatMoney(terms.amountMinor, terms.currency) },
      ]
    : []
}

export function fieldsOf(req: Request): { name: string; value: string }[] {
  return Object.entries((req.body ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    typeof value === 'string' && name !== '_csrf' && !/password/i.test(name) ? [{ name, value }] : [],
  )
}
