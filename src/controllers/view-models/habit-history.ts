import { formatDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { RecentCheckOff } from '../../models/check-off.ts'
import { endedWithoutMoney, isUnsent } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import { toneOf, wordsOf } from './payment-words.ts'

/** A check-off as a row of its habit's history. */
export function historyRow(checkOff: RecentCheckOff) {
  const { payment, reversal, state } = checkOff
  const dayLabel = formatDay(checkOff.day)
  const shown = reversal ?? payment
  return {
    dayLabel,
    hint: checkOff.isBackfill ? t('Recorded later') : null,
    amount: payment
      ? { text: formatMoney(checkOff.amountMinor, checkOff.currency), tone: amountTone(checkOff) }
      : { text: t('No money'), tone: 'plain' as const },
    badge: badgeOf(checkOff),
    paymentPath: shown ? paths.payment(shown.id) : null,
    undoPath: state === 'RECORDED' && canTakeBack(payment) ? paths.undo(checkOff.id) : null,
    moveBackPath: canMoveBack(checkOff) ? paths.moveBack(checkOff.id) : null,
  }
}

function badgeOf({ payment, reversal, state }: RecentCheckOff) {
  if (reversal) {
    const { label, tone } = wordsOf({ kind: 'REVERSAL', state: reversal.state })
    return {
      text: reversal.state === 'PAID' ? label : t('Way back: {state}', { state: label.toLowerCase() }),
      tone,
    }
  }
  if (state === 'UNDONE') return { text: t('Taken back'), tone: 'plain' as const }
  if (!payment) return { text: t('Recorded only'), tone: 'plain' as const }
  const { label, tone } = wordsOf({ kind: 'SAVING', state: payment.state })
  return { text: label, tone }
}

function amountTone({ payment, reversal, state }: RecentCheckOff) {
  if (reversal) return toneOf({ kind: 'REVERSAL', state: reversal.state })
  return payment && state === 'RECORDED' ? toneOf({ kind: 'SAVING', state: payment.state }) : 'plain'
}

function canTakeBack(payment: RecentCheckOff['payment']): boolean {
  return payment === null || isUnsent(payment.state) || endedWithoutMoney(payment.state)
}

function canMoveBack({ payment, reversal }: RecentCheckOff): boolean {
  return payment?.state === 'PAID' && (reversal === null || endedWithoutMoney(reversal.state))
}
