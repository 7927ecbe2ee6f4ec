/** A sandbox for one test, and the little of a client that these tests need; deliberately not the app's own client. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { type FaultOrder, type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'

export const CALLBACK = 'https://app.example/bank/callback'
export const RETURN = 'https://app.example/payments/return'
export const SAVINGS = '20301544118028'
export const EVERYDAY = '20301544117544'

export const ALL_SCOPES = [
  'ACCOUNTS_BASIC',
  'ACCOUNTS_BALANCES',
  'ACCOUNTS_DETAILS',
  'ACCOUNTS_TRANSACTIONS',
  'PAYMENTS_MULTIPLE',
]

const CLIENT = { 'X-IBM-Client-Id': 'app-1', 'X-IBM-Client-Secret': 'app-secret' }
export const CREDENTIALS = { ...CLIENT, Signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX' }

export type Version = 'v3' | 'v4' | 'v5'
export const PREFIX: Record<Version, string> = { v3: '/v3', v4: '/personal/v4', v5: '/personal/v5' }

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely; wrong guesses fail the test
export type Json = any

export interface Reply {
  status: number
  headers: Headers
  body: Json
}

export function optionsWith(overrides: Partial<SandboxOptions> = {}): SandboxOptions {
  return {
    port: 0,
    clientId: CLIENT['X-IBM-Client-Id'],
    clientSecret: CLIENT['X-IBM-Client-Secret'],
    redirectUris: [CALLBACK, RETURN],
    consentMode: 'straight-back',
    settleDelayMs: 0,
    approval: 'never',
    clock: new ManualClock('2026-11-20T10:00:00Z'),
    seed: 'standard',
    exposeControl: true,
    ...overrides,
  }
}

/** In a folder that isn't there yet, gone when the test ends. */
export function stateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox state '))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'deeper', 'sandbox.db')
}

/** Closed when the test ends, however it ends. */
export async function sandboxWith(overrides: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(optionsWith(overrides))
  onTestFinished(() => sandbox.close())
  return sandbox
}

export async function call(
  sandbox: Sandbox,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Reply> {
  const form = body instanceof URLSearchParams
  const sent = new Headers(headers)
  if (body !== undefined && !form && !sent.has('content-type')) sent.set('content-type', 'application/json')
  const response = await fetch(sandbox.url + path, {
    method,
    redirect: 'manual',
    headers: sent,
    ...(body !== undefined && { body: form || typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

export interface ConsentWish {
  country?: string
  scope?: string[]
  duration?: number
  accounts?: string[]
  max_tx_history?: number
}

/** Asks for consent the way the version does. */
export function authorize(sandbox: Sandbox, version: Version, wish: ConsentWish = {}): Promise<Reply> {
  const { country = 'DK', scope = ALL_SCOPES, duration = 129_600, accounts, max_tx_history } = wish
  const fields = {
    country,
    duration,
    redirect_uri: CALLBACK,
    state: 'state-1',
    ...(max_tx_history && { max_tx_history }),
  }
  if (version === 'v5') {
    const body = { ...fields, scope, ...(accounts && { account_list: accounts }) }
    return call(sandbox, 'POST', '/personal/v5/authorize', { headers: CREDENTIALS, body })
  }
  const query = new URLSearchParams({ client_id: CREDENTIALS['X-IBM-Client-Id'], scope: scope.join(',') })
  for (const [name, value] of Object.entries(fields)) query.set(name, String(value))
  for (const account of accounts ?? []) query.append(version === 'v3' ? 'accounts' : 'account_list', account)
  return call(sandbox, 'GET', `${PREFIX[version]}/authorize?${query}`)
}

export function codeIn(reply: Reply): string {
  return new URL(reply.headers.get('location') ?? '').searchParams.get('code') ?? ''
}

export function exchange(sandbox: Sandbox, version: Version, fields: Record<string, string>): Promise<Reply> {
  const body = new URLSearchParams(fields)
  return call(sandbox, 'POST', `${PREFIX[version]}/authorize/token`, { headers: CREDENTIALS, body })
}

export function exchangeCode(sandbox: Sandbox, version: Version, code: string): Promise<Reply> {
  return exchange(sandbox, version, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
}

export interface Customer {
  tokens: { access_token: string; refresh_token: string; expires_in: number }
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
}

/** A customer who has given consent; paths are within the version. */
export async function customerOf(
  sandbox: Sandbox,
  version: Version,
  wish: ConsentWish = {},
): Promise<Customer> {
  const code = codeIn(await authorize(sandbox, version, wish))
  const { body: tokens } = await exchangeCode(sandbox, version, code)
  const bearer = { ...CREDENTIALS, Authorization: `Bearer ${tokens.access_token}` }
  const send: Customer['send'] = (method, path, body, headers = {}) =>
    call(sandbox, method, PREFIX[version] + path, { headers: { ...bearer, ...headers }, body })
  return { tokens, send, get: (path, headers) => send('GET', path, undefined, headers) }
}

/** An order from the everyday account to the savings account, as v3 and v4 take it. */
export function order(amount: string | number, extra: Record<string, unknown> = {}): Json {
  return {
    amount,
    currency: 'DKK',
    external_id: 'order-1',
    debtor: { account: { _type: 'BBAN_DK', value: EVERYDAY, currency: 'DKK' }, message: 'Saved' },
    creditor: {
      account: { _type: 'BBAN_DK', value: SAVINGS },
      name: 'Me',
      message: 'Ref 123',
      reference: { _type: 'RF', value: 'RF18539007547034' },
    },
    ...extra,
  }
}

export const CREATE_ORDER = 'POST /personal/v4/payments/*'
export const CONFIRM_ORDER = 'PUT /personal/v4/payments/domestic/:id/confirm'

export interface Trouble {
  sandbox: Sandbox
  customer: Customer
}

/** A fresh sandbox, a v4 customer who has given consent, and then the fault. */
export async function underFault(
  fault: FaultOrder,
  overrides: Partial<SandboxOptions> = {},
): Promise<Trouble> {
  const sandbox = await sandboxWith(overrides)
  const customer = await customerOf(sandbox, 'v4')
  sandbox.control.addFault(fault)
  return { sandbox, customer }
}

export const createOrder = (customer: Customer, amount = '1.00') =>
  customer.send('POST', '/payments/domestic', order(amount))

/** @returns the order's id. */
export async function ordered(customer: Customer, amount = '1.00'): Promise<string> {
  return (await createOrder(customer, amount)).body.response._id
}

export const confirmOrder = (customer: Customer, id: string) =>
  customer.send('PUT', `/payments/domestic/${id}/confirm`)

export const showOrder = async (customer: Customer, id: string): Promise<Json> =>
  (await customer.get(`/payments/domestic/${id}`)).body.response
