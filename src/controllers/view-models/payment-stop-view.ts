import { formatInstant, formatMoney } from '../../format.ts'
import type { Standing, Stops } from '../../models/payment-stop.ts'
import { paths } from '../../paths.ts'
import type { Notice } from './notices.ts'

export type StopNow = Awaited<ReturnType<Stops['current']>>

export function paymentStopPage(stop: StopNow, standing: Standing, timezone: string) {
  const { exposure, heldBack, unsent } = standing
  return {
    stopFacts: stop && [
      { term: 'Since', text: formatInstant(stop.startedOn, timezone) },
      { term: 'By', text: stop.startedBy ?? 'Somebody who is no longer here' },
      { term: 'Why', text: stop.reason },
    ],
    standingFacts: [
      ...exposure.map(({ currency, inFlightMinor, limitMinor }) => ({
        term: `At the bank, not settled (${currency})`,
        text: `${formatMoney(inFlightMinor, currency)} of ${formatMoney(limitMinor, currency)}`,
      })),
      ...(exposure.length === 0 ? [{ term: 'At the bank, not settled', text: 'Nothing' }] : []),
      { term: 'Payments not sent yet', text: String(unsent) },
      { term: 'Held back by a stop', text: String(heldBack) },
    ],
    stopPath: paths.adminPaymentStop,
    endPath: paths.adminPaymentStopEnd,
  }
}

/** What an admin reads first while payments are stopped. */
export function stopBanner(stop: StopNow, timezone: string): Notice | null {
  if (!stop) return null
  const by = stop.startedBy ? ` by ${stop.startedBy}` : ''
  return {
    kind: 'problem',
    title: 'All payments are stopped',
    text: `Since ${formatInstant(stop.startedOn, timezone)}${by}: ${stop.reason}`,
    action: { href: paths.adminPaymentStop, label: 'To the stop' },
  }
}
