import { formatCount, formatExactly, formatInstant, formatMoney, shortId, times } from '../../format.ts'
import type { Payment, PaymentEvent, ReconciliationDifference } from '../../generated/client.ts'
import { t } from '../../language.ts'
import {
  isMarked,
  type PaymentForDesk,
  type PaymentLine,
  type ReviewLine,
} from '../../models/desk/payment-desk.ts'
import { endedWithoutMoney, isUnsent } from '../../models/payment/states.ts'
import { paths } from '../../paths.ts'
import { listAddress } from '../forms/list-forms.ts'
import { toneOf, wordsOf } from './payment-words.ts'

/** A payment as a row for admins. */
export function deskRow(payment: PaymentLine, timezone: string) {
  const { label, tone } = wordsOf(payment)
  return {
    cells: [
      { text: payment.reference, href: paths.adminPaymentDesk(payment.id) },
      { text: formatInstant(payment.createdOn, timezone) },
      { badge: { text: label, tone }, ...(payment.reason ? { hint: payment.reason } : {}) },
      { text: shortId(payment.userId), href: paths.adminUser(payment.userId) },
      { text: formatCount(payment.attempts) },
      { money: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) } },
    ],
  }
}

/** Where a payment stands and how it came there, without what it is for. */
export function deskPage({ payment, events, differences }: PaymentForDesk, timezone: string) {
  const { id, state } = payment
  const marked = isMarked(differences)
  return {
    heading: t('Payment {reference}', { reference: payment.reference }),
    amount: { text: formatMoney(payment.amountMinor, payment.currency), tone: toneOf(payment) },
    badge: { text: wordsOf(payment).label, tone: wordsOf(payment).tone },
    facts: factsOf(payment, timezone),
    links: [
      { href: paths.adminUser(payment.userId), label: t('The saver') },
      {
        href: listAddress(paths.adminCalls, { saver: payment.userId }),
        label: t('Calls to the bank for this saver'),
      },
      { href: listAddress(paths.adminAudit, { object: id }), label: t('Its lines in the audit trail') },
    ],
    events: events.map((event) => eventOf(payment, event, timezone)),
    differenceRows: differences.map((difference) => differenceRow(difference, timezone)),
    lookPath: payment.nextActionAt ? paths.adminPaymentLook(id) : null,
    cancelPath: isUnsent(state) ? paths.adminPaymentCancel(id) : null,
    againPath: endedWithoutMoney(state) ? paths.adminPaymentAgain(id) : null,
    markPath: marked ? null : paths.adminPaymentMark(id),
    unmarkPath: marked ? paths.adminPaymentUnmark(id) : null,
  }
}

export function reviewRow(line: ReviewLine, timezone: string) {
  const { ours, theirs } = line.detail as { ours?: string; theirs?: string }
  return {
    cells: [
      { text: line.kind, hint: t(line.holds ? 'the saver’s payments wait' : 'payments go on') },
      {
        text: formatInstant(line.firstSeenOn, timezone),
        hint: t('last seen {time}', { time: formatInstant(line.lastSeenOn, timezone) }),
      },
      line.paymentId
        ? { text: line.reference ?? t('payment'), href: paths.adminPaymentDesk(line.paymentId) }
        : { text: t('none') },
      line.userId
        ? { text: shortId(line.userId), href: paths.adminUser(line.userId) }
        : { text: t('nobody') },
      { text: ours ?? '' },
      { text: theirs ?? '' },
    ],
  }
}

function factsOf(payment: Payment, timezone: string) {
  const at = (instant: Date | null, otherwise: string) =>
    instant ? formatExactly(instant, timezone) : otherwise
  return [
    { term: t('State'), text: payment.state, ...(payment.reason ? { hint: payment.reason } : {}) },
    { term: t('Kind'), text: t(payment.kind === 'SAVING' ? 'Saving' : 'Money back') },
    { term: t('Our id at the bank'), text: payment.externalId },
    { term: t('The bank’s id'), text: payment.bankPaymentId ?? t('None yet') },
    {
      term: t('Sent'),
      text: payment.attempts === 0 ? t('Not yet') : times(payment.attempts),
      hint: at(payment.lastSentAt, t('never')),
    },
    { term: t('Recorded'), text: at(payment.createdOn, '') },
    { term: t('Due'), text: at(payment.dueAt, '') },
    { term: t('Next look'), text: at(payment.nextActionAt, t('None: it has come to its end')) },
    {
      term: t('Held by a worker'),
      text: payment.leaseUntil ? t('until {time}', { time: at(payment.leaseUntil, '') }) : t('No'),
    },
    { term: t('Ended'), text: at(payment.finalOn, t('Not yet')) },
  ]
}

function eventOf({ kind }: Payment, event: PaymentEvent, timezone: string) {
  const { label, tone } = wordsOf({ kind, state: event.to })
  const because = [event.reason, event.bankCode].filter(Boolean).join(' · ')
  return {
    title: `${label} (${event.to})`,
    text: because,
    at: formatExactly(event.at, timezone),
    atIso: event.at.toISOString(),
    tone,
  }
}

function differenceRow({ kind, detail, firstSeenOn, goneOn }: ReconciliationDifference, timezone: string) {
  const { ours, theirs } = detail as { ours?: string; theirs?: string }
  return {
    cells: [
      { text: kind },
      { text: formatInstant(firstSeenOn, timezone) },
      { text: ours ?? '' },
      { text: theirs ?? '' },
      { text: goneOn ? formatInstant(goneOn, timezone) : t('open') },
    ],
  }
}
