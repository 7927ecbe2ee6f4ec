import { formatInstant, formatMoney, formatTime } from '../../format.ts'
import type { PaymentWithHabits, PaymentWithStory } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { reasonOf, toneOf, wordsOf } from './payment-words.ts'

/** A payment as a row of a list. */
export function recentRow(payment: PaymentWithHabits, timezone: string) {
  const { label, tone } = wordsOf(payment)
  const goesOut = payment.isBatch && payment.state === 'SCHEDULED'
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { text: formatInstant(payment.createdOn, timezone) },
      {
        badge: { text: label, tone },
        ...(goesOut ? { hint: `goes out ${formatInstant(payment.dueAt, timezone)}` } : {}),
      },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) } },
    ],
  }
}

/** What a payment is for: the habits whose money it moves, or has tried to. */
export function habitNames(payment: Pick<PaymentWithHabits, 'kind' | 'checkOffs' | 'broughtBack'>): string {
  if (payment.kind === 'REVERSAL') return `Money back: ${namesIn(payment.broughtBack) || 'tried again'}`
  const live = payment.checkOffs.filter((checkOff) => checkOff.state === 'RECORDED')
  return namesIn(live.length > 0 ? live : payment.checkOffs) || 'Tried again'
}

function namesIn(checkOffs: PaymentWithHabits['checkOffs']): string {
  return [...new Set(checkOffs.map((checkOff) => checkOff.habit.name))].join(', ')
}

/** The story of a payment, oldest first. */
export function storyOf(payment: PaymentWithStory, timezone: string) {
  return payment.events.map((event) => {
    const words = wordsOf({ kind: payment.kind, state: event.to })
    return {
      title: words.label,
      text: reasonOf(payment, event.reason) ?? '',
      at: `${formatInstant(event.at, timezone).split(',')[0]}, ${formatTime(event.at, timezone)}`,
      atIso: event.at.toISOString(),
      tone: words.tone,
    }
  })
}
