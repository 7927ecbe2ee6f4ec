import { type BankAccount, BankError } from '../../../bank/index.ts'
import type { Claim, PaymentReason } from '../../../models/payment.ts'
import { distrustRefused, type OpenBank } from './bank-access.ts'
import type { Run } from './run.ts'

export interface Ready {
  kind: 'ready'
  bank: OpenBank
  /** What the bank lists now. */
  accounts: BankAccount[]
}
export type Hindrance =
  /** Nothing can be sent for this saver until the reason is gone. */
  | { kind: 'blocked'; reason: PaymentReason; lookAgainAt?: Date }
  /** The bank can't be asked now. */
  | { kind: 'later'; retryAfterSeconds: number | null }

/** What every order of a saver needs: a consent with a token, and the accounts as the bank lists them now. */
export async function prepare(run: Run): Promise<Ready | Hindrance> {
  const bank = await run.bank()
  if (bank.kind === 'closed') return { kind: 'blocked', reason: bank.reason }
  if (bank.kind === 'busy') return { kind: 'later', retryAfterSeconds: null }
  return (await readsUsedUp(run)) ?? listAccounts(run, bank)
}

/** The bank counts reads while the saver is away; rather than being refused, we wait until the next one is allowed. */
async function readsUsedUp(run: Run): Promise<Hindrance | null> {
  if (run.presence) return null
  const { left, nextAllowedAt } = await run.deps.models.bankCalls.unattendedReads(run.userId)
  if (left === null || left > 0) return null
  return {
    kind: 'blocked',
    reason: 'reads-used-up',
    ...(nextAllowedAt ? { lookAgainAt: nextAllowedAt } : {}),
  }
}

async function listAccounts(run: Run, bank: OpenBank): Promise<Ready | Hindrance> {
  try {
    return { kind: 'ready', bank, accounts: await run.deps.bank.listAccounts(bank.context) }
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    if (error.kind === 'consent-denied') return { kind: 'blocked', reason: 'no-consent' }
    await distrustRefused(run.deps, bank.consentId, error.kind)
    return { kind: 'later', retryAfterSeconds: error.retryAfterSeconds }
  }
}

export type Sides =
  | { kind: 'found'; debtor: BankAccount; creditor: BankAccount & { name: string } }
  | { kind: 'blocked'; reason: PaymentReason }

/** The two accounts of one payment in the bank's list. Money is brought back even when other accounts are chosen now. */
export async function sidesOf(run: Run, { payment }: Claim, listed: readonly BankAccount[]): Promise<Sides> {
  const { accounts } = run.deps.models
  const own = await accounts.sidesOf(payment)
  const isChosen = own.debtor.isDebitor && own.creditor.isCreditor
  if (payment.kind === 'SAVING' && !isChosen) return { kind: 'blocked', reason: 'accounts-changed' }
  const debtor = accounts.findAtBank(own.debtor, listed)
  const creditor = accounts.findAtBank(own.creditor, listed)
  if (!debtor?.open || !creditor?.open) return { kind: 'blocked', reason: 'account-missing' }
  if (debtor.currency !== payment.currency || creditor.currency !== payment.currency) {
    return { kind: 'blocked', reason: 'currency-differs' }
  }
  return { kind: 'found', debtor, creditor }
}
