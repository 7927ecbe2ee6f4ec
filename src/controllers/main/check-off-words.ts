import { formatDay, formatMoney } from '../../format.ts'
import type { Flash } from '../../middleware/flash.ts'
import type { BackfillResult, CheckOffResult } from '../../models/check-off.ts'
import type { Closed } from '../../models/habit/progress.ts'

/** What came of checking off, for the next page. */
export function checkOffWords(result: CheckOffResult, name: string): Flash {
  switch (result.kind) {
    case 'recorded': {
      const { amountMinor, currency } = result.checkOff
      return { kind: 'done', text: `${name}: done. ${formatMoney(amountMinor, currency)} pledged.` }
    }
    case 'already-recorded':
      return { kind: 'info', text: `${name} was checked off already. It counts once.` }
    case 'day-changed':
      return warning('The page was from another day. Nothing was recorded; check off again below.')
    case 'place-taken':
      return warning('The page was out of date. Nothing was recorded; check off again below.')
    case 'enough-today':
      return { kind: 'info', text: `${name} is done for today.` }
    case 'period-complete':
      return { kind: 'info', text: `${name} is complete for this period.` }
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
      const money = recordOnly ? 'No money moves for it.' : `${formatMoney(amountMinor, currency)} pledged.`
      return { kind: 'done', text: `${name}, ${on}: recorded. ${money}` }
    }
    case 'already-recorded':
      return { kind: 'info', text: `${name} was recorded for ${on} already. It counts once.` }
    case 'place-taken':
      return warning('The page was out of date. Nothing was recorded; choose again below.')
    case 'enough-that-day':
      return { kind: 'info', text: `${name} was done on ${on} already. Nothing was added.` }
    case 'period-complete':
      return { kind: 'info', text: `${name} was complete for that period already. Nothing was added.` }
    case 'too-old':
      return warning(`${on} is more than 7 days ago. Nothing was recorded.`)
    case 'before-start':
      return warning(`${name} began after ${on}. Nothing was recorded.`)
    case 'in-future':
      return warning(`${on} is not over yet. Nothing was recorded; check it off on the day itself.`)
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
      return warning(`${name} has not begun yet. Nothing was recorded.`)
    case 'ended':
      return warning(`${name} has ended. Nothing was recorded.`)
    case 'on-break':
      return warning(`${name} has a break on that day. Nothing was recorded.`)
    case 'not-today':
      return warning(`${name} asks for nothing on that day of the week. Nothing was recorded.`)
    case 'terms-changed':
      return warning(
        `${name} has been changed since that page was made. Nothing was recorded; look at the amount and check off again.`,
      )
    case 'archived':
      return warning(`${name} has been put away. Nothing was recorded.`)
    case 'no-accounts':
      return warning('Choose your accounts first. Nothing was recorded.')
    case 'currency-differs':
      return warning(
        `${name} has its amount in another currency than your account. Edit the habit first. Nothing was recorded.`,
      )
  }
}

function warning(text: string): Flash {
  return { kind: 'warning', text }
}
