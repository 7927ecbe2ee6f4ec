/** Access that ends while it is being used. The call goes on, to be refused like any other with such a token. */

import type { Request } from 'express'
import type { Bank } from '../bank.ts'
import { revokeConsent, tokenPresented } from '../consents.ts'
import type { Token } from '../model.ts'

export function expireAccessToken({ store, clock }: Bank, req: Request): void {
  const token = tokenPresented(store, req.get('authorization'))
  const expiresAt = clock.now().toISOString()
  if (token && token.expiresAt > expiresAt) store.write(() => store.put('token', { ...token, expiresAt }))
}

export function revokeAccess({ store, clock }: Bank, req: Request): void {
  const token = tokenPresented(store, req.get('authorization')) ?? refreshTokenIn({ store }, req)
  if (token) store.write(() => revokeConsent(store, token.consentId, clock.now()))
}

function refreshTokenIn({ store }: Pick<Bank, 'store'>, req: Request): Token | undefined {
  const form = new URLSearchParams(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '')
  return store.get('token', form.get('refresh_token') ?? '')
}
