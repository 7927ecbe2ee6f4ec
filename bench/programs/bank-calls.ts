/** The bank's calls with nothing around them: no gate, no log, no doubt about an answer. */
import { Pool } from 'undici'

export interface BankAccess {
  origin: string
  clientId: string
  clientSecret: string
  baseUrl: string
}

/** One call as the log of bank calls keeps it. */
export interface MadeCall {
  api: string
  method: 'GET' | 'POST' | 'PUT'
  path: string
  status: number
  startedAt: Date
  durationMs: number
  requestBody: string | null
  responseBody: string
}

export interface Tokens {
  accessToken: string
  refreshToken: string
}

export interface Order {
  externalId: string
  reference: string
  amount: string
}

/** Two of the accounts that the emulator opens with; every saver of the bench saves between them. */
export const CURRENT_ACCOUNT = '20301544117544'
export const SAVINGS_ACCOUNT = '20301544118028'

const SCOPE = [
  'ACCOUNTS_BASIC',
  'ACCOUNTS_BALANCES',
  'ACCOUNTS_DETAILS',
  'ACCOUNTS_TRANSACTIONS',
  'PAYMENTS_MULTIPLE',
]
const TOKEN_PATH = '/personal/v5/authorize/token'
const PAYMENTS_PATH = '/personal/v4/payments/domestic'
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
/** As many as the app's client keeps. */
const CONNECTIONS = 16

export type BankCalls = ReturnType<typeof openBankCalls>

export function openBankCalls({ origin, clientId, clientSecret, baseUrl }: BankAccess) {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 })
  const redirectUri = `${baseUrl}/bank/callback`

  return {
    /** Consent and first tokens, from a bank that asks nobody. */
    async link(): Promise<Tokens> {
      const wish = {
        redirect_uri: redirectUri,
        state: 'bench',
        country: 'DK',
        scope: SCOPE,
        duration: 10_000,
      }
      const { headers } = await send('POST', '/personal/v5/authorize', null, JSON_TYPE, JSON.stringify(wish))
      const code = new URL(String(headers.location)).searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
      return tokensIn(await made('authorization.exchange', 'POST', TOKEN_PATH, null, FORM_TYPE, formOf(form)))
    },

    async token(refreshToken: string): Promise<{ call: MadeCall; tokens: Tokens }> {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const call = await made('authorization.refresh', 'POST', TOKEN_PATH, null, FORM_TYPE, formOf(form))
      return { call, tokens: tokensIn(call) }
    },

    accounts: (token: string): Promise<MadeCall> =>
      made('accounts.list', 'GET', '/personal/v5/accounts', token),

    async initiate(token: string, order: Order): Promise<{ call: MadeCall; bankPaymentId: string }> {
      const account = (value: string) => ({ _type: 'BBAN_DK', currency: 'DKK', value })
      const json = {
        amount: order.amount,
        currency: 'DKK',
        external_id: order.externalId,
        debtor: { account: account(CURRENT_ACCOUNT), message: order.reference },
        creditor: { account: account(SAVINGS_ACCOUNT), message: order.reference },
      }
      const body = JSON.stringify(json)
      const call = await made('payments.initiate', 'POST', PAYMENTS_PATH, token, JSON_TYPE, body)
      return { call, bankPaymentId: JSON.parse(call.responseBody).response._id }
    },

    confirm(token: string, ids: readonly string[], state: string): Promise<MadeCall> {
      const json = { payments_ids: ids, redirect_url: `${baseUrl}/payments/return`, state }
      const path = `${PAYMENTS_PATH}/confirm`
      return made('payments.confirm', 'PUT', path, token, JSON_TYPE, JSON.stringify(json))
    },

    /** @throws unless the money has moved. */
    async show(token: string, id: string): Promise<MadeCall> {
      const call = await made('payments.detail', 'GET', `${PAYMENTS_PATH}/${id}`, token)
      const status = JSON.parse(call.responseBody).response.payment_status
      if (status !== 'Paid') throw new Error(`a payment is ${status} instead of paid`)
      return call
    },

    /** Enough for whatever the bench will pay. */
    async addFunds(token: string): Promise<void> {
      const funds = { amount: '9000000.00', currency: 'DKK', status: 'billed' }
      const path = `/personal/v4/accounts/DK${CURRENT_ACCOUNT}-DKK/transactions`
      await send('POST', path, token, JSON_TYPE, JSON.stringify(funds))
    },

    close: () => pool.close(),
  }

  async function made(
    api: string,
    method: MadeCall['method'],
    path: string,
    token: string | null,
    type = '',
    body: string | null = null,
  ): Promise<MadeCall> {
    const startedAt = new Date()
    const start = performance.now()
    const { status, text } = await send(method, path, token, type, body)
    const durationMs = Math.round(performance.now() - start)
    return { api, method, path, status, startedAt, durationMs, requestBody: body, responseBody: text }
  }

  async function send(
    method: MadeCall['method'],
    path: string,
    token: string | null,
    type: string,
    body: string | null,
  ) {
    const {
      statusCode,
      headers,
      body: answer,
    } = await pool.request({
      method,
      path,
      body,
      headers: {
        accept: JSON_TYPE,
        'x-ibm-client-id': clientId,
        'x-ibm-client-secret': clientSecret,
        signature: 'SKIP_SIGNATURE_VALIDATION_FOR_SANDBOX',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === null ? {} : { 'content-type': type }),
      },
    })
    const text = await answer.text()
    if (statusCode >= 400) throw new Error(`the bank answered ${method} ${path} with ${statusCode}: ${text}`)
    return { status: statusCode, headers, text }
  }
}

function formOf(fields: Record<string, string>): string {
  return new URLSearchParams(fields).toString()
}

function tokensIn({ responseBody }: Pick<MadeCall, 'responseBody'>): Tokens {
  const json = JSON.parse(responseBody)
  return { accessToken: json.access_token, refreshToken: json.refresh_token }
}
