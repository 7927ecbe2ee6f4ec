import { SECOND } from '../../clock.ts'
import { formatExactly, formatInstant, inWords } from '../../format.ts'
import type { JobRun } from '../../generated/client.ts'
import type { FailedJob, QueueStanding } from '../../jobs/queue.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import { paths } from '../../paths.ts'

/** In words, what the worker does under each name. */
export const JOB_WORDS: Readonly<Record<string, string>> = {
  settle: 'Payments',
  detect: 'Looking for what is odd',
  seal: 'Sealing the audit trail',
  'send-mail': 'Mails',
  'send-push': 'Notifications',
  remind: 'Reminders',
  care: 'Consents and accounts looked after',
  'tell-bank': 'Telling the bank of ended consents',
  reconcile: 'Comparing books and bank',
  erase: 'Erasing accounts',
  retention: 'What was kept for long enough goes',
}

interface Beside {
  schedules: readonly { name: string; cron: string }[]
  lags: readonly JobLag[]
  timezone: string
}

export function jobRow(run: JobRun, { schedules, lags, timezone }: Beside) {
  const tookMs = run.finishedOn.getTime() - run.startedOn.getTime()
  const cron = schedules.find(({ name }) => name === run.name)?.cron
  const lag = lags.find(({ name }) => name === run.name)
  const isFailing = isFailingNow(run)
  return {
    cells: [
      { text: JOB_WORDS[run.name] ?? run.name, hint: hintOf(run, timezone) },
      {
        badge: badgeOf(isFailing, lag?.isLate ?? false),
        ...(isFailing && run.error ? { hint: run.error } : {}),
      },
      { text: formatInstant(run.finishedOn, timezone), hint: `took ${(tookMs / SECOND).toFixed(1)} s` },
      { text: lag ? lagText(lag) : 'see below' },
      { text: run.failedOn ? formatInstant(run.failedOn, timezone) : 'never' },
      { text: cron ? `${cron} (UTC)` : 'whenever there is something' },
    ],
  }
}

/** Its last run has failed, and none has come to its end since. */
export function isFailingNow({ failedOn, finishedOn }: Pick<JobRun, 'failedOn' | 'finishedOn'>): boolean {
  return failedOn !== null && failedOn >= finishedOn
}

/** What it has said of itself last, beside its name. */
function hintOf({ name, remark, remarkedOn }: JobRun, timezone: string): string {
  return remark && remarkedOn ? `${name} · ${formatInstant(remarkedOn, timezone)}: ${remark}` : name
}

export function badgeOf(isFailing: boolean, isLate: boolean) {
  if (isFailing) return { text: 'failed', tone: 'attention' }
  return isLate ? { text: 'late', tone: 'attention' } : { text: 'well', tone: 'done' }
}

/** How far behind a job is, in words. */
export function lagText({ by, behindMs }: JobLag): string {
  if (behindMs === null) return 'has never run'
  if (by !== 'due') return `${inWords(behindMs)} ago`
  return behindMs === 0 ? 'nothing is due' : `the oldest is due for ${inWords(behindMs)}`
}

export function queueRow({ name, waiting, active, failed, oldestDueOn }: QueueStanding, now: Date) {
  const ms = oldestDueOn ? Math.max(0, now.getTime() - oldestDueOn.getTime()) : 0
  return {
    cells: [
      { text: JOB_WORDS[name] ?? name, hint: name },
      { text: String(waiting) },
      { text: String(active) },
      { text: String(failed) },
      { text: oldestDueOn ? inWords(ms) : 'none is due' },
    ],
  }
}

export function failedCard(job: FailedJob, timezone: string) {
  return {
    id: job.id,
    title: JOB_WORDS[job.name] ?? job.name,
    facts: [
      { term: 'Why', text: job.message || 'It gave no reason.' },
      {
        term: 'Tried',
        text: `${job.tries} times`,
        hint: job.failedOn ? `last on ${formatExactly(job.failedOn, timezone)}` : '',
      },
      { term: 'Since', text: formatExactly(job.createdOn, timezone) },
      { term: 'Job', text: job.id },
    ],
    retryPath: paths.adminJobRetry(job.id),
  }
}
