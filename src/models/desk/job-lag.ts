import { DAY, MINUTE } from '../../clock.ts'
import type { JobRun } from '../../generated/client.ts'
import type { QueueStanding } from '../../jobs/queue.ts'

/** Go round all the time; a round that is older than this means that no worker runs. */
export const ROUNDS = ['detect', 'seal', 'remind']
const ROUND_TOO_OLD_MS = 2 * MINUTE
/** What is due is taken within seconds. */
const WAITS_TOO_LONG_MS = 5 * MINUTE
/** Beyond the time between two runs. */
const LEAST_GRACE_MS = 10 * MINUTE

/** How far behind a job is. */
export interface JobLag {
  name: string
  /** Payments and letters by the oldest that is due, rounds by their last end, jobs of the calendar by their last beginning. */
  by: 'due' | 'round' | 'calendar'
  /** Null when it has never run. */
  behindMs: number | null
  /** From here on somebody has to look. */
  allowedMs: number
  isLate: boolean
}

export interface Known {
  runs: readonly Pick<JobRun, 'name' | 'startedOn' | 'finishedOn'>[]
  schedules: readonly { name: string; cron: string; createdOn: Date }[]
  queues: readonly Pick<QueueStanding, 'name' | 'active' | 'oldestDueOn'>[]
  oldestPaymentDueOn: Date | null
  now: Date
}

/** Everything that the worker should be doing, also what it has never done. */
export function lagsOf(known: Known): JobLag[] {
  const mails = known.queues.find(({ name }) => name === 'send-mail')
  return [
    dueLag('settle', known.oldestPaymentDueOn, known.now),
    dueLag('send-mail', mails?.oldestDueOn ?? null, known.now),
    ...ROUNDS.map((name) => roundLag(name, known)),
    ...known.schedules.map((schedule) => calendarLag(schedule, known)),
  ]
}

function dueLag(name: string, oldestDueOn: Date | null, now: Date): JobLag {
  const behindMs = oldestDueOn ? since(oldestDueOn, now) : 0
  return { name, by: 'due', behindMs, allowedMs: WAITS_TOO_LONG_MS, isLate: behindMs > WAITS_TOO_LONG_MS }
}

function roundLag(name: string, { runs, now }: Known): JobLag {
  const run = runs.find((each) => each.name === name)
  const behindMs = run ? since(run.finishedOn, now) : null
  const isLate = behindMs === null || behindMs > ROUND_TOO_OLD_MS
  return { name, by: 'round', behindMs, allowedMs: ROUND_TOO_OLD_MS, isLate }
}

/** One that has never run counts from when it was first planned; one that is running just now is not late. */
function calendarLag({ name, cron, createdOn }: Known['schedules'][number], known: Known): JobLag {
  const run = known.runs.find((each) => each.name === name)
  const everyMs = everyOf(cron)
  const allowedMs = everyMs + Math.max(LEAST_GRACE_MS, everyMs / 24)
  const isRunning = known.queues.some((queue) => queue.name === name && queue.active > 0)
  const isLate = !isRunning && since(run?.startedOn ?? createdOn, known.now) > allowedMs
  return { name, by: 'calendar', behindMs: run ? since(run.startedOn, known.now) : null, allowedMs, isLate }
}

/** Of the two kinds of plan that we have: every so many minutes, or once a day. */
function everyOf(cron: string): number {
  const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(cron)?.[1]
  return minutes === undefined ? DAY : Number(minutes) * MINUTE
}

function since(instant: Date, now: Date): number {
  return Math.max(0, now.getTime() - instant.getTime())
}
