/** Rows of ours as the API shows them. */
import type { z } from 'zod'
import type { CheckOff, Payment } from '../../generated/client.ts'
import type { OpenDay } from '../../models/check-off.ts'
import type { GoalAhead } from '../../models/goal.ts'
import { weekdaysIn } from '../../models/habit/schedule.ts'
import type { HabitToday } from '../../models/habit.ts'
import type { PaymentWithHabits, PaymentWithStory } from '../../models/payment.ts'
import type { Currency } from '../../money.ts'
import type * as schemas from './schemas.ts'

type Shown<T extends z.ZodType> = z.input<T>

const SCHEDULES = { TIMES: 'times', WEEKDAYS: 'weekdays', ROLLING: 'rolling' } as const

export function moneyOf(minor: number, currency: Currency): Shown<typeof schemas.money> {
  return { minor, currency }
}

export function habitOf(today: HabitToday): Shown<typeof schemas.habit> {
  const { habit, version, progress, totals } = today
  const { currency } = version
  const isEnded = habit.archivedOn !== null
  const isOpen = !isEnded && progress.next.kind === 'open'
  return {
    id: habit.id,
    name: habit.name,
    isEnded,
    terms: {
      version: version.number,
      schedule: SCHEDULES[version.kind],
      weekdays: weekdaysIn(version.weekdays),
      times: version.frequency,
      days: version.interval,
      amount: moneyOf(version.amountMinor, currency),
    },
    today: today.today,
    period: {
      from: progress.period.start,
      until: progress.period.end,
      daysLeft: today.daysLeft,
      done: progress.doneInPeriod,
      doneToday: progress.doneToday,
    },
    standing: isEnded ? 'ended' : progress.next.kind,
    offer:
      isOpen && progress.next.kind === 'open'
        ? { day: today.today, slot: progress.next.slot, version: version.number }
        : null,
    streak: today.streak,
    savings: {
      pledged: moneyOf(totals.pledgedMinor, currency),
      onItsWay: moneyOf(totals.onItsWayMinor, currency),
      saved: moneyOf(totals.savedMinor, currency),
    },
  }
}

export function checkOffOf(row: CheckOff): Shown<typeof schemas.checkOff> {
  return {
    id: row.id,
    habitId: row.habitId,
    day: row.day.toISOString().slice(0, 10),
    slot: row.slot,
    at: row.at.toISOString(),
    state: row.state === 'UNDONE' ? 'undone' : 'recorded',
    amount: moneyOf(row.amountMinor, row.currency),
    isBackfill: row.isBackfill,
    pays: !row.recordOnly,
    paymentId: row.paymentId,
  }
}

export function pastDayOf({
  day,
  slot,
  version,
  amountMinor,
  currency,
}: OpenDay): Shown<typeof schemas.pastDays>['data'][number] {
  return { offer: { day, slot, version }, amount: moneyOf(amountMinor, currency) }
}

export function goalOf({ goal, heldMinor, pace }: GoalAhead): Shown<typeof schemas.goal> {
  const { currency } = goal
  return {
    id: goal.id,
    name: goal.name,
    target: moneyOf(goal.targetMinor, currency),
    saved: moneyOf(heldMinor, currency),
    byDay: goal.byDay?.toISOString().slice(0, 10) ?? null,
    state: heldMinor >= goal.targetMinor ? 'full' : 'filling',
    reachedOn: goal.reachedOn?.toISOString() ?? null,
    pace: {
      perWeek: moneyOf(pace.perWeekMinor, currency),
      fullOn: pace.full?.day ?? null,
      isOnTrack: pace.plan?.onTrack ?? null,
    },
  }
}

/** Neither the bank's own ids and codes nor its page for approvals: those are the saver's alone. */
export function paymentOf(row: PaymentWithHabits): Shown<typeof schemas.payment> {
  return {
    id: row.id,
    reference: row.reference.trim(),
    kind: wordOf(row.kind),
    state: wordOf(row.state),
    reason: row.reason,
    amount: moneyOf(row.amountMinor, row.currency),
    createdOn: row.createdOn.toISOString(),
    dueOn: row.dueAt.toISOString(),
    finalOn: row.finalOn?.toISOString() ?? null,
    checkOffIds: [...row.checkOffs, ...row.broughtBack].map(({ id }) => id),
  }
}

export function paymentStoryOf(row: PaymentWithStory): Shown<typeof schemas.paymentWithStory> {
  const moves = row.events.map(({ at, from, to, reason }) => ({
    at: at.toISOString(),
    from: from && wordOf(from),
    to: wordOf(to),
    reason,
  }))
  return { ...paymentOf(row), moves }
}

/** AWAITING_APPROVAL → awaiting-approval */
function wordOf(value: Payment['state'] | Payment['kind']): string {
  return value.toLowerCase().replaceAll('_', '-')
}
