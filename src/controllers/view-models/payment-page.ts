import { MINUTE } from '../../clock.ts'
import { formatDay, formatInstant, formatMoney } from '../../format.ts'
import type { Payment, User } from '../../generated/client.ts'
import type { PaymentState } from '../../generated/enums.ts'
import { t, term } from '../../language.ts'
import { endedWithoutMoney, isUnsent } from '../../models/payment/states.ts'
import type { PaymentWithStory } from '../../models/payment.ts'
import { paths } from '../../paths.ts'
import { habitNames, storyOf } from './payment-rows.ts'
import { isMoving, remedyFor } from './payment-view.ts'
import { meaningOf, toneOf, wordsOf } from './payment-words.ts'

const REFRESH_SECONDS = 3
/** What goes out later than this is not watched while it waits. */
const SOON_MS = 5 * MINUTE

/** What a payment's page needs to know beside it. */
export interface Beside {
  /** Payments that bring back what this one saved, by check-off. */
  waysBack: ReadonlyMap<string, Payment>
  /** The payment that carries its check-offs by now. */
  carriedOnBy: string | null
  now: Date
}

/** Where a payment stands, what it is for, and what the saver can do about it. */
export function paymentPage(payment: PaymentWithStory, beside: Beside, { timezone }: Pick<User, 'timezone'>) {
  const { label, tone } = wordsOf(payment)
  return {
    heading: habitNames(payment),
    amount: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) },
    badge: { text: label, tone },
    ...meaningOf(payment),
    ...movedBackSince(payment, beside),
    remedy: remedyFor(payment),
    facts: factsOf(payment, timezone),
    parts: partsOf(payment, beside),
    partsTitle: payment.kind === 'SAVING' ? t('What it pays for') : t('What it brings back'),
    events: storyOf(payment, timezone),
    approvalUrl: payment.state === 'AWAITING_APPROVAL' ? payment.approvalUrl : null,
    actions: actionsOf(payment, beside.now),
    newerPath: beside.carriedOnBy ? paths.payment(beside.carriedOnBy) : null,
    refreshSeconds: isWatched(payment, beside.now) ? REFRESH_SECONDS : null,
    paymentPath: paths.payment(payment.id),
  }
}

/** The payment stays paid; but its money may no longer be where it took it. */
function movedBackSince({ currency }: Payment, { waysBack }: Beside): { meaning?: string } {
  const back = [...waysBack.values()].filter((wayBack) => wayBack.state === 'PAID')
  if (back.length === 0) return {}
  const sum = back.reduce((total, wayBack) => total + wayBack.amountMinor, 0)
  return {
    meaning: t('The money arrived in your savings account. {amount} of it has been moved back since.', {
      amount: formatMoney(sum, currency),
    }),
  }
}

function factsOf(payment: PaymentWithStory, timezone: string) {
  const at = formatInstant(payment.dueAt, timezone)
  const isScheduled = payment.state === 'SCHEDULED'
  const until = payment.kind === 'SAVING' ? t('Can be taken back until') : t('Can be called off until')
  return [
    { term: t('Money comes from'), text: payment.debtorAccount.name },
    { term: t('Money goes to'), text: payment.creditorAccount.name },
    { term: t('Reference on your statement'), text: payment.reference },
    { term: t('Recorded'), text: formatInstant(payment.createdOn, timezone) },
    ...(isScheduled && payment.isBatch
      ? [{ term: t('Goes out'), text: at, hint: t('With what else you check off until then') }]
      : []),
    ...(isScheduled ? [{ term: until, text: at }] : []),
  ]
}

/** Each check-off on its own, because each can be taken back on its own. */
function partsOf(payment: PaymentWithStory, { waysBack }: Beside) {
  const own = payment.kind === 'SAVING' ? payment.checkOffs : payment.broughtBack
  return own.map((checkOff) => {
    const wayBack = waysBack.get(checkOff.id) ?? null
    const day = formatDay(checkOff.day)
    return {
      name: checkOff.habit.name,
      href: paths.habit(checkOff.habit.id),
      day,
      amount: formatMoney(checkOff.amountMinor, checkOff.currency),
      note: payment.kind === 'SAVING' ? noteOn(checkOff.state, wayBack) : null,
      wayBackPath: wayBack ? paths.payment(wayBack.id) : null,
      undoPath: canTakeBack(payment, checkOff.state) ? paths.undo(checkOff.id) : null,
      moveBackPath: canMoveBack(payment, wayBack) ? paths.moveBack(checkOff.id) : null,
      about: `${checkOff.habit.name}, ${day}`,
    }
  })
}

function noteOn(state: 'RECORDED' | 'UNDONE', wayBack: Payment | null) {
  if (wayBack) return { text: t(WAY_BACK_WORDS[wayBack.state]), tone: wordsOf(wayBack).tone }
  return state === 'UNDONE' ? { text: t('Taken back'), tone: 'plain' as const } : null
}

const WAY_BACK_WORDS: Record<PaymentState, string> = {
  SCHEDULED: term('Way back: scheduled'),
  BLOCKED: term('Way back: waiting'),
  SENDING: term('Way back: being sent'),
  INITIATED: term('Way back: at Nordea'),
  CONFIRMING: term('Way back: being confirmed'),
  AWAITING_APPROVAL: term('Way back: needs your approval'),
  ACCEPTED: term('Way back: accepted'),
  UNKNOWN: term('Way back: not known yet'),
  PAID: term('Way back: moved back'),
  REJECTED: term('Way back: refused'),
  CANCELLED: term('Way back: called off'),
  EXPIRED: term('Way back: expired'),
}

function canTakeBack(payment: Payment, state: 'RECORDED' | 'UNDONE'): boolean {
  const isStill = isUnsent(payment.state) || endedWithoutMoney(payment.state)
  return payment.kind === 'SAVING' && state === 'RECORDED' && isStill
}

/** From the saving's page, and again from that of a way back that came to nothing. */
function canMoveBack(payment: Payment, wayBack: Payment | null): boolean {
  if (payment.kind === 'REVERSAL') return endedWithoutMoney(payment.state)
  return payment.state === 'PAID' && (wayBack === null || endedWithoutMoney(wayBack.state))
}

function actionsOf(payment: PaymentWithStory, now: Date) {
  const waits =
    payment.state === 'BLOCKED' ||
    (payment.state === 'SCHEDULED' && payment.dueAt <= now && payment.reason !== null)
  const left = payment.checkOffs.some((checkOff) => checkOff.state === 'RECORDED')
  return [
    ...(waits ? [{ href: paths.paymentTryNow(payment.id), label: t('Try now') }] : []),
    ...(endedWithoutMoney(payment.state) && left
      ? [{ href: paths.paymentAgain(payment.id), label: t('Try again') }]
      : []),
    ...(payment.kind === 'REVERSAL' && isUnsent(payment.state)
      ? [{ href: paths.paymentCancel(payment.id), label: t('Call it off') }]
      : []),
  ]
}

function isWatched(payment: Payment, now: Date): boolean {
  const isFarOff = payment.state === 'SCHEDULED' && payment.dueAt.getTime() - now.getTime() > SOON_MS
  return isMoving(payment.state) && !isFarOff
}
