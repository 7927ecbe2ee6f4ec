import { formatDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { Returnable } from '../../models/reversal.ts'
import { paths } from '../../paths.ts'

type Saved = Returnable & { payment: NonNullable<Returnable['payment']> }

/** What moving the money of a check-off back would mean. */
export function moveBackPage({ id, habit, day, amountMinor, currency, state, payment }: Saved) {
  return {
    amount: formatMoney(amountMinor, currency),
    facts: [
      { term: t('Was saved for'), text: `${habit.name}, ${formatDay(day)}` },
      { term: t('Money comes from'), text: payment.creditorAccount.name },
      { term: t('Money goes to'), text: payment.debtorAccount.name },
    ],
    stillCounts: state === 'RECORDED',
    moveBackPath: paths.moveBack(id),
    paymentPath: paths.payment(payment.id),
  }
}
