/** Which version of each of the bank's interfaces is spoken, and how they differ: a table, not branches. */
import { BankError, type Country } from '../words.ts'

export interface Profile {
  readonly name: 'paper' | 'current'
  /** Signature, Digest and Originating headers on every call. */
  readonly signed: boolean
  readonly authorize: { readonly style: 'query' | 'json'; readonly path: string }
  readonly tokenPath: string
  readonly revokePath: string | null
  readonly accountsPath: string
  /** Where the sandbox creates and deletes accounts and adds transactions. */
  readonly sandboxAccountsPath: string
  readonly transactionQuery: { readonly from: string; readonly to: string; readonly continuation: string }
  readonly paymentsPath: string
  /** One confirmation for several orders, or one call each without a body. */
  readonly confirm: 'together' | 'each'
  readonly canDelete: boolean
}

/** Version 3 of everything: no signatures, redirect by GET, no revocation, no deletion. */
const PAPER: Profile = {
  name: 'paper',
  signed: false,
  authorize: { style: 'query', path: '/v3/authorize' },
  tokenPath: '/v3/authorize/token',
  revokePath: null,
  accountsPath: '/v3/accounts',
  sandboxAccountsPath: '/v3/accounts',
  transactionQuery: { from: 'fromDate', to: 'toDate', continuation: 'continuationKey' },
  paymentsPath: '/v3/payments',
  confirm: 'each',
  canDelete: false,
}

/** What the bank calls current for people: authorization and accounts 5, payments 4. */
const CURRENT: Profile = {
  name: 'current',
  signed: true,
  authorize: { style: 'json', path: '/personal/v5/authorize' },
  tokenPath: '/personal/v5/authorize/token',
  revokePath: '/personal/v5/authorize/token/revoke',
  accountsPath: '/personal/v5/accounts',
  sandboxAccountsPath: '/personal/v4/accounts',
  transactionQuery: { from: 'from_date', to: 'to_date', continuation: 'continuation_key' },
  paymentsPath: '/personal/v4/payments',
  confirm: 'together',
  canDelete: true,
}

export const PROFILES: Readonly<Record<Profile['name'], Profile>> = { paper: PAPER, current: CURRENT }

/** Finland pays by SEPA, the others by their domestic scheme; the bank keeps separate lists. */
export function paymentsPath(profile: Profile, country: Country): string {
  return `${profile.paymentsPath}/${country === 'FI' ? 'sepa' : 'domestic'}`
}

/** One opaque id as one path segment. @throws BankError for the few values that would name another path. */
export function segment(id: string): string {
  if (id === '' || id === '.' || id === '..') throw new BankError('invalid-request', { code: 'not an id' })
  return encodeURIComponent(id.toWellFormed())
}
