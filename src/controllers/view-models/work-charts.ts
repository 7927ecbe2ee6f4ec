import { SECOND } from '../../clock.ts'
import { formatCount, inWords, plural } from '../../format.ts'
import type { QueueStanding } from '../../jobs/queue.ts'
import type { RouteFigures } from '../../metrics.ts'
import type { JobLag } from '../../models/desk/job-lag.ts'
import { cells, inMs, type LaneChart, laneOf, nothingIn } from './charts.ts'
import { badgeOf, JOB_WORDS, lagText, queueRow } from './job-view.ts'

const MOST_ROUTES = 10

/** @param since in words: how long this process has been running. */
export function requestsChart(routes: readonly RouteFigures[], since: string): LaneChart {
  const drawn = routes.slice(0, MOST_ROUTES)
  const most = Math.max(...drawn.map(({ count }) => count))
  const rest = routes.length - drawn.length
  return {
    id: 'requests',
    title: 'Requests, by route',
    note: [
      `Of this process alone, since it started ${since} ago.`,
      'Beside each: how many, and within what time 95 of 100 were answered.',
      rest > 0
        ? `These are the ${MOST_ROUTES} most asked for; ${plural(rest, 'more stands', 'more stand')} in the table.`
        : '',
    ]
      .join(' ')
      .trim(),
    legend: [
      { tone: 'plain', label: 'answered' },
      { tone: 'attention', label: 'errors (5xx)' },
    ],
    lanes: drawn.map(({ method, route, count, errors, slow }) => ({
      label: `${method} ${route}`,
      value: `${formatCount(count)}${errors > 0 ? `, ${plural(errors, 'error')}` : ''}, ${inMs(slow * SECOND)}`,
      parts: laneOf(
        [
          { size: errors, tone: 'attention' },
          { size: count - errors, tone: 'plain' },
        ],
        most,
      ),
    })),
    columns: [
      { label: 'Route' },
      { label: 'Requests', numeric: true },
      { label: 'Turned away (4xx)', numeric: true },
      { label: 'Errors (5xx)', numeric: true },
      { label: 'Half within', numeric: true },
      { label: '95 of 100 within', numeric: true },
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
    nothing: nothingIn(routes, 'Nothing has been asked of it yet.'),
  }
}

export function queuesChart(queues: readonly QueueStanding[], now: Date): LaneChart {
  const most = Math.max(1, ...queues.map(({ waiting, active, failed }) => waiting + active + failed))
  return {
    id: 'queues',
    title: 'Queues',
    note: 'Jobs that wait, run or were given up.',
    legend: [
      { tone: 'plain', label: 'running' },
      { tone: 'soft', label: 'waiting' },
      { tone: 'attention', label: 'given up' },
    ],
    lanes: queues.map((queue) => ({
      label: JOB_WORDS[queue.name] ?? queue.name,
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
      { label: 'Queue' },
      { label: 'Waiting', numeric: true },
      { label: 'Running', numeric: true },
      { label: 'Given up', numeric: true },
      { label: 'The oldest is due for' },
    ],
    rows: queues.map((queue) => queueRow(queue, now)),
    nothing: nothingIn(queues, 'There are no queues.'),
  }
}

export function lagsChart(lags: readonly JobLag[], failing: readonly string[]): LaneChart {
  return {
    id: 'lags',
    title: 'How far behind each job is',
    note: 'A bar that reaches the end is late.',
    legend: [],
    lanes: lags.map((lag) => ({
      label: JOB_WORDS[lag.name] ?? lag.name,
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
    columns: [{ label: 'Job' }, { label: 'How it fares' }, { label: 'Behind' }, { label: 'Late after' }],
    rows: lags.map((lag) => ({
      cells: [
        { text: JOB_WORDS[lag.name] ?? lag.name, hint: lag.name },
        { badge: badgeOf(failing.includes(lag.name), lag.isLate) },
        { text: lagText(lag) },
        { text: inWords(lag.allowedMs) },
      ],
    })),
    nothing: null,
  }
}

function queueWords({ waiting, active, failed, oldestDueOn }: QueueStanding, now: Date): string {
  const counts = [
    waiting > 0 ? `${formatCount(waiting)} waiting` : null,
    active > 0 ? `${formatCount(active)} running` : null,
    failed > 0 ? `${formatCount(failed)} given up` : null,
    oldestDueOn ? `the oldest due for ${inWords(Math.max(0, now.getTime() - oldestDueOn.getTime()))}` : null,
  ].filter((words) => words !== null)
  return counts.length === 0 ? 'empty' : counts.join(', ')
}
