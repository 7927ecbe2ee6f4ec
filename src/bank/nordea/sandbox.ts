/** The sandbox's own calls, which no real bank has: accounts made and unmade, money out of thin air. */
import type { Clock } from '../../clock.ts'
import { toDecimal } from '../../money.ts'
import { type BankAccount, BankError, type CallContext, type SandboxBank } from '../words.ts'
import { accountPath, accountsAt } from './accounts.ts'
import type { Call, Caller } from './caller.ts'
import { read, readAccount } from './parser.ts'
import type { Profile } from './profiles.ts'
import { errorOf } from './trouble.ts'

export function sandboxBank(call: Caller, profile: Profile, clock: Clock): SandboxBank {
  const { sandboxAccountsPath } = profile
  const idFor = (id: string, context: CallContext) => sandboxId(call, profile, id, context)
  return {
    async createAccount(account, context) {
      const balance = toDecimal(account.balanceMinor)
      const result = await call(
        {
          api: 'sandbox.create-account',
          method: 'POST',
          path: sandboxAccountsPath,
          json: {
            country: account.country,
            account_numbers: [{ _type: account.number.type, value: account.number.value }],
            currency: account.currency,
            account_name: account.name,
            product: 'Account',
            account_type: account.kind === 'savings' ? 'Savings' : 'Current',
            available_balance: balance,
            booked_balance: balance,
            value_dated_balance: balance,
            status: 'OPEN',
          },
          acts: true,
          success: [200, 201],
          read: ({ json }) => readAccount(json),
        },
        context,
      )
      if (!result.ok) throw errorOf(result.trouble)
      return asListed(call, profile, result.value, context)
    },

    async deleteAccount(id, context) {
      const path = accountPath(sandboxAccountsPath, await idFor(id, context))
      const result = await call({ ...blind('sandbox.delete-account', path), method: 'DELETE' }, context)
      if (!result.ok) throw errorOf(result.trouble)
    },

    async createTransaction(accountId, { amountMinor, currency, text }, context) {
      const today = clock.now().toISOString().slice(0, 10)
      const json = {
        amount: toDecimal(amountMinor),
        currency,
        status: 'billed',
        booking_date: today,
        value_date: today,
        transaction_date: today,
        narrative: text,
        message: text,
      }
      const path = `${accountPath(sandboxAccountsPath, await idFor(accountId, context))}/transactions`
      const result = await call(
        { ...blind('sandbox.create-transaction', path), method: 'POST', json },
        context,
      )
      if (!result.ok) throw errorOf(result.trouble)
    },
  }
}

/** Calls whose answer holds nothing. */
function blind(api: string, path: string): Omit<Call<undefined>, 'method'> {
  return { api, path, acts: true, success: [200, 201, 204], read: () => read(undefined) }
}

/**
 * Where these calls are of an older version than the account lists, the same account has another id there: the number
 * leads from one to the other. An id that isn't listed is taken as it is.
 */
async function sandboxId(call: Caller, profile: Profile, id: string, context: CallContext): Promise<string> {
  if (profile.sandboxAccountsPath === profile.accountsPath) return id
  const listed = await accountsAt(call, profile, profile.accountsPath, context)
  const account = listed.find((candidate) => candidate.id === id)
  if (!account) return id
  const olds = await accountsAt(call, profile, profile.sandboxAccountsPath, context)
  return olds.find((candidate) => candidate.iban === account.iban)?.id ?? id
}

/** The new account under the id the app will meet it by. It exists by now, so a list that fails changes nothing. */
async function asListed(
  call: Caller,
  profile: Profile,
  created: BankAccount,
  context: CallContext,
): Promise<BankAccount> {
  if (profile.sandboxAccountsPath === profile.accountsPath) return created
  try {
    const listed = await accountsAt(call, profile, profile.accountsPath, context)
    return listed.find((candidate) => candidate.iban === created.iban) ?? created
  } catch (error) {
    if (error instanceof BankError) return created
    throw error
  }
}
