import { formatCount, formatInstant, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { Standing, Stops } from '../../models/payment-stop.ts'
import type { Currency } from '../../money.ts'
import { paths } from '../../paths.ts'
import type { Notice } from './notices.ts'

export type StopNow = Awaited<ReturnType<Stops['current']>>

export function paymentStopPage(stop: StopNow, standing: Standing, timezone: string) {
  const { exposure, heldBack, unsent } = standing
  return {
    stopFacts: stop && [
      { term: t('Since'), text: formatInstant(stop.startedOn, timezone) },
      { term: t('By'), text: stop.startedBy ?? t('Somebody who is no longer here') },
      { term: t('Why'), text: stop.reason },
    ],
    standingFacts: [
      ...exposure.map(({ currency, inFlightMinor, limitMinor }) => ({
        term: t('At the bank, not settled ({currency})', { currency }),
        text: ofLimit(inFlightMinor, limitMinor, currency),
      })),
      ...(exposure.length === 0 ? [{ term: t('At the bank, not settled'), text: t('Nothing') }] : []),
      { term: t('Payments not sent yet'), text: formatCount(unsent) },
      { term: t('Held back by a stop'), text: formatCount(heldBack) },
    ],
    stopPath: paths.adminPaymentStop,
    endPath: paths.adminPaymentStopEnd,
  }
}

/** How much of what may be on its way at a time is on its way. */
export function ofLimit(inFlightMinor: number, limitMinor: number, currency: Currency): string {
  return t('{amount} of {limit}', {
    amount: formatMoney(inFlightMinor, currency),
    limit: formatMoney(limitMinor, currency),
  })
}

/** What an admin reads first while payments are stopped. */
export function stopBanner(stop: StopNow, timezone: string): Notice | null {
  if (!stop) return null
  const { reason, startedBy } = stop
  const time = formatInstant(stop.startedOn, timezone)
  return {
    kind: 'problem',
    title: t('All payments are stopped'),
    text: startedBy
      ? t('Since {time} by {name}: {reason}', { time, name: startedBy, reason })
      : t('Since {time}: {reason}', { time, reason }),
    action: { href: paths.adminPaymentStop, label: t('To the stop') },
  }
}
