import type { CheckOffs } from '../../models/check-off.ts'
import type { HabitToday } from '../../models/habit.ts'
import { isUnsent, type PaymentState } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import { formatDay, formatMoney } from './format.ts'
import { daysLeftLabel, habitCard, intervalNoun } from './habit-card.ts'
import { moneyTone, STATE_WORDS } from './payment-view.ts'

type Recent = Awaited<ReturnType<CheckOffs['recentOf']>>

/** One habit's page: what it is, where its money stands, and what was checked off. */
export function habitPage(today: HabitToday, checkOffs: Recent) {
  const { habit, version, totals } = today
  return {
    habit: habitCard(today),
    archived: habit.archivedOn !== null,
    editPath: paths.habitEdit(habit.id),
    deletePath: paths.habitDelete(habit.id),
    facts: [
      { term: 'This period', text: today.isCompleted ? 'Complete' : daysLeftLabel(today) },
      { term: 'Since', text: formatDay(habit.startDate) },
      { term: 'In a row', text: `${today.streak} ${intervalNoun(version.interval, today.streak)}` },
    ],
    stats: [
      { label: 'Saved', text: formatMoney(totals.savedMinor, version.currency), tone: 'arrived' as const },
      {
        label: 'On its way',
        text: formatMoney(totals.onItsWayMinor, version.currency),
        tone: 'waiting' as const,
      },
      { label: 'Pledged', text: formatMoney(totals.pledgedMinor, version.currency), tone: 'plain' as const },
    ],
    history: checkOffs.map((checkOff) => {
      const state = checkOff.payment?.state as PaymentState | undefined
      return {
        dayLabel: formatDay(checkOff.day),
        amount: {
          text: formatMoney(checkOff.amountMinor, checkOff.currency),
          tone: state ? moneyTone(state) : 'plain',
        },
        badge: state ? { text: STATE_WORDS[state].label, tone: STATE_WORDS[state].tone } : null,
        paymentPath: checkOff.payment ? paths.payment(checkOff.payment.id) : null,
        undoPath: checkOff.state === 'RECORDED' && state && isUnsent(state) ? paths.undo(checkOff.id) : null,
      }
    }),
  }
}
