import { type BankAccount, BankError, type CallContext } from '../../../bank/index.ts'
import type { Claim, PaymentReason } from '../../../models/payment.ts'
import { distrustRefused, type OpenBank, openBank } from './bank-access.ts'
import type { SettleDeps } from './deps.ts'
import { pauseMs } from './waiting.ts'

export type Ready = {
  kind: 'ready'
  consentId: string
  context: CallContext
  debtor: BankAccount
  creditor: BankAccount & { name: string }
}
export type Preparation =
  | Ready
  | { kind: 'blocked'; reason: PaymentReason }
  | { kind: 'later'; pauseMs: number }

/** What an order needs: the saver's wish, a consent with a token, and both accounts found in the bank's own list. */
export async function prepare(deps: SettleDeps, claim: Claim): Promise<Preparation> {
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
