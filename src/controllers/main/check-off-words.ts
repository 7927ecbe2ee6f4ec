import { formatDay, formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import type { BackfillResult, CheckOffResult } from '../../models/check-off.ts'
import type { Closed } from '../../models/habit/progress.ts'

/** What came of checking off, for the next page. */
export function checkOffWords(result: CheckOffResult, name: string): Flash {
  switch (result.kind) {
    case 'recorded': {
      const { amountMinor, currency } = result.checkOff
      const amount = formatMoney(amountMinor, currency)
      return { kind: 'done', text: t('{name}: done. {amount} pledged.', { name, amount }) }
    }
    case 'already-recorded':
      return { kind: 'info', text: t('{name} was checked off already. It counts once.', { name }) }
    case 'day-changed':
      return warning(t('The page was from another day. Nothing was recorded; check off again below.'))
    case 'place-taken':
      return warning(t('The page was out of date. Nothing was recorded; check off again below.'))
    case 'enough-today':
      return { kind: 'info', text: t('{name} is done for today.', { name }) }
    case 'period-complete':
      return { kind: 'info', text: t('{name} is complete for this period.', { name }) }
    default:
      return refusal(result.kind, name)
  }
}

/** What came of making up for a forgotten day. */
export function backfillWords(result: BackfillResult, name: string, day: string): Flash {
  const on = formatDay(day)
  switch (result.kind) {
    case 'recorded': {
      const { amountMinor, currency, recordOnly } = result.checkOff
      const amount = formatMoney(amountMinor, currency)
      const text = recordOnly
        ? t('{name}, {day}: recorded. No money moves for it.', { name, day: on })
        : t('{name}, {day}: recorded. {amount} pledged.', { name, day: on, amount })
      return { kind: 'done', text }
    }
    case 'already-recorded':
      return {
        kind: 'info',
        text: t('{name} was recorded for {day} already. It counts once.', { name, day: on }),
      }
    case 'place-taken':
      return warning(t('The page was out of date. Nothing was recorded; choose again below.'))
    case 'enough-that-day':
      return {
        kind: 'info',
        text: t('{name} was done on {day} already. Nothing was added.', { name, day: on }),
      }
    case 'period-complete':
      return {
        kind: 'info',
        text: t('{name} was complete for that period already. Nothing was added.', { name }),
      }
    case 'too-old':
      return warning(t('{day} is more than 7 days ago. Nothing was recorded.', { day: on }))
    case 'before-start':
      return warning(t('{name} began after {day}. Nothing was recorded.', { name, day: on }))
    case 'in-future':
      return warning(
        t('{day} is not over yet. Nothing was recorded; check it off on the day itself.', { day: on }),
      )
    default:
      return refusal(result.kind, name)
  }
}

type Refusal =
  | Exclude<Closed, 'enough-today' | 'period-complete'>
  | 'terms-changed'
  | 'archived'
  | 'no-accounts'
  | 'currency-differs'

function refusal(because: Refusal, name: string): Flash {
  switch (because) {
    case 'not-started':
      return warning(t('{name} has not begun yet. Nothing was recorded.', { name }))
    case 'ended':
      return warning(t('{name} has ended. Nothing was recorded.', { name }))
    case 'on-break':
      return warning(t('{name} has a break on that day. Nothing was recorded.', { name }))
    case 'not-today':
      return warning(t('{name} asks for nothing on that day of the week. Nothing was recorded.', { name }))
    case 'terms-changed':
      return warning(
        t(
          '{name} has been changed since that page was made. Nothing was recorded; look at the amount and check off again.',
          { name },
        ),
      )
    case 'archived':
      return warning(t('{name} has been put away. Nothing was recorded.', { name }))
    case 'no-accounts':
      return warning(t('Choose your accounts first. Nothing was recorded.'))
    case 'currency-differs':
      return warning(
        t(
          '{name} has its amount in another currency than your account. Edit the habit first. Nothing was recorded.',
          { name },
        ),
      )
  }
}

function warning(text: string): Flash {
  return { kind: 'warning', text }
}
