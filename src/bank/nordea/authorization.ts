/** Consent and tokens. */
import { type AnonymousContext, type Bank, type BankError, SCOPES, type Tokens } from '../words.ts'
import type { BrowserUrlCheck } from './browser-url.ts'
import type { Call, Caller } from './caller.ts'
import { type Reading, read, readTokens } from './parser.ts'
import type { Checked, NordeaSettings } from './settings.ts'
import { errorOf, type Trouble } from './trouble.ts'

type Authorization = Pick<Bank, 'beginConsent' | 'exchangeCode' | 'refreshTokens' | 'revoke'>

export function authorization(
  call: Caller,
  settings: NordeaSettings,
  { profile }: Checked,
  browserUrl: BrowserUrlCheck,
): Authorization {
  return {
    async beginConsent({ state, country, durationMinutes }, context) {
      const base = { redirect_uri: settings.redirectUri, state, country }
      const { style, path } = profile.authorize
      const request =
        style === 'query'
          ? {
              method: 'GET' as const,
              query: {
                client_id: settings.clientId,
                ...base,
                scope: SCOPES.join(','),
                duration: String(durationMinutes),
              },
              withoutSecret: true,
            }
          : { method: 'POST' as const, json: { ...base, scope: SCOPES, duration: durationMinutes } }
      const result = await call(
        {
          ...request,
          api: 'authorization.begin',
          path,
          acts: true,
          secrets: [state],
          success: [302, 303],
          read: ({ headers }) => readLocation(headers.location, browserUrl),
        },
        context,
      )
      if (!result.ok) throw errorOf(result.trouble)
      return { redirectTo: result.value }
    },

    async exchangeCode(code, context) {
      const form = { grant_type: 'authorization_code', code, redirect_uri: settings.redirectUri }
      const result = await call(tokenCall('authorization.exchange', profile.tokenPath, form, code), context)
      if (!result.ok) throw errorOf(result.trouble)
      return result.value
    },

    async refreshTokens(refreshToken, context) {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const result = await call(
        tokenCall('authorization.refresh', profile.tokenPath, form, refreshToken),
        context,
      )
      if (!result.ok) throw refreshError(result.trouble)
      return result.value
    },

    /**
     * Ends the consent behind an access or refresh token. Version 3 of the bank's interface cannot: there the promise
     * resolves without a call, and the tokens live until they run out, so the app must forget them.
     */
    async revoke(token: string, context: AnonymousContext) {
      if (profile.revokePath === null) return
      const result = await call(
        {
          api: 'authorization.revoke',
          method: 'POST',
          path: profile.revokePath,
          json: { token },
          acts: true,
          secrets: [token],
          success: [200, 202, 204],
          read: () => read(undefined),
        },
        context,
      )
      if (!result.ok) throw errorOf(result.trouble)
    },
  }
}

function tokenCall(api: string, path: string, form: Record<string, string>, secret: string): Call<Tokens> {
  return {
    api,
    method: 'POST',
    path,
    form,
    // The code and the refresh token are used up by the call: losing the answer would lose the consent.
    acts: true,
    secrets: [secret],
    success: [200, 201],
    read: ({ json }) => readTokens(json),
  }
}

function readLocation(header: string | string[] | undefined, browserUrl: BrowserUrlCheck): Reading<string> {
  const location = typeof header === 'string' ? browserUrl(header) : null
  return location ? read(location) : { kind: 'unreadable', why: 'no usable address to send the browser to' }
}

/** The refresh token is all that varies in a refresh: a refusal of the request is a refusal of the token. */
function refreshError(trouble: Trouble): BankError {
  const refused =
    trouble.written &&
    trouble.speaker === 'interface' &&
    ['token-expired', 'invalid-request'].includes(trouble.kind)
  return errorOf(refused ? { ...trouble, kind: 'token-invalid' } : trouble)
}
