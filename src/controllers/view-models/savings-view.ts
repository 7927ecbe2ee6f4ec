import { formatDay, formatInstant, formatMoney, weekdayName } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import type { Currency } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import type { ComingLimits, Limits, LimitsChange } from '../../models/limits.ts'
import type { Pause } from '../../models/savings.ts'
import { toDecimal } from '../../money.ts'
import { paths } from '../../paths.ts'
import { CADENCES } from '../forms/savings-forms.ts'

type Saver = Pick<User, 'timezone' | 'dayStartHour' | 'weekStart' | 'cadence'>

export interface SavingsState {
  user: Saver
  /** Of the chosen accounts; null before there are any. */
  currency: Currency | null
  current: Limits
  coming: ComingLimits | null
  coolingOffHours: number
  pause: Pause | null
}

const TERMS = [
  ['capPerPaymentMinor', term('At most in one payment')],
  ['capPerDayMinor', term('At most in a day')],
  ['capPerMonthMinor', term('At most in a month')],
  ['floorMinor', term('Always stays in the account')],
] as const satisfies [keyof Limits, string][]

/** Limits, how often money goes out, and the pause. */
export function savingsPage(state: SavingsState, typed: Record<string, string>) {
  const { user, currency, current, coming, pause } = state
  return {
    limits: currency && limitsProps(state, currency, typed),
    cadenceOptions: cadenceOptions(user, typed.cadence ?? user.cadence),
    coming: coming && currency && comingProps(current, coming, currency, user.timezone),
    pause: pause && { text: pauseText(pause) },
    until: typed.until ?? pause?.until ?? '',
    savingsPath: paths.settingsSavings,
    pausePath: paths.savingsPause,
    resumePath: paths.savingsResume,
    previewPath: paths.paymentsPreview,
    bankPath: paths.bank,
  }
}

function limitsProps(state: SavingsState, currency: Currency, typed: Record<string, string>) {
  const wish = state.coming ?? state.current
  return {
    currency,
    form: {
      capPerPayment: typed.capPerPayment ?? toDecimal(wish.capPerPaymentMinor),
      capPerDay: typed.capPerDay ?? toDecimal(wish.capPerDayMinor),
      capPerMonth: typed.capPerMonth ?? toDecimal(wish.capPerMonthMinor),
      floor: typed.floor ?? toDecimal(wish.floorMinor),
    },
    nowFacts: TERMS.map(([name, label]) => ({
      term: t(label),
      text: formatMoney(state.current[name], currency),
    })),
    ruleText: ruleText(state.coolingOffHours),
  }
}

function ruleText(coolingOffHours: number): string {
  if (coolingOffHours === 0) return t('What you change counts at once.')
  return t(
    'What lets less money go counts at once. What lets more go counts after {hours, plural, one {# hour} other {# hours}}, and until then you can take it back.',
    { hours: coolingOffHours },
  )
}

/** Only what will be different. */
function comingProps(current: Limits, coming: ComingLimits, currency: Currency, timezone: string) {
  return {
    title: t('From {time}', { time: formatInstant(coming.from, timezone) }),
    facts: TERMS.filter(([name]) => coming[name] !== current[name]).map(([name, label]) => ({
      term: t(label),
      text: formatMoney(coming[name], currency),
    })),
    withdrawPath: paths.savingsWithdraw,
  }
}

function cadenceOptions(user: Saver, picked: string) {
  const hour = `${String(user.dayStartHour).padStart(2, '0')}:00`
  const weekday = weekdayName(user.weekStart)
  const words = {
    AT_ONCE: {
      label: t('At once'),
      hint: t(
        'Each check-off is a payment of its own. It goes out when the time for taking it back is over.',
      ),
    },
    DAILY: {
      label: t('Once a day'),
      hint: t('All check-offs of a day are one payment. It goes out when your next day begins, at {hour}.', {
        hour,
      }),
    },
    WEEKLY: {
      label: t('Once a week'),
      hint: t(
        'All check-offs of a week are one payment. It goes out when your next week begins, on {weekday} at {hour}.',
        { weekday, hour },
      ),
    },
  }
  return CADENCES.map((value) => ({ value, ...words[value], checked: value === picked }))
}

export function pauseText({ until }: Pause): string {
  return until === null
    ? t('All savings are paused until you resume them.')
    : t('All savings are paused until {day}.', { day: formatDay(until) })
}

/** What came of a changed form, in one sentence or two. */
export function changeWords({ countsNow, restFrom }: LimitsChange, timezone: string): string {
  if (!restFrom) return countsNow ? t('Saved. It counts from now on.') : t('Saved.')
  const time = formatInstant(restFrom, timezone)
  return countsNow
    ? t('Saved. What is stricter counts now, the rest counts from {time}; until then you can take it back.', {
        time,
      })
    : t('Saved. It counts from {time}; until then you can take it back.', { time })
}
