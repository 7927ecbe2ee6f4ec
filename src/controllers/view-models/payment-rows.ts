import type { PaymentWithHabits, PaymentWithStory } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { formatInstant, formatMoney, formatTime } from './format.ts'
import { moneyTone, reasonWords, STATE_WORDS } from './payment-view.ts'

/** A payment as a row of a list. */
export function recentRow(payment: PaymentWithHabits, timezone: string) {
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { text: formatInstant(payment.createdOn, timezone) },
      { badge: { text: STATE_WORDS[payment.state].label, tone: STATE_WORDS[payment.state].tone } },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: moneyTone(payment.state) } },
    ],
  }
}

export function habitNames(payment: Pick<PaymentWithHabits, 'checkOffs'>): string {
  const names = [...new Set(payment.checkOffs.map((checkOff) => checkOff.habit.name))]
  return names.join(', ') || 'Payment'
}

/** The story of a payment, oldest first. */
export function storyOf(payment: PaymentWithStory, timezone: string) {
  return payment.events.map((event) => {
    const words = STATE_WORDS[event.to]
    return {
      title: words.label,
      text: reasonWords(event.reason) ?? '',
      at: `${formatInstant(event.at, timezone).split(',')[0]}, ${formatTime(event.at, timezone)}`,
      atIso: event.at.toISOString(),
      tone: words.tone,
    }
  })
}
