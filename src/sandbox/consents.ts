/** Granting access: consents, the codes that announce them, and the tokens they are exchanged for. */

import type { Bank } from './bank.ts'
import { newCode, newToken, uuid } from './ids.ts'
import type { Account, Consent, ConsentRequest, Token } from './model.ts'
import { later } from './sandbox-clock.ts'
import type { Store } from './store.ts'

const MINUTE_MS = 60_000

/** @returns where to send the customer: back to the app with a fresh code. */
export function grant(bank: Bank, request: ConsentRequest, accountIds: string[] | null): string {
  const now = bank.clock.now()
  const consent: Consent = {
    id: uuid(),
    country: request.country,
    scopes: request.scopes,
    accountIds,
    grantedAt: now.toISOString(),
    expiresAt: later(now, request.durationMinutes * MINUTE_MS),
    revokedAt: null,
    historyMonths: request.historyMonths,
  }
  const code = newCode()
  const expiresAt = later(now, bank.settings.codeSeconds * 1_000)
  bank.store.put('consent', consent)
  bank.store.put('code', {
    id: code,
    consentId: consent.id,
    redirectUri: request.redirectUri,
    expiresAt,
    usedAt: null,
  })
  return backToApp(request.redirectUri, { code, state: request.state })
}

/** Appends parameters in the order given: clients cut the code out from between `code=` and `&state`. */
export function backToApp(redirectUri: string, params: Record<string, string>): string {
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${new URLSearchParams(params)}`
}

/** A new pair of tokens; the access token never outlives the consent. */
export function issueTokens(
  bank: Bank,
  consent: Consent,
): { access: Token; refresh: Token; expiresIn: number } {
  const now = bank.clock.now()
  const left = Math.floor((Date.parse(consent.expiresAt) - now.getTime()) / 1_000)
  const expiresIn = Math.min(bank.settings.accessTokenSeconds, left)
  const shared = { consentId: consent.id, usedAt: null, revokedAt: null }
  const access: Token = {
    id: newToken(),
    kind: 'access',
    expiresAt: later(now, expiresIn * 1_000),
    ...shared,
  }
  const refresh: Token = { id: newToken(), kind: 'refresh', expiresAt: consent.expiresAt, ...shared }
  bank.store.put('token', access)
  bank.store.put('token', refresh)
  return { access, refresh, expiresIn }
}

/** @param authorization the header of that name; anything but a bearer token known here gives undefined. */
export function tokenPresented(store: Store, authorization: string | undefined): Token | undefined {
  const [, value] = /^Bearer\s+(\S+)$/i.exec(authorization ?? '') ?? []
  return value === undefined ? undefined : store.get('token', value)
}

/** Ends a consent, and with it every access and refresh token given out under it. */
export function revokeConsent(store: Store, id: string, now: Date): void {
  const consent = store.get('consent', id)
  if (consent) store.put('consent', { ...consent, revokedAt: now.toISOString() })
}

export function covers(consent: Consent, account: Account): boolean {
  if (account.country !== consent.country) return false
  return consent.accountIds === null || consent.accountIds.includes(account.id)
}

export function coveredAccounts(bank: Bank, consent: Consent): Account[] {
  return bank.store
    .all('account')
    .filter((account) => covers(consent, account))
    .sort((a, b) => a.seq - b.seq)
}
