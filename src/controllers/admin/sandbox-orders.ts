import { BankError, type BankOrder, type OrderOutcome, type RejectionReason } from '../../bank/index.ts'
import { BankTrouble, NotFound } from '../../errors.ts'
import { formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import type { Flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import { bankTroubleFor } from '../bank-access.ts'
import type { FieldError } from '../forms/form.ts'
import { withCode } from './sandbox-access.ts'
import { flashKindOf, ORDER_WORDS, orderMoneyTone, REASON_WORDS, statusReason } from './sandbox-words.ts'

type Failure = Exclude<OrderOutcome, { kind: 'order' }>

/** The bank's view of one order. */
export function orderProps(order: BankOrder) {
  const { label, tone, meaning } = ORDER_WORDS[order.status.kind]
  const amount = { text: formatMoney(order.amountMinor, order.currency), tone: orderMoneyTone(order.status) }
  return {
    amount,
    badge: { text: t(label), tone },
    meaning: t(meaning),
    reasonText: statusReason(order.status),
    facts: [
      { term: t('The bank’s id'), text: order.bankPaymentId },
      { term: t('Our id'), text: order.externalId ?? t('none') },
      { term: t('Currency'), text: order.currency },
    ],
    bankPaymentId: order.bankPaymentId,
    confirmPath:
      order.status.kind === 'awaiting-confirmation' ? paths.adminConsoleCall('order-confirm') : null,
    approvalUrl: order.status.kind === 'awaiting-approval' ? (order.approvalUrl ?? null) : null,
    orderPath: paths.adminPayment(order.bankPaymentId),
  }
}

/** A sentence for every outcome of something that acts: `unknown` must never read as a no. */
export function outcomeWords(outcome: OrderOutcome): Flash {
  switch (outcome.kind) {
    case 'order': {
      const { label, meaning } = ORDER_WORDS[outcome.order.status.kind]
      return { kind: flashKindOf(outcome.order.status), text: `${t(label)}. ${t(meaning)}` }
    }
    case 'rejected': {
      const reason = withCode(t(REASON_WORDS[outcome.reason]), outcome.code)
      return { kind: 'problem', text: `${t('Nordea refused the order.')} ${reason}` }
    }
    case 'conflict': {
      const sentence = t('Nordea says that the order’s present state does not allow this.')
      return { kind: 'warning', text: withCode(sentence, outcome.code) }
    }
    case 'not-found':
      return { kind: 'warning', text: t('Nordea does not know this order.') }
    case 'not-sent':
      return { kind: 'problem', text: `${t('Nothing was done.')} ${troubleFor(outcome).meaning}` }
    case 'unknown': {
      const sentence = t('Nordea gave no clear answer, so it is not known whether it did this.')
      return { kind: 'warning', text: `${sentence} ${t('Look at the orders before you try again.')}` }
    }
  }
}

/** What the form of a new order says to what the bank refused because of it; null for everything else. */
export function refusalOf(outcome: OrderOutcome): FieldError | null {
  if (outcome.kind !== 'rejected') return null
  return { field: FIELD_OF[outcome.reason] ?? null, message: outcomeWords(outcome).text }
}

const FIELD_OF: Partial<Record<RejectionReason, string>> = {
  'debtor-account': 'debtorAccount',
  'creditor-account': 'creditorAccount',
  'insufficient-funds': 'amount',
  'limit-exceeded': 'amount',
}

/** Why there is no order to look at. */
export function cannotShow(failure: Failure): Error {
  if (failure.kind === 'not-found') return new NotFound()
  return 'because' in failure ? troubleFor(failure) : new BankTrouble(outcomeWords(failure).text)
}

function troubleFor({ because }: Extract<Failure, { because: unknown }>): BankTrouble {
  const trouble = bankTroubleFor(new BankError(because))
  if (trouble instanceof BankTrouble) return trouble
  throw trouble
}
