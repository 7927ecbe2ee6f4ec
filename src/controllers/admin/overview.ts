import type { RequestHandler } from 'express'
import { MINUTE } from '../../clock.ts'
import { formatInstant, formatTime } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { MOVES, type PaymentState } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { stopBanner } from '../view-models/payment-stop-view.ts'
import { STATE_WORDS } from '../view-models/payment-view.ts'

const CALLS = 25
/** The worker takes what is due within seconds; what still waits after this needs a person. */
const OVERDUE_AFTER_MS = 5 * MINUTE

export function overviewControllers({ models, clock }: WebContext) {
  /** GET /admin */
  const show: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const [savers, states, backlog, stop, calls, openAlarms] = await Promise.all([
      models.overview.savers(),
      models.overview.paymentsByState(),
      models.overview.backlog(),
      models.stops.current(),
      models.bankCalls.latest(CALLS),
      models.alarms.openCount(),
    ])
    renderPage(
      req,
      res,
      'admin/overview',
      { title: 'Overview', width: 'wide' },
      {
        banner: stopBanner(stop, timezone),
        stats: [...saverStats(savers), backlogStat(backlog, clock.now()), alarmStat(openAlarms)],
        stateFacts: statesOf(states),
        callRows: calls.map((call) => callRow(call, timezone)),
        statusPath: paths.adminStatus,
        stopPath: paths.adminPaymentStop,
        alarmsPath: paths.adminAlarms,
        consentsPath: paths.adminConsents,
      },
    )
  }

  return { show }
}

function saverStats(savers: { savers: number; confirmed: number; linked: number }) {
  return [
    { label: 'Savers', text: String(savers.savers), tone: 'plain' },
    { label: 'With a confirmed address', text: String(savers.confirmed), tone: 'plain' },
    { label: 'With their accounts chosen', text: String(savers.linked), tone: 'plain' },
  ]
}

function backlogStat({ due, oldestDueAt }: { due: number; oldestDueAt: Date | null }, now: Date) {
  const isLate = oldestDueAt !== null && now.getTime() - oldestDueAt.getTime() > OVERDUE_AFTER_MS
  return {
    label: 'Payments due',
    text: String(due),
    tone: isLate ? 'attention' : 'plain',
    hint: isLate ? 'Nobody has taken some of them for five minutes. Is the worker running?' : undefined,
  }
}

function alarmStat(open: number) {
  return {
    label: 'Open alarms',
    text: String(open),
    tone: open > 0 ? 'attention' : 'plain',
    hint: open > 0 ? 'Nobody has looked at them yet.' : undefined,
  }
}

/** In the order of a payment's life; states that no payment is in are left out. */
function statesOf(counts: ReadonlyMap<PaymentState, number>) {
  return (Object.keys(MOVES) as PaymentState[])
    .filter((state) => counts.has(state))
    .map((state) => ({ term: STATE_WORDS[state].label, text: String(counts.get(state)) }))
}

function callRow(call: BankCall, timezone: string) {
  return {
    cells: [
      { text: formatTime(call.at, timezone), hint: dateOf(call.at, timezone) },
      { text: call.api },
      { text: call.method },
      { text: call.path },
      { badge: { text: call.outcome, tone: call.outcome === 'ok' ? 'done' : 'attention' } },
      { text: call.httpStatus === null ? 'none' : String(call.httpStatus) },
      { text: String(call.durationMs) },
    ],
  }
}

/** In one piece: broken over lines it makes every row three lines high. */
function dateOf(at: Date, timezone: string): string | undefined {
  return formatInstant(at, timezone).split(',')[0]?.replaceAll(' ', '\u00a0')
}
