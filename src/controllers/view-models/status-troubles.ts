import { DAY, HOUR, SECOND } from '../../clock.ts'
import { formatCount, inWords, listed, plural } from '../../format.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import type { StatusFigures } from '../../models/desk/status.ts'
import type { Figures } from '../../models/figures.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { JOB_WORDS } from './job-view.ts'
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

const TO_JOBS = { href: paths.adminJobs, label: 'To the jobs' }
const TO_CALLS = {
  href: listAddress(paths.adminCalls, { outcome: 'trouble' }),
  label: 'To the calls',
}

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
  if (troubles.length === 0) return 'All is well'
  return troubles.length === 1 ? 'One thing needs somebody' : `${troubles.length} things need somebody`
}

function stopTrouble({ stop, timezone }: StatusFacts): Trouble | null {
  const banner = stopBanner(stop, timezone)
  return (
    banner && {
      text: `${banner.title}. ${banner.text}`,
      href: paths.adminPaymentStop,
      label: 'To the stop',
    }
  )
}

/** Of a worker that is silent everything is late; that is said once. */
function workerTroubles({ lags, failing, heardOn, figures, now }: StatusFacts): (Trouble | null)[] {
  const isSilent = lags.filter(({ by }) => by === 'round').every(({ isLate }) => isLate)
  const late = lags.filter(({ isLate, by }) => isLate && by !== 'due')
  const mails = lags.find(({ name }) => name === 'send-mail')
  return [
    isSilent ? { text: silence(heardOn, now), ...TO_JOBS } : null,
    !isSilent && late.length > 0 ? { text: `Late: ${namesOf(late)}.`, ...TO_JOBS } : null,
    failing.length > 0
      ? { text: `Failed at the last run: ${namesOf(failing.map((name) => ({ name })))}.`, ...TO_JOBS }
      : null,
    lags.some(({ name, isLate }) => name === 'settle' && isLate)
      ? {
          text: `${plural(figures.due, 'payment is', 'payments are')} due and not taken; the oldest for ${inWords(figures.oldestDueSeconds * SECOND)}.`,
          ...TO_JOBS,
        }
      : null,
    mails?.isLate
      ? { text: `Mails wait to be sent; the oldest for ${inWords(mails.behindMs ?? 0)}.`, ...TO_JOBS }
      : null,
  ]
}

function silence(heardOn: Date | null, now: Date): string {
  if (heardOn === null) return 'The worker has never been heard of. Is it running?'
  return `The worker is silent: nothing has been heard of it for ${inWords(now.getTime() - heardOn.getTime())}.`
}

function namesOf(jobs: readonly { name: string }[]): string {
  return listed(jobs.map(({ name }) => JOB_WORDS[name] ?? name))
}

function gateTrouble({ gate: { trials, closedForMs } }: StatusFacts): Trouble | null {
  if (trials !== null)
    return {
      text: 'Nordea has not answered for a while: it is left alone, but for one call that tries now and then.',
      ...TO_CALLS,
    }
  if (closedForMs <= 0) return null
  return { text: `Nordea is left alone for ${inWords(closedForMs)}, as it has asked us to.`, ...TO_CALLS }
}

function callTrouble({ status: { apis } }: StatusFacts): Trouble | null {
  const calls = apis.reduce((sum, api) => sum + api.calls, 0)
  const troubles = apis.reduce((sum, api) => sum + api.troubles, 0)
  if (troubles < MANY_TROUBLES || troubles < LARGE_SHARE * calls) return null
  const text = `Of ${formatCount(calls)} calls to Nordea in the last five minutes, ${formatCount(troubles)} had trouble.`
  return { text, ...TO_CALLS }
}

function alarmTrouble({ figures: { openAlarms } }: StatusFacts): Trouble | null {
  if (openAlarms === 0) return null
  return {
    text: `${plural(openAlarms, 'alarm is', 'alarms are')} open.`,
    href: paths.adminAlarms,
    label: 'To the alarms',
  }
}

function differenceTrouble({ figures: { openDifferences } }: StatusFacts): Trouble | null {
  if (openDifferences === 0) return null
  return {
    text: `${plural(openDifferences, 'difference', 'differences')} between books and bank ${openDifferences === 1 ? 'is' : 'are'} open.`,
    href: paths.adminReview,
    label: 'To the differences',
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
      ? 'Books and bank have never been compared.'
      : `Books and bank were last compared ${inWords(agoMs)} ago.`
  return { text, ...TO_JOBS }
}

function sealTrouble({ status, now }: StatusFacts): Trouble | null {
  const { count, oldestOn } = status.unsealed
  const waitsMs = oldestOn ? now.getTime() - oldestOn.getTime() : 0
  if (waitsMs <= UNSEALED_TOO_LONG_MS) return null
  return {
    text: `${plural(count, 'line waits', 'lines wait')} in the audit trail for a seal; the oldest for ${inWords(waitsMs)}.`,
    ...TO_JOBS,
  }
}
