import type { RequestHandler } from 'express'
import { MINUTE } from '../../clock.ts'
import { formatCount, formatTime } from '../../format.ts'
import type { BankCall } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { MOVES, type PaymentState } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { dayAt } from '../view-models/list-page.ts'
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
      { title: t('Overview'), width: 'wide' },
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
    { label: t('Savers'), text: formatCount(savers.savers), tone: 'plain' },
    { label: t('With a confirmed address'), text: formatCount(savers.confirmed), tone: 'plain' },
    { label: t('With their accounts chosen'), text: formatCount(savers.linked), tone: 'plain' },
  ]
}

function backlogStat({ due, oldestDueAt }: { due: number; oldestDueAt: Date | null }, now: Date) {
  const isLate = oldestDueAt !== null && now.getTime() - oldestDueAt.getTime() > OVERDUE_AFTER_MS
  return {
    label: t('Payments due'),
    text: formatCount(due),
    tone: isLate ? 'attention' : 'plain',
    hint: isLate ? t('Nobody has taken some of them for five minutes. Is the worker running?') : undefined,
  }
}

function alarmStat(open: number) {
  return {
    label: t('Open alarms'),
    text: formatCount(open),
    tone: open > 0 ? 'attention' : 'plain',
    hint: open > 0 ? t('Nobody has looked at them yet.') : undefined,
  }
}

/** In the order of a payment's life; states that no payment is in are left out. */
function statesOf(counts: ReadonlyMap<PaymentState, number>) {
  return (Object.keys(MOVES) as PaymentState[])
    .filter((state) => counts.has(state))
    .map((state) => ({ term: t(STATE_WORDS[state].label), text: formatCount(counts.get(state) ?? 0) }))
}

/** The day in one piece: broken over lines it makes every row three lines high. */
function callRow(call: BankCall, timezone: string) {
  return {
    cells: [
      { text: formatTime(call.at, timezone), hint: dayAt(call.at, timezone).replaceAll(' ', '\u00a0') },
      { text: call.api },
      { text: call.method },
      { text: call.path },
      { badge: { text: call.outcome, tone: call.outcome === 'ok' ? 'done' : 'attention' } },
      { text: call.httpStatus === null ? t('none') : String(call.httpStatus) },
      { text: formatCount(call.durationMs) },
    ],
  }
}
