import { DAY, HOUR, SECOND } from '../../clock.ts'
import { formatCount, inWords, listed } from '../../format.ts'
import { t } from '../../language.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import type { StatusFigures } from '../../models/desk/status.ts'
import type { Figures } from '../../models/figures.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { jobWords } from './job-view.ts'
import { type StopNow, stopBanner } from './payment-stop-view.ts'

/** What an admin should know of, with where something can be done about it. */
export interface Trouble {
  text: string
  href: string
  label: string
}

export interface StatusFacts {
  figures: Pick<Figures, 'due' | 'oldestDueSeconds' | 'openAlarms' | 'openDifferences' | 'comparedSecondsAgo'>
  status: Pick<StatusFigures, 'apis' | 'unsealed' | 'firstPaymentOn'>
  stop: StopNow
  lags: readonly JobLag[]
  /** Names of jobs whose last run has failed. */
  failing: readonly string[]
  /** The end of the last run of any job. */
  heardOn: Date | null
  gate: { closedForMs: number; trials: number | null }
  now: Date
  timezone: string
}

/** One comparison a day, and none takes longer than six hours. */
const COMPARED_TOO_LONG_AGO_MS = DAY + 6 * HOUR
/** Single calls may go wrong; so many of so few are more than that. */
const MANY_TROUBLES = 5
const LARGE_SHARE = 0.2
/** A round of sealing is seconds away. */
const UNSEALED_TOO_LONG_MS = 120 * SECOND

const toJobs = () => ({ href: paths.adminJobs, label: t('To the jobs') })
const toCalls = () => ({
  href: listAddress(paths.adminCalls, { outcome: 'trouble' }),
  label: t('To the calls'),
})

/** What holds back all payments first. Empty when all is well. */
export function troublesOf(facts: StatusFacts): Trouble[] {
  return [
    stopTrouble(facts),
    ...workerTroubles(facts),
    gateTrouble(facts),
    callTrouble(facts),
    alarmTrouble(facts),
    differenceTrouble(facts),
    comparisonTrouble(facts),
    sealTrouble(facts),
  ].filter((trouble) => trouble !== null)
}

export function verdictTitle(troubles: readonly Trouble[]): string {
  if (troubles.length === 0) return t('All is well')
  return t('{count, plural, =1 {One thing needs somebody} other {# things need somebody}}', {
    count: troubles.length,
  })
}

function stopTrouble({ stop, timezone }: StatusFacts): Trouble | null {
  const banner = stopBanner(stop, timezone)
  return (
    banner && {
      text: `${banner.title}. ${banner.text}`,
      href: paths.adminPaymentStop,
      label: t('To the stop'),
    }
  )
}

/** Of a worker that is silent everything is late; that is said once. */
function workerTroubles({ lags, failing, heardOn, figures, now }: StatusFacts): (Trouble | null)[] {
  const isSilent = lags.filter(({ by }) => by === 'round').every(({ isLate }) => isLate)
  const late = lags.filter(({ isLate, by }) => isLate && by !== 'due')
  const mails = lags.find(({ name }) => name === 'send-mail')
  return [
    isSilent ? { text: silence(heardOn, now), ...toJobs() } : null,
    !isSilent && late.length > 0 ? { text: t('Late: {jobs}.', { jobs: namesOf(late) }), ...toJobs() } : null,
    failing.length > 0
      ? {
          text: t('Failed at the last run: {jobs}.', { jobs: namesOf(failing.map((name) => ({ name }))) }),
          ...toJobs(),
        }
      : null,
    lags.some(({ name, isLate }) => name === 'settle' && isLate)
      ? {
          text: t(
            '{count, plural, one {# payment is due and not taken; the oldest for {time}.} other {# payments are due and not taken; the oldest for {time}.}}',
            { count: figures.due, time: inWords(figures.oldestDueSeconds * SECOND) },
          ),
          ...toJobs(),
        }
      : null,
    mails?.isLate
      ? {
          text: t('Mails wait to be sent; the oldest for {time}.', { time: inWords(mails.behindMs ?? 0) }),
          ...toJobs(),
        }
      : null,
  ]
}

function silence(heardOn: Date | null, now: Date): string {
  if (heardOn === null) return t('The worker has never been heard of. Is it running?')
  return t('The worker is silent: nothing has been heard of it for {time}.', {
    time: inWords(now.getTime() - heardOn.getTime()),
  })
}

function namesOf(jobs: readonly { name: string }[]): string {
  return listed(jobs.map(({ name }) => jobWords(name)))
}

function gateTrouble({ gate: { trials, closedForMs } }: StatusFacts): Trouble | null {
  if (trials !== null)
    return {
      text: t(
        'Nordea has not answered for a while: it is left alone, but for one call that tries now and then.',
      ),
      ...toCalls(),
    }
  if (closedForMs <= 0) return null
  return {
    text: t('Nordea is left alone for {time}, as it has asked us to.', { time: inWords(closedForMs) }),
    ...toCalls(),
  }
}

function callTrouble({ status: { apis } }: StatusFacts): Trouble | null {
  const calls = apis.reduce((sum, api) => sum + api.calls, 0)
  const troubles = apis.reduce((sum, api) => sum + api.troubles, 0)
  if (troubles < MANY_TROUBLES || troubles < LARGE_SHARE * calls) return null
  const text = t('Of {calls} calls to Nordea in the last five minutes, {troubles} had trouble.', {
    calls: formatCount(calls),
    troubles: formatCount(troubles),
  })
  return { text, ...toCalls() }
}

function alarmTrouble({ figures: { openAlarms } }: StatusFacts): Trouble | null {
  if (openAlarms === 0) return null
  return {
    text: t('{count, plural, one {# alarm is open.} other {# alarms are open.}}', { count: openAlarms }),
    href: paths.adminAlarms,
    label: t('To the alarms'),
  }
}

function differenceTrouble({ figures: { openDifferences } }: StatusFacts): Trouble | null {
  if (openDifferences === 0) return null
  return {
    text: t(
      '{count, plural, one {# difference between books and bank is open.} other {# differences between books and bank are open.}}',
      { count: openDifferences },
    ),
    href: paths.adminReview,
    label: t('To the differences'),
  }
}

/** Before the first day is over there is nothing to compare. */
function comparisonTrouble({ figures, status, now }: StatusFacts): Trouble | null {
  const { comparedSecondsAgo } = figures
  const begun = status.firstPaymentOn?.getTime() ?? now.getTime()
  const agoMs = comparedSecondsAgo === null ? now.getTime() - begun : comparedSecondsAgo * SECOND
  if (agoMs <= COMPARED_TOO_LONG_AGO_MS) return null
  const text =
    comparedSecondsAgo === null
      ? t('Books and bank have never been compared.')
      : t('Books and bank were last compared {time} ago.', { time: inWords(agoMs) })
  return { text, ...toJobs() }
}

function sealTrouble({ status, now }: StatusFacts): Trouble | null {
  const { count, oldestOn } = status.unsealed
  const waitsMs = oldestOn ? now.getTime() - oldestOn.getTime() : 0
  if (waitsMs <= UNSEALED_TOO_LONG_MS) return null
  return {
    text: t(
      '{count, plural, one {# line waits in the audit trail for a seal; the oldest for {time}.} other {# lines wait in the audit trail for a seal; the oldest for {time}.}}',
      { count, time: inWords(waitsMs) },
    ),
    ...toJobs(),
  }
}
