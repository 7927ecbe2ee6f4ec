/** Addresses for machines and for whoever watches the app or has found a hole in it; no page, no session. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { RequestHandler } from 'express'
import { type Clock, DAY } from './clock.ts'
import type { Settings } from './config.ts'
import type { Deps } from './deps.ts'
import { PaymentState } from './generated/enums.ts'
import type { QueueStanding } from './jobs/queue.ts'
import { CONTENT_TYPE, exposition, type Family, gauge, type RequestMetrics } from './metrics.ts'
import type { Admission } from './middleware/admission.ts'
import { PUBLIC } from './middleware/authorisation.ts'
import type { Figures } from './models/figures.ts'
import { paths } from './paths.ts'
import type { Route } from './routes.ts'

type Watched = Pick<Deps, 'settings' | 'clock' | 'queue' | 'models' | 'bankGate'>

export function operationRoutes(deps: Watched, requests: RequestMetrics, door: Admission): Route[] {
  return [
    ['GET', paths.healthz, PUBLIC, alive],
    ['GET', paths.readyz, PUBLIC, ready(deps)],
    ['GET', paths.securityTxt, PUBLIC, securityTxt(deps.settings, deps.clock)],
    ['GET', paths.metrics, PUBLIC, metrics(deps, requests, door)],
  ]
}

/** A switch of the app's: this process has been told to stop, and nobody new should be sent to it. */
export const LEAVING = 'leaving'

const alive: RequestHandler = (_req, res) => void res.type('text').send('ok\n')

/** The database can be reached, the queue is in it, and we are here to stay. */
function ready({ queue }: Pick<Watched, 'queue'>): RequestHandler {
  return async (req, res) => {
    const isReady = !req.app.enabled(LEAVING) && (await queue.isReady().catch(() => false))
    res
      .status(isReady ? 200 : 503)
      .type('text')
      .send(isReady ? 'ready\n' : 'not ready\n')
  }
}

/** RFC 9116 wants less than a year; who reads it later asks again. */
const EXPIRES_AFTER_MS = 180 * DAY

function securityTxt(
  { BASE_URL, SECURITY_CONTACT }: Pick<Settings, 'BASE_URL' | 'SECURITY_CONTACT'>,
  clock: Clock,
): RequestHandler {
  return (_req, res) => {
    const lines = [
      `Contact: mailto:${SECURITY_CONTACT}`,
      `Expires: ${new Date(clock.now().getTime() + EXPIRES_AFTER_MS).toISOString()}`,
      'Preferred-Languages: en, da',
      `Canonical: ${BASE_URL}${paths.securityTxt}`,
    ]
    res
      .set('Cache-Control', 'public, max-age=86400')
      .type('text')
      .send(`${lines.join('\n')}\n`)
  }
}

/** Without a token in the settings there is no such address. */
function metrics(deps: Watched, requests: RequestMetrics, door: Admission): RequestHandler {
  const token = deps.settings.METRICS_TOKEN
  if (token === undefined) return (_req, _res, next) => next()
  const lag = monitorEventLoopDelay({ resolution: 20 })
  lag.enable()
  return async (req, res) => {
    if (!isToken(req.get('authorization'), token))
      return void res.status(401).set('WWW-Authenticate', 'Bearer').type('text').send('not for you\n')
    const [figures, standing, closedForMs] = await Promise.all([
      deps.models.figures.read(),
      deps.queue.standing(),
      deps.bankGate.closedForMs(),
    ])
    const families = [
      ...ofThisProcess([...requests.families(), ...familiesOfDoor(door)]),
      ...familiesOf(figures),
      gauge(
        'sparvana_queue_jobs',
        'Jobs that wait, run or were given up, by queue and state.',
        standing.flatMap(samplesOf),
      ),
      gauge(
        'sparvana_bank_gate_closed_seconds',
        'How long the bank is left alone; 0 while it may be asked.',
        [{ value: closedForMs / 1_000 }],
      ),
      ...ofThisProcess(familiesOfProcess(lag)),
    ]
    lag.reset()
    res.set({ 'Content-Type': CONTENT_TYPE, 'Cache-Control': 'no-store' }).send(exposition(families))
  }
}

/** Behind one port several processes may answer in turns: without this, figures of one would look like those of the other. */
function ofThisProcess(families: Family[]): Family[] {
  const own = { process: String(process.pid) }
  return families.map((family) => ({
    ...family,
    samples: family.samples.map((sample) => ({ ...sample, labels: { ...sample.labels, ...own } })),
  }))
}

/** Digests, because a comparison in constant time wants two of one length. */
function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`))
}

function familiesOf(figures: Figures): Family[] {
  const { paymentsByState, due, oldestDueSeconds, bankCalls, openAlarms, openDifferences } = figures
  const { comparedSecondsAgo } = figures
  const ofCall = ({ api, outcome }: { api: string; outcome: string }) => ({ api, outcome })
  return [
    gauge('sparvana_payments', 'Payments, by state.', [
      ...Object.values(PaymentState).map((state) => ({
        labels: { state },
        value: paymentsByState.get(state) ?? 0,
      })),
    ]),
    gauge('sparvana_payments_due', 'Payments whose time has come and that no worker holds.', [
      { value: due },
    ]),
    gauge('sparvana_payments_oldest_due_seconds', 'How long the one that has waited longest is overdue.', [
      { value: oldestDueSeconds },
    ]),
    gauge(
      'sparvana_bank_calls',
      'Calls to the bank in the last five minutes, of all processes, by outcome.',
      [...bankCalls.map((call) => ({ labels: ofCall(call), value: call.count }))],
    ),
    gauge('sparvana_bank_call_seconds', 'How long these calls took.', [
      ...bankCalls.flatMap((call) => [
        { labels: { ...ofCall(call), quantile: '0.5' }, value: call.median },
        { labels: { ...ofCall(call), quantile: '0.95' }, value: call.slow },
      ]),
    ]),
    gauge('sparvana_alarms_open', 'Alarms that nobody has looked at.', [{ value: openAlarms }]),
    gauge('sparvana_differences_open', 'Differences between check-offs, payments, ledger and bank.', [
      { value: openDifferences },
    ]),
    gauge(
      'sparvana_compared_seconds_ago',
      'Since the last comparison of books and bank began that came to its end.',
      [...(comparedSecondsAgo === null ? [] : [{ value: comparedSecondsAgo }])],
    ),
  ]
}

function familiesOfDoor(door: Admission): Family[] {
  return [
    gauge('sparvana_requests_under_way', 'Pages, forms and calls of the API that are being worked on.', [
      { value: door.underWay() },
    ]),
    {
      name: 'sparvana_requests_turned_away_total',
      help: 'Those that were answered with 503 because too many were there.',
      type: 'counter',
      samples: [{ value: door.refused() }],
    },
  ]
}

function familiesOfProcess(lag: ReturnType<typeof monitorEventLoopDelay>): Family[] {
  const { rss, heapUsed } = process.memoryUsage()
  // Nanoseconds; before the first tick there is no number.
  const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0)
  return [
    gauge('process_resident_memory_bytes', 'Memory of the web process.', [{ value: rss }]),
    gauge('nodejs_heap_used_bytes', 'Of it, what JavaScript holds.', [{ value: heapUsed }]),
    gauge('process_uptime_seconds', 'Since the web process started.', [{ value: process.uptime() }]),
    gauge(
      'nodejs_eventloop_lag_seconds',
      'How late the event loop was since these figures were last asked for.',
      [
        { labels: { quantile: '0.5' }, value: seconds(lag.percentile(50)) },
        { labels: { quantile: '0.99' }, value: seconds(lag.percentile(99)) },
      ],
    ),
  ]
}

function samplesOf({ name, waiting, active, failed }: QueueStanding) {
  const counts = Object.entries({ waiting, active, failed })
  return counts.map(([state, value]) => ({ labels: { queue: name, state }, value }))
}
