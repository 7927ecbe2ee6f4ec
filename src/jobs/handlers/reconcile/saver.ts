import { BankError, possibleIbans } from '../../../bank/index.ts'
import type { Actor } from '../../../models/context.ts'
import type { AccountEntries, ListedOrder, MoneyToCheck, Recorded } from '../../../models/reconciliation.ts'
import { daysToRead } from '../../../models/reconciliation.ts'
import { distrustRefused, type OpenBank, openBank } from '../settle/bank-access.ts'
import type { ReconcileDeps } from './deps.ts'

export interface SaverCompared {
  found: Recorded[]
  /** Why the comparison is not whole; null when it is. */
  skipped: string | null
}

/** A list of accounts and the transactions of two; fewer reads than that are left to the payments. */
const LEAST_READS = 3

/** Reads one saver's orders and accounts at the bank and has the books held against them. One saver's trouble is no other's. */
export async function compareSaver(deps: ReconcileDeps, userId: string, by: Actor): Promise<SaverCompared> {
  const found: Recorded[] = []
  try {
    const bank = await openBank(deps, userId, { purpose: 'upkeep' })
    if (bank.kind === 'busy') return { found, skipped: 'bank-busy' }
    if (bank.kind === 'closed') return { found, skipped: bank.reason }
    return { found, skipped: await compareAtBank(deps, userId, bank, by, found) }
  } catch (error) {
    deps.log.error('a saver could not be compared', { userId, error })
    return { found, skipped: 'error' }
  }
}

/** @returns why the comparison is not whole; null when it is. */
async function compareAtBank(
  deps: ReconcileDeps,
  userId: string,
  bank: OpenBank,
  by: Actor,
  found: Recorded[],
): Promise<string | null> {
  try {
    found.push(...(await compareOrders(deps, userId, bank, by)))
    const money = await compareMoney(deps, userId, bank, by)
    found.push(...money.found)
    return money.skipped
  } catch (error) {
    if (!(error instanceof BankError)) throw error
    await distrustRefused(deps, bank.consentId, error.kind)
    return `bank-${error.kind}`
  }
}

async function compareOrders(
  { models, bank }: ReconcileDeps,
  userId: string,
  { country, context }: OpenBank,
  by: Actor,
): Promise<Recorded[]> {
  const expected = await models.reconciliation.expectedOrders(userId)
  const orders = await bank.listOrders(country, context)
  const hashesOf = hasher({ models })
  const listed = orders.map(
    (order): ListedOrder => ({
      ...order,
      debtorHashes: hashesOf(order.debtorNumber),
      creditorHashes: hashesOf(order.creditorNumber),
    }),
  )
  return models.reconciliation.compareOrders(userId, expected, listed, by)
}

async function compareMoney(
  deps: ReconcileDeps,
  userId: string,
  bank: OpenBank,
  by: Actor,
): Promise<SaverCompared> {
  const { models } = deps
  const toCheck = await models.reconciliation.moneyToCheck(userId)
  const hashes = new Set(
    toCheck.payments.flatMap(({ debtorHash, creditorHash }) => [debtorHash, creditorHash]),
  )
  if (hashes.size === 0) return { found: [], skipped: null }
  const { left } = await models.bankCalls.unattendedReads(userId)
  if (left !== null && left < Math.max(LEAST_READS, 1 + hashes.size))
    return { found: [], skipped: 'reads-used-up' }
  const accounts = await readAccounts(deps, bank, [...hashes], toCheck)
  if (accounts === null) return { found: [], skipped: 'account-missing' }
  return {
    found: await models.reconciliation.compareMoney(userId, toCheck, accounts, by),
    skipped: null,
  }
}

/** @returns null when the bank doesn't list one of the accounts: nothing can be said of its money then. */
async function readAccounts(
  { models, bank, clock }: ReconcileDeps,
  { context }: OpenBank,
  hashes: readonly string[],
  { since }: MoneyToCheck,
): Promise<AccountEntries[] | null> {
  const listed = await bank.listAccounts(context)
  const wanted = hashes.map((hashedAccNo) => models.accounts.findAtBank({ hashedAccNo }, listed))
  if (wanted.includes(null)) return null
  const hashesOf = hasher({ models })
  const entries: AccountEntries[] = []
  for (const account of wanted.filter((each) => each !== null)) {
    const transactions = await bank.transactions(account.id, daysToRead(since, clock.now()), context)
    entries.push({
      accountHash: models.accounts.hashOf(account),
      transactions: transactions.map((transaction) => ({
        ...transaction,
        counterpartyHashes: hashesOf(transaction.counterpartyNumber),
      })),
    })
  }
  return entries
}

/** A number as the bank writes it may stand for several accounts; no number is kept, and few are hashed twice. */
function hasher({ models }: Pick<ReconcileDeps, 'models'>): (number: string | null) => string[] | null {
  const known = new Map<string, string[]>()
  return (number) => {
    if (number === null) return null
    const hashes = known.get(number) ?? possibleIbans(number).map((iban) => models.accounts.hashOf({ iban }))
    known.set(number, hashes)
    return hashes
  }
}
