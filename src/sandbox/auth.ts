/** Access authorization: the authorize call of each version, token exchange and refresh, revocation, assets. */

import { z } from 'zod'
import type { Bank } from './bank.ts'
import { type Answer, type Call, enveloped, formBody, granted, jsonBody, type Route } from './call.ts'
import { coveredAccounts, grant, issueTokens, revokeConsent } from './consents.ts'
import { invalid, refusal } from './errors.ts'
import { newPageId, oneTimeCode } from './ids.ts'
import { type ConsentRequest, type Country, SCOPES } from './model.ts'
import { later } from './sandbox-clock.ts'
import type { Dialect, Wire } from './serialise/common.ts'
import { readWith } from './validation.ts'

const LANGUAGES = ['fi', 'da', 'sv', 'en', 'no']

interface Rules {
  countries: readonly Country[]
  maxDurationMinutes: number
  /** Months of transactions shown when the app doesn't say. */
  historyMonths: number
  maxHistoryMonths: number
}

const RULES: Record<Dialect['version'], Rules> = {
  v3: { countries: ['FI', 'DK', 'NO'], maxDurationMinutes: 129_600, historyMonths: 12, maxHistoryMonths: 12 },
  v4: {
    countries: ['FI', 'DK', 'NO', 'SE'],
    maxDurationMinutes: 129_600,
    historyMonths: 2,
    maxHistoryMonths: 12,
  },
  v5: {
    countries: ['FI', 'DK', 'NO', 'SE'],
    maxDurationMinutes: 259_200,
    historyMonths: 2,
    maxHistoryMonths: 18,
  },
}

export function authRoutes(dialect: Dialect): Route[] {
  const { prefix, version } = dialect
  const app = { dialect, door: 'app', scopes: [] } as const
  const authorize: Route =
    version === 'v5'
      ? {
          ...app,
          method: 'post',
          path: `${prefix}/authorize`,
          handle: (call) => authorizeWith(call, jsonBody(call)),
        }
      : { ...app, method: 'get', path: `${prefix}/authorize`, door: 'browser', handle: authorizeByQuery }
  const revocation: Route[] =
    version === 'v3'
      ? []
      : [{ ...app, method: 'post', path: `${prefix}/authorize/token/revoke`, handle: revoke }]
  return [
    authorize,
    { ...app, method: 'post', path: `${prefix}/authorize/token`, handle: token },
    ...revocation,
    { ...app, method: 'get', path: `${prefix}/assets`, door: 'customer', handle: assets },
  ]
}

/** v3 asks for accounts one parameter each, v4 in a list; both separate scopes by commas or blanks. */
function authorizeByQuery(call: Call): Answer {
  const { query } = call
  const accounts = query.getAll(call.dialect.version === 'v3' ? 'accounts' : 'account_list')
  return authorizeWith(call, {
    ...Object.fromEntries(query),
    scope: query.has('scope') ? words(query.getAll('scope')) : undefined,
    account_list: accounts.length > 0 ? words(accounts) : undefined,
    duration: numeric(query.get('duration')),
    max_tx_history: numeric(query.get('max_tx_history')),
  })
}

function authorizeWith(call: Call, input: Wire): Answer {
  const request = readConsentRequest(call, input)
  const location =
    call.bank.settings.consentMode === 'straight-back'
      ? grant(call.bank, request, request.accountIds)
      : startSignIn(call.bank, request)
  return { status: 302, body: null, location }
}

/** @returns the address of the bank's own sign-in page. */
function startSignIn(bank: Bank, request: ConsentRequest): string {
  const id = newPageId()
  const expiresAt = later(bank.clock.now(), bank.settings.approvalSeconds * 1_000)
  bank.store.put('signIn', {
    id,
    stage: 'user',
    oneTimeCode: oneTimeCode(),
    attempts: 0,
    expiresAt,
    request,
  })
  return `${bank.publicUrl}/bank/sign-in/${id}`
}

function readConsentRequest(call: Call, input: Wire): ConsentRequest {
  const rules = RULES[call.dialect.version]
  const fields = readWith(consentSchema(rules), input)
  if (!call.bank.app.redirectUris.includes(fields.redirect_uri)) {
    throw invalid('redirect_uri', 'Pattern', 'The address is not registered with the app.')
  }
  const accountsAsked = fields.scope.some((scope) => scope.startsWith('ACCOUNTS_'))
  if (accountsAsked && !fields.scope.includes('ACCOUNTS_BASIC')) {
    throw invalid('scope', 'Pattern', 'ACCOUNTS_BASIC must be asked for together with other account scopes.')
  }
  if (fields.skip_account_selection && !fields.account_list) {
    throw invalid('account_list', 'NotNull', 'Without account selection a list of accounts is needed.')
  }
  return {
    redirectUri: fields.redirect_uri,
    state: fields.state,
    country: fields.country,
    scopes: [...new Set(fields.scope)],
    durationMinutes: fields.duration,
    historyMonths: fields.max_tx_history ?? rules.historyMonths,
    accountIds: accountsNamed(call.bank, fields.country, fields.account_list),
    fixedAccounts: fields.skip_account_selection ?? false,
  }
}

function consentSchema(rules: Rules) {
  return z.object({
    redirect_uri: z.string(),
    state: z.string().min(1),
    country: z.enum(rules.countries),
    scope: z.array(z.string().toUpperCase().pipe(z.enum(SCOPES))).min(1),
    duration: z.int().min(1).max(rules.maxDurationMinutes),
    max_tx_history: z.int().min(1).max(rules.maxHistoryMonths).optional(),
    language: z.enum(LANGUAGES).optional(),
    account_list: z.array(z.string()).min(1).optional(),
    skip_account_selection: z.boolean().optional(),
  })
}

/** null for all of them. */
function accountsNamed(bank: Bank, country: Country, names: string[] | undefined): string[] | null {
  if (!names || names.includes('ALL') || names.includes('ALL_WITH_CARDS')) return null
  return names.map((name) => {
    const account = bank.store.get('account', name) ?? bank.store.accountByNumber(name, country)
    if (account?.country !== country)
      throw invalid('account_list', 'Pattern', 'An account is not known here.')
    return account.id
  })
}

function token(call: Call): Answer {
  const form = formBody(call)
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code') return exchangeCode(call, form)
  if (grantType === 'refresh_token') return refresh(call, form)
  throw invalid(
    'grant_type',
    grantType === null ? 'NotNull' : 'Pattern',
    'Use authorization_code or refresh_token.',
  )
}

function exchangeCode(call: Call, form: URLSearchParams): Answer {
  const { store } = call.bank
  const code = store.get('code', required(form, 'code'))
  if (!code || code.usedAt !== null)
    throw refusal(400, 'error.code.invalid', 'The code is not known, or was used.')
  if (code.expiresAt <= call.now.toISOString())
    throw refusal(400, 'error.code.expired', 'The code has expired.')
  if (required(form, 'redirect_uri') !== code.redirectUri) {
    throw invalid('redirect_uri', 'Pattern', 'The address differs from the one the code was sent to.')
  }
  store.put('code', { ...code, usedAt: call.now.toISOString() })
  return bearer(call, code.consentId)
}

/** Each refresh token works once; the answer carries the next one. */
function refresh(call: Call, form: URLSearchParams): Answer {
  const { store } = call.bank
  const old = store.get('token', required(form, 'refresh_token'))
  if (old?.kind !== 'refresh' || old.usedAt !== null || old.revokedAt !== null) {
    throw refusal(
      401,
      'error.token.invalid',
      'The refresh token is not known, was used, or has been revoked.',
    )
  }
  if (old.expiresAt <= call.now.toISOString()) {
    throw refusal(401, 'error.token.expired', 'The consent behind the refresh token has expired.')
  }
  store.put('token', { ...old, usedAt: call.now.toISOString() })
  return bearer(call, old.consentId)
}

function bearer(call: Call, consentId: string): Answer {
  const consent = call.bank.store.get('consent', consentId)
  if (!consent || consent.revokedAt !== null || consent.expiresAt <= call.now.toISOString()) {
    throw refusal(401, 'error.token.invalid', 'The consent is no longer valid.')
  }
  const { access, refresh: next, expiresIn } = issueTokens(call.bank, consent)
  return {
    status: 200,
    body: { access_token: access.id, expires_in: expiresIn, token_type: 'Bearer', refresh_token: next.id },
  }
}

/** Says yes to unknown tokens too; with a refresh token the whole consent goes. */
function revoke(call: Call): Answer {
  const { store } = call.bank
  const { token: id } = readWith(z.object({ token: z.string().min(1) }), jsonBody(call))
  const found = store.get('token', id)
  if (found) store.put('token', { ...found, revokedAt: call.now.toISOString() })
  if (found?.kind === 'refresh') revokeConsent(store, found.consentId, call.now)
  return { status: 200, body: '' }
}

function assets(call: Call): Answer {
  const consent = granted(call)
  const accounts = coveredAccounts(call.bank, consent).map((account) => ({
    account_id: call.dialect.accountId(account),
    account_number: account.bban ?? account.iban,
    ...(call.dialect.version === 'v5' && { iban: account.iban }),
    currency: account.currency,
  }))
  const cards = call.dialect.version === 'v3' ? {} : { cards: [] }
  return enveloped(call, 200, { scopes: consent.scopes, accounts, ...cards })
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null || value === '') throw invalid(name, 'NotNull', `${name} is needed.`)
  return value
}

function words(values: string[]): string[] {
  return values.flatMap((value) => value.split(/[\s,]+/)).filter((word) => word !== '')
}

function numeric(text: string | null): number | undefined {
  return text === null || text === '' ? undefined : Number(text)
}
