import type { RequestHandler } from 'express'
import { MINUTE } from '../../clock.ts'
import type { BankCall } from '../../generated/client.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { MOVES, type PaymentState } from '../../models/payment/states.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { formatInstant, formatTime } from '../view-models/format.ts'
import { STATE_WORDS } from '../view-models/payment-view.ts'

const CALLS = 25
/** The worker looks for what was left lying every few seconds; what still waits after this needs a person. */
const OVERDUE_GRACE_MS = 5 * MINUTE
const OVERDUE_MOST = 100

export function overviewControllers({ models }: WebContext) {
  /** GET /admin */
  const show: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const [savers, states, overdue, calls] = await Promise.all([
      models.users.counts(),
      models.overview.paymentsByState(),
      models.payments.overdue(OVERDUE_GRACE_MS, OVERDUE_MOST),
      models.bankCalls.latest(CALLS),
    ])
    renderPage(
      req,
      res,
      'admin/overview',
      { title: 'Overview', width: 'wide' },
      {
        stats: statsOf(savers, overdue.length),
        stateFacts: statesOf(states),
        callRows: calls.map((call) => callRow(call, timezone)),
      },
    )
  }

  return { show }
}

function statsOf(savers: { savers: number; confirmed: number; linked: number }, overdue: number) {
  return [
    { label: 'Savers', text: String(savers.savers), tone: 'plain' },
    { label: 'With a confirmed address', text: String(savers.confirmed), tone: 'plain' },
    { label: 'With their accounts chosen', text: String(savers.linked), tone: 'plain' },
    {
      label: 'Payments overdue',
      text: overdue === OVERDUE_MOST ? `${OVERDUE_MOST} or more` : String(overdue),
      tone: overdue > 0 ? 'attention' : 'plain',
      hint: 'Nobody has looked at them for five minutes although their time had come.',
    },
  ]
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
