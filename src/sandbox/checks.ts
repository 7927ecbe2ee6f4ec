/**
 * What a call must pass before its handler sees it, always in this order: id and secret, rate limit, signature, token,
 * scope. (Unknown paths and methods are refused before, by the router; bodies and ids are looked at after, by handlers.)
 */

import type { Request } from 'express'
import type { Bank } from './bank.ts'
import { type Call, type Route, scenarios } from './call.ts'
import { tokenPresented } from './consents.ts'
import { invalidToken, refusal, tooManyCalls, wrongClient } from './errors.ts'
import { faultOn } from './faults/struck.ts'
import type { Consent } from './model.ts'
import type { RateLimit } from './rate-limit.ts'
import { checkSignature } from './signature.ts'

export const SKIP_ACCESS_CONTROL = 'AuthorizationSkipAccessControl'

/** @throws GatewayError or ApiError, whichever check fails first. */
export function admit(route: Route, req: Request, bank: Bank, rateLimit: RateLimit): Call {
  const call = callOf(route, req, bank)
  checkClient(call, route)
  if (!rateLimit.allows(call.now)) throw tooManyCalls(1)
  if (route.door === 'browser') return call
  if (route.dialect.version !== 'v3') checkRequestSignature(call, req)
  if (route.door === 'app') return call
  const consent = consentOfToken(bank, call.header('authorization'), call.now)
  checkScopes(call, route, consent)
  return { ...call, consent }
}

/** The consent behind a bearer token. @throws ApiError 401 for a token that is missing, unknown, expired or revoked. */
export function consentOfToken(bank: Bank, authorization: string | undefined, now: Date): Consent {
  const token = tokenPresented(bank.store, authorization)
  const consent = token && bank.store.get('consent', token.consentId)
  if (token?.kind !== 'access' || !consent) throw invalidToken('An access token is missing or not known.')
  if (token.revokedAt !== null || consent.revokedAt !== null)
    throw invalidToken('The access has been revoked.')
  const instant = now.toISOString()
  if (token.expiresAt <= instant || consent.expiresAt <= instant) {
    throw refusal(401, 'error.token.expired', 'The access token has expired.')
  }
  return consent
}

function callOf(route: Route, req: Request, bank: Bank): Call {
  return {
    bank,
    dialect: route.dialect,
    params: req.params as Record<string, string>,
    query: new URL(req.originalUrl, 'http://sandbox').searchParams,
    raw: Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0),
    header: (name) => req.get(name),
    consent: null,
    fault: faultOn(req),
    now: bank.clock.now(),
  }
}

/** A browser is sent to authorize with the id alone, in the query. */
function checkClient(call: Call, route: Route): void {
  const { clientId, clientSecret } = call.bank.app
  if (route.door === 'browser') {
    if (call.query.get('client_id') !== clientId) throw wrongClient()
    return
  }
  const right =
    call.header('x-ibm-client-id') === clientId && call.header('x-ibm-client-secret') === clientSecret
  if (!right) throw wrongClient()
}

function checkRequestSignature(call: Call, req: Request): void {
  const { app, settings } = call.bank
  const request = { method: req.method, target: req.originalUrl, header: call.header, body: call.raw }
  checkSignature(request, app.clientId, app.publicKeys, call.now, !settings.requireSignature)
}

function checkScopes(call: Call, route: Route, consent: Consent): void {
  if (skipsAccessControl(call, route)) return
  const missing = route.scopes.filter((scope) => !consent.scopes.includes(scope))
  if (missing.length > 0) throw invalidToken(`The token does not cover ${missing.join(', ')}.`)
}

function skipsAccessControl(call: Call, route: Route): boolean {
  return route.path.includes('/payments') && scenarios(call).includes(SKIP_ACCESS_CONTROL)
}
