import type { ErrorRequestHandler, Request } from 'express'
import { StepUpNeeded } from '../errors.ts'
import { signedIn } from '../middleware/authentication.ts'
import type { Models } from '../models/index.ts'
import { paths } from '../paths.ts'
import { renderPage } from './page.ts'

const PAGE = { title: 'Show that it is you', width: 'narrow' } as const

/** What cannot be read off the fields. */
const ABOUT: Record<string, string> = {
  [paths.accountsLoad]: 'Other accounts: where money comes from, and where it goes',
  [paths.authenticatorBegin]: 'A new authenticator',
  [paths.authenticator]: 'A new authenticator',
  [paths.authenticatorRemove]: 'Signing in without an authenticator',
  [paths.backupCodes]: 'New backup codes instead of the old ones',
  [paths.adminPaymentStopEnd]: 'All payments go on',
  [paths.dataExport]: 'A file with everything we keep about you',
  [paths.dataErase]: 'Your account is closed, and your data erased',
}

/** How the fields of our forms are called; what has no name here is not shown, but sent on all the same. */
const TERMS: Record<string, string> = {
  name: 'Habit',
  amount: 'Moves each time',
  frequency: 'Times',
  interval: 'In so many days',
  capPerPayment: 'At most at a time',
  capPerDay: 'At most a day',
  capPerMonth: 'At most a month',
  floor: 'Stays in the account',
  country: 'Country of your bank',
}

/**
 * The page in between: it carries the form that came too early, and shows what is about to be confirmed; of what a habit
 * pays, the amount and between which accounts.
 */
export function stepUpPage(models: Pick<Models, 'accounts'>): ErrorRequestHandler {
  return async (error, req, res, next) => {
    if (!(error instanceof StepUpNeeded)) return next(error)
    const user = signedIn(req)
    const fields = fieldsOf(req)
    const paysSomething = fields.some(({ name }) => name === 'amount')
    const chosen = paysSomething ? await models.accounts.chosenBy(user.id) : null
    res.status(error.status)
    renderPage(req, res, 'auth/step-up', PAGE, {
      because: error.because,
      asksForCode: user.totpConfirmedOn !== null,
      action: req.originalUrl,
      fields,
      summary: [
        ...(ABOUT[req.path] ? [{ term: 'What', text: ABOUT[req.path] }] : []),
        ...fields.flatMap(({ name, value }) => {
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

function fieldsOf(req: Request): { name: string; value: string }[] {
  return Object.entries((req.body ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    typeof value === 'string' && name !== '_csrf' && !/password/i.test(name) ? [{ name, value }] : [],
  )
}
