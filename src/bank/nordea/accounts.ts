/** Accounts and their transactions. */
import { type Bank, type BankAccount, BankError, type BankTransaction, type CallContext } from '../words.ts'
import type { Caller } from './caller.ts'
import { type Page, readAccount, readAccounts, readTransactions, type UnpricedTransaction } from './parser.ts'
import { type Profile, segment } from './profiles.ts'
import { errorOf } from './trouble.ts'

type Accounts = Pick<Bank, 'listAccounts' | 'account' | 'transactions'>

/** A page seen held 40: this is two thousand transactions, more than any range the app asks for. */
const MAX_PAGES = 50

export function accounts(call: Caller, profile: Profile): Accounts {
  const account = async (id: string, context: CallContext): Promise<BankAccount> => {
    const result = await call(
      {
        api: 'accounts.detail',
        method: 'GET',
        path: accountPath(profile.accountsPath, id),
        acts: false,
        success: [200],
        read: ({ json }) => readAccount(json),
      },
      context,
    )
    if (!result.ok) throw errorOf(result.trouble)
    return result.value
  }

  return {
    listAccounts: (context) => accountsAt(call, profile, profile.accountsPath, context),

    account,

    async transactions(accountId, range, context) {
      const names = profile.transactionQuery
      const found = await allPages(async (continuation) => {
        const query = { [names.from]: range.from, [names.to]: range.to }
        const result = await call(
          {
            api: 'accounts.transactions',
            method: 'GET',
            path: `${accountPath(profile.accountsPath, accountId)}/transactions`,
            query: continuation === null ? query : { ...query, [names.continuation]: continuation },
            acts: false,
            success: [200],
            read: ({ json }) => readTransactions(json),
          },
          context,
        )
        if (!result.ok) throw errorOf(result.trouble)
        return result.value
      })
      return found.every(isPriced) ? found : priced(found, (await account(accountId, context)).currency)
    },
  }
}

/** Accounts in a currency or country the app doesn't know are left out, and counted in the log's remark. */
export function accountsAt(
  call: Caller,
  profile: Profile,
  path: string,
  context: CallContext,
): Promise<BankAccount[]> {
  return allPages(async (continuation) => {
    const result = await call(
      {
        api: 'accounts.list',
        method: 'GET',
        path,
        ...(continuation === null
          ? {}
          : { query: { [profile.transactionQuery.continuation]: continuation } }),
        acts: false,
        success: [200],
        read: ({ json }) => readAccounts(json),
      },
      context,
    )
    if (!result.ok) throw errorOf(result.trouble)
    return result.value
  })
}

export function accountPath(accountsPath: string, id: string): string {
  return `${accountsPath}/${segment(id)}`
}

/** @throws BankError 'unreadable' where the pages don't end, or go in circles. */
async function allPages<T>(page: (continuation: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  const seen = new Set<string>()
  let continuation: string | null = null
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const next: Page<T> = await page(continuation)
    items.push(...next.items)
    if (next.continuation === null || next.items.length + next.leftOut === 0) return items
    if (seen.has(next.continuation)) break
    seen.add(next.continuation)
    continuation = next.continuation
  }
  throw new BankError('unreadable', { code: 'pages without end' })
}

function isPriced(transaction: UnpricedTransaction): transaction is BankTransaction {
  return transaction.currency !== null
}

/** Newer versions may leave the currency out: it is the account's. */
function priced(found: UnpricedTransaction[], currency: BankAccount['currency']): BankTransaction[] {
  return found.map((transaction) => ({ ...transaction, currency: transaction.currency ?? currency }))
}
