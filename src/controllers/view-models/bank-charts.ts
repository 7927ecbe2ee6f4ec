import { formatCount, formatHour, formatInstant, formatMoney, formatTenths } from '../../format.ts'
import { t } from '../../language.ts'
import { COUNTED_BELOW } from '../../models/desk/about.ts'
import type { ApiFigures, CallHour } from '../../models/desk/status.ts'
import { MOVES, type PaymentState } from '../../models/payment/states.ts'
import type { Standing } from '../../models/payment-stop.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { API_WORDS } from './call-words.ts'
import { type BarChart, cells, inMs, type LaneChart, laneOf, nothingIn, shareOf } from './charts.ts'
import { ofLimit } from './payment-stop-view.ts'
import { STATE_WORDS } from './payment-view.ts'

const HOURS_BETWEEN_LABELS = 4
const NEED_SOMEBODY: PaymentState[] = ['BLOCKED', 'UNKNOWN']
/** Of the limit of what may be on its way. */
const CLOSE_TO_LIMIT = 0.9

export function callsChart(hours: readonly CallHour[], timezone: string): BarChart {
  const most = Math.max(1, ...hours.map(({ calls }) => calls))
  const slot = 100 / hours.length
  const sums = hours.reduce(
    (sum, { calls, troubles }) => ({ calls: sum.calls + calls, troubles: sum.troubles + troubles }),
    { calls: 0, troubles: 0 },
  )
  const words = callsWords(sums.calls, sums.troubles)
  return {
    id: 'calls',
    title: t('Calls to the bank, by hour'),
    note: t(
      'In the last 24 hours {count, plural, one {{calls} call} other {{calls} calls}}, {troubles} with trouble. The last hour goes on.',
      { count: sums.calls, calls: formatCount(sums.calls), troubles: formatCount(sums.troubles) },
    ),
    description: `${words}. ${t('The busiest hour had {most}.', { most: formatCount(most) })}`,
    legend: [
      { tone: 'plain', label: t('went well') },
      { tone: 'attention', label: t('had trouble') },
    ],
    bars: hours.flatMap(({ calls, troubles }, place) => {
      const [x, width] = [place * slot + slot * 0.15, slot * 0.7]
      const bad = shareOf(troubles, most)
      const good = shareOf(calls - troubles, most)
      return [
        { x, width, y: 100 - bad, height: bad, tone: 'attention' as const },
        { x, width, y: Math.max(0, 100 - bad - good), height: good, tone: 'plain' as const },
      ].filter(({ height }) => height > 0)
    }),
    labels: hours.flatMap(({ from }, place) =>
      place % HOURS_BETWEEN_LABELS === 0
        ? [{ x: place * slot + slot * 0.15, width: slot, text: formatHour(from, timezone) }]
        : [],
    ),
    top: formatCount(most),
    columns: [
      { label: t('Hour from') },
      { label: t('Calls'), numeric: true },
      { label: t('With trouble'), numeric: true },
    ],
    rows:
      sums.calls === 0
        ? []
        : hours.map(({ from, calls, troubles }) =>
            cells(formatInstant(from, timezone), formatCount(calls), formatCount(troubles)),
          ),
    nothing: sums.calls === 0 ? t('Nobody has called the bank in the last 24 hours.') : null,
  }
}

/** Those that have arrived are most of all, and would leave nothing to be seen of the others. */
export function statesChart(counts: ReadonlyMap<PaymentState, number>): LaneChart {
  const present = (Object.keys(MOVES) as PaymentState[]).filter((state) => (counts.get(state) ?? 0) > 0)
  const drawn = present.filter((state) => state !== 'PAID')
  const countOf = (state: PaymentState) => counts.get(state) ?? 0
  const most = Math.max(...drawn.map(countOf))
  return {
    id: 'states',
    title: t('Payments by state'),
    note: arrivedWords(countOf('PAID')),
    legend: [],
    lanes: drawn.map((state) => ({
      label: t(STATE_WORDS[state].label),
      value: formatCount(countOf(state)),
      parts: laneOf(
        [{ size: countOf(state), tone: NEED_SOMEBODY.includes(state) ? 'attention' : 'plain' }],
        most,
      ),
    })),
    columns: [{ label: t('State') }, { label: t('Payments'), numeric: true }],
    rows: present.map((state) => ({
      cells: [
        { text: t(STATE_WORDS[state].label), href: listAddress(paths.adminPayments, { state }) },
        { text: formatCount(countOf(state)) },
      ],
    })),
    nothing: nothingIn(
      drawn,
      t(present.length === 0 ? 'There are no payments yet.' : 'All payments have arrived.'),
    ),
  }
}

function arrivedWords(paid: number): string {
  if (paid === 0) return t('None has arrived yet.')
  return paid >= COUNTED_BELOW
    ? t('About {paid} more have arrived.', { paid: formatCount(paid) })
    : t('{count, plural, one {{paid} more has arrived.} other {{paid} more have arrived.}}', {
        count: paid,
        paid: formatCount(paid),
      })
}

export function exposureChart(exposure: Standing['exposure']): LaneChart {
  return {
    id: 'exposure',
    title: t('Money on its way'),
    note: t('What the bank has or may have and has not settled, against what may be on its way at a time.'),
    legend: [],
    lanes: exposure.map(({ currency, inFlightMinor, limitMinor }) => {
      const tone = inFlightMinor >= CLOSE_TO_LIMIT * limitMinor ? 'attention' : 'plain'
      return {
        label: currency,
        value: ofLimit(inFlightMinor, limitMinor, currency),
        parts: laneOf([{ size: inFlightMinor, tone }], limitMinor),
      }
    }),
    columns: [
      { label: t('Currency') },
      { label: t('On its way'), numeric: true },
      { label: t('Limit'), numeric: true },
      { label: t('Share'), numeric: true },
    ],
    rows: exposure.map(({ currency, inFlightMinor, limitMinor }) =>
      cells(
        currency,
        formatMoney(inFlightMinor, currency),
        formatMoney(limitMinor, currency),
        `${formatTenths((inFlightMinor / limitMinor) * 100)} %`,
      ),
    ),
    nothing: nothingIn(exposure, t('Nothing is on its way.')),
  }
}

export function latencyChart(apis: readonly ApiFigures[]): LaneChart {
  const slowest = Math.max(...apis.map(({ slow }) => slow))
  return {
    id: 'latency',
    title: t('How long the bank takes'),
    note: t('Calls of the last five minutes, by kind.'),
    legend: [
      { tone: 'plain', label: t('half of them within') },
      { tone: 'soft', label: t('95 of 100 within') },
    ],
    lanes: apis.map(({ api, median, slow }) => ({
      label: apiWords(api),
      value: `${inMs(median)}, ${inMs(slow)}`,
      parts: laneOf(
        [
          { size: median, tone: 'plain' },
          { size: slow - median, tone: 'soft' },
        ],
        slowest,
      ),
    })),
    columns: [
      { label: t('Call') },
      { label: t('Calls'), numeric: true },
      { label: t('With trouble'), numeric: true },
      { label: t('Half within'), numeric: true },
      { label: t('95 of 100 within'), numeric: true },
    ],
    rows: apis.map(({ api, calls, troubles, median, slow }) => ({
      cells: [
        { text: apiWords(api), href: listAddress(paths.adminCalls, { api }) },
        ...[formatCount(calls), formatCount(troubles), inMs(median), inMs(slow)].map((text) => ({ text })),
      ],
    })),
    nothing: nothingIn(apis, t('Nobody has called the bank in the last five minutes.')),
  }
}

/** Calls come and go; what is written stays. */
export function apiWords(api: string): string {
  return t(API_WORDS[api] ?? api)
}

export function callsWords(calls: number, troubles: number): string {
  return t('{count, plural, one {{calls} call} other {{calls} calls}}, {troubles} with trouble', {
    count: calls,
    calls: formatCount(calls),
    troubles: formatCount(troubles),
  })
}
