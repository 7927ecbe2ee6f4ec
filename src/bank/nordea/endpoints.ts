/** Everything that the client can ask of the bank, out of the same table that it asks by. */
import type { BankEndpoint } from '../words.ts'
import type { Profile } from './profiles.ts'

/** Both lists of payments, by scheme: which one it is hangs on the country. */
const SCHEMES = ['domestic', 'sepa'] as const

export function endpointsOf(profile: Profile, { sandbox }: { sandbox: boolean }): BankEndpoint[] {
  return [
    ...authorizationEndpoints(profile),
    ...accountEndpoints(profile),
    ...SCHEMES.flatMap((scheme) => paymentEndpoints(profile, `${profile.paymentsPath}/${scheme}`)),
    ...(sandbox ? sandboxEndpoints(profile) : []),
  ]
}

function authorizationEndpoints({ authorize, tokenPath, revokePath }: Profile): BankEndpoint[] {
  const data = 'credential'
  return [
    endpoint('authorization.begin', authorize.style === 'query' ? 'GET' : 'POST', authorize.path, data),
    endpoint('authorization.exchange', 'POST', tokenPath, data),
    endpoint('authorization.refresh', 'POST', tokenPath, data),
    ...(revokePath === null ? [] : [endpoint('authorization.revoke', 'POST', revokePath, data)]),
  ]
}

function accountEndpoints({ accountsPath }: Profile): BankEndpoint[] {
  const data = 'identifying, financial'
  return [
    endpoint('accounts.list', 'GET', accountsPath, data),
    endpoint('accounts.detail', 'GET', `${accountsPath}/:id`, data),
    endpoint('accounts.transactions', 'GET', `${accountsPath}/:id/transactions`, data),
  ]
}

function paymentEndpoints({ confirm, canDelete }: Profile, path: string): BankEndpoint[] {
  const data = 'financial'
  return [
    endpoint('payments.list', 'GET', path, data),
    endpoint('payments.initiate', 'POST', path, data),
    endpoint('payments.detail', 'GET', `${path}/:id`, data),
    endpoint('payments.confirm', 'PUT', confirm === 'each' ? `${path}/:id/confirm` : `${path}/confirm`, data),
    ...(canDelete ? [endpoint('payments.delete', 'DELETE', `${path}/:id`, data)] : []),
  ]
}

/** Only at a sandbox: made-up people, made-up money. */
function sandboxEndpoints({ sandboxAccountsPath: path, accountsPath }: Profile): BankEndpoint[] {
  const data = 'none'
  return [
    ...(path === accountsPath ? [] : [endpoint('accounts.list', 'GET', path, data)]),
    endpoint('sandbox.create-account', 'POST', path, data),
    endpoint('sandbox.delete-account', 'DELETE', `${path}/:id`, data),
    endpoint('sandbox.create-transaction', 'POST', `${path}/:id/transactions`, data),
  ]
}

function endpoint(api: string, method: string, path: string, data: string): BankEndpoint {
  const version = /\/(v\d+)\//.exec(`${path}/`)?.[1] ?? ''
  return { api, method, path, version, data }
}
