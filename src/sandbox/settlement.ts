/**
 * How payments move by themselves. Nothing runs on a timer: each payment carries the steps still ahead of it, and
 * whoever looks at the bank first lets every step that is due happen, in the order of their instants.
 */

import type { Bank } from './bank.ts'
import { COURSE, type Outcome } from './courses.ts'
import { release, reserve, transfer } from './ledger.ts'
import type { Account, Payment, PaymentStatus, Step, TppMessage } from './model.ts'
import { countryOfBbanType } from './numbers.ts'
import { dayOf, later } from './sandbox-clock.ts'
import type { Store } from './store.ts'

/** So many statuses of a payment's past are kept. */
const PAST_KEPT = 5

const NO_FUNDS = error('AM04', 'The debtor account does not hold enough for this payment.')
/** What a planned failure says for itself. */
const FAILURES: Partial<Record<PaymentStatus, TppMessage>> = {
  InsufficientFunds: NO_FUNDS,
  LimitExceeded: error('AM21', 'The amount exceeds what the customer may pay.'),
  Rejected: error('NARR', 'The bank does not carry out this payment.'),
}

/** Lets everything happen that is due by now. Money moves here and only here, once per payment. */
export function settleDue(bank: Bank): void {
  const due = dueSteps(bank.store, bank.clock.now().toISOString())
  if (due.length === 0) return
  bank.store.write(() => {
    for (const { id, step } of due) {
      const payment = bank.store.get('payment', id)
      if (payment?.plan[0] === step) takeStep(bank.store, payment)
    }
  })
}

/** Sets a confirmed payment on its course; with no delay its first status is reached at once, the next on the next look. */
export function startCourse(bank: Bank, payment: Payment, outcome: Outcome | null): Payment {
  const { store, clock, settings } = bank
  const plan = planned(payment, COURSE[outcome ?? 'usual'], clock.now(), settings.settleDelayMs)
  const started: Payment = { ...inStatus(payment, 'PendingUserApproval'), plan }
  store.put('payment', started)
  return settings.settleDelayMs === 0 ? takeStep(store, started) : started
}

/** The customer must approve; if nobody does, the payment lapses. */
export function awaitApproval(bank: Bank, payment: Payment, signingId: string, expiresAt: string): Payment {
  const plan: Step[] = [{ at: expiresAt, to: 'UserApprovalTimeout' }]
  const waiting: Payment = { ...inStatus(payment, 'PendingUserApproval'), plan, signingId }
  bank.store.put('payment', waiting)
  return waiting
}

export function approve(bank: Bank, payment: Payment): Payment {
  const now = bank.clock.now()
  const toPaid = planned(payment, ['Paid'], now, bank.settings.settleDelayMs)
  const plan: Step[] = [{ at: now.toISOString(), to: 'Confirmed' }, ...toPaid]
  return takeStep(bank.store, { ...payment, plan })
}

/** Ends a payment without moving money; what was held back is released. */
export function endPayment(store: Store, payment: Payment, status: PaymentStatus): Payment {
  const ended: Payment = { ...inStatus(release(store, payment), status), plan: [] }
  store.put('payment', ended)
  return ended
}

function planned(payment: Payment, course: PaymentStatus[], from: Date, delayMs: number): Step[] {
  return course.map((to, index) => {
    const at = later(from, delayMs * (index + 1))
    const notBefore = `${payment.executionDate}T00:00:00.000Z`
    return { at: to === 'Paid' && at < notBefore ? notBefore : at, to }
  })
}

interface DueStep {
  id: string
  seq: number
  step: Step
}

function dueSteps(store: Store, now: string): DueStep[] {
  const due: DueStep[] = []
  for (const { id, seq, plan } of store.moving()) {
    for (const step of plan) if (step.at <= now) due.push({ id, seq, step })
  }
  return due.sort((a, b) => (a.step.at === b.step.at ? a.seq - b.seq : a.step.at < b.step.at ? -1 : 1))
}

/** The step counts as taken at its own instant, however late somebody looks. */
function takeStep(store: Store, payment: Payment): Payment {
  const [step, ...plan] = payment.plan
  if (!step) return payment
  const moved = arrive(store, { ...payment, plan }, step)
  store.put('payment', moved)
  return moved
}

function arrive(store: Store, payment: Payment, { at, to: status }: Step): Payment {
  if (status === 'Confirmed') return confirmed(store, payment)
  if (status === 'Paid') return execute(store, payment, new Date(at))
  const message = FAILURES[status]
  if (message) return failed(store, payment, status, message)
  return inStatus(release(store, payment), status)
}

/** Without the funds nothing is held back yet: they may still come before the payment is executed. */
function confirmed(store: Store, payment: Payment): Payment {
  const debtor = store.get('account', payment.debtorAccountId)
  const next = inStatus(payment, 'Confirmed')
  const missing = next.plan[0]?.to === 'InsufficientFunds'
  if (!debtor || missing || debtor.availableMinor < payment.amountMinor) return next
  return reserve(store, debtor, next)
}

function execute(store: Store, payment: Payment, now: Date): Payment {
  const debtor = store.get('account', payment.debtorAccountId)
  if (!debtor) return failed(store, payment, 'Rejected', error('AC02', 'The debtor account is not known.'))
  const creditor = creditorHere(store, payment)
  if (creditor && creditor.currency !== payment.currency) {
    return failed(store, payment, 'Rejected', error('AC03', 'The creditor account has another currency.'))
  }
  if (!payment.reserved && debtor.availableMinor < payment.amountMinor) {
    return failed(store, payment, 'InsufficientFunds', NO_FUNDS)
  }
  transfer(store, payment, debtor, creditor, now)
  return { ...inStatus(payment, 'Paid'), reserved: false, executionDate: dayOf(now) }
}

/** null: the money goes to another bank, or to a giro number. */
function creditorHere(store: Store, { creditor }: Payment): Account | null {
  const { _type, value } = creditor.account
  const country = countryOfBbanType(_type)
  if (_type !== 'IBAN' && !country) return null
  return store.accountByNumber(value, country) ?? null
}

function failed(store: Store, payment: Payment, status: PaymentStatus, message: TppMessage): Payment {
  const ended = inStatus(release(store, payment), status)
  return { ...ended, plan: [], messages: [...payment.messages, message] }
}

function inStatus(payment: Payment, status: PaymentStatus): Payment {
  const earlier = [...(payment.earlier ?? []), payment.status].slice(-PAST_KEPT)
  return { ...payment, status, earlier }
}

function error(code: string, text: string): TppMessage {
  return { category: 'ERROR', code, text }
}
