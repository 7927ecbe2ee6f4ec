import type { RequestHandler } from 'express'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { type Currency, toDecimal } from '../../money.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { preferencesForm } from '../forms/account-forms.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'
import { formatInstant, formatMoney } from '../view-models/format.ts'

const SETTINGS = { title: 'Settings', width: 'narrow' } as const
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const HOURS = Array.from({ length: 13 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`)
const TIMEZONES = Intl.supportedValuesOf('timeZone')

export function settingsControllers({ models }: WebContext) {
  /** GET /profile */
  const profile: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const chosen = await models.accounts.chosenBy(user.id)
    const { capPerPaymentMinor } = await models.limits.current(user.id)
    renderPage(
      req,
      res,
      'main/profile',
      { title: 'Your profile' },
      {
        facts: [
          { term: 'Name', text: user.fullName },
          { term: 'E-mail', text: user.email },
          { term: 'With Sparvana since', text: formatInstant(user.createdOn, user.timezone) },
          { term: 'Money comes from', text: chosen?.debtor.name ?? 'No account chosen yet' },
          { term: 'Money goes to', text: chosen?.creditor.name ?? 'No account chosen yet' },
          { term: 'At most at a time', text: capText(capPerPaymentMinor, chosen?.debtor.currency) },
        ],
        settingsPath: paths.settings,
        securityPath: paths.settingsSecurity,
        savingsPath: paths.settingsSavings,
        bankPath: paths.bank,
      },
    )
  }

  /** GET /settings */
  const show: RequestHandler = (req, res) => {
    renderPage(req, res, 'main/settings', SETTINGS, propsFor(signedIn(req), {}, []))
  }

  /** POST /settings */
  const update: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readForm(preferencesForm, req.body)
    if (reading.kind === 'refused') {
      return renderRefused(req, res, 'main/settings', SETTINGS, propsFor(user, reading.typed, reading.errors))
    }
    await models.users.changePreferences(user, reading.value, actorOf(req))
    await flash(req, 'done', 'Saved.')
    res.redirect(303, paths.settings)
  }

  return { profile, show, update }
}

/** Before accounts are chosen there is no currency to name. */
function capText(minor: number, currency: Currency | undefined): string {
  return currency ? formatMoney(minor, currency) : toDecimal(minor)
}

function propsFor(user: Express.User, typed: Record<string, string>, errors: FieldError[]) {
  const timezone = typed.timezone ?? user.timezone
  const dayStartHour = typed.dayStartHour ?? String(user.dayStartHour)
  const weekStart = typed.weekStart ?? String(user.weekStart)
  return {
    form: { fullName: typed.fullName ?? user.fullName },
    timezones: [...new Set([...TIMEZONES, user.timezone])].map((name) => ({
      value: name,
      label: name.replaceAll('_', ' '),
      selected: name === timezone,
    })),
    hours: HOURS.map((label, hour) => ({
      value: String(hour),
      label,
      selected: String(hour) === dayStartHour,
    })),
    weekdays: DAYS.map((label, index) => ({
      value: String(index + 1),
      label,
      selected: String(index + 1) === weekStart,
    })),
    errors,
    settingsPath: paths.settings,
    securityPath: paths.settingsSecurity,
    savingsPath: paths.settingsSavings,
    questionsPath: paths.settingsCheckOffs,
    remindersPath: paths.settingsReminders,
    tokensPath: paths.settingsTokens,
    emailPath: paths.settingsEmail,
    dataPath: paths.settingsData,
  }
}
