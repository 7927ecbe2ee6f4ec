import { formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { PaymentWithHabits, WaitingApproval } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { approvalNotice } from './notices.ts'
import { habitNames } from './payment-rows.ts'
import { isMoving } from './payment-view.ts'
import { meaningOf, toneOf, wordsOf } from './payment-words.ts'

const REFRESH_SECONDS = 5
/** A forgotten page must not ask for ever; then the link is there. */
const MOST_LOOKS = 24

/**
 * What has become of the payments that waited for the saver's approval.
 * @param look how many times the page has refreshed itself so far.
 */
export function approvalsPage(
  payments: readonly PaymentWithHabits[],
  approvals: readonly WaitingApproval[],
  look: number,
) {
  const moves = payments.some(({ state }) => isMoving(state))
  const next = look + 1
  return {
    refresh:
      moves && next < MOST_LOOKS
        ? { seconds: REFRESH_SECONDS, href: `${paths.paymentsReturn}?look=${next}` }
        : null,
    props: {
      lede: moves
        ? t('We are asking Nordea how it went. This page follows until all is settled.')
        : t('Nordea has told us how it went.'),
      notices: approvals.map(approvalNotice),
      rows: payments.map(rowOf),
      refreshSeconds: moves ? REFRESH_SECONDS : null,
    },
  }
}

function rowOf(payment: PaymentWithHabits) {
  const { label, tone } = wordsOf(payment)
  const { meaning, reasonText } = meaningOf(payment)
  return {
    cells: [
      { text: habitNames(payment), href: paths.payment(payment.id) },
      { badge: { text: label, tone }, hint: reasonText ?? meaning },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) } },
    ],
  }
}
