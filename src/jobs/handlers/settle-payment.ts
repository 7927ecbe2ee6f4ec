import type {
  Bank,
  BankAccount,
  BankOrder,
  BankTroubleKind,
  CallContext,
  Country,
  OrderOutcome,
  OrderStatus,
} from '../../bank/index.ts'
import { BankError } from '../../bank/index.ts'
import type { Clock } from '../../clock.ts'
import { HOUR, MINUTE, SECOND } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { currentRequestId } from '../../logger.ts'
import { type Actor, workerActor } from '../../models/context.ts'
import type { Models } from '../../models/index.ts'
import { mayMove } from '../../models/payment/states.ts'
import { type Claim, LeaseLost, lookAgain, type Move, type PaymentReason } from '../../models/payment.ts'

export interface SettleDeps {
  models: Models
  bank: Bank
  clock: Clock
  log: Logger
  rules: { pollSeconds: number; resendAfterSeconds: number }
  /** Told when the process is to end: the run stops at the next written state. */
  stopping?: AbortSignal
}

/** One run goes on while the payment does, and no longer than this; the next alarm continues. */
const MOST_STEPS = 8
/**
 * How soon a blocked payment looks whether its reason is gone; a saver who mends the reason wakes it at once. Reasons that
 * only the bank can tell spend one of the few reads a day that banks allow while the saver is away.
 */
const BLOCKED_PAUSE_MS = 15 * MINUTE
const BLOCKED_AT_BANK_PAUSE_MS = 6 * HOUR
const ONLY_BANK_KNOWS: readonly PaymentReason[] = ['account-missing', 'currency-differs']
/** What can't be sent is tried less and less often, up to this; every try leaves lines in the books. */
const LONGEST_RETRY_MS = HOUR
/** So is an order that never got a clear answer: a bank that lists nothing must not be given one order after another. */
const LONGEST_RESEND_WAIT_MS = HOUR

/** `null`: the payment waits or is final; otherwise the same claim, moved on. */
type Step = Promise<Claim | null>

/**
 * Brings one payment as far as it goes now. The state is always written before the bank is called, so whatever kills
 * this process, the next one knows what may have happened and asks the bank before it does anything.
 */
export function createSettlePayment(deps: SettleDeps) {
  const { models, bank, clock, log } = deps

  return async function settle({ paymentId }: { paymentId: string }): Promise<void> {
    let claim = await models.payments.claim(paymentId)
    if (!claim) return
    const by = workerActor(currentRequestId())
    const letGo = models.payments.hold(claim)
    try {
      for (let step = 0; claim && step < MOST_STEPS; step += 1) {
        if (step > 0 && deps.stopping?.aborted) break
        claim = await stepOn(deps, claim, by)
      }
      if (claim) await models.payments.wait(claim, clock.now())
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error
      log.info('another worker or the saver was faster', { paymentId })
    } finally {
      letGo()
    }
  }

  /** Exhaustive over the states that have something left to do. */
  function stepOn(deps: SettleDeps, claim: Claim, by: Actor): Step {
    switch (claim.payment.state) {
      case 'BLOCKED':
        return unblock(deps, claim, by)
      case 'SCHEDULED':
        return send(deps, claim, by)
      case 'SENDING':
        return interrupted(deps, claim, by)
      case 'UNKNOWN':
        return lookUp(deps, claim, by)
      case 'INITIATED':
        return confirm(deps, claim, by)
      case 'CONFIRMING':
      case 'AWAITING_APPROVAL':
      case 'ACCEPTED':
        return askStatus(deps, claim, by)
      default:
        log.warn('a final payment was claimed', { paymentId: claim.payment.id, profile: bank.profile })
        return Promise.resolve(null)
    }
  }
}

// ── SCHEDULED: everything is checked, then the state is written, then the order goes out ────────────────────────────

async function send(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const ready = await prepare(deps, claim)
  if (ready.kind === 'blocked') return block(deps, claim, ready.reason, by)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  return order(deps, claim, ready, by)
}

/** Still blocked: it waits on, without a line in its history. Otherwise it is scheduled again and goes on at once. */
async function unblock(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const ready = await prepare(deps, claim)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  if (ready.kind === 'blocked') {
    await deps.models.payments.wait(claim, after(deps, blockedPauseMs(ready.reason)), {
      reason: ready.reason,
    })
    return null
  }
  const scheduled: Move = { to: 'SCHEDULED', keepLease: true }
  return order(deps, await deps.models.payments.move(claim, scheduled, by), ready, by)
}

async function order(deps: SettleDeps, claim: Claim, ready: Ready, by: Actor): Step {
  const sending = await deps.models.payments.move(claim, { to: 'SENDING', keepLease: true }, by)
  if (!isHeld(deps, sending)) return interrupted(deps, sending, by)
  const { payment } = sending
  const outcome = await deps.bank.initiate(
    {
      externalId: payment.externalId,
      reference: payment.reference,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      debtor: ready.debtor,
      creditor: ready.creditor,
    },
    ready.context,
  )
  switch (outcome.kind) {
    case 'order':
      return deps.models.payments.move(
        sending,
        { to: 'INITIATED', bankPaymentId: outcome.order.bankPaymentId, keepLease: true },
        by,
      )
    case 'rejected':
      return end(deps, sending, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code }, by)
    case 'not-sent':
      await distrustRefused(deps, ready.consentId, outcome.because)
      return notSent(deps, sending, outcome, by)
    case 'conflict':
    case 'not-found':
    case 'unknown':
      return becomeUnknown(deps, sending, 'no-clear-answer', by)
  }
}

/**
 * A process that was stopped after it had written SENDING, and woke when its lease was over, must not send any more:
 * somebody else has asked the bank by then and may be sending.
 */
function isHeld(deps: SettleDeps, { payment }: Claim): boolean {
  return payment.leaseUntil !== null && deps.clock.now() < payment.leaseUntil
}

/** The bank certainly did nothing: back to where sending it is safe. */
async function notSent(
  deps: SettleDeps,
  claim: Claim,
  outcome: Extract<OrderOutcome, { kind: 'not-sent' }>,
  by: Actor,
): Step {
  const { models } = deps
  if (outcome.because === 'consent-denied') {
    await models.payments.move(
      claim,
      { to: 'BLOCKED', reason: 'no-consent', lookAgainAt: after(deps, BLOCKED_AT_BANK_PAUSE_MS) },
      by,
    )
    return null
  }
  await models.payments.move(
    claim,
    {
      to: 'SCHEDULED',
      reason: reasonOf(outcome.because),
      lookAgainAt: after(deps, retryPauseMs(deps, outcome.retryAfterSeconds, claim)),
    },
    by,
  )
  return null
}

/** Twice as long with every time the order went out, and never shorter than the bank wishes. */
function retryPauseMs(deps: SettleDeps, retryAfterSeconds: number | null, { payment }: Claim): number {
  const own = doubled(deps.rules.pollSeconds * SECOND, payment.attempts, LONGEST_RETRY_MS)
  return Math.max(own, (retryAfterSeconds ?? 0) * SECOND)
}

/** @returns `ms` for the first attempt and twice as much for each one after it, at most `longestMs` or `ms` itself. */
function doubled(ms: number, attempts: number, longestMs: number): number {
  return Math.max(ms, Math.min(ms * 2 ** Math.min(Math.max(attempts, 1) - 1, 20), longestMs))
}

// ── SENDING with nobody at it, and UNKNOWN: the bank is asked before anything else ──────────────────────────────────

function interrupted(deps: SettleDeps, claim: Claim, by: Actor): Step {
  return deps.models.payments.move(claim, { to: 'UNKNOWN', reason: 'interrupted', keepLease: true }, by)
}

async function lookUp(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const { externalId, bankPaymentId } = claim.payment
  if (bankPaymentId) return askStatus(deps, claim, by)
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const found = await deps.bank.findOrder(externalId, access.country, access.context)
  switch (found.kind) {
    case 'found':
      if (found.others)
        deps.log.error('the bank has several orders for one payment', { paymentId: claim.payment.id })
      return follow(deps, claim, found.order, by)
    case 'unknown':
      await distrustRefused(deps, access.consentId, found.because)
      return later(deps, claim, pauseMs(deps, found.retryAfterSeconds, claim))
    case 'absent':
      return resendWhenSafe(deps, claim, by)
  }
}

/**
 * A request that timed out may still be on its way inside the bank, so its first "no such order" proves nothing; after
 * the waiting time it does. The time doubles with every order that went out without a trace.
 */
async function resendWhenSafe(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const { lastSentAt, attempts } = claim.payment
  const waitMs = doubled(deps.rules.resendAfterSeconds * SECOND, attempts, LONGEST_RESEND_WAIT_MS)
  const leftMs = (lastSentAt?.getTime() ?? 0) + waitMs - deps.clock.now().getTime()
  if (leftMs > 0) return later(deps, claim, leftMs)
  const ready = await prepare(deps, claim)
  if (ready.kind === 'later') return later(deps, claim, ready.pauseMs)
  if (ready.kind === 'blocked') {
    await deps.models.payments.wait(claim, after(deps, blockedPauseMs(ready.reason)), {
      reason: ready.reason,
    })
    return null
  }
  return order(deps, claim, ready, by)
}

async function becomeUnknown(deps: SettleDeps, claim: Claim, reason: PaymentReason, by: Actor): Step {
  const lookAgainAt = after(deps, deps.rules.pollSeconds * SECOND)
  await deps.models.payments.move(claim, { to: 'UNKNOWN', reason, lookAgainAt }, by)
  return null
}

// ── INITIATED: the order lies at the bank and waits for our word ────────────────────────────────────────────────────

async function confirm(deps: SettleDeps, claim: Claim, by: Actor): Step {
  // Until our word is given no money moves, so the saver's stop switch still counts.
  const user = await deps.models.users.find(claim.payment.userId)
  if (user?.pausedUntil && user.pausedUntil > deps.clock.now()) {
    await deps.models.payments.wait(claim, after(deps, BLOCKED_PAUSE_MS), { reason: 'savings-paused' })
    return null
  }
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const confirming = await deps.models.payments.move(claim, { to: 'CONFIRMING', keepLease: true }, by)
  const bankPaymentId = bankIdOf(confirming)
  const [outcome] = await deps.bank.confirm(
    { bankPaymentIds: [bankPaymentId], country: access.country, returnState: confirming.payment.id },
    access.context,
  )
  switch (outcome?.kind) {
    case 'order':
      return follow(deps, confirming, outcome.order, by)
    case 'rejected':
      return end(deps, confirming, { to: 'REJECTED', reason: outcome.reason, bankCode: outcome.code }, by)
    case 'not-sent': {
      await distrustRefused(deps, access.consentId, outcome.because)
      const lookAgainAt = pauseFor(deps, outcome.retryAfterSeconds, confirming)
      return end(deps, confirming, { to: 'INITIATED', reason: reasonOf(outcome.because), lookAgainAt }, by)
    }
    case 'conflict':
      // Confirmed already, or another state than we thought: the order's own status tells.
      return askStatus(deps, confirming, by)
    default:
      return becomeUnknown(deps, confirming, 'no-clear-answer', by)
  }
}

// ── Confirmed: ask until the bank says how it ended ─────────────────────────────────────────────────────────────────

async function askStatus(deps: SettleDeps, claim: Claim, by: Actor): Step {
  const access = await openBank(deps, claim.payment.userId)
  if (access.kind !== 'open') return later(deps, claim, closedPauseMs(deps, access, claim))
  const outcome = await deps.bank.order(bankIdOf(claim), access.country, access.context)
  if (outcome.kind === 'order') return follow(deps, claim, outcome.order, by)
  if (outcome.kind === 'not-found') {
    // It was there once: what became of it only a person can find out.
    deps.log.error('the bank does not know an order that it gave an id', { paymentId: claim.payment.id })
  }
  const isTurnedAway = outcome.kind === 'not-sent'
  if (isTurnedAway) await distrustRefused(deps, access.consentId, outcome.because)
  return later(deps, claim, pauseMs(deps, isTurnedAway ? outcome.retryAfterSeconds : null, claim))
}

/** Makes of the bank's view of an order the move that it means. */
async function follow(deps: SettleDeps, claim: Claim, order: BankOrder, by: Actor): Step {
  const { payment } = claim
  if (order.amountMinor !== payment.amountMinor || order.currency !== payment.currency) {
    deps.log.error('the bank shows another amount than was ordered', { paymentId: payment.id })
    return payment.state === 'UNKNOWN'
      ? later(deps, claim, HOUR)
      : becomeUnknown(deps, claim, 'not-understood', by)
  }
  const move = moveFor(deps, claim, order)
  if (move === 'stay') return later(deps, claim, pauseMs(deps, null, claim), order.approvalUrl)
  const withId = payment.bankPaymentId ? move : { ...move, bankPaymentId: order.bankPaymentId }
  const moved = await deps.models.payments.move(claim, withId, by)
  return withId.keepLease ? moved : null
}

/** What the table does not allow directly goes through UNKNOWN: the bank is asked once more and then followed. */
function moveFor(deps: SettleDeps, claim: Claim, order: BankOrder): Move | 'stay' {
  const move = wishedMove(deps, claim, order)
  if (move === 'stay' || mayMove(claim.payment.state, move.to)) return move
  return { to: 'UNKNOWN', reason: 'no-clear-answer', keepLease: true }
}

function wishedMove(deps: SettleDeps, claim: Claim, order: BankOrder): Move | 'stay' {
  const { state } = claim.payment
  const status: OrderStatus = order.status
  const again = { lookAgainAt: pauseFor(deps, null, claim) }
  switch (status.kind) {
    case 'awaiting-confirmation':
      // After an approval the bank may want our word a second time; a bank that has accepted has it.
      if (state === 'ACCEPTED') return 'stay'
      // Our word has not arrived: it is given again, but not at once to a bank that has just heard it.
      return state === 'CONFIRMING' ? { to: 'INITIATED', ...again } : { to: 'INITIATED', keepLease: true }
    case 'awaiting-approval':
      // Without a link there is nothing for the saver to do: the bank is still working on our word.
      if (!order.approvalUrl) return state === 'UNKNOWN' ? { to: 'CONFIRMING', ...again } : 'stay'
      return state === 'AWAITING_APPROVAL'
        ? 'stay'
        : { to: 'AWAITING_APPROVAL', approvalUrl: order.approvalUrl, ...again }
    case 'on-hold':
      return state === 'AWAITING_APPROVAL'
        ? 'stay'
        : { to: 'AWAITING_APPROVAL', reason: 'bank-on-hold', ...again }
    case 'accepted':
      return state === 'ACCEPTED' ? 'stay' : { to: 'ACCEPTED', ...again }
    case 'paid':
      return { to: 'PAID' }
    case 'rejected':
      return { to: 'REJECTED', reason: status.reason, bankCode: status.code }
    case 'expired':
      return { to: 'EXPIRED', reason: status.reason }
    case 'cancelled':
      return { to: 'CANCELLED', reason: 'cancelled-at-bank' }
    case 'not-understood':
      return 'stay'
  }
}

// ── What an order needs: consent, token, and both accounts found in the bank's own list ─────────────────────────────

type Ready = {
  kind: 'ready'
  consentId: string
  context: CallContext
  debtor: BankAccount
  creditor: BankAccount & { name: string }
}
type Preparation = Ready | { kind: 'blocked'; reason: PaymentReason } | { kind: 'later'; pauseMs: number }

async function prepare(deps: SettleDeps, claim: Claim): Promise<Preparation> {
  const { models, clock } = deps
  const { payment } = claim
  const user = await models.users.find(payment.userId)
  if (user?.status !== 'ACTIVE') return { kind: 'blocked', reason: 'account-locked' }
  if (user.pausedUntil && user.pausedUntil > clock.now()) return { kind: 'blocked', reason: 'savings-paused' }
  if (payment.amountMinor > user.capPerPaymentMinor) return { kind: 'blocked', reason: 'cap-per-payment' }
  const chosen = await models.accounts.chosenBy(user.id)
  if (chosen?.debtor.id !== payment.debtorAccountId || chosen.creditor.id !== payment.creditorAccountId) {
    return { kind: 'blocked', reason: 'accounts-changed' }
  }
  const access = await openBank(deps, user.id)
  if (access.kind === 'closed') return { kind: 'blocked', reason: access.reason }
  if (access.kind === 'busy') return { kind: 'later', pauseMs: pauseMs(deps, null, claim) }
  const listed = await listAccounts(deps, access, claim)
  if (listed.kind !== 'listed') return listed
  const debtor = models.accounts.findAtBank(chosen.debtor, listed.accounts)
  const creditor = models.accounts.findAtBank(chosen.creditor, listed.accounts)
  if (!debtor?.open || !creditor?.open) return { kind: 'blocked', reason: 'account-missing' }
  if (debtor.currency !== payment.currency || creditor.currency !== payment.currency) {
    return { kind: 'blocked', reason: 'currency-differs' }
  }
  return { kind: 'ready', consentId: access.consentId, context: access.context, debtor, creditor }
}

async function listAccounts(
  deps: SettleDeps,
  access: OpenBank,
  claim: Claim,
): Promise<{ kind: 'listed'; accounts: BankAccount[] } | Exclude<Preparation, Ready>> {
  try {
    return { kind: 'listed', accounts: await deps.bank.listAccounts(access.context) }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    if (error.kind === 'consent-denied') return { kind: 'blocked', reason: 'no-consent' }
    await distrustRefused(deps, access.consentId, error.kind)
    return { kind: 'later', pauseMs: pauseMs(deps, error.retryAfterSeconds, claim) }
  }
}

/** A token that the bank refuses before its time is renewed at the next look, whichever call it was refused at. */
async function distrustRefused(deps: SettleDeps, consentId: string, because: BankTroubleKind): Promise<void> {
  if (because === 'token-expired' || because === 'token-invalid') {
    await deps.models.consents.distrustToken(consentId)
  }
}

type OpenBank = { kind: 'open'; consentId: string; country: Country; context: CallContext }
type ClosedBank = { kind: 'closed'; reason: 'no-consent' | 'consent-expired' } | { kind: 'busy' }

async function openBank(deps: SettleDeps, userId: string): Promise<OpenBank | ClosedBank> {
  const { models, bank } = deps
  const anonymous = { onBehalfOf: userId, actor: 'worker', requestId: currentRequestId() }
  // Read before it is used: a refusal must not end the consent that has replaced it in the meantime.
  const consent = await models.consents.live(userId)
  try {
    const access = await models.consents.accessFor(userId, (refreshToken) =>
      bank.refreshTokens(refreshToken, anonymous),
    )
    if (access.kind === 'busy') return { kind: 'busy' }
    if (access.kind === 'expired') return { kind: 'closed', reason: 'consent-expired' }
    if (access.kind === 'no-consent') return { kind: 'closed', reason: 'no-consent' }
    const context = { ...anonymous, accessToken: access.accessToken }
    return { kind: 'open', consentId: access.consentId, country: access.country, context }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    return endedAtBank(deps, consent?.id ?? null, error)
  }
}

/** A refused refresh token is the bank's word that the consent is over; anything else is only trouble for now. */
async function endedAtBank(
  deps: SettleDeps,
  consentId: string | null,
  error: BankError,
): Promise<ClosedBank> {
  const refused =
    error.kind === 'token-invalid' || error.kind === 'token-expired' || error.kind === 'invalid-request'
  if (!refused) return { kind: 'busy' }
  if (consentId) await deps.models.consents.endRefused(consentId, workerActor(currentRequestId()))
  return { kind: 'closed', reason: 'no-consent' }
}

// ── Waiting and ending ──────────────────────────────────────────────────────────────────────────────────────────────

async function block(deps: SettleDeps, claim: Claim, reason: PaymentReason, by: Actor): Step {
  await deps.models.payments.move(
    claim,
    { to: 'BLOCKED', reason, lookAgainAt: after(deps, blockedPauseMs(reason)) },
    by,
  )
  return null
}

/** A saver who links again wakes it. */
function closedPauseMs(deps: SettleDeps, access: ClosedBank, claim: Claim): number {
  return access.kind === 'closed' ? BLOCKED_PAUSE_MS : pauseMs(deps, null, claim)
}

function blockedPauseMs(reason: PaymentReason): number {
  return ONLY_BANK_KNOWS.includes(reason) ? BLOCKED_AT_BANK_PAUSE_MS : BLOCKED_PAUSE_MS
}

async function end(deps: SettleDeps, claim: Claim, move: Move, by: Actor): Step {
  await deps.models.payments.move(claim, move, by)
  return null
}

async function later(deps: SettleDeps, claim: Claim, pause: number, approvalUrl?: string): Step {
  await deps.models.payments.wait(claim, after(deps, pause), approvalUrl ? { approvalUrl } : {})
  return null
}

function after(deps: SettleDeps, ms: number): Date {
  return new Date(deps.clock.now().getTime() + ms)
}

function pauseFor(deps: SettleDeps, retryAfterSeconds: number | null, claim: Claim): Date {
  return after(deps, pauseMs(deps, retryAfterSeconds, claim))
}

/** Longer the longer the payment has been under way, and never shorter than the bank wishes. */
function pauseMs(deps: SettleDeps, retryAfterSeconds: number | null, { payment }: Claim): number {
  const now = deps.clock.now()
  const own =
    lookAgain(now, payment.lastSentAt ?? payment.dueAt, deps.rules.pollSeconds).getTime() - now.getTime()
  return Math.max(own, (retryAfterSeconds ?? 0) * SECOND)
}

function reasonOf(because: BankTroubleKind): PaymentReason {
  return because === 'rate-limited' ? 'bank-busy' : 'bank-unreachable'
}

function bankIdOf(claim: Claim): string {
  const { bankPaymentId, id, state } = claim.payment
  if (!bankPaymentId) throw new Error(`payment ${id} is ${state} without an order at the bank`)
  return bankPaymentId
}
