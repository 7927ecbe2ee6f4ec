import type { RequestHandler } from 'express'
import { formatInstant, formatMinor, formatMoney, weekdayName } from '../../format.ts'
import { goOnIn, LANGUAGE_NAMES, LANGUAGES, t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import type { Currency } from '../../money.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { preferencesForm } from '../forms/account-forms.ts'
import { type FieldError, readForm } from '../forms/form.ts'
import { renderPage, renderRefused } from '../page.ts'

const page = () => ({ title: t('Settings'), width: 'narrow' }) as const
const DAYS = [1, 2, 3, 4, 5, 6, 7]
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
      { title: t('Your profile') },
      {
        facts: [
          { term: t('Name'), text: user.fullName },
          { term: t('E-mail'), text: user.email },
          { term: t('With Sparvana since'), text: formatInstant(user.createdOn, user.timezone) },
          { term: t('Money comes from'), text: chosen?.debtor.name ?? t('No account chosen yet') },
          { term: t('Money goes to'), text: chosen?.creditor.name ?? t('No account chosen yet') },
          { term: t('At most at a time'), text: capText(capPerPaymentMinor, chosen?.debtor.currency) },
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
    renderPage(req, res, 'main/settings', page(), propsFor(signedIn(req), {}, []))
  }

  /** POST /settings */
  const update: RequestHandler = async (req, res) => {
    const user = signedIn(req)
    const reading = readForm(preferencesForm, req.body)
    if (reading.kind === 'refused') {
      return renderRefused(req, res, 'main/settings', page(), propsFor(user, reading.typed, reading.errors))
    }
    await models.users.changePreferences(user, reading.value, actorOf(req))
    goOnIn(reading.value.locale)
    await flash(req, 'done', t('Saved.'))
    res.redirect(303, paths.settings)
  }

  return { profile, show, update }
}

/** Before accounts are chosen there is no currency to name. */
function capText(minor: number, currency: Currency | undefined): string {
  return currency ? formatMoney(minor, currency) : formatMinor(minor)
}

function propsFor(user: Express.User, typed: Record<string, string>, errors: FieldError[]) {
  const timezone = typed.timezone ?? user.timezone
  const dayStartHour = typed.dayStartHour ?? String(user.dayStartHour)
  const weekStart = typed.weekStart ?? String(user.weekStart)
  const locale = typed.locale ?? user.locale
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
    weekdays: DAYS.map((day) => ({
      value: String(day),
      label: weekdayName(day),
      selected: String(day) === weekStart,
    })),
    languages: LANGUAGES.map((language) => ({
      value: language,
      label: LANGUAGE_NAMES[language],
      selected: language === locale,
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
