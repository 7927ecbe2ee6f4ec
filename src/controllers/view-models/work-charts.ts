import { SECOND } from '../../clock.ts'
import { formatCount, inWords } from '../../format.ts'
import type { QueueStanding } from '../../jobs/queue.ts'
import { t } from '../../language.ts'
import type { RouteFigures } from '../../metrics.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import { cells, inMs, type LaneChart, laneOf, nothingIn } from './charts.ts'
import { badgeOf, jobWords, lagText, queueRow } from './job-view.ts'

const MOST_ROUTES = 10

/** @param since in words: how long this process has been running. */
export function requestsChart(routes: readonly RouteFigures[], since: string): LaneChart {
  const drawn = routes.slice(0, MOST_ROUTES)
  const most = Math.max(...drawn.map(({ count }) => count))
  const rest = routes.length - drawn.length
  return {
    id: 'requests',
    title: t('Requests, by route'),
    note: [
      t('Of this process alone, since it started {time} ago.', { time: since }),
      t('Beside each: how many, and within what time 95 of 100 were answered.'),
      rest > 0
        ? t(
            'These are the {most} most asked for; {rest, plural, one {# more stands} other {# more stand}} in the table.',
            { most: MOST_ROUTES, rest },
          )
        : '',
    ]
      .join(' ')
      .trim(),
    legend: [
      { tone: 'plain', label: t('answered') },
      { tone: 'attention', label: t('errors (5xx)') },
    ],
    lanes: drawn.map(({ method, route, count, errors, slow }) => ({
      label: `${method} ${route}`,
      value: [
        formatCount(count),
        ...(errors > 0 ? [t('{count, plural, one {# error} other {# errors}}', { count: errors })] : []),
        inMs(slow * SECOND),
      ].join(', '),
      parts: laneOf(
        [
          { size: errors, tone: 'attention' },
          { size: count - errors, tone: 'plain' },
        ],
        most,
      ),
    })),
    columns: [
      { label: t('Route') },
      { label: t('Requests'), numeric: true },
      { label: t('Turned away (4xx)'), numeric: true },
      { label: t('Errors (5xx)'), numeric: true },
      { label: t('Half within'), numeric: true },
      { label: t('95 of 100 within'), numeric: true },
    ],
    rows: routes.map(({ method, route, count, refused, errors, median, slow }) =>
      cells(
        `${method} ${route}`,
        formatCount(count),
        formatCount(refused),
        formatCount(errors),
        inMs(median * SECOND),
        inMs(slow * SECOND),
      ),
    ),
    nothing: nothingIn(routes, t('Nothing has been asked of it yet.')),
  }
}

export function queuesChart(queues: readonly QueueStanding[], now: Date): LaneChart {
  const most = Math.max(1, ...queues.map(({ waiting, active, failed }) => waiting + active + failed))
  return {
    id: 'queues',
    title: t('Queues'),
    note: t('Jobs that wait, run or were given up.'),
    legend: [
      { tone: 'plain', label: t('running') },
      { tone: 'soft', label: t('waiting') },
      { tone: 'attention', label: t('given up') },
    ],
    lanes: queues.map((queue) => ({
      label: jobWords(queue.name),
      value: queueWords(queue, now),
      parts: laneOf(
        [
          { size: queue.failed, tone: 'attention' },
          { size: queue.active, tone: 'plain' },
          { size: queue.waiting, tone: 'soft' },
        ],
        most,
      ),
    })),
    columns: [
      { label: t('Queue') },
      { label: t('Waiting'), numeric: true },
      { label: t('Running'), numeric: true },
      { label: t('Given up'), numeric: true },
      { label: t('The oldest is due for') },
    ],
    rows: queues.map((queue) => queueRow(queue, now)),
    nothing: nothingIn(queues, t('There are no queues.')),
  }
}

export function lagsChart(lags: readonly JobLag[], failing: readonly string[]): LaneChart {
  return {
    id: 'lags',
    title: t('How far behind each job is'),
    note: t('A bar that reaches the end is late.'),
    legend: [],
    lanes: lags.map((lag) => ({
      label: jobWords(lag.name),
      value: lagText(lag),
      parts: laneOf(
        [
          {
            size: lag.isLate ? lag.allowedMs : (lag.behindMs ?? 0),
            tone: lag.isLate ? 'attention' : 'plain',
          },
        ],
        lag.allowedMs,
      ),
    })),
    columns: [
      { label: t('Job') },
      { label: t('How it fares') },
      { label: t('Behind') },
      { label: t('Late after') },
    ],
    rows: lags.map((lag) => ({
      cells: [
        { text: jobWords(lag.name), hint: lag.name },
        { badge: badgeOf(failing.includes(lag.name), lag.isLate) },
        { text: lagText(lag) },
        { text: inWords(lag.allowedMs) },
      ],
    })),
    nothing: null,
  }
}

function queueWords({ waiting, active, failed, oldestDueOn }: QueueStanding, now: Date): string {
  const dueFor = oldestDueOn && inWords(Math.max(0, now.getTime() - oldestDueOn.getTime()))
  const counts = [
    waiting > 0 ? t('{count} waiting', { count: formatCount(waiting) }) : null,
    active > 0 ? t('{count} running', { count: formatCount(active) }) : null,
    failed > 0 ? t('{count} given up', { count: formatCount(failed) }) : null,
    dueFor ? t('the oldest due for {time}', { time: dueFor }) : null,
  ].filter((words) => words !== null)
  return counts.length === 0 ? t('empty') : counts.join(', ')
}
