import { MINUTE, SECOND } from '../../clock.ts'
import type { JobRun } from '../../generated/client.ts'
import type { FailedJob, QueueStanding } from '../../jobs/queue.ts'
import { paths } from '../../paths.ts'
import { formatExactly, formatInstant, inWords } from './format.ts'

/** In words, what the worker does under each name. */
const JOB_WORDS: Readonly<Record<string, string>> = {
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
/** Those that go round all the time; a round that is older than this means that no worker runs. */
const ALL_THE_TIME = ['detect', 'seal', 'remind']
const TOO_OLD_MS = 2 * MINUTE
const WAITS_TOO_LONG_MS = 5 * MINUTE

interface Beside {
  schedules: readonly { name: string; cron: string }[]
  backlog: { due: number; oldestDueAt: Date | null }
  now: Date
  timezone: string
}

export function jobRow(run: JobRun, { schedules, backlog, now, timezone }: Beside) {
  const tookMs = run.finishedOn.getTime() - run.startedOn.getTime()
  const isFailing = run.failedOn !== null && run.failedOn >= run.finishedOn
  const cron = schedules.find(({ name }) => name === run.name)?.cron
  const lag = lagOf(run, backlog, now)
  return {
    cells: [
      { text: JOB_WORDS[run.name] ?? run.name, hint: hintOf(run, timezone) },
      { badge: badgeOf(isFailing, lag.isLate), ...(isFailing && run.error ? { hint: run.error } : {}) },
      { text: formatInstant(run.finishedOn, timezone), hint: `took ${(tookMs / SECOND).toFixed(1)} s` },
      { text: lag.text },
      { text: run.failedOn ? formatInstant(run.failedOn, timezone) : 'never' },
      { text: cron ? `${cron} (UTC)` : 'whenever there is something' },
    ],
  }
}

/** What it has said of itself last, beside its name. */
function hintOf({ name, remark, remarkedOn }: JobRun, timezone: string): string {
  return remark && remarkedOn ? `${name} · ${formatInstant(remarkedOn, timezone)}: ${remark}` : name
}

function badgeOf(isFailing: boolean, isLate: boolean) {
  if (isFailing) return { text: 'failed', tone: 'attention' }
  return isLate ? { text: 'late', tone: 'attention' } : { text: 'well', tone: 'done' }
}

/** How far behind a job is: payments by the oldest that is due, rounds by the last one. */
function lagOf({ name, finishedOn }: JobRun, { oldestDueAt }: Beside['backlog'], now: Date) {
  if (name === 'settle') {
    if (oldestDueAt === null) return { text: 'nothing is due', isLate: false }
    const ms = Math.max(0, now.getTime() - oldestDueAt.getTime())
    return { text: `the oldest is due for ${inWords(ms)}`, isLate: ms > WAITS_TOO_LONG_MS }
  }
  if (!ALL_THE_TIME.includes(name)) return { text: 'see below', isLate: false }
  const ms = Math.max(0, now.getTime() - finishedOn.getTime())
  return { text: `${inWords(ms)} ago`, isLate: ms > TOO_OLD_MS }
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
