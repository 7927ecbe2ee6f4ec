import { formatInstant, formatMoney, formatToTheSecond } from '../../format.ts'
import { t } from '../../language.ts'
import type { Named, PaymentInList, PaymentWithStory } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { reasonOf, toneOf, wordsOf } from './payment-words.ts'

/** A payment as a row of a list. */
export function recentRow(payment: PaymentInList, timezone: string) {
  const { label, tone } = wordsOf(payment)
  const goesOut = payment.isBatch && payment.state === 'SCHEDULED'
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { text: formatInstant(payment.createdOn, timezone) },
      {
        badge: { text: label, tone },
        ...(goesOut ? { hint: t('goes out {time}', { time: formatInstant(payment.dueAt, timezone) }) } : {}),
      },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) } },
    ],
  }
}

/** What a payment is for: the habits whose money it moves, or has tried to. */
export function habitNames(payment: Pick<PaymentInList, 'kind'> & Named): string {
  if (payment.kind === 'REVERSAL') {
    const habits = namesIn(payment.broughtBack)
    return habits ? t('Money back: {habits}', { habits }) : t('Money back: tried again')
  }
  const live = payment.checkOffs.filter((checkOff) => checkOff.state === 'RECORDED')
  return namesIn(live.length > 0 ? live : payment.checkOffs) || t('Tried again')
}

function namesIn(checkOffs: Named['checkOffs']): string {
  return [...new Set(checkOffs.map((checkOff) => checkOff.habit.name))].join(', ')
}

/** The story of a payment, oldest first. */
export function storyOf(payment: PaymentWithStory, timezone: string) {
  return payment.events.map((event) => {
    const words = wordsOf({ kind: payment.kind, state: event.to })
    return {
      title: words.label,
      text: reasonOf(payment, event.reason) ?? '',
      at: formatToTheSecond(event.at, timezone),
      atIso: event.at.toISOString(),
      tone: words.tone,
    }
  })
}
