import { SECOND } from '../../clock.ts'
import { formatCount, formatExactly, formatInstant, formatTenths, inWords } from '../../format.ts'
import type { JobRun } from '../../generated/client.ts'
import type { FailedJob, QueueStanding } from '../../jobs/queue.ts'
import { t, term } from '../../language.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import { paths } from '../../paths.ts'

/** In words, what the worker does under each name. */
const JOB_WORDS: Readonly<Record<string, string>> = {
  settle: term('Payments'),
  detect: term('Looking for what is odd'),
  seal: term('Sealing the audit trail'),
  'send-mail': term('Mails'),
  'send-push': term('Notifications'),
  remind: term('Reminders'),
  care: term('Consents and accounts looked after'),
  'tell-bank': term('Telling the bank of ended consents'),
  reconcile: term('Comparing books and bank'),
  erase: term('Erasing accounts'),
  retention: term('What was kept for long enough goes'),
}

export function jobWords(name: string): string {
  return t(JOB_WORDS[name] ?? name)
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
      { text: jobWords(run.name), hint: hintOf(run, timezone) },
      {
        badge: badgeOf(isFailing, lag?.isLate ?? false),
        ...(isFailing && run.error ? { hint: run.error } : {}),
      },
      {
        text: formatInstant(run.finishedOn, timezone),
        hint: t('took {seconds} s', { seconds: formatTenths(tookMs / SECOND) }),
      },
      { text: lag ? lagText(lag) : t('see below') },
      { text: run.failedOn ? formatInstant(run.failedOn, timezone) : t('never') },
      { text: cron ? `${cron} (UTC)` : t('whenever there is something') },
    ],
  }
}

/** Its last run has failed, and none has come to its end since. */
export function isFailingNow({ failedOn, finishedOn }: Pick<JobRun, 'failedOn' | 'finishedOn'>): boolean {
  return failedOn !== null && failedOn >= finishedOn
}

/** What it has said of itself last, beside its name. */
function hintOf({ name, remark, remarkedOn }: JobRun, timezone: string): string {
  return remark && remarkedOn
    ? `${name} · ${formatInstant(remarkedOn, timezone)}: ${remarkWords(remark)}`
    : name
}

/** The reminders tell of those that came too late. */
function remarkWords(remark: string): string {
  const [, stale, sent] = /^(\d+) stale, (\d+) sent$/.exec(remark) ?? []
  if (!stale || !sent) return remark
  return t(
    '{stale} not sent, because they were more than two hours late or their day was over; {sent} sent',
    { stale, sent },
  )
}

export function badgeOf(isFailing: boolean, isLate: boolean) {
  if (isFailing) return { text: t('failed'), tone: 'attention' }
  return isLate ? { text: t('late'), tone: 'attention' } : { text: t('well'), tone: 'done' }
}

/** How far behind a job is, in words. */
export function lagText({ by, behindMs }: JobLag): string {
  if (behindMs === null) return t('has never run')
  if (by !== 'due') return t('{time} ago', { time: inWords(behindMs) })
  return behindMs === 0 ? t('nothing is due') : t('the oldest is due for {time}', { time: inWords(behindMs) })
}

export function queueRow({ name, waiting, active, failed, oldestDueOn }: QueueStanding, now: Date) {
  const ms = oldestDueOn ? Math.max(0, now.getTime() - oldestDueOn.getTime()) : 0
  return {
    cells: [
      { text: jobWords(name), hint: name },
      { text: formatCount(waiting) },
      { text: formatCount(active) },
      { text: formatCount(failed) },
      { text: oldestDueOn ? inWords(ms) : t('none is due') },
    ],
  }
}

export function failedCard(job: FailedJob, timezone: string) {
  return {
    id: job.id,
    title: jobWords(job.name),
    facts: [
      { term: t('Why'), text: job.message || t('It gave no reason.') },
      {
        term: t('Tried'),
        text: t('{count, plural, one {# time} other {# times}}', { count: job.tries }),
        hint: job.failedOn ? t('last on {time}', { time: formatExactly(job.failedOn, timezone) }) : '',
      },
      { term: t('Since'), text: formatExactly(job.createdOn, timezone) },
      { term: t('Job'), text: job.id },
    ],
    retryPath: paths.adminJobRetry(job.id),
  }
}
